#!/usr/bin/env bash
# escprof run: what the target sees and leaves is what it would be without escprof.
source "$(dirname "$0")/common.bash"

go_program target || { echo "not ok build the target"; exit 1; }
TARGET=$WORK/target
TRACE=$WORK/t.escprof
run() { "$ESCPROF" run -q -o "$TRACE" -- "$@"; }
info() { "$ESCPROF" info "$TRACE"; }

exit_status() {
	local code
	for code in 0 1 3 42 255; do
		run "$TARGET" exit "$code"
		[ $? = "$code" ] || { echo "exit $code became another"; return 1; }
	done
	info | has '^  complete *yes'
}
check "the exit status is passed on" exit_status

panic_status() {
	run "$TARGET" panic 2>"$WORK/err"
	[ $? = 2 ] && grep -q 'panic: as asked' "$WORK/err" && grep -q 'main.main' "$WORK/err"
}
check "a panic ends as it would, traceback included" panic_status

segv_status() {
	run "$TARGET" segv 2>"$WORK/err"
	[ $? = 2 ] && grep -q 'nil pointer dereference' "$WORK/err"
}
check "a nil dereference is the program's own panic" segv_status

killed_status() {
	run "$TARGET" kill-self 2>/dev/null
	[ $? = 137 ] && info | has samples
}
check "death by a signal is passed on, the trace is kept" killed_status

streams() {
	printf 'one\ntwo\n' | run "$TARGET" cat >"$WORK/out" 2>"$WORK/err" || return 1
	[ "$(cat "$WORK/out")" = "$(printf 'one\ntwo')" ] && [ "$(cat "$WORK/err")" = "to stderr" ]
}
check "standard streams pass through" streams

# signal NAME NUMBER: sent to escprof alone, it reaches the program.
signal() {
	: >"$WORK/out" # what the one before has written must not be taken for this one's
	"$ESCPROF" run -q -o "$TRACE" -- "$TARGET" wait-term >"$WORK/out" &
	local pid=$! tries
	for ((tries = 0; tries < 200; tries++)); do
		grep -q ready "$WORK/out" && break
		sleep 0.05
	done
	kill "-$1" "$pid"
	wait "$pid"
	[ $? = 0 ] && grep -q "got $2" "$WORK/out"
}
check "SIGTERM is handed on" signal TERM terminated
check "SIGINT is handed on" signal INT interrupt
check "SIGUSR1 is handed on" signal USR1 'user defined signal 1'

# A signal while the agent is put in, which takes a few milliseconds: the program ends, by it or by what it does then.
early_signals() {
	local delay pid tries
	for delay in {5..16} {5..16} {5..16} {5..16}; do
		"$ESCPROF" run -q -o "$TRACE" -- "$TARGET" wait-term >"$WORK/out" 2>"$WORK/err" &
		pid=$!
		sleep "$(printf '0.0%02d' "$delay")"
		kill -TERM "$pid"
		for ((tries = 0; tries < 200; tries++)); do
			kill -0 "$pid" 2>/dev/null || continue 2
			sleep 0.05
		done
		echo "a signal after $delay ms is lost"
		kill -TERM "$pid"
		return 1
	done
}
check "signals that come while the agent is put in are not lost" early_signals

