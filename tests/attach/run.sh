#!/usr/bin/env bash
# make attach-storm: ATTACH_ROUNDS (1000) rounds of attaching to a loaded service and letting it go, then ATTACH_KILLS (500)
# times escprof is killed at a random moment, two in five of them as run, else as attach, half of the latter about when
# it gets in. A client of its own asks the service all the time, and every question must be answered, and rightly. After
# every round the machine code must be as before and the trace whole; after a kill what there is of the trace must be
# readable, the service must work on, and now and then the next attach clears away what was left. Prints for how long all
# threads were stopped. ATTACH_PROGRAM are the arguments of tests/cli/programs/attached, ATTACH_RATE the mean bytes
# between samples, ATTACH_VERSION a Go version other than the default, ATTACH_BUILD more arguments of go build.
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
# Without debug information for the most part of a round is not reading that.
# shellcheck disable=SC2086
go_program attached ${ATTACH_BUILD:--ldflags=-w} || exit 1
read -ra arguments <<<"${ATTACH_PROGRAM:--workers 2 -waiters 10000 -threads 50}"
bad=0
declare -A spent=() # milliseconds of all rounds, by what they went to
# The service takes every CPU there is; where we may, we come first, or a round is mostly waiting.
[ "$(id -u)" != 0 ] || renice -n -10 -p $$ >/dev/null
exec {nap_fd}<> <(:)

# nap SECONDS: without a process for it.
nap() { read -rt "$1" -u "$nap_fd"; }

# now: sets NOW, in microseconds.
now() { NOW=${EPOCHREALTIME/./}; }

# timed WHAT COMMAND…: the time that it takes goes to WHAT.
timed() {
	local what=$1 began status
	shift
	now
	began=$NOW
	"$@"
	status=$?
	now
	spent[$what]=$((${spent[$what]:-0} + NOW - began))
	return $status
}

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

# works_on: the service answers at once that it has worked since the last time, and that all was right.
last_rounds=0
works_on() {
	local connection line status=1
	exec {connection}<>"/dev/tcp/${ADDRESS%:*}/${ADDRESS#*:}" || { echo "no connection"; return 1; }
	printf 'GET /rounds HTTP/1.0\r\n\r\n' >&"$connection"
	while IFS= read -rt 5 -u "$connection" line; do
		[[ $line =~ ^([0-9]+)\ ([0-9]+)$ ]] || continue
		status=0
		((BASH_REMATCH[1] > last_rounds)) || { echo "it stands still: $line"; status=1; }
		((BASH_REMATCH[2] == 0)) || { echo "wrong results: $line"; status=1; }
		last_rounds=${BASH_REMATCH[1]}
	done
	[ $status = 0 ] || echo "no answer, or a wrong one"
	exec {connection}>&-
	return $status
}

# serve: starts the service and its client.
serve() {
	start "${arguments[@]}" || return 1
	last_rounds=0
	"$WORK/attached" -ask "http://$ADDRESS" >"$WORK/client.out" 2>&1 &
	CLIENT=$!
	echo $CLIENT >>"$WORK/pids"
}

# served: ends both; every question was answered.
served() {
	local status
	kill -TERM $CLIENT
	wait $CLIENT
	status=$?
	cat "$WORK/client.out"
	[ $status = 0 ] && grep -q '^asked [1-9]' "$WORK/client.out" || { echo "the client ended with status $status"; return 1; }
	stop
}

# look: the trace is whole, and it says for how long the threads were stopped.
look() {
	is_whole >/dev/null || return 1
	sed -n 's/^  attach_stop_ns *//p' "$WORK/info" >>"$WORK/attach"
	sed -n 's/^  detach_stop_ns *//p' "$WORK/info" >>"$WORK/detach"
}

calm_rounds() {
	local i what
	serve || return 1
	for ((i = 1; i <= rounds; i++)); do
		timed attach attach -d 5ms --rate "$rate" || fail "escprof ended with status $?"
		timed trace look || fail "the trace was cut"
		timed text same_text || fail "the machine code has changed"
		timed answer works_on || fail "see above"
		((i % 20)) || timed rest is_released || fail "see above"
	done
	is_released || fail "see above"
	echo "descriptors $(ls "/proc/$TARGET/fd" | wc -l), mappings $(wc -l <"/proc/$TARGET/maps"), $(grep VmRSS "/proc/$TARGET/status" | tr -s '\t ' ' ')"
	served || fail "see above"
	[ "$(wc -l <"$WORK/attach")" = "$rounds" ] && [ "$(wc -l <"$WORK/detach")" = "$rounds" ] || fail "not every trace tells of its stops"
	times "all threads stopped to attach" <"$WORK/attach"
	times "all threads stopped to let go" <"$WORK/detach"
	printf 'a round:'
	for what in attach trace text answer rest; do
		printf ' %s %d ms' $what $((${spent[$what]:-0} / rounds / 1000))
	done
	echo
	echo "$rounds rounds of attaching (${arguments[*]}, rate $rate, $(go env GOVERSION)), $bad errors"
}

