#!/usr/bin/env bash
# escprof attach: the kinds of programs and the places they run in that it knows, and what it refuses, saying why.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

go_program attached || { echo "not ok build"; exit 1; }

# A run that was killed leaves an agent too.
after_run() {
	: >"$WORK/target.out"
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
check "a program whose escprof run was killed: it goes on, and is cleared" after_run

for kind in stripped pie cgo; do
	case $kind in
	stripped) go_program attached -ldflags='-s -w' ;;
	pie) go_program attached -buildmode=pie ;;
	cgo) CGO_ENABLED=1 go_program attached -ldflags='-linkmode=external' ;;
	esac || { echo "not ok build $kind"; continue; }
	of_kind() { start && attach -d 100ms --rate 1 && answers && is_released && attach -d 100ms && stop; }
	check "a program of another kind: $kind" of_kind
done

go_program attached

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
itself() {
	sh -c 'exec "$0" attach -q -o "$1" -p $$' "$ESCPROF" "$TRACE" 2>"$WORK/err"
	[ $? = 1 ] && grep -q 'this escprof itself' "$WORK/err"
}
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

traced() {
	start || return 1
	"$WORK/attached" -trace "$TARGET" >"$WORK/tracer.out" &
	local tracer=$!
	wait_for "$WORK/tracer.out" traced || return 1
	refuses "is traced already, by process $tracer (.*attached -trace" "$TARGET" || return 1
	kill $tracer
	wait $tracer
	answers && stop
}
check "a program that another traces" traced

# Its filter allows everything, which a user can know: then --force.
seccomp() {
	start -seccomp || return 1
	refuses 'runs under seccomp.* --force' "$TARGET" && attach -d 50ms --force && answers && is_released && stop
}
check "a program under seccomp" seccomp

replaced() {
	start || return 1
	mv "$WORK/attached" "$WORK/old" && cp "$WORK/old" "$WORK/attached" && rm "$WORK/old"
	attach -d 100ms --rate 1 && answers && is_released || return 1
	"$ESCPROF" report "$TRACE" >"$WORK/text" && grep -q main.work "$WORK/text" || { echo "no names"; return 1; }
	stop
}
check "a program whose file was replaced since" replaced

if [ "$(id -u)" != 0 ]; then
	echo "skip attaching as another user, into other namespaces: these tests must be root for it"
	exit
fi
chmod 755 "$WORK"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

other_user() {
	start || return 1
	as_nobody "$ESCPROF" attach -q -o /dev/null -p "$TARGET" -d 1s 2>"$WORK/err"
	[ $? = 1 ] && grep -q 'run escprof as root or with CAP_SYS_PTRACE' "$WORK/err" || { cat "$WORK/err"; return 1; }
	stop
}
same_user() {
	local status
	mkdir -p "$WORK/nobody" && chmod 777 "$WORK/nobody"
	: >"$WORK/target.out"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/attached" >"$WORK/target.out" 2>"$WORK/target.err" &
	TARGET=$!
	echo $TARGET >>"$WORK/pids"
	wait_for "$WORK/target.out" http: || return 1
	ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
	as_nobody "$ESCPROF" attach -q -o "$WORK/nobody/t" -p "$TARGET" -d 100ms --rate 1 2>"$WORK/err"
	status=$?
	answers || return 1
	if [ $status = 1 ] && grep -q yama "$WORK/err"; then
		stop
		return 2
	fi
	[ $status = 0 ] && is_released && stop || { cat "$WORK/err"; return 1; }
}
if as_nobody "$ESCPROF" --version >/dev/null 2>&1; then
	check "another user's program" other_user
	output=$(same_user 2>&1)
	case $? in
	0) echo "ok one's own program, without being root" ;;
	2) echo "skip one's own program, without being root: kernel.yama.ptrace_scope forbids it here" ;;
	*) echo "not ok one's own program, without being root"; printf '%s\n' "$output" ;;
	esac
else
	echo "skip attaching as another user: user 65534 cannot run $ESCPROF"
fi

# Its own PID and mount namespace, with its file where this side has none.
namespaces() {
	local outside
	: >"$WORK/target.out"
	unshare -fpm --mount-proc sh -c 'mkdir "$0/hidden" && mount -t tmpfs none "$0/hidden" && cp "$0/attached" "$0/hidden/" &&
		exec "$0/hidden/attached"' "$WORK" >"$WORK/target.out" 2>"$WORK/target.err" &
	outside=$!
	wait_for "$WORK/target.out" http: || return 1
	ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
	TARGET=$(pgrep -P $outside)
	attach -d 100ms --rate 1 && answers && is_released || return 1
	info >"$WORK/info" && grep -q "^  binary *.*/root.*/hidden/attached" "$WORK/info" || { cat "$WORK/info"; return 1; }
	"$ESCPROF" report "$TRACE" >"$WORK/text" && grep -q main.work "$WORK/text" || { echo "no names"; return 1; }
	kill -TERM "$TARGET"
	wait $outside && grep -q '^fine' "$WORK/target.out"
}
if unshare -fpm --mount-proc true 2>/dev/null; then
	check "a program in other PID and mount namespaces" namespaces
else
	echo "skip other namespaces: unshare is not allowed here"
fi
