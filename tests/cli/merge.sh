#!/usr/bin/env bash
# escprof merge: sums are the inputs', other programs are refused, cut traces are told of.
source "$(dirname "$0")/common.bash"

go_program target && go_program reader || { echo "not ok build"; exit 1; }
for i in 1 2 3; do
	"$ESCPROF" run -q --rate 512 -o "$WORK/$i" -- "$WORK/target" || echo "not ok run"
done
"$ESCPROF" run -q -o "$WORK/other" -- "$WORK/reader" >/dev/null 2>&1

# figure KEY TRACE: the first such figure of its report.
figure() { "$ESCPROF" report --format json "$2" | grep -m 1 "\"$1\":" | sed 's/.*: *//; s/,//'; }

sums() {
	"$ESCPROF" merge -o "$WORK/all" "$WORK/1" "$WORK/2" "$WORK/3" || return 1
	local key
	for key in samples cycles alloc_bytes alloc_objects duration_seconds; do
		awk -v a="$(figure $key "$WORK/1")" -v b="$(figure $key "$WORK/2")" -v c="$(figure $key "$WORK/3")" \
			-v all="$(figure $key "$WORK/all")" -v key=$key \
			'BEGIN { print key, a, b, c, all; s = a + b + c; d = s - all; exit !(s > 0 && d <= s * 1e-7 && d >= -s * 1e-7) }' || return 1
	done
	for key in 1 2 3 all; do
		echo "$(figure cycles "$WORK/$key") $(figure live_bytes "$WORK/$key")"
	done | awk '{ print; if (NR < 4) { cycles += $1; sum += $1 * $2 } else mean = $2 }
		END { wanted = sum / cycles; d = mean - wanted; exit !(wanted > 0 && d <= wanted * 1e-6 && d >= -wanted * 1e-6) }'
}
check "a merged report has the sums of its inputs', and their mean live heap" sums

again() {
	"$ESCPROF" merge -o "$WORK/two" "$WORK/1" "$WORK/2" && "$ESCPROF" merge -o "$WORK/all2" "$WORK/two" "$WORK/3" &&
		[ "$(figure samples "$WORK/all2")" = "$(figure samples "$WORK/all")" ] &&
		"$ESCPROF" report "$WORK/all2" >"$WORK/out" && grep -q main.allocate "$WORK/out" &&
		"$ESCPROF" info "$WORK/all" >"$WORK/out" && grep -q 'merged *3' "$WORK/out"
}
check "what was merged can be merged again" again

check "another program is refused" complains 'traces of different programs' "$ESCPROF" merge -o "$WORK/bad" "$WORK/1" "$WORK/other"
check "the same trace twice is refused" complains 'the same trace twice' "$ESCPROF" merge -o "$WORK/bad" "$WORK/1" "$WORK/1"
check "the output is not an input" complains 'the output is one of the traces' "$ESCPROF" merge -o "$WORK/1" "$WORK/1" "$WORK/2"
check "no output" complains 'give the trace to write' "$ESCPROF" merge "$WORK/1"
check "no such file" complains 'cannot open' "$ESCPROF" merge -o "$WORK/bad" "$WORK/none"
nothing_left() { [ ! -e "$WORK/bad" ]; }
check "nothing is left of what was refused" nothing_left

cut() {
	head -c $(($(stat -c %s "$WORK/2") / 2)) "$WORK/2" >"$WORK/half"
	"$ESCPROF" merge -o "$WORK/m" "$WORK/1" "$WORK/half" 2>"$WORK/err" && grep -q '1 of 2 traces were cut' "$WORK/err" ||
		complains 'no build ID\|different programs' "$ESCPROF" merge -o "$WORK/m" "$WORK/1" "$WORK/half"
}
check "a cut trace is told of" cut
