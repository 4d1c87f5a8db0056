#!/usr/bin/env bash
# How many goroutines there were, over time, as a condition and as lines of a table: a program that says it itself.
source "$(dirname "$0")/common.bash"

go_program reader && go_program target || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof

# record [go build arguments…]: profiles the program; its own counts go to $WORK/own.
record() {
	go_program concurrency "$@" && "$ESCPROF" run -q -o "$TRACE" -- "$WORK/concurrency" >"$WORK/own" &&
		"$ESCPROF" report --format json -o "$WORK/json" "$TRACE"
}

# most_goroutines: the largest number in a slice is the program's own, and most slices have but one.
most_goroutines() {
	"$WORK/reader" goroutines "$WORK/json" "$(awk '/^crowded/ { print $2 }' "$WORK/own")"
}
record || echo "not ok run"
check "goroutines alive, not those kept for reuse" most_goroutines

stripped() {
	record -ldflags='-s -w' && most_goroutines
}

# only EXPRESSION FUNCTION ABSENT LOW HIGH: with --when the first site is FUNCTION, ABSENT is nearly gone, and the
# part of the time is between LOW and HIGH per cent.
only() {
	"$ESCPROF" report --format json --when "$1" -o "$WORK/part" "$TRACE" || return 1
	"$WORK/reader" part "$WORK/part" "$2" "$3" "$4" "$5"
}
check "--when goroutines: the crowd's own" only 'goroutines>1000' main.crowded main.alone 20 50
check "--when goroutines and time: before the crowd" only 'goroutines<1000 and time<0.7' main.alone main.crowded 20 50
check "--when goroutines and time: after it" only 'goroutines<1000 and time>1' main.after main.crowded 10 50

# The parts of a condition and of its opposite are all there is, but for what is not known.
complement() {
	"$ESCPROF" report --format json --when 'goroutines>1000' -o "$WORK/more" "$TRACE" &&
		"$ESCPROF" report --format json --when 'goroutines<=1000' -o "$WORK/less" "$TRACE" || return 1
	"$WORK/reader" sum "$WORK/json" "$WORK/more" "$WORK/less"
}
check "--when: both parts are the whole" complement

# The head of the report names those alive, a few at most beside the crowd.
head_names_live() {
	"$ESCPROF" report "$TRACE" >"$WORK/out" && grep -q '^Run .*up to 1,50[0-3] goroutines' "$WORK/out" ||
		{ head -n 3 "$WORK/out"; return 1; }
}
check "the head names how many were alive" head_names_live

says_when() {
	"$ESCPROF" report --when 'goroutines>1000' "$TRACE" >"$WORK/out" &&
		grep -q 'When .*“goroutines>1000” only: [0-9.]* % of the time, [0-9.]* % of the bytes' "$WORK/out" &&
		tr -s '\n ' ' ' <"$WORK/out" | has 'Without any of it the GC would take [0-9.]* % ' && grep -q 'goroutines .* to 1,50' "$WORK/out" || { cat "$WORK/out"; return 1; }
}
check "the summary says what part it is" says_when

by_goroutines() {
	"$ESCPROF" report --by goroutines "$TRACE" >"$WORK/out" && grep -q ' 1 goroutine$' "$WORK/out" &&
		grep -q ' 1,024–2,047 goroutines$' "$WORK/out" && "$ESCPROF" report --by procs "$TRACE" >"$WORK/out" &&
		grep -q ' 1 running P$' "$WORK/out" || { cat "$WORK/out"; return 1; }
}
check "--by goroutines, --by procs" by_goroutines

exported() {
	"$ESCPROF" export --when 'goroutines>1000' --value alloc "$TRACE" >"$WORK/folded" && grep -q 'main.crowded' "$WORK/folded" &&
		! grep -q 'main.alone' "$WORK/folded" || { cat "$WORK/folded"; return 1; }
}
check "export takes --when too" exported

# refused STATUS PATTERN COMMAND…
refused() {
	local wanted=$1 pattern=$2 status=0
	shift 2
	"$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	[ $status = "$wanted" ] && grep -q "$pattern" "$WORK/err" || { echo "status $status:"; cat "$WORK/err"; return 1; }
}
check "--when: no such name" refused 2 'no such name at “gorutines>5”' "$ESCPROF" report --when 'gorutines>5' "$TRACE"
check "--when: no number" refused 2 'not a number: “many”' "$ESCPROF" export --when 'goroutines>many' "$TRACE"
check "--when: what the trace cannot tell" refused 1 'does not tell gc-share' sh -c \
	"GOGC=off '$ESCPROF' run -q -o '$WORK/off' -- '$WORK/target' exit 0; '$ESCPROF' report --when 'gc-share>0' '$WORK/off'"
check "a stripped program" stripped