# readable: what a killed escprof has left of its trace; it may not have begun one.
readable() {
	[ ! -e "$TRACE" ] || [ "$(stat -c %s "$TRACE")" -lt 16 ] || info >/dev/null
}

# rings: whether some are mapped: more than a control block.
rings() {
	local range
	while read -r range _; do
		(((16#${range#*-} - 16#${range%-*}) <= 131072)) || return 0
	done < <(grep memfd:escprof "/proc/$TARGET/maps")
	return 1
}

# how_far: counts what the killed one had done to the process.
how_far() {
	if ! same_text >/dev/null; then
		code=$((code + 1))
	elif rings || ls -l "/proc/$TARGET/fd" | grep memfd:escprof >/dev/null; then
		memory=$((memory + 1))
	fi
}

# random LOW HIGH: naps for a time between, in microseconds.
random() {
	local us=$(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1)))
	nap "$((us / 1000000)).$(printf %06d $((us % 1000000)))"
}

# gets_in: sets GETS_IN, the microseconds until escprof is in; it says so some 5 ms later.
gets_in() {
	local said began
	now
	began=$NOW
	exec {said}< <("$ESCPROF" attach --no-report -o "$TRACE" -p "$TARGET" --rate "$rate" -d 1ms 2>&1)
	read -r -u "$said"
	now
	GETS_IN=$((NOW - began - 5000))
	[[ $REPLY == *"attached to process"* ]] || fail "$REPLY"
	while read -r -u "$said"; do :; done # until it has let go
	exec {said}<&-
}

killed_attaches() {
	local i count=$((kills - kills * 2 / 5)) tries=0 sum=0 code=0 memory=0 healed=0
	[ $count -gt 0 ] || return 0
	serve || return 1
	for ((i = 1; i <= 5; i++)); do
		gets_in
		sum=$((sum + GETS_IN))
	done
	GETS_IN=$((sum / 5))
	for ((i = 1; i <= count && tries < 4 * count; tries++)); do
		rm -f "$TRACE"
		attach_behind --rate "$rate" -d 1ms
		if ((i % 2)); then random 0 $((GETS_IN * 3 / 2)); else random $((GETS_IN * 9 / 10)) $((GETS_IN + 1000)); fi
		kill -9 $PROFILER 2>/dev/null
		wait $PROFILER 2>/dev/null
		[ $? = 137 ] || continue # it was done already
		how_far
		readable || fail "its trace cannot be read"
		works_on || fail "see above"
		((i++ % 5)) && continue
		attach -d 1ms --rate "$rate" && same_text && is_released && healed=$((healed + 1)) || fail "not healed"
	done
	((i > count)) || fail "it was done before it could be killed, too often"
	attach -d 1ms --rate "$rate" && is_released || fail "not healed at the end"
	served || fail "see above"
	echo "killed as attach $((i - 1)) times ($GETS_IN us until it was in): $code with the code changed, $memory with memory left only;" \
		"healed $healed of $((count / 5)), $bad errors"
}

# One start under escprof run that is killed, then an attach that clears it away.
killed_run() {
	local profiler tries
	: >"$WORK/target.out"
	rm -f "$TRACE"
	"$ESCPROF" run -q --rate "$rate" -o "$TRACE" -- "$WORK/attached" -workers 1 -waiters 10 >"$WORK/target.out" 2>"$WORK/target.err" &
	profiler=$!
	random 0 60000
	TARGET=$(pgrep -P $profiler | head -n 1)
	[ -z "$TARGET" ] || echo "$TARGET" >>"$WORK/pids"
	kill -9 $profiler
	wait $profiler 2>/dev/null
	readable || { echo "its trace cannot be read"; return 1; }
	[ -n "$TARGET" ] && [ -d "/proc/$TARGET" ] || return 0 # killed before there was anything, or at its gate
	for ((tries = 0; tries < 500; tries++)); do
		ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
		[ -z "$ADDRESS" ] || break
		[ -d "/proc/$TARGET" ] || return 0 # its gate was never opened
		nap 0.01
	done
	[ -n "$ADDRESS" ] || { echo "it never began"; return 1; }
	runs=$((runs + 1))
	how_far
	last_rounds=0
	works_on || return 1
	attach -d 1ms && is_released || return 1
	get /end >/dev/null
	for ((tries = 0; tries < 500; tries++)); do
		! grep -q '^fine' "$WORK/target.out" || return 0
		nap 0.01
	done
	echo "it did not end well"
	return 1
}

killed_runs() {
	local i count=$((kills * 2 / 5)) runs=0 code=0 memory=0
	[ $count -gt 0 ] || return 0
	for ((i = 1; i <= count; i++)); do
		killed_run || fail "see above"
	done
	echo "killed as run $count times, $runs of them when the program had begun: $code with the code changed, $memory with memory left only; $bad errors"
}

began=$SECONDS
[ "$rounds" = 0 ] || calm_rounds || bad=$((bad + 1))
[ "$kills" = 0 ] || killed_attaches || bad=$((bad + 1))
[ "$kills" = 0 ] || killed_runs || bad=$((bad + 1))
echo "$((SECONDS - began)) s"
[ $bad = 0 ]
