#!/usr/bin/env bash
# escprof attach: a running program is profiled, and let go as it was, whatever happens to escprof.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

go_program attached && go_program reader || { echo "not ok build"; exit 1; }
start -threads 20 || { echo "not ok start"; exit 1; }

rounds() {
	local i rate
	for i in 1 2 3 4 5 6 7 8; do
		rate=$((i % 2 ? 1 : 512))
		attach -d 50ms --rate $rate && answers && is_released || return 1
		is_whole || return 1
	done
	grep -q '^  way *attach' "$WORK/info"
}
check "rounds of attaching: the program works, its code is as before" rounds

# The objects that the program is asked to allocate while it is attached to, counted.
counted() {
	local line
	line=$(grep -n 'mark: known' tests/cli/programs/attached/main.go | cut -d: -f1)
	attach_behind --rate 1
	wait_for "/proc/$TARGET/maps" 'memfd:escprof' && sleep 0.5
	[ "$(get '/allocate?n=20000')" = 20000 ] || { echo "no answer"; return 1; }
	kill -INT $PROFILER
	kill -INT $PROFILER
	wait $PROFILER || { echo "escprof ended with status $?"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" &&
		"$WORK/reader" site "$WORK/json" main.keepKnown "$line" objects 20000 bytes 640000 && is_released
}
check "rate 1: counts are exact from the moment of attaching" counted

# Allocations by all goroutines, held against the runtime's own count over the trace.
totals() {
	local rate
	for rate in 1 512 4096; do
		attach -d 700ms --rate $rate && "$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
		"$WORK/reader" total "$WORK/json" \
			"$(info | sed -n 's/^  allocated *\([0-9]*\) bytes by the runtime.*/\1/p')" 0.05 || return 1
	done
}
check "allocated bytes are the runtime's own while it was attached" totals

late() {
	attach -d 500ms && "$ESCPROF" report "$TRACE" >"$WORK/text" || return 1
	grep -q 'The program had run for .* when escprof attached' <(tr -s ' \n' ' ' <"$WORK/text") ||
		{ cat "$WORK/text"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && ! grep -q '"cycles": 0,' "$WORK/json"
}
check "the report says that the program ran before" late

# cpu DURATION PERIOD [options…]: the samples of CPU are those of the process's CPU, one in so many seconds of it.
cpu() {
	attach -d "$1" "${@:3}"
	info >"$WORK/info"
	grep -Eq '^ *cpu_sampled +(all|user)$' "$WORK/info" || { grep cpu_sampled "$WORK/info"; return 2; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && "$WORK/reader" cpu "$WORK/json" "$2"
}
# check_cpu NAME ARGUMENTS OF cpu…
check_cpu() {
	local name=$1 output
	output=$(cpu "${@:2}" 2>&1)
	case $? in
	0) echo "ok $name" ;;
	2) echo "skip CPU samples of a running program: $output" ;;
	*) echo "not ok $name"; printf '%s\n' "$output" ;;
	esac
}
check_cpu "CPU is sampled, all threads of it" 1s 0.000997 --cpu-freq 1003
# The budget is the largest by which they are few enough for that; in so much time more than the hundred that tell the GC's.
check_cpu "at the automatic rate by the CPUs' own clocks" 20s 0.05035 --budget 0.99

# What another command relies on: no report, readable while it is written, ends well at a signal.
contract() {
	"$ESCPROF" attach -q --no-report -o "$TRACE" -p "$TARGET" >"$WORK/out" 2>&1 &
	local escprof=$! tries
	# As soon as it is there; what is recorded is written every second.
	for ((tries = 0; tries < 100; tries++)); do
		sleep 0.1
		info >"$WORK/info" 2>&1 && awk '/^  samples/ && $4 >= 0.3 { seen = 1 } END { exit !seen }' "$WORK/info" && break
	done
	kill -TERM $escprof
	wait $escprof || { echo "status $?"; return 1; }
	[ $tries -lt 100 ] && grep -q '^  complete *cut' "$WORK/info" || { cat "$WORK/info"; return 1; }
	[ ! -s "$WORK/out" ] || { cat "$WORK/out"; return 1; }
	is_whole && is_released
}
check "quiet: readable while it is written, ended by SIGTERM" contract

# At any moment of attaching, of recording, of letting go.
killed() {
	local i
	for ((i = 0; i < 40; i++)); do
		if ((i % 2)); then attach_behind --rate 1; else attach_behind -d 20ms --rate 1; fi
		sleep "0.$(printf %03d $((RANDOM % 160)))"
		kill -9 $PROFILER
		wait $PROFILER
		answers || return 1
	done
	attach -d 50ms --rate 1 && answers && is_released
}
check "escprof killed at random moments: the program goes on, the next attach clears all away" killed

refused_while_attached() {
	local status
	attach_behind
	wait_for "/proc/$TARGET/maps" 'memfd:escprof' && sleep 0.7
	"$ESCPROF" attach -q -o "$WORK/other" -p "$TARGET" -d 1s 2>"$WORK/err"
	status=$?
	kill -INT $PROFILER
	wait $PROFILER || return 1
	cat "$WORK/err"
	[ $status = 1 ] && [ ! -e "$WORK/other" ] && grep -q "being profiled by another escprof, process $PROFILER" "$WORK/err" &&
		is_released
}
check "another escprof is active: refused, and named" refused_while_attached

stopped() {
	kill -STOP "$TARGET"
	attach -d 50ms || return 1
	grep -q '^State:[[:space:]]*T' "/proc/$TARGET/status" || { grep State "/proc/$TARGET/status"; return 1; }
	kill -CONT "$TARGET"
	answers && is_released
}
check "a stopped program stays stopped" stopped

if stop; then echo "ok the target ends as it would"; else echo "not ok the target ends as it would"; fi

ends_meanwhile() {
	start || return 1
	attach_behind
	wait_for "/proc/$TARGET/maps" 'memfd:escprof' && sleep 0.5
	stop && wait $PROFILER && is_whole
}
check "the program ends while it is attached to: the trace is whole" ends_meanwhile

exec_loop() {
	local i
	start -exec -workers 1 || return 1
	for i in 1 2 3 4 5 6; do
		attach -d 50ms --rate 1 && is_released || return 1
	done
	answers && stop
}
check "a program that starts others in a loop" exec_loop