# Nor may escprof wait for ever for a program that is killed then.
early_kills() {
	local delay pid tries
	for delay in {0..30} {0..30}; do
		rm -f "$WORK/pid"
		"$ESCPROF" run -q -o "$TRACE" -- sh -c 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec "$@"' "$WORK/pid" "$TARGET" wait-term \
			>"$WORK/out" 2>"$WORK/err" &
		pid=$!
		until [ -s "$WORK/pid" ]; do sleep 0.001; done
		sleep "$(printf '0.00%02d' $((delay * 3)))"
		kill -KILL "$(cat "$WORK/pid")"
		for ((tries = 0; tries < 100; tries++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		[ $tries -lt 100 ] || { echo "escprof does not end: killed after $delay * 0.3 ms"; kill -KILL "$pid"; return 1; }
		wait "$pid" 2>/dev/null
		[ $? = 137 ] || { echo "killed after $delay * 0.3 ms"; return 1; }
	done
}
check "a program that is killed while the agent is put in" early_kills

not_there() {
	run "$WORK/no-such-program" 2>"$WORK/err"
	[ $? = 127 ] && grep -q 'cannot run .*no-such-program' "$WORK/err" && [ ! -e "$TRACE.never" ]
}
check "a command that does not exist: 127 and a message" not_there

no_go() {
	run sh -c 'echo hello; exit 7' >"$WORK/out" 2>"$WORK/err"
	[ $? = 7 ] && grep -q hello "$WORK/out" && grep -q 'nothing was profiled: no Go program was started' "$WORK/err"
}
check "a command without a Go program runs, and it is said" no_go

through_shell() {
	run sh -c "exec $TARGET exit 5"
	[ $? = 5 ] && info | has 'main_path *escprof.test/target' || return 1
	run sh -c "true; $TARGET exit 6; exit 9"
	[ $? = 9 ] && info | has 'main_path *escprof.test/target'
}
check "execs and forks are followed to the Go program" through_shell

go_run() {
	(cd tests/cli/programs/target && GOFLAGS= CGO_ENABLED=0 "$ESCPROF" run -q -o "$TRACE" -- go run . exit 0) || return 1
	info | has 'main_path *escprof.test/target'
}
check "the go command's own programs are not what is profiled" go_run

children() {
	run "$TARGET" children >"$WORK/out" || return 1
	! grep -E 'ESCPROF_SOCKET|LD_PRELOAD=.*libescprof' "$WORK/out" || return 1
	CGO_ENABLED=0 go_program target -buildmode=pie && run "$TARGET" children >"$WORK/out" || return 1
	info | has 'way *preload' || return 1
	! grep -E 'ESCPROF_SOCKET|LD_PRELOAD=.*libescprof' "$WORK/out"
}
check "children of a preloaded program inherit nothing of ours" children

killed_collector() {
	go_program target
	"$ESCPROF" run -q --rate 1 -o "$TRACE" -- "$TARGET" serve 9 total >"$WORK/out" &
	local pid=$! child lines
	sleep 4
	child=$(pgrep -P "$pid" | head -n 1)
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	sleep 1
	lines=$(wc -l <"$WORK/out")
	sleep 3
	kill -0 "$child" 2>/dev/null || { echo "the target is gone"; return 1; }
	[ "$(wc -l <"$WORK/out")" -gt "$lines" ] || { echo "the target stands still"; return 1; }
	sleep 3
	grep -q '^total' "$WORK/out" || { echo "the target did not end well"; return 1; }
	info >"$WORK/info"
	grep -q '^  complete *cut' "$WORK/info" || { cat "$WORK/info"; return 1; }
	# Readable up to its last second: 4 s ran.
	awk '/^  samples/ { exit !($4 >= 2.9) }' "$WORK/info" || { cat "$WORK/info"; return 1; }
}
check "escprof killed: the target goes on, the trace is readable up to its last second" killed_collector

totals() {
	local rate way
	for way in exe pie; do
		go_program target -buildmode=$way
		for rate in 1 512 4096; do
			"$ESCPROF" run -q --rate $rate -o "$TRACE" -- "$TARGET" serve 1 total >"$WORK/out" || return 1
			"$ESCPROF" report --format json "$TRACE" 2>/dev/null >"$WORK/json" || return 1
			"$WORK/reader" total "$WORK/json" "$(awk '/^total/ { print $2 }' "$WORK/out")" \
				"$([ $rate = 1 ] && echo 0.001 || echo 0.05)" || return 1
		done
	done
}
go_program reader || echo "not ok build the reader"
check "allocated bytes agree with the runtime's TotalAlloc, at rates 1, 512 and 4096" totals
