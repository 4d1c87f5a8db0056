#!/usr/bin/env bash
# make attach-storm: ATTACH_ROUNDS (1000) rounds of attaching to a loaded program and letting it go, then ATTACH_KILLS (500)
# times escprof, as run and as attach, is killed at a random moment. Prints for how long all threads were stopped. After
# every round the program must answer, and all that it works out must be right; after those that were not killed its
# machine code must be as before. ATTACH_PROGRAM are the arguments of tests/cli/programs/attached, ATTACH_RATE the mean
# bytes between samples, ATTACH_VERSION a Go version other than the default, ATTACH_BUILD more arguments of go build.
# usage: run.sh BUILD_DIR
cd "$(dirname "$0")/../.." || exit 1
BUILD=$PWD/$1
ESCPROF=$BUILD/escprof
source tests/cli/common.bash
source tests/cli/attach.bash

rounds=${ATTACH_ROUNDS:-1000}
kills=${ATTACH_KILLS:-500}
rate=${ATTACH_RATE:-1}
[ -z "${ATTACH_VERSION:-}" ] || export GOTOOLCHAIN=go$ATTACH_VERSION
# shellcheck disable=SC2086
go_program attached ${ATTACH_BUILD:-} || exit 1
read -ra arguments <<<"${ATTACH_PROGRAM:--workers 2 -waiters 10000 -threads 50}"
bad=0

# fail WHAT: says it, and counts.
fail() {
	echo "round $i: $1"
	bad=$((bad + 1))
}

# times NAME: median and largest of the lines of standard input, in microseconds.
times() {
	sort -n | awk -v "name=$1" '{ at[NR] = $1 / 1000 }
		END { if (NR) printf "%s: median %.0f us, 99 %% %.0f, max %.0f (%d)\n", name, at[int((NR + 1) / 2)],
			at[int(NR * 0.99 + 0.5)], at[NR], NR }'
}

calm_rounds() {
	local i
	start "${arguments[@]}" || return 1
	for ((i = 1; i <= rounds; i++)); do
		attach -d 5ms --rate "$rate" || fail "escprof ended with status $?"
		is_whole >/dev/null || fail "the trace was cut"
		sed -n 's/^  attach_stop_ns *//p' "$WORK/info" >>"$WORK/attach"
		sed -n 's/^  detach_stop_ns *//p' "$WORK/info" >>"$WORK/detach"
		((i % 10)) || answers || fail "see above"
		((i % 10)) || is_released || fail "see above"
	done
	answers && is_released || fail "see above"
	echo "descriptors $(ls "/proc/$TARGET/fd" | wc -l), mappings $(wc -l <"/proc/$TARGET/maps"), $(grep VmRSS "/proc/$TARGET/status" | tr -s '\t ' ' ')"
	stop || fail "see above"
	times "all threads stopped to attach" <"$WORK/attach"
	times "all threads stopped to let go" <"$WORK/detach"
	echo "$rounds rounds of attaching (${arguments[*]}, rate $rate, $(go env GOVERSION)), $bad errors"
}

# One start under escprof run that is killed, then an attach that clears it away.
killed_run() {
	local profiler tries
	: >"$WORK/target.out"
	"$ESCPROF" run -q --rate "$rate" -o "$TRACE" -- "$WORK/attached" -workers 1 -waiters 10 >"$WORK/target.out" 2>"$WORK/target.err" &
	profiler=$!
	sleep "0.$(printf %03d $((RANDOM % 60)))"
	TARGET=$(pgrep -P $profiler | head -n 1)
	kill -9 $profiler
	wait $profiler 2>/dev/null
	[ -n "$TARGET" ] && [ -d "/proc/$TARGET" ] || return 0 # killed before there was anything, or at its gate
	for ((tries = 0; tries < 100; tries++)); do
		ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
		[ -z "$ADDRESS" ] || break
		[ -d "/proc/$TARGET" ] || return 0 # its gate was never opened
		sleep 0.02
	done
	runs=$((runs + 1))
	answers || return 1
	attach -d 5ms && is_released || return 1
	get /end >/dev/null
	for ((tries = 0; tries < 100; tries++)); do
		! grep -q '^fine' "$WORK/target.out" || return 0
		sleep 0.02
	done
	echo "it did not end well"
	return 1
}

killed_rounds() {
	local i runs=0 attaches=0 healed=0
	start "${arguments[@]}" || return 1
	for ((i = 1; i <= kills; i++)); do
		if ((i % 2)); then attach_behind --rate "$rate"; else attach_behind --rate "$rate" -d 1ms; fi
		sleep "0.$(printf %03d $((RANDOM % 90)))"
		kill -9 $PROFILER 2>/dev/null && attaches=$((attaches + 1))
		wait $PROFILER 2>/dev/null
		answers || fail "see above"
		((i % 5)) && continue
		attach -d 1ms --rate "$rate" && is_released && healed=$((healed + 1)) || fail "not healed"
	done
	stop || fail "see above"
	for ((i = 1; i <= kills / 5; i++)); do
		killed_run || fail "see above"
	done
	echo "killed as attach $attaches times, healed $healed of $((kills / 5)); as run $runs of $((kills / 5)) (else before the program began), $bad errors"
}

[ "$rounds" = 0 ] || calm_rounds
[ "$kills" = 0 ] || killed_rounds
[ $bad = 0 ]
