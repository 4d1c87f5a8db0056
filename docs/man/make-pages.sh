#!/usr/bin/env bash
# Makes the manual pages: make-pages.sh ESCPROF VERSION DATE FOLDER. One for escprof, one for each command that
# `escprof help` lists. What the program says of itself is taken from it, so that it cannot drift: the name's line from
# `escprof help`, SYNOPSIS, OPTIONS and NOTES from `escprof COMMAND --help`. The rest is in escprof-COMMAND.1.in beside
# this file, from DESCRIPTION on; there, the line @OPTIONS@ stands for the options, and @COMMANDS@ for the list of
# commands; NOTES come before SEE ALSO.
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

# usages COMMAND: its usage lines ("Usage:", "  or:"), each in one piece, without the command's name.
usages() {
	"$escprof" "$1" --help | awk -v name="escprof $1" '
		!/^([Uu]sage: |  or:  |        )/ { exit }
		/^        / { line = line " " substr($0, match($0, /[^ ]/)); next }
		{
			if (line != "") print line
			line = substr($0, index($0, name) + length(name) + 1)
		}
		END { if (line != "") print line }'
}

synopsis() {
	local line first=.SH\ SYNOPSIS
	while IFS= read -r line; do
		printf '%s\n.B %s\n%s\n' "$first" "$(roff <<<"escprof $1")" "$(roff <<<"$line")"
		first=.br
	done < <(usages "$1")
}

notes() {
	"$escprof" "$1" --help | awk -f "$here/notes.awk" | roff | sed 's/^\\&\.PP$/.PP/'
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

# fill FILE COMMAND: the page's own text with what stands for lists put in, and the notes.
fill() {
	local line command summary text
	while IFS= read -r line; do
		case $line in
		@OPTIONS@) options "$2" ;;
		@COMMANDS@)
			while IFS=$'\t' read -r command summary; do
				printf '.TP\n.BR escprof\\-%s (1)\n%s\n' "$(roff <<<"$command")" "$(roff <<<"$summary")"
			done < <(commands)
			;;
		'.SH SEE ALSO')
			text=$([ -z "$2" ] || notes "$2")
			[ -z "$text" ] || printf '.SH NOTES\n%s\n' "$text"
			printf '%s\n' "$line"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$1"
}

# page NAME SUMMARY SYNOPSIS COMMAND: SYNOPSIS is that section.
page() {
	local source=$here/$1.1.in
	[ -e "$source" ] || { echo "manual: $source is missing: every command has a page" >&2; exit 1; }
	{
		printf '.TH %s 1 %s "escprof %s" "User Commands"\n' "$(tr a-z A-Z <<<"$1" | roff)" "$date" "$version"
		printf '.SH NAME\n%s \\- %s\n' "$(roff <<<"$1")" "$(roff <<<"$2")"
		printf '%s\n' "$3"
		fill "$source" "$4"
	} >"$into/$1.1"
}

mkdir -p "$into"
rm -f "$into"/*.1
page escprof "which heap escapes of a Go service cost the most garbage collection" \
	$'.SH SYNOPSIS\n.B escprof\n\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]' ''
while IFS=$'\t' read -r command summary; do
	page "escprof-$command" "$summary" "$(synopsis "$command")" "$command"
done < <(commands)
