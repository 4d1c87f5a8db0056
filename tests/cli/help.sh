#!/usr/bin/env bash
# What is made from the program's own help: manual pages and completions for shells, both complete; and the words that
# the help names are taken. What man, zsh and fish make of them is tested by `make consumers`.
source "$(dirname "$0")/common.bash"

"$ESCPROF" help | sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p' >"$WORK/commands"
# split WORDS… => REST…: sets words and rest.
split() {
	words=()
	while [ "$1" != "=>" ]; do
		words+=("$1")
		shift
	done
	rest=("${@:2}")
}

# same WORDS… => WORDS…: both calls of escprof say the same on standard output, something, and end with status 0.
same() {
	local words rest
	split "$@"
	"$ESCPROF" "${words[@]}" >"$WORK/one" && "$ESCPROF" "${rest[@]}" >"$WORK/other" && [ -s "$WORK/one" ] && diff "$WORK/one" "$WORK/other"
}
ways_to_help() {
	local command
	same -h '=>' help && same --help '=>' help || return 1
	while read -r command; do
		same "$command" -h '=>' "$command" --help && same help "$command" '=>' "$command" --help || { echo "$command"; return 1; }
	done <"$WORK/commands"
}
check "help is asked for in every usual way" ways_to_help
ways_to_version() { "$ESCPROF" --version | has -xE 'escprof [0-9.]+' && same -V '=>' --version && same version '=>' --version; }
check "and so is the version" ways_to_version
check "there is no help on what is no command" complains 'no such command: dance' "$ESCPROF" help dance
target_help() { "$ESCPROF" run -q --no-report -o "$WORK/t" -- echo -h 2>/dev/null | has -xF -- -h; }
check "the command's own -h is left to it" target_help
pages() {
	bash docs/man/make-pages.sh "$ESCPROF" 1.2 2026-01-02 "$WORK/man" || return 1
	[ "$(wc -l <"$WORK/commands")" -ge 8 ] || { cat "$WORK/commands"; return 1; }
	local command
	while read -r command; do
		grep -q '^.SH DESCRIPTION' "$WORK/man/escprof-$command.1" && grep -q '^.SH EXAMPLES' "$WORK/man/escprof-$command.1" &&
			grep -q "^.BR escprof..$command (1)" "$WORK/man/escprof.1" || { echo "no page: $command"; return 1; }
	done <"$WORK/commands"
}
check "every command has a manual page" pages

# options COMMAND: the names, as --help shows them.
options() {
	"$ESCPROF" "$1" --help | grep -oE '^ +-[^ =]+(, --[^ =[]+)?|^ +--[^ =[]+' | grep -oE -- '-[a-zA-Z?-]+'
}
page_options() {
	local command option count=0
	while read -r command; do
		sed 's/\\//g' "$WORK/man/escprof-$command.1" >"$WORK/page"
		while read -r option; do
			grep -qF -- "fB$option" "$WORK/page" || { echo "$command: $option"; return 1; }
			count=$((count + 1))
		done < <(options "$command")
	done <"$WORK/commands"
	[ $count -ge 40 ] || { echo "only $count options"; return 1; }
}
check "a page has every option" page_options

# plain PAGE: its text in one line, without the fonts' escapes and requests.
plain() {
	sed -E 's/\\f[BIR]//g; s/\\&//g; s/\\(.)/\1/g; s/^\.(B|PP)( |$)//' "$1" | tr '\n' ' '
}
page_usages() {
	local command usage count=0
	while read -r command; do
		plain "$WORK/man/escprof-$command.1" >"$WORK/page"
		while IFS= read -r usage; do
			grep -qF -- "$usage" "$WORK/page" || { echo "$command: $usage"; return 1; }
			count=$((count + 1))
		done < <("$ESCPROF" "$command" --help | sed -nE 's/^([Uu]sage: |  or:  )//p')
	done <"$WORK/commands"
	[ $count -ge 14 ] || { echo "only $count usages"; return 1; }
}
check "and every way to call it" page_usages
# What stands behind the options, but for what argp says of every command's.
page_notes() {
	local command note count=0
	while read -r command; do
		plain "$WORK/man/escprof-$command.1" >"$WORK/page"
		note=$("$ESCPROF" "$command" --help | awk -v RS= '{ gsub(/\n/, " "); last = $0 } END { print last }')
		[[ $note != ' '* && $note != 'Mandatory or optional arguments'* ]] || continue
		grep -qF -- "$note" "$WORK/page" || { echo "$command: $note"; return 1; }
		count=$((count + 1))
	done <"$WORK/commands"
	[ $count -ge 5 ] || { echo "only $count notes"; return 1; }
}
check "and what stands behind the options" page_notes

