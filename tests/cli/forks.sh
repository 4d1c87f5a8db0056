#!/usr/bin/env bash
# Processes that C in a Go program starts: they run as they would, and what they do is not taken for their parent's.
# --follow does not follow them: of what the program starts only that which Go starts has a trace of its own then.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

export CGO_ENABLED=1
ALL=(work callback fork vfork spawn system popen exec work)

# without_numbers FILE: as it is whatever the processes' numbers are.
without_numbers() { sed -E 's/ pid [0-9]+/ pid N/' "$1"; }

# objects FUNCTION [TRACE]: how many the trace has of it.
objects() {
	"$ESCPROF" export --format folded --value objects "${2:-$TRACE}" |
		awk -v "name=$1" 'index($0, name) { n += $NF } END { print n + 0 }'
}

# is_the_parents N: the trace has N objects of the parent's, none of the child that went on in Go, none of others.
is_the_parents() {
	[ "$(objects main.inParent)" = "$1" ] && [ "$(objects goInChild)" = 0 ] && [ "$(objects main.inLeaf)" = 0 ] ||
		{ "$ESCPROF" export --format folded --value objects "$TRACE" | grep main; return 1; }
}

silent() {
	printf '%s\n' "${ALL[@]}" >"$WORK/in"
	"$WORK/forks" <"$WORK/in" >"$WORK/plain" 2>&1 || { cat "$WORK/plain"; return 1; }
	"$ESCPROF" run -q --rate 1 --live-rate 1 -o "$TRACE" "$@" -- "$WORK/forks" <"$WORK/in" >"$WORK/out" 2>&1 &&
		diff <(without_numbers "$WORK/plain") <(without_numbers "$WORK/out") || { cat "$WORK/out"; return 1; }
	is_the_parents 2000 && is_whole
}

# trace_of COMMAND: the one whose program was called so.
trace_of() {
	local trace
	for trace in "$WORK"/traces/*; do
		"$ESCPROF" info "$trace" | has "^  command *$1\$" && echo "$trace" && return
	done
	echo "no trace of $1"
	return 1
}

# Under --follow: the same outputs and statuses, a trace of the program and one of what Go started, and nobody is traced.
followed() {
	rm -rf "$WORK/traces" && mkdir "$WORK/traces"
	printf '%s\n' "${ALL[@]}" >"$WORK/in"
	"$WORK/forks" <"$WORK/in" >"$WORK/plain" 2>&1 || { cat "$WORK/plain"; return 1; }
	"$ESCPROF" run -q --follow --rate 1 --live-rate 1 -o "$WORK/traces/t.escprof" -- "$WORK/forks" <"$WORK/in" >"$WORK/out" 2>&1 &&
		diff <(without_numbers "$WORK/plain") <(without_numbers "$WORK/out") || { cat "$WORK/out"; return 1; }
	[ "$(ls "$WORK/traces" | wc -l)" = 2 ] && [ "$(grep -c '^leaf .* tracer 0$' "$WORK/out")" = 6 ] ||
		{ ls "$WORK/traces"; cat "$WORK/out"; return 1; }
	TRACE=$(trace_of "$WORK/forks") && is_whole && is_the_parents 2000 || { echo "$TRACE"; return 1; }
	TRACE=$(trace_of "$WORK/forks leaf 7000 8") && is_whole && [ "$(objects main.inLeaf)" = 7000 ] &&
		[ "$(objects main.inParent)" = 0 ] || { echo "$TRACE"; return 1; }
}

# The agent is in when the program forks before Go has begun: what goes on in Go is the child.
first() {
	echo work >"$WORK/in"
	FORK_FIRST=1 "$ESCPROF" run -q --rate 1 -o "$TRACE" -- "$WORK/forks" <"$WORK/in" >"$WORK/out" 2>&1
	[ "$(cat "$WORK/out")" = $'ready\nwork 0' ] && is_whole && is_the_parents 0 || { cat "$WORK/out"; return 1; }
}

# A child of one that is attached to; then that is let go.
attached() {
	local line
	rm -f "$WORK"/{in,out}.fifo
	mkfifo "$WORK/in.fifo" "$WORK/out.fifo"
	"$WORK/forks" <"$WORK/in.fifo" >"$WORK/out.fifo" 2>&1 &
	TARGET=$!
	echo $TARGET >>"$WORK/pids"
	exec 3>"$WORK/in.fifo" 4<"$WORK/out.fifo"
	said() { read -r -t 20 line <&4 && [ "$line" = "$1" ] || { echo "said $line, not $1"; return 1; }; }
	told() { echo "$1" >&3 && said "$1 $2"; }
	said ready && told work 0 || return 1
	rm -f "$WORK/err" # which says of an earlier one that it is in
	"$ESCPROF" attach --no-report --rate 1 -o "$TRACE" -p "$TARGET" 2>"$WORK/err" &
	local profiler=$!
	wait_for "$WORK/err" 'attached to' && told work 0 && told callback 5 && told callback 5 && told work 0 || return 1
	kill -TERM $profiler
	wait $profiler && is_the_parents 2000 && is_released && told callback 5 || { cat "$WORK/err"; return 1; }
	exec 3>&-
	wait "$TARGET"
}

for kind in glibc static musl; do
	case $kind in
	glibc) CC=gcc go_program forks -ldflags=-linkmode=external ;;
	static) CC=gcc go_program forks -ldflags='-linkmode=external -extldflags=-static' 2>/dev/null ;;
	musl)
		command -v musl-gcc >/dev/null || { echo "skip forks in C of musl: there is no musl-gcc here"; continue; }
		CC=musl-gcc go_program forks -ldflags=-linkmode=external
		;;
	esac || { echo "not ok build $kind"; continue; }
	check "$kind: children of C run, and are not taken for their parent" silent
	check "$kind: --follow takes what Go starts, and lets C's run" followed
	check "$kind: a program that forks before Go begins" first
	[ $kind = static ] || check "$kind: attached to, children too" attached
	[ $kind != glibc ] || check "$kind: the same with C allocations sampled" silent --c-rate 4096
done
