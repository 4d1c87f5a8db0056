#!/usr/bin/env bash
# How often the verdict that a report shows is the right one. The program is built a second time so that every token of
# its source is a line, and its allocations then tell the column where they stand (oracle/columns); what the report of
# the first shows is held against that (oracle/compare).
#
#	oracle.sh generated COUNT [SEED]      so many generated programs, from this seed on
#	oracle.sh MODULE PACKAGE [ARGUMENT…]  a package of a module (a folder whose dependencies are vendored, or that has
#	                                      none), run with these arguments, at the rate $RATE (default 1)
source "$(dirname "$0")/cli/common.bash"

for tool in columns compare generate; do
	(cd tests/oracle/$tool && CGO_ENABLED=0 go build -o "$WORK/$tool" .) || { echo "not ok build $tool"; exit 1; }
done

# judge MODULE PACKAGE [ARGUMENT…]
judge() {
	local module=$1 package=$2 which
	(cd "$module" && export CGO_ENABLED=0 && rm -rf "$WORK/overlay" && "$WORK/columns" "$WORK/overlay" "$package" &&
		"$ESCPROF" build -o "$WORK/plain" "$package" &&
		"$ESCPROF" build -overlay "$WORK/overlay/overlay.json" -o "$WORK/truth" "$package") 2>"$WORK/err" ||
		{ cat "$WORK/err"; return 1; }
	for which in plain truth; do
		"$ESCPROF" run -q --rate "${RATE:-1}" -o "$WORK/$which.escprof" -- "$WORK/$which" "${@:3}" >"$WORK/out" 2>&1
		"$ESCPROF" report --format json -o "$WORK/$which.json" "$WORK/$which.escprof" || return 1
	done
	"$WORK/compare" "$WORK/overlay/table" "$WORK/plain.json" "$WORK/truth.json"
}

# generated SEED: a generated program; none of what is shown may be wrong by more than 0.5 % of its bytes.
generated() {
	rm -rf "$WORK/module"
	mkdir "$WORK/module"
	printf 'module generated\n\ngo 1.22\n' >"$WORK/module/go.mod"
	"$WORK/generate" "$1" 30 >"$WORK/module/main.go" && judge "$WORK/module" .
}

if [ "${1-}" = generated ]; then
	for ((seed = ${3:-1}; seed < ${3:-1} + ${2:-5}; seed++)); do
		if [ -n "${VERBOSE-}" ]; then generated $seed; else check "generated program $seed" generated $seed; fi
	done
else
	judge "$@"
fi
