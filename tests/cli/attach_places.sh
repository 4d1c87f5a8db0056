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
# The refusal, the option's help and the document name the same calls.
seccomp_calls() {
	start -seccomp || return 1
	refuses 'runs under seccomp' "$TARGET" || return 1
	stop
	local calls
	calls=$(sed -n 's/.*filter allows \(.*\) (as Docker.*/\1/p' "$WORK/err")
	[ "$(wc -w <<<"$calls")" -ge 7 ] || { cat "$WORK/err"; return 1; }
	"$ESCPROF" attach --help | tr -s '\n ' ' ' | has -F "must allow $calls, or" &&
		tr -d '`' <docs/PRODUCTION.md | tr '\n' ' ' | has -F "made to call: $calls." || { echo "$calls"; return 1; }
}
check "the calls that it must allow are named everywhere" seccomp_calls

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

# start_as_nobody PROGRAM [COMMAND…]: nobody runs it, or COMMAND PROGRAM; sets TARGET and ADDRESS as start does.
start_as_nobody() {
	local program=$1
	shift
	mkdir -p "$WORK/nobody" && chmod 777 "$WORK/nobody" && rm -f "$WORK/nobody"/*
	: >"$WORK/target.out"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@" "$program" >"$WORK/target.out" 2>"$WORK/target.err" &
	TARGET=$!
	echo $TARGET >>"$WORK/pids"
	wait_for "$WORK/target.out" http: || { cat "$WORK/target.err"; return 1; }
	ADDRESS=$(sed -n 's,^http://,,p' "$WORK/target.out")
}
same_user() {
	local status
	start_as_nobody "$WORK/attached" || return 1
	as_nobody "$ESCPROF" attach -q -o "$WORK/nobody/t" -p "$TARGET" -d 100ms --rate 1 2>"$WORK/err"
	status=$?
	answers || return 1
	if [ $status = 1 ] && grep -q yama "$WORK/err"; then
		stop
		return 2
	fi
	[ $status = 0 ] && is_released && stop || { cat "$WORK/err"; return 1; }
}

# with_scope N USER COMMAND…: USER, root or nobody, runs it, and it reads N as Yama's ptrace_scope, in a mount namespace of its
# own. This kernel need not have Yama.
with_scope() {
	local user=()
	[ "$2" = root ] || user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	unshare -m sh -c '
		if [ -e /proc/sys/kernel/yama/ptrace_scope ]; then
			echo "$1" >"$0/scope" && chmod 644 "$0/scope" && mount --bind "$0/scope" /proc/sys/kernel/yama/ptrace_scope
		else
			cp /proc/sys/kernel/perf_event_paranoid "$0/paranoid" && mount -t tmpfs none /proc/sys/kernel &&
				cp "$0/paranoid" /proc/sys/kernel/perf_event_paranoid && mkdir /proc/sys/kernel/yama &&
				echo "$1" >/proc/sys/kernel/yama/ptrace_scope
		fi || exit
		shift
		exec "$@"' "$WORK" "$1" "${user[@]}" "${@:3}"
}

# is_forbidden USER SCOPE TEXT: USER may not trace nobody's TARGET where Yama says SCOPE, nor a program that it starts, is told
# TEXT, and both programs run on. The kernel's EPERM is seccomp's here.
is_forbidden() {
	local user=$1 scope=$2 text=$3
	with_scope "$scope" "$user" "$WORK/attached" -no-ptrace "$ESCPROF" attach -q -o "$WORK/nobody/t" -p "$TARGET" -d 1s 2>"$WORK/err"
	[ $? = 1 ] && grep -q "cannot trace process $TARGET: $text" "$WORK/err" && [ ! -e "$WORK/nobody/t" ] && answers ||
		{ echo "scope $scope:"; cat "$WORK/err"; return 1; }
}

# is_started_unprofiled USER SCOPE TEXT: as is_forbidden, of a program that USER starts.
is_started_unprofiled() {
	local user=$1 scope=$2 text=$3
	with_scope "$scope" "$user" "$WORK/attached" -no-ptrace "$ESCPROF" run -q -o "$WORK/nobody/t" -- "$WORK/family" leaf 100 5 \
		>"$WORK/out" 2>"$WORK/err"
	[ $? = 5 ] && grep -q '^leaf 100 .* tracer 0$' "$WORK/out" && [ ! -e "$WORK/nobody/t" ] &&
		grep -q "nothing was profiled: cannot trace the program: $text" "$WORK/err" ||
		{ echo "scope $scope:"; cat "$WORK/out" "$WORK/err"; return 1; }
}
yama() {
	local container='the container or its seccomp profile forbids ptrace: allow CAP_SYS_PTRACE'
	local as_root='kernel.yama.ptrace_scope is 2: run escprof as root or with CAP_SYS_PTRACE'
	local boot='kernel.yama.ptrace_scope is 3, which forbids ptrace to all until the next boot'
	go_program family && start_as_nobody "$WORK/attached" &&
		is_forbidden nobody 0 "$container" &&
		is_forbidden nobody 1 'kernel.yama.ptrace_scope is 1, which allows a user to trace only what was started below.* set it to 0' &&
		is_forbidden nobody 2 "$as_root" &&
		is_forbidden nobody 3 "$boot" &&
		is_forbidden root 2 'root may not trace it here: in a container, allow CAP_SYS_PTRACE' &&
		is_forbidden root 3 "$boot" &&
		is_started_unprofiled nobody 1 "$container" &&
		is_started_unprofiled nobody 2 "$as_root" &&
		is_started_unprofiled nobody 3 "$boot" &&
		is_started_unprofiled root 3 "$boot" && stop
}

# has_rights: TARGET, which nobody has started, has capabilities.
has_rights() { ! grep '^CapEff:[[:space:]]*0*$' "/proc/$TARGET/status"; }

# keeps_rights TEXT PROGRAM: one with more rights than nobody has, who starts it. It is not attached to and, started by `run`,
# not profiled, and the words for that have TEXT; it keeps its rights, and works.
keeps_rights() {
	local text=$1 program=$2 wrapper
	start_as_nobody "$program" && has_rights || return 1
	as_nobody "$ESCPROF" attach -q -o "$WORK/nobody/t" -p "$TARGET" -d 1s 2>"$WORK/err"
	[ $? = 1 ] && grep -q 'it belongs to another user, or is set-user-ID or has capabilities: run escprof as root' "$WORK/err" &&
		[ ! -e "$WORK/nobody/t" ] && answers && stop || { cat "$WORK/err"; return 1; }

	start_as_nobody "$program" "$ESCPROF" run -q -o "$WORK/nobody/t" -- || return 1
	wrapper=$TARGET
	TARGET=$(pgrep -P "$wrapper")
	echo "$TARGET" >>"$WORK/pids"
	has_rights && answers && get /end || return 1
	wait "$wrapper" && grep -q '^fine$' "$WORK/target.out" && [ ! -e "$WORK/nobody/t" ] &&
		grep -q "nothing was profiled: cannot profile $program: $text" "$WORK/target.err" || { cat "$WORK/target.err"; return 1; }
}
set_user_id() {
	cp "$WORK/attached" "$WORK/set-user-id" && chmod 4755 "$WORK/set-user-id" &&
		keeps_rights 'it is set-user-ID or set-group-ID, which a traced program loses: run escprof as root' "$WORK/set-user-id"
}
capable() { keeps_rights 'it has file capabilities, which a traced program loses: run escprof as root' "$WORK/capable"; }

if as_nobody "$ESCPROF" --version >/dev/null 2>&1; then
	check "another user's program" other_user
	output=$(same_user 2>&1)
	case $? in
	0) echo "ok one's own program, without being root" ;;
	2) echo "skip one's own program, without being root: kernel.yama.ptrace_scope forbids it here" ;;
	*) echo "not ok one's own program, without being root"; printf '%s\n' "$output" ;;
	esac
	if unshare -m true 2>/dev/null; then
		check "where Yama forbids it: as ptrace_scope says, and the program goes on" yama
	else
		echo "skip what Yama forbids: unshare is not allowed here"
	fi
	if findmnt -n -o OPTIONS -T "$WORK" | has -w nosuid; then
		echo "skip set-user-ID programs and capabilities: $WORK has no such (nosuid)"
	else
		check "a set-user-ID program" set_user_id
		cp "$WORK/attached" "$WORK/capable"
		if setcap cap_net_bind_service+ep "$WORK/capable" 2>"$WORK/err"; then
			check "a program with file capabilities" capable
		else
			echo "skip a program with file capabilities: setcap: $(tail -n 1 "$WORK/err")"
		fi
	fi
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
