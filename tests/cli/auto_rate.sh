#!/usr/bin/env bash
# The automatic rate: as coarse as its budget asks for, and right all the same.
source "$(dirname "$0")/common.bash"

TRACE=$WORK/t.escprof
go_program steady && go_program reader || echo "not ok build"

# record [run arguments…]: in $WORK/total what the program says that it has allocated.
record() {
	"$ESCPROF" run -q -o "$TRACE" "$@" -- "$WORK/steady" >"$WORK/total" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
}
# means: the finest and the coarsest mean in bytes, as the report says them.
means() {
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" &&
		awk -F '[:,]' '/"rate_low"/ { low = $2 } /"rate_high"/ { high = $2 } END { print low + 0, high + 0 }' "$WORK/json"
}
agrees() { "$WORK/reader" total "$WORK/json" "$(cat "$WORK/total")" 0.05; }

within() {
	record --budget 100 && [ "$(means)" = "4096 4096" ] && agrees || { means; return 1; }
}
check "where the budget allows it the mean stays at 4096" within

coarse() {
	local low high
	record --budget 0.2% && read -r low high <<<"$(means)" && [ "$low" = 4096 ] && [ "$high" -ge 16384 ] && agrees || { means; return 1; }
}
check "a small budget makes it coarser while the program runs, and totals stay right" coarse

# Some thousand objects of all: known to 10 % at three times their error. Where other work has slowed the program down, and
# the mean has become much coarser for a while, to three times what it would be with that mean all the time.
followed_less() {
	local bytes finest coarsest
	record --live-rate 64K || return 1
	read -r _ bytes finest coarsest <<<"$("$BUILD/tests/tools/print_trace" "$TRACE" | grep '^followed')"
	[ "$finest" = 65536 ] && [ "$coarsest" -ge 131072 ] &&
		awk -v bytes="$bytes" -v total="$(cat "$WORK/total")" -v mean="$coarsest" 'BEGIN {
			off = 3 * sqrt(mean / total)
			off = off > 0.1 ? off : 0.1
			exit !(off < 0.5 && bytes > (1 - off) * total && bytes < (1 + off) * total)
		}' ||
		{ echo "followed: $bytes of $(cat "$WORK/total"), by means from $finest to $coarsest"; return 1; }
}
check "objects are followed less often where that would cost too much, and stand for all the same" followed_less

fixed() { record --rate 8192 --budget 0.01 && [ "$(means)" = "8192 8192" ]; }
check "a rate that is given stays" fixed

said() { record && "$ESCPROF" info "$TRACE" >"$WORK/info" && grep -qE '^ +budget +0\.005$' "$WORK/info"; }
check "the trace says what the budget was" said

wrong() {
	for budget in 0 -1 101 x '' 1x; do
		"$ESCPROF" run --budget "$budget" -- true 2>"$WORK/err"
		[ $? = 2 ] && grep -q -- '--budget' "$WORK/err" || { echo "$budget"; return 1; }
	done
	"$ESCPROF" run --rate automatic -- true 2>"$WORK/err"
	[ $? = 2 ] && grep -q -- '--rate: not auto' "$WORK/err"
}
check "budgets and rates that are none are refused" wrong
