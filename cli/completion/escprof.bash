# bash completion for escprof. The tables above are made from `escprof help` and `escprof COMMAND --help`.

# _escprof_reply KIND WORD: fills COMPREPLY.
_escprof_reply() {
	local word=$2
	case $1 in
	'' | -) ;;
	FILE)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		;;
	DIR)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		;;
	TRACE)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(
			compgen -f -X '!*.escprof' -- "$word"
			compgen -f -X '!*.pb.gz' -- "$word"
			compgen -d -- "$word"
		)
		;;
	PID) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word") ;;
	COMMAND) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word") ;;
	esac
}

# _escprof_command_at: where the command that `escprof run` is to start stands, in at; false when there is none yet.
_escprof_command_at() {
	for ((at = 2; at < COMP_CWORD; at++)); do
		case ${COMP_WORDS[at]} in
		--)
			((at++))
			return 0
			;;
		-o | = | --*) ;;
		-*) ;;
		*) [[ ${COMP_WORDS[at - 1]} = -o || ${COMP_WORDS[at - 1]} = = ]] || return 0 ;;
		esac
	done
	return 1
}

_escprof() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} kind at
	COMPREPLY=()
	# Where = parts words, "--format=te" comes as three of them.
	if [[ $word = = ]]; then
		word=
	elif [[ $before = = && COMP_CWORD -ge 3 ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ COMP_CWORD -le 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$_escprof_commands --help --version" -- "$word")
		return
	fi
	if [[ $(_escprof_kind "$command" '') = COMMAND ]] && _escprof_command_at; then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$at"
		elif [[ $COMP_CWORD = "$at" ]]; then
			_escprof_reply COMMAND "$word"
		else
			_escprof_reply FILE "$word"
		fi
		return
	fi
	kind=
	[[ $before != -* ]] || kind=$(_escprof_kind "$command" "$before")
	if [[ -n $kind ]]; then
		_escprof_reply "$kind" "$word"
	elif [[ $word = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_escprof_options "$command")" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
	else
		_escprof_reply "$(_escprof_kind "$command" '')" "$word"
	fi
}
complete -F _escprof escprof