printf '#!/bin/sh\n[ "$1" != help ] || printf "  dance     what has no page\\n"\n' >"$WORK/dancer"
chmod +x "$WORK/dancer"
no_page() {
	! bash docs/man/make-pages.sh "$WORK/dancer" 1.2 2026-01-02 "$WORK/none" 2>"$WORK/err" &&
		grep -q 'escprof-dance.1.in is missing' "$WORK/err" || { cat "$WORK/err"; return 1; }
}
check "a command without a page is told" no_page

# An option that would change nothing is no option.
refused_where_ignored() {
	local option
	for option in --per=bytes --count=3 --min-share=1; do
		complains "^escprof export: ${option%=*}: only a comparison" "$ESCPROF" export $option "$WORK/none" ||
			return 1
		! complains 'only a comparison' "$ESCPROF" export $option --diff "$WORK/none" "$WORK/none" >/dev/null || return 1
	done
	for option in json html; do
		complains 'top: only --format text and sarif' "$ESCPROF" report --format $option --top 3 "$WORK/none" &&
			complains 'details, --depth: only --format text' "$ESCPROF" report --depth 3 --format $option "$WORK/none" &&
			complains 'details, --depth: only --format text' "$ESCPROF" report --details 3 --format $option "$WORK/none" || return 1
	done
	for option in '--top 3 --format sarif' '--top 3 --details 1 --depth 2'; do
		! complains ': only ' "$ESCPROF" report $option "$WORK/none" >/dev/null || return 1
	done
}
check "an option that its format does not heed is refused" refused_where_ignored

# The words of each "a|b" in --help: the program takes them, so that it only misses the input, or whatever else it
# misses without them too.
words_are_taken() {
	local command option words word count=0 status more
	while read -r command; do
		"$ESCPROF" "$command" "$WORK/none" >"$WORK/without" 2>&1
		while IFS='=' read -r option words; do
			for word in $(tr '|' '\n' <<<"$words" | grep -E '^[a-z]+$'); do
				status=0
				more=
				[ "$command$option" != export--per ] || more=--diff=$WORK/none
				"$ESCPROF" "$command" "$option=$word" $more "$WORK/none" >"$WORK/out" 2>&1 || status=$?
				[ $status = 1 ] || cmp -s "$WORK/without" "$WORK/out" || { echo "$command $option=$word: status $status"; cat "$WORK/out"; return 1; }
				count=$((count + 1))
			done
		done < <("$ESCPROF" "$command" --help | grep -oE -- '--[a-z-]+=[^ ]*[|][^ ]*')
	done <"$WORK/commands"
	[ $count -ge 15 ] || { echo "only $count words"; return 1; }
}
check "the words that --help names for a value are taken" words_are_taken

bash cli/completion/make-completions.sh "$ESCPROF" "$WORK/completions" || echo "not ok make-completions"
mkdir -p "$WORK/files/folder"
touch "$WORK/files/run.escprof" "$WORK/files/two words.escprof" "$WORK/files/heap.pb.gz" "$WORK/files/other"

# completes WORDS… => EXPECTED…: bash's completion of the last word, in a folder with those files.
completes() {
	local words rest
	split "$@"
	(cd "$WORK/files" && bash -c '
		source "$0"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_escprof
		printf "%s\n" "${COMPREPLY[@]}"' "$WORK/completions/escprof.bash" "${words[@]}") 2>&1 | sort >"$WORK/got"
	printf '%s\n' "${rest[@]}" | sort | diff - "$WORK/got"
}
check "bash: commands" completes escprof re '=>' report
check "bash: options" completes escprof report --wh '=>' --what-if= --when=
check "bash: words of a value" completes escprof export --format = s '=>' svg speedscope
check "bash: all words of a value, before any is typed" completes escprof export --value = '=>' gc alloc objects live kept
check "bash: words of a value that stands apart" completes escprof report --by go '=>' goroutine goroutines
check "bash: traces" completes escprof report '' '=>' run.escprof 'two words.escprof' heap.pb.gz folder
check "bash: any file" completes escprof report -o ot '=>' other
check "bash: folders" completes escprof report --source '' '=>' folder
check "bash: what the program to run takes is not ours" completes escprof run -- prog --r '=>' ''
check "bash: nothing after a number" completes escprof report --top '' '=>' ''
every_option() {
	local command
	while read -r command; do
		diff <(options "$command" | grep -e '^--' | sort) \
			<(cd "$WORK/files" && bash -c 'source "$0"; COMP_WORDS=(escprof "$1" --); COMP_CWORD=2; _escprof
				printf "%s\n" "${COMPREPLY[@]%=}"' "$WORK/completions/escprof.bash" "$command" 2>/dev/null | sort) || return 1
	done <"$WORK/commands"
}
check "bash: every option of every command" every_option
