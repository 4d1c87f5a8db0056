# What the tests of attaching share: a program that runs, its answers, and whether its machine code is what its file has.
# Sourced after common.bash.
source tests/cli/same_text.bash

# clean_up: a test that failed has left its program running.
clean_up() {
	local pid
	while read -r pid; do
		[[ "$(readlink "/proc/$pid/exe")" != "$WORK"/* ]] || kill -9 "$pid"
	done < <(cat "$WORK/pids" 2>/dev/null)
	rm -rf "$WORK"
}
trap clean_up EXIT

# start [arguments…]: runs $WORK/attached; sets TARGET and ADDRESS (host and port).
start() {
	local tries
	: >"$WORK/target.out" # what the one before printed is not this one's address
	"$WORK/attached" "$@" >"$WORK/target.out" 2>"$WORK/target.err" &
	TARGET=$!
	echo $TARGET >>"$WORK/pids"
	for ((tries = 0; tries < 200; tries++)); do
		ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
		[ -z "$ADDRESS" ] || return 0
		sleep 0.05
	done
	echo "the program to attach to did not start"
	return 1
}

# get PATH: the target's answer; fails when there is none within five seconds.
get() {
	timeout 5 bash -c '
		exec 3<>"/dev/tcp/${1%:*}/${1#*:}" || exit 1
		printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3
		sed "1,/^\r*\$/d" <&3' get "$ADDRESS" "$1"
}

# answers: the target works, and works right.
answers() {
	local before after
	before=$(get /rounds) || { echo "no answer"; return 1; }
	sleep 0.05
	after=$(get /rounds) || { echo "no answer"; return 1; }
	[ "${after#* }" = 0 ] || { echo "wrong results: $after"; return 1; }
	[ "${after% *}" -gt "${before% *}" ] || { echo "it stands still: $before, $after"; return 1; }
}

# stop: ends the target, which says whether all it worked out was right.
stop() {
	local status
	kill -TERM "$TARGET"
	wait "$TARGET"
	status=$?
	[ $status = 0 ] && grep -q '^fine$' "$WORK/target.out" && return
	echo "the target ended with status $status:"
	tail -n 5 "$WORK/target.out" "$WORK/target.err"
	return 1
}

# is_released: nothing of ours is left but the agent's code and control block, and nobody traces it.
is_released() {
	local range agents=0 size
	same_text || return 1
	grep -q '^TracerPid:[[:space:]]*0$' "/proc/$TARGET/status" || { echo "it is traced"; return 1; }
	while read -r range _; do
		agents=$((agents + 1))
		size=$((16#${range#*-} - 16#${range%-*}))
		[ $size -le 131072 ] || { echo "rings are left: $range"; return 1; }
	done < <(grep memfd:escprof "/proc/$TARGET/maps")
	[ $agents -le 1 ] || { echo "$agents agents are left"; return 1; }
	! ls -l "/proc/$TARGET/fd" | grep memfd || { echo "a descriptor is left"; return 1; }
}

TRACE=$WORK/t.escprof
attach() { "$ESCPROF" attach -q -o "$TRACE" -p "$TARGET" "$@"; }
info() { "$ESCPROF" info "$TRACE"; }
# is_whole: the trace has its end. Leaves what it holds in $WORK/info.
is_whole() { info >"$WORK/info" && grep -q '^  complete *yes' "$WORK/info" || { cat "$WORK/info"; return 1; }; }
# attach_behind [options…]: in the background; sets PROFILER, to whom signals go.
attach_behind() { "$ESCPROF" attach -q -o "$TRACE" -p "$TARGET" "$@" & PROFILER=$!; }

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
