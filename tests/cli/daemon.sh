#!/usr/bin/env bash
# escprof run -D: the command has the process that was started; and escprof as process 1.
source "$(dirname "$0")/common.bash"

go_program family || { echo "not ok build the family"; exit 1; }
FAMILY=$WORK/family
TRACE=$WORK/t.escprof
info() { "$ESCPROF" info "$TRACE" 2>/dev/null; }

# written: wait until the trace is complete, which is some time after the command's end.
written() {
	local tries
	for ((tries = 0; tries < 200; tries++)); do
		info | has '^  complete *yes' && return 0
		sleep 0.05
	done
	echo "the trace is not written to its end"
	info
	return 1
}

# ready FILE: wait until the command has said so there.
ready() {
	local tries
	for ((tries = 0; tries < 200; tries++)); do
		grep -q ready "$1" && return 0
		sleep 0.05
	done
	echo "the command is not ready"
	return 1
}

# The process that collects: of the command's, only it has the trace on its command line.
collector() { pgrep -f "run .*-o $TRACE"; }

same_process() {
	local pid
	rm -f "$TRACE"
	"$ESCPROF" run -q -D --rate 1 -o "$TRACE" -- "$FAMILY" leaf 3000 7 >"$WORK/out" &
	pid=$!
	wait $pid
	[ $? = 7 ] && grep -q "^leaf 3000 of $BASHPID pid $pid tracer 0$" "$WORK/out" || { cat "$WORK/out"; return 1; }
	written && info | has -E '^  samples *3[0-9]{3} over'
}
check "the command has the process and the parent that escprof was started with" same_process

by_signal() {
	rm -f "$TRACE"
	"$ESCPROF" run -q -D -o "$TRACE" -- sh -c "$FAMILY leaf 10 0; kill -KILL \$\$" >"$WORK/out" 2>&1
	[ $? = 137 ] && written
}
check "its parent sees it die by a signal" by_signal

not_there() {
	"$ESCPROF" run -D -o "$TRACE" -- "$WORK/none" 2>"$WORK/err"
	[ $? = 127 ] || return 1
	sleep 0.5
	[ "$(cat "$WORK/err")" = "escprof: cannot run $WORK/none: No such file or directory" ] || { cat "$WORK/err"; return 1; }
	"$ESCPROF" run -D -o "$WORK/none/t" -- "$FAMILY" leaf 1 0 >"$WORK/out" 2>"$WORK/err"
	[ $? = 1 ] && [ ! -s "$WORK/out" ] && grep -q 'cannot create the trace' "$WORK/err"
}
check "a command that does not exist, a trace that cannot be: 127 and 1, as ever" not_there

# The listening socket comes as descriptor 3, with LISTEN_PID naming the process, as systemd does it.
activated() {
	rm -f "$TRACE"
	"$FAMILY" activate "$WORK/address" "$ESCPROF" run -q -D -o "$TRACE" -- "$FAMILY" listen >"$WORK/out" 2>&1 &
	local pid=$! other tries line
	for ((tries = 0; tries < 200; tries++)); do
		tr '\0' ' ' <"/proc/$pid/cmdline" | has "^$FAMILY listen" && break
		sleep 0.05
	done
	other=$(collector)
	ls -l /proc/"$other"/fd >"$WORK/fds"
	IFS= read -r line <"/dev/tcp/127.0.0.1/$(cat "$WORK/address")"
	wait $pid
	[ $? = 0 ] && [ "$line" = "pid $pid parent $BASHPID" ] || { echo "$line"; cat "$WORK/out"; return 1; }
	# Neither the passed socket (there is one of our own, which programs would ask at) nor the streams are held.
	[ "$(grep -c 'socket:' "$WORK/fds")" = 1 ] &&
		grep -q ' 0 -> /dev/null' "$WORK/fds" && grep -q ' 1 -> /dev/null' "$WORK/fds" && ! grep -q ' 3 -> socket' "$WORK/fds" ||
		{ cat "$WORK/fds"; return 1; }
	written
}
check "socket activation: LISTEN_PID is right, the socket is the command's alone" activated

# The same by systemd's own tool, which waits for the first connection and then becomes the command.
by_systemd() {
	rm -f "$TRACE" "$WORK/socket"
	systemd-socket-activate -E "ESCPROF_CACHE=$ESCPROF_CACHE" -l "$WORK/socket" "$ESCPROF" run -q -D --rate 1 -o "$TRACE" -- \
		"$FAMILY" listen >"$WORK/out" 2>&1 &
	local pid=$! tries line
	for ((tries = 0; tries < 200; tries++)); do
		[ ! -S "$WORK/socket" ] || break
		sleep 0.05
	done
	line=$("$FAMILY" ask "$WORK/socket")
	wait $pid
	[ $? = 0 ] && [ "$line" = "pid $pid parent $BASHPID" ] || { echo "$line"; cat "$WORK/out"; return 1; }
	written && info | has -E '^  samples *1[0-9]{3} over'
}
if type -P systemd-socket-activate >/dev/null; then
	check "socket activation by systemd-socket-activate" by_systemd
