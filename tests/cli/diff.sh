#!/usr/bin/env bash
# escprof diff, and export --diff: an escape that was added is found across a rebuild with other lines; a run and itself
# differ in nothing; what is damaged is an error.
source "$(dirname "$0")/common.bash"

# record NAME [SED EXPRESSION]: the target program, changed by the expression, built and run; its trace is $WORK/NAME.
record() {
	cp -r tests/cli/programs/target "$WORK/src.$1"
	sed -i -e "${2:-b}" "$WORK/src.$1/main.go"
	(cd "$WORK/src.$1" && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/bin.$1" . 2>/dev/null) &&
		"$ESCPROF" run -q --rate 512 -o "$WORK/$1" -- "$WORK/bin.$1"
}
record before || echo "not ok record before"
record after '2i // A line.\n// Another one.
s|sink\[i%len(sink)\].next = nil|&; extra[i%64] = new([2]int)|
s|^var sink.*|&\n\nvar extra [64]*[2]int|' || echo "not ok record after"
"$ESCPROF" run -q --rate 512 -o "$WORK/again" -- "$WORK/bin.before" || echo "not ok record again"

# diff ARGUMENT…: to $WORK/out.
diff() { "$ESCPROF" diff "$@" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }; }

appeared() {
	local per
	for per in time bytes 1,1; do
		diff --per $per "$WORK/before" "$WORK/after" && [ "$(grep -c '^appeared' "$WORK/out")" = 1 ] &&
			grep -q '^appeared .*main\.allocate main\.go:' "$WORK/out" && ! grep -qE '^(went|grew)' "$WORK/out" ||
			{ cat "$WORK/out"; return 1; }
	done
	diff --count 1 "$WORK/after" "$WORK/before" && grep -q '^went .*main\.allocate' "$WORK/out"
}
check "an escape that was added appears, and goes the other way round" appeared

by_count() {
	diff --count 1000,1000 "$WORK/before" "$WORK/after" && grep -qE '^appeared +– +1\.[567] kB +new' "$WORK/out" ||
		{ cat "$WORK/out"; return 1; }
}
check "--count: 100,000 objects of 16 bytes are about 1.6 kB for each of 1,000" by_count

itself() {
	diff "$WORK/before" "$WORK/before" && grep -q '^None, beyond' "$WORK/out" &&
		diff --per bytes "$WORK/before" "$WORK/again" && grep -q '^None, beyond' "$WORK/out" || { cat "$WORK/out"; return 1; }
}
check "a run and itself, or another of the same: nothing" itself

json() {
	diff --format json --all "$WORK/before" "$WORK/after" && grep -q '"changed": 1' "$WORK/out" &&
		[ "$(grep -c '"change": "appeared"' "$WORK/out")" = 1 ] && grep -q '"change": "none"' "$WORK/out" &&
		diff --format json "$WORK/before" "$WORK/after" && sed -n '/"sites"/,$p' "$WORK/out" >"$WORK/sites" && ! grep -q '"change": "none"' "$WORK/sites"
}
check "JSON, of what changed or of all" json

selected() {
	diff --focus nowhere --per 1,1 "$WORK/before" "$WORK/after" && grep -q '^None, beyond' "$WORK/out" &&
		diff --ignore 'main\.allocate' --per 1,1 "$WORK/before" "$WORK/after" && grep -q '^None, beyond' "$WORK/out"
}
check "--focus and --ignore are for both" selected

check "one trace is not enough" complains 'give two traces' "$ESCPROF" diff "$WORK/before"
check "three are too many" complains 'only two traces are compared' "$ESCPROF" diff "$WORK/before" "$WORK/after" "$WORK/again"
check "no such file" complains 'cannot open: .*/none' "$ESCPROF" diff "$WORK/before" "$WORK/none"
check "a file that is no trace" complains 'not an escprof trace' "$ESCPROF" diff README.md "$WORK/after"
check "a count that is none" complains 'not counts above 0' "$ESCPROF" diff --count 5,0 "$WORK/before" "$WORK/after"
check "a share that is none" complains 'not a percentage' "$ESCPROF" diff --min-share much "$WORK/before" "$WORK/after"

cut() {
	local size at
	size=$(stat -c %s "$WORK/after")
	for at in 20 $((size / 3)) $((size - 1)); do
		head -c "$at" "$WORK/after" >"$WORK/cut"
		"$ESCPROF" diff --per bytes "$WORK/before" "$WORK/cut" >"$WORK/out" 2>"$WORK/err"
		[ $? -le 1 ] && [ -s "$WORK/out" ] || [ -s "$WORK/err" ] || return 1
	done
}
check "a cut trace: what it has, or an error" cut

folded() {
	"$ESCPROF" export "$WORK/before" --diff "$WORK/after" --per 1,1 --value objects >"$WORK/out" || return 1
	awk '{ if ($(NF - 1) !~ /^[0-9]+$/ || $NF !~ /^[0-9]+$/) bad = 1 }
		/main.allocate / && $NF - $(NF - 1) > 90000 && $NF - $(NF - 1) < 110000 { seen = 1 }
		END { exit bad || !seen }' "$WORK/out" || { head -5 "$WORK/out"; return 1; }
}
check "export --diff: folded stacks with two values" folded

svg() {
	"$ESCPROF" export "$WORK/before" --diff "$WORK/after" --format svg --value alloc -o "$WORK/f.svg" &&
		grep -q 'what changed' "$WORK/f.svg" && grep -q 'fill="#d9482b"' "$WORK/f.svg" && grep -q '0 B before' "$WORK/f.svg"
}
check "export --diff: a flame graph, what is new in red" svg
check "export --diff: not for pprof" complains 'folded or svg' "$ESCPROF" export "$WORK/before" --diff "$WORK/after" --format pprof
