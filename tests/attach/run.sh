#!/usr/bin/env bash
# make attach-storm: what attaching, and being killed at it, does to a loaded service. A client of its own asks the service
# all the time, and every question must be answered, and rightly. In three parts:
#   calm.bash   ATTACH_ROUNDS (1000) times attaching and letting go: after every round the machine code is as before and
#               the trace whole. Prints for how long the threads were stopped.
#   kills.bash  ATTACH_KILLS (500) times escprof is killed at a random moment, two in five of them as run, else as attach:
#               what there is of the trace must be readable, the service must work on and end as it would, and the next
#               attach clears away what was left.
#   quiet.bash  a killed escprof is gone, but its agent is not: it writes nothing any more. Prints what CPU the service
#               takes for its work then, against one that was never touched, in ATTACH_WINDOWS (10) windows of each.
# ATTACH_PROGRAM are the arguments of tests/cli/programs/attached, ATTACH_RATE the mean bytes between samples,
# ATTACH_VERSION a Go version other than the default, ATTACH_BUILD more arguments of go build.
# usage: run.sh BUILD_DIR
cd "$(dirname "$0")/../.." || exit 1
BUILD=$PWD/$1
ESCPROF=$BUILD/escprof
source tests/cli/common.bash
source tests/cli/attach.bash

rounds=${ATTACH_ROUNDS:-1000}
kills=${ATTACH_KILLS:-500}
windows=${ATTACH_WINDOWS:-10}
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
nap() { read -rt "$1" -u "$nap_fd" || true; }

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

# begin_asking: a client asks the service from here on.
begin_asking() {
	"$WORK/attached" -ask "http://$ADDRESS" >"$WORK/client.out" 2>&1 &
	CLIENT=$!
	echo $CLIENT >>"$WORK/pids"
}

# end_asking [WHAT]: until here. Every question was answered, and none much later than without escprof.
without=0     # ms: the longest that the client had to wait there
patience=1000 # ms: what it may be more, on a machine that has other work
end_asking() {
	local status
	kill -TERM "$CLIENT"
	wait "$CLIENT"
	status=$?
	echo "${1:+$1: }$(<"$WORK/client.out")"
	[ $status = 0 ] && [[ $(<"$WORK/client.out") =~ ^asked\ [1-9][0-9]*\ failed\ 0\ longest\ ([0-9]+) ]] ||
		{ echo "the client ended with status $status"; return 1; }
	LONGEST=${BASH_REMATCH[1]}
	[ $without = 0 ] || [ "$LONGEST" -le $((without + patience)) ] ||
		{ echo "a question waited for $LONGEST ms, and for $without ms at most without escprof"; return 1; }
}

# serve: starts the service and its client, and lets them be for a while first.
serve() {
	start "${arguments[@]}" || return 1
	last_rounds=0
	without=0
	begin_asking
	nap 5
	end_asking "without escprof" || return 1
	without=$((LONGEST + 1))
	begin_asking
}

# served: ends both.
served() {
	end_asking "$@" && stop
}

# random LOW HIGH: naps for a time between, in microseconds.
random() {
	local us=$(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1)))
	nap "$((us / 1000000)).$(printf %06d $((us % 1000000)))"
}

# rings: whether some are mapped: more than a control block.
rings() {
	local range
	while read -r range _; do
		(((16#${range#*-} - 16#${range%-*}) <= 131072)) || return 0
	done < <(grep memfd:escprof "/proc/$TARGET/maps")
	return 1
}

# print_agent: what the agent in the service has written, and whether it knows that nobody collects.
print_agent() { "$BUILD/tests/tools/print_agent" "$TARGET"; }

# how_far: sets FAR to what was done to the service by an escprof that was killed: nothing, something (it was cut in the
# midst of it), or all (machine code that leads to an agent with its rings).
how_far() {
	local is
	same_text >/dev/null && is=own || is=led
	rings && is="$is rings"
	case $is in
	own) ls -l "/proc/$TARGET/fd" | has memfd:escprof && FAR=something || FAR=nothing ;;
	"led rings") print_agent >/dev/null 2>&1 && FAR=all || FAR=something ;;
	*) FAR=something ;;
	esac
}

# begin_run [arguments…]: starts the service under escprof run, in the background. Sets PROFILER, and HEIR, whose child
# whatever PROFILER leaves behind becomes; how each of them ends is in $WORK/ends.
begin_run() {
	rm -f "$TRACE" "$WORK/ends"
	: >"$WORK/target.out"
	TARGET=
	PROFILER=
	"$BUILD/tests/tools/tell_ends" "$WORK/ends" "$ESCPROF" run -q --rate "$rate" -o "$TRACE" -- "$WORK/attached" "$@" \
		>"$WORK/target.out" 2>"$WORK/target.err" &
	HEIR=$!
	while [ -z "$PROFILER" ]; do
		nap 0.001
		read -r PROFILER _ 2>/dev/null <"$WORK/ends"
	done
}

# gets_in: waits until PROFILER is in the midst of getting in: it has mapped the memory that it shares with the agent.
gets_in() {
	local maps tries
	for ((tries = 0; tries < 20000; tries++)); do
		mapfile -t maps 2>/dev/null <"/proc/$PROFILER/maps" && [[ ${maps[*]} != *memfd:escprof* ]] || break
		nap 0.0002
	done
}

# ended PID: waits until it has; sets HOW to how.
ended() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		HOW=$(sed -n "s/^$1 \([ek].*\)/\1/p" "$WORK/ends")
		[ -z "$HOW" ] || return 0
		nap 0.01
	done
	echo "process $1 does not end"
	return 1
}

# inherit: escprof run was killed: sets TARGET to what it had started; to nothing when that was nothing.
inherit() {
	ended "$PROFILER" || return 1
	[ "$HOW" = "killed 9" ] || { echo "escprof $HOW"; return 1; }
	TARGET=$(pgrep -P "$HEIR")
	[ -z "$TARGET" ] || echo "$TARGET" >>"$WORK/pids"
}

# begins: what was started as a child of escprof run says where it listens; sets ADDRESS. It must not end before.
begins() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
		[ -z "$ADDRESS" ] || return 0
		! grep -v " began$\|^$PROFILER " "$WORK/ends" || { echo "it ended before it began"; return 1; }
		nap 0.01
	done
	echo "it never began"
	return 1
}

# ends_well [PROFILER]: asked to, a service that was started so ends as it would; with its escprof, where that lives.
ends_well() {
	get /end >/dev/null
	ended "${1:-$TARGET}" || return 1
	wait "$HEIR"
	[ "$HOW" = "exited 0" ] && grep -q '^fine$' "$WORK/target.out" && return
	echo "it $HOW:"
	tail -n 5 "$WORK/target.out" "$WORK/target.err"
	return 1
}

for part in calm kills quiet; do
	# shellcheck source=/dev/null
	source tests/attach/$part.bash
done

began=$SECONDS
[ "$rounds" = 0 ] || calm_rounds || bad=$((bad + 1))
[ "$kills" = 0 ] || killed_attaches || bad=$((bad + 1))
[ "$kills" = 0 ] || killed_runs || bad=$((bad + 1))
[ "$windows" = 0 ] || left_alone || bad=$((bad + 1))
echo "$((SECONDS - began)) s"
[ $bad = 0 ]
