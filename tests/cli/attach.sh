#!/usr/bin/env bash
# escprof attach: a running program is profiled, and let go as it was, whatever happens to escprof.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

go_program attached && go_program reader || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof
attach() { "$ESCPROF" attach -q -o "$TRACE" -p "$TARGET" "$@"; }
# attach_behind [options…]: in the background; sets PROFILER, to whom signals go.
attach_behind() { "$ESCPROF" attach -q -o "$TRACE" -p "$TARGET" "$@" & PROFILER=$!; }
info() { "$ESCPROF" info "$TRACE"; }
start -threads 20 || { echo "not ok start"; exit 1; }

# wait_for FILE TEXT: until it is there.
wait_for() {
	local tries
	for ((tries = 0; tries < 200; tries++)); do
		grep -qs "$2" "$1" && return
		sleep 0.05
	done
	echo "never saw $2 in $1"
	return 1
}

rounds() {
	local i rate
	for i in 1 2 3 4 5 6 7 8; do
		rate=$((i % 2 ? 1 : 512))
		attach -d 50ms --rate $rate && answers && is_released || return 1
		info | grep -q '^  complete *yes' || { info; return 1; }
	done
	info | grep -q '^  way *attach'
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

cpu() {
	attach -d 1s
	info >"$WORK/info"
	grep -Eq '^ *cpu_sampled +(all|user)$' "$WORK/info" || { grep cpu_sampled "$WORK/info"; return 2; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && "$WORK/reader" cpu "$WORK/json"
}
output=$(cpu 2>&1)
case $? in
0) echo "ok CPU is sampled, all threads of it" ;;
2) echo "skip CPU samples of a running program: $output" ;;
*) echo "not ok CPU is sampled, all threads of it"; printf '%s\n' "$output" ;;
esac

# What another command relies on: no report, readable while it is written, ends well at a signal.
contract() {
	"$ESCPROF" attach -q --no-report -o "$TRACE" -p "$TARGET" >"$WORK/out" 2>&1 &
	local escprof=$!
	sleep 1.5
	info >"$WORK/info" || return 1
	grep -q '^  complete *cut' "$WORK/info" || { cat "$WORK/info"; return 1; }
	awk '/^  samples/ { exit !($4 >= 0.3) }' "$WORK/info" || { cat "$WORK/info"; return 1; }
	kill -TERM $escprof
	wait $escprof || { echo "status $?"; return 1; }
	[ ! -s "$WORK/out" ] || { cat "$WORK/out"; return 1; }
	info | grep -q '^  complete *yes' && is_released
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

check "the target ends as it would" stop

ends_meanwhile() {
	start || return 1
	attach_behind
	wait_for "/proc/$TARGET/maps" 'memfd:escprof' && sleep 0.5
	stop && wait $PROFILER && info | grep -q '^  complete *yes'
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

# A run that was killed leaves an agent too.
after_run() {
	"$ESCPROF" run -q --rate 1 -o "$TRACE" -- "$WORK/attached" >"$WORK/target.out" 2>"$WORK/target.err" &
	local escprof=$!
	wait_for "$WORK/target.out" http: || return 1
	ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
	TARGET=$(pgrep -P $escprof | head -n 1)
	attach -d 50ms 2>"$WORK/err"
	[ $? = 1 ] && grep -q "being profiled by another escprof, process $escprof" "$WORK/err" || { cat "$WORK/err"; return 1; }
	kill -9 $escprof
	wait $escprof
	answers && attach -d 50ms && answers && is_released || return 1
	get /end
	wait_for "$WORK/target.out" '^fine'
}
check "a program whose escprof run was killed" after_run

for kind in stripped pie cgo; do
	case $kind in
	stripped) go_program attached -ldflags='-s -w' ;;
	pie) go_program attached -buildmode=pie ;;
	cgo) CGO_ENABLED=1 go_program attached -ldflags='-linkmode=external' ;;
	esac || { echo "not ok build $kind"; continue; }
	of_kind() { start && attach -d 100ms --rate 1 && answers && is_released && attach -d 100ms && stop; }
	check "a program of another kind: $kind" of_kind
done

# refuses TEXT PID: with status 1 and a message that has TEXT; no trace is left.
refuses() {
	rm -f "$TRACE"
	"$ESCPROF" attach -q -o "$TRACE" -p "$2" -d 1s 2>"$WORK/err"
	[ $? = 1 ] && [ ! -e "$TRACE" ] && grep -q "$1" "$WORK/err" || { cat "$WORK/err"; return 1; }
}
sleep 60 &
OTHER=$!
check "no such process" refuses 'there is no process 4194300' 4194300
check "a program that is not Go's" refuses 'is not a Go program' $OTHER
kill $OTHER
sh -c 'sleep 0.2 & exec sleep 60' &
OTHER=$!
sleep 0.5
check "a zombie" refuses 'has ended, and waits for its parent' "$(pgrep -P $OTHER)"
kill $OTHER
itself() { sh -c 'exec "$0" attach -q -o "$1" -p $$' "$ESCPROF" "$TRACE" 2>"$WORK/err"; [ $? = 1 ] && grep -q 'this escprof itself' "$WORK/err"; }
check "itself" itself
usage() {
	local arguments
	for arguments in "" "-p" "-p 0" "-p x" "-p 1 -d 5" "-p 1 -d 0s" "-p 1 -d s" "-p 1 --rate 0" "-p 1 more"; do
		# shellcheck disable=SC2086
		"$ESCPROF" attach $arguments >/dev/null 2>&1
		[ $? = 2 ] || { echo "not refused: $arguments"; return 1; }
	done
}
check "wrong usage ends with 2" usage