else
	echo "skip socket activation by systemd-socket-activate: it is not on this machine"
fi

# waiting: starts a command that says which signals it gets, and ends by them. PID is its process.
waiting() {
	rm -f "$TRACE"
	: >"$WORK/out"
	"$ESCPROF" run -q -D -o "$TRACE" -- "$FAMILY" wait >"$WORK/out" &
	PID=$!
	ready "$WORK/out"
}

# As a service manager ends a unit: all of its processes are told, each by itself.
told_to_end() {
	waiting || return 1
	kill -TERM "$(collector)"
	sleep 0.5
	[ "$(cat "$WORK/out")" = "ready $PID" ] || { cat "$WORK/out"; return 1; }
	kill -TERM $PID
	wait $PID
	[ $? = 0 ] && [ "$(cat "$WORK/out")" = "$(printf 'ready %s\ngot terminated' $PID)" ] || { cat "$WORK/out"; return 1; }
	written
}
check "told to end, the collector too: the command hears it once, the trace is whole" told_to_end

killed() {
	waiting || return 1
	sleep 1
	kill -KILL "$(collector)"
	kill -HUP $PID
	wait $PID
	[ $? = 0 ] && grep -q 'got hangup' "$WORK/out" && info | has '^  complete *cut'
}
check "the collector killed: the command goes on" killed

report() {
	"$ESCPROF" run -D -o "$TRACE" -- "$FAMILY" leaf 3000 0 2>&1 >/dev/null | cat >"$WORK/err" # until the collector ends
	grep -q '^escprof: [0-9]* samples in' "$WORK/err" && grep -Eq 'What removing each allocation would save|Ranked by bytes' "$WORK/err"
}
check "the report is on standard error" report

children() {
	rm -f "$WORK"/c.*
	"$ESCPROF" run -q -D --follow --rate 1 -o "$WORK/c.escprof" -- "$FAMILY" parent >"$WORK/out" 2>"$WORK/err" || return 1
	local pid
	for pid in $(awk '/^leaf/ { print $6 }' "$WORK/out"); do
		TRACE=$WORK/c.$pid.escprof
		written || return 1
	done
	[ "$(grep -c 'tracer 0$' "$WORK/out")" = 5 ]
}
check "with --follow" children

if ! unshare -rfp --mount-proc true 2>/dev/null; then
	echo "skip escprof as process 1: namespaces cannot be made here"
	exit 0
fi
TRACE=$WORK/one.escprof
first() { unshare -rfp --mount-proc "$ESCPROF" run -q -o "$TRACE" "$@"; }

one_status() {
	first --rate 1 -- "$FAMILY" leaf 2000 4 >"$WORK/out"
	[ $? = 4 ] && grep -q 'of 1 pid' "$WORK/out" && info | has -E '^  samples *2[0-9]{3} over' && info | has '^  complete *yes' || return 1
	first -- sh -c "$FAMILY leaf 10 0; kill -KILL \$\$" >"$WORK/out" 2>&1
	[ $? = 137 ]
}
check "as process 1: the exit status, and that of a signal" one_status

# Orphans become its children: none stays as a zombie.
one_reaps() {
	first -- sh -c 'for i in 1 2 3 4 5; do (sleep 0.2 & exec true); done; sleep 1; cat /proc/[0-9]*/stat; '"$FAMILY leaf 10 0" >"$WORK/out" 2>&1
	[ "$(grep -c '^1 (escprof)' "$WORK/out")" = 1 ] && ! grep -E '^[0-9]+ \([^)]*\) Z' "$WORK/out"
}
check "as process 1: it reaps orphans" one_reaps

one_signal() {
	: >"$WORK/out"
	first -- "$FAMILY" wait >"$WORK/out" &
	local pid=$! one tries
	ready "$WORK/out" || return 1
	one=$(pgrep -f "^$ESCPROF run -q -o $TRACE")
	kill "-$1" "$one"
	for ((tries = 0; tries < 200; tries++)); do
		kill -0 "$one" 2>/dev/null || break
		sleep 0.05
	done
	[ $tries -lt 200 ] || kill -KILL "$one"
	wait $pid
	[ $? = 0 ] && grep -q "got $2" "$WORK/out" && info | has '^  complete *yes'
}
check "as process 1: SIGTERM is passed on" one_signal TERM terminated
check "as process 1: SIGPWR is passed on" one_signal PWR 'power failure'
check "as process 1: a real-time signal is passed on" one_signal RTMIN+3 'signal 37'

one_detached() {
	first -D -- "$FAMILY" leaf 10 5 >"$WORK/out" 2>"$WORK/err"
	[ $? = 5 ] && grep -q 'pid 1 tracer 0' "$WORK/out" && grep -q 'with -D, process 1 takes its collector along' "$WORK/err"
}
check "as process 1 with -D: the command is process 1, and it is said what that means" one_detached
