#!/usr/bin/env bash
# Makes the manual pages: make-pages.sh ESCPROF VERSION DATE FOLDER. One for escprof, one for each command that
# `escprof help` lists. What the program says of itself is taken from it, so that it cannot drift: the name's line from
# `escprof help`, SYNOPSIS and OPTIONS from `escprof COMMAND --help`. The rest is in escprof-COMMAND.1.in beside this
# file, from DESCRIPTION on; there, the line @OPTIONS@ stands for the options, and @COMMANDS@ for the list of commands.
set -euo pipefail
escprof=$1
version=$2
date=$3
into=$4
here=$(dirname "$0")

# For roff: backslashes, dashes, and lines that would begin a request.
roff() {
	sed 's/\\/\\e/g; s/-/\\-/g; s/^\([.'\'']\)/\\\&\1/'
}

# "COMMAND<tab>SUMMARY" a line.
commands() {
	"$escprof" help | sed -nE 's/^  ([a-z][a-z-]*) +(.*)$/\1\t\2/p'
}

# The usage line without "Usage:", names of arguments in italics.
synopsis() {
	"$escprof" "$1" --help | sed -nE "1s/^[Uu]sage: escprof $1 ?//p" | roff
}

options() {
	"$escprof" "$1" --help | awk -f "$here/options.awk" | roff | awk -F'\t' '
		{
			count = split($1, names, " ")
			line = ""
			for (i = 1; i <= count; i++) {
				line = line (i > 1 ? ", " : "") "\\fB" names[i] "\\fR"
				if ($2 != "" && i == count)
					line = line (names[i] ~ /^\\-\\-/ ? "=" : " ") "\\fI" $2 "\\fR"
			}
			print ".TP\n" line "\n" $3
		}'
}

# fill FILE COMMAND: the page's own text with what stands for lists put in.
fill() {
	local line command summary
	while IFS= read -r line; do
		case $line in
		@OPTIONS@) options "$2" ;;
		@COMMANDS@)
			while IFS=$'\t' read -r command summary; do
				printf '.TP\n.BR escprof\\-%s (1)\n%s\n' "$(roff <<<"$command")" "$(roff <<<"$summary")"
			done < <(commands)
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$1"
}

# page NAME SUMMARY SYNOPSIS COMMAND
page() {
	local source=$here/$1.1.in
	[ -e "$source" ] || { echo "manual: $source is missing: every command has a page" >&2; exit 1; }
	{
		printf '.TH %s 1 %s "escprof %s" "User Commands"\n' "$(tr a-z A-Z <<<"$1" | roff)" "$date" "$version"
		printf '.SH NAME\n%s \\- %s\n' "$(roff <<<"$1")" "$(roff <<<"$2")"
		printf '.SH SYNOPSIS\n.B %s\n%s\n' "$(roff <<<"escprof${4:+ $4}")" "$3"
		fill "$source" "$4"
	} >"$into/$1.1"
}

mkdir -p "$into"
rm -f "$into"/*.1
page escprof "which heap escapes of a Go service cost the most garbage collection" '\fICOMMAND\fR [\fIARGUMENTS\fR]' ''
while IFS=$'\t' read -r command summary; do
	page "escprof-$command" "$summary" "$(synopsis "$command")" "$command"
done < <(commands)
