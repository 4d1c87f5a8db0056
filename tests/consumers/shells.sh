#!/usr/bin/env bash
# The completions, in zsh and fish themselves. bash's are tested with the command line.
source "$(dirname "$0")/common.bash"
bash cli/completion/make-completions.sh "$ESCPROF" "$WORK/completions" || { echo "not ok make-completions"; exit 1; }
mkdir -p "$WORK/files/folder" "$WORK/home"
touch "$WORK/files/run.escprof" "$WORK/files/heap.pb.gz" "$WORK/files/other"

# fish_offers LINE WORD…: all of them are offered after LINE, in a folder with those files.
fish_offers() {
	(cd "$WORK/files" && HOME=$WORK/home fish --no-config -c "source $WORK/completions/escprof.fish
		complete -C '$1'") >"$WORK/got" 2>&1
	offered "${@:2}"
}
offered() {
	local word
	for word in "$@"; do
		case $word in
		!*) ! grep -qE -- "(^|[ 	=])${word#!}([ 	]|\$)" "$WORK/got" || { echo "offered: ${word#!}"; cat "$WORK/got"; return 1; } ;;
		*) grep -qE -- "(^|[ 	=])$word([ 	]|\$)" "$WORK/got" || { echo "not offered: $word"; cat "$WORK/got"; return 1; } ;;
		esac
	done
}
missing "fish" fish || {
	check "fish: commands" fish_offers 'escprof ' build run report export
	check "fish: options" fish_offers 'escprof report --' --what-if --format '!--value'
	check "fish: words of a value" fish_offers 'escprof export --format=' folded svg speedscope pprof '!text'
	check "fish: words of a value that stands apart" fish_offers 'escprof report --by ' site goroutine procs
	check "fish: traces first" fish_offers 'escprof report ' run.escprof heap.pb.gz
	check "fish: files" fish_offers 'escprof report -o ' other
	check "fish: folders" fish_offers 'escprof report --source ' folder/ '!other'
	check "fish: the program to run" fish_offers 'escprof run xmlli' xmllint
}

# zsh_offers LINE WORD…: an interactive zsh in a pseudo-terminal lists what fits (^D); then it says that it is done.
zsh_offers() {
	cat >"$WORK/zsh" <<'ZSH'
zmodload zsh/zpty
zpty -b shell "HOME=$3 TERM=dumb zsh -f -i"
zpty -w shell "PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; unset zle_bracketed_paste; LISTMAX=1000; stty columns 200 rows 100; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; setopt nobeep; cd $2; print SET-\$((40+2))"
wait_for() {
	local line text=
	repeat 300; do
		if zpty -rt shell line; then
			text+=$line
			[[ $text == *$1* ]] && break
		else
			sleep 0.05
		fi
	done
	print -r -- ${text//$'\r'/}
}
wait_for SET-42 >/dev/null
zpty -n -w shell "$4"$'\x04'
sleep 0.7
zpty -n -w shell $'\x15print DONE-$((40+2))\n'
wait_for DONE-42
zpty -d shell
ZSH
	timeout 30 zsh -f "$WORK/zsh" "$WORK/completions" "$WORK/files" "$WORK/home" "$1" </dev/null >"$WORK/got" 2>&1
	offered "${@:2}"
}
missing "zsh" zsh || {
	check "zsh: commands" zsh_offers 'escprof ' build run report export
	check "zsh: options" zsh_offers 'escprof report --' --what-if --format '!--value'
	check "zsh: words of a value" zsh_offers 'escprof export --format=' folded svg speedscope pprof '!text'
	check "zsh: traces" zsh_offers 'escprof report ' run.escprof heap.pb.gz '!other'
	check "zsh: files" zsh_offers 'escprof report -o ' other
	check "zsh: folders" zsh_offers 'escprof report --source=' folder/ '!other'
	check "zsh: the program to run" zsh_offers 'escprof run xml' xmllint
}
