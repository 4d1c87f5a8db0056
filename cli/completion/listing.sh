#!/usr/bin/env bash
# What there is to complete, as the program tells it: listing.sh ESCPROF. Lines of fields that tabs part:
#   command NAME SUMMARY KIND            KIND: of what stands after the options
#   option COMMAND NAMES KIND SUMMARY    NAMES parted by spaces
# KIND is "" for nothing, - for what nobody can guess, FILE, DIR, PID, TRACE, COMMAND, or the words that are taken.
set -euo pipefail
escprof=$1
awk_options=$(dirname "$0")/../../docs/man/options.awk

# The first line of --help, up to the text.
usage() {
	"$escprof" "$1" --help | sed -n '1s/^[Uu]sage: *escprof *[a-z-]* *//p' | sed -E 's/\[OPTION\.\.\.\] ?//'
}

after_options() {
	case $(usage "$1") in
	'') ;;
	*COMMAND*) echo COMMAND ;;
	*'go build arguments'*) echo FILE ;;
	*TRACE*) echo TRACE ;;
	-*) ;; # an option that must be there, and no more
	*) echo TRACE ;;
	esac
}

"$escprof" help | sed -nE 's/^  ([a-z][a-z-]*) +(.*)$/\1\t\2/p' | while IFS=$'\t' read -r command summary; do
	printf 'command\t%s\t%s\t%s\n' "$command" "$summary" "$(after_options "$command")"
	"$escprof" "$command" --help | awk -f "$awk_options" | awk -F'\t' -v command="$command" '
		function kind(argument,    words, count, i, list) {
			if (argument == "")
				return ""
			if (argument ~ /^(FILE|DIR|PID|TRACE)$/)
				return argument
			if (argument ~ /^(BASE|BASELINE|BIN|OUT|OUTPUT)$/)
				return "FILE"
			count = split(argument, words, "|")
			for (i = 1; i <= count && count > 1; i++)
				if (words[i] ~ /^[a-z0-9:-]+$/)
					list = list (list == "" ? "" : " ") words[i]
			return list == "" ? "-" : list
		}
		{ sub(/-\? /, "", $1) } # a pattern to shells
		{ print "option\t" command "\t" $1 "\t" kind($2) "\t" $3 }'
done
