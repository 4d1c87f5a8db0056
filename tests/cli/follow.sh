#!/usr/bin/env bash
# escprof run --follow: every Go program of a family has a trace of its own, and nobody in it sees that.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

go_program family || { echo "not ok build the family"; exit 1; }
FAMILY=$WORK/family
TRACES=$WORK/traces
fresh() { rm -rf "$TRACES" && mkdir "$TRACES"; }
follow() { "$ESCPROF" run -q --follow --rate 1 -o "$TRACES/t.escprof" -- "$@"; }

# samples TRACE: how many; nothing for a trace that was cut.
samples() { "$ESCPROF" info "$1" | awk '/^  samples/ { n = $2 } /^  complete *yes/ { good = 1 } END { if (good) print n }'; }

# at_least N TRACE, and not many more: what a Go program allocates besides, and what its start takes.
at_least() {
	local n
	[ -s "$2" ] || { echo "no $2"; ls "$TRACES"; return 1; }
	n=$(samples "$2")
	[ "${n:-0}" -ge "$1" ] && [ "$n" -lt $(($1 + 1500)) ] || { echo "$2: ${n:-cut}, not $1"; return 1; }
}

# each_leaf FILE: whatever said in FILE that it was a leaf has its trace, is traced by nobody, and what it allocated
# is there.
each_leaf() {
	local n pid tracer count=0
	while read -r _ n _ _ _ pid _ tracer; do
		at_least "$n" "$TRACES/t.$pid.escprof" || return 1
		[ "$tracer" = 0 ] || { echo "$pid is traced by $tracer"; return 1; }
		"$ESCPROF" info "$TRACES/t.$pid.escprof" | has "^  command .*family leaf $n " || { echo "whose is $pid?"; return 1; }
		count=$((count + 1))
	done < <(grep '^leaf' "$1")
	[ $count = "$2" ] || { echo "$count leaves"; cat "$1"; return 1; }
}

# without_numbers FILE: as it is whatever the processes' numbers are.
without_numbers() { sed -E 's/ (of|pid) [0-9]+/ \1 N/g' "$1"; }

# a_family WAY: a program of Go with three children of Go, one of C, a shell's grandchild.
a_family() {
	fresh
	"$FAMILY" parent >"$WORK/plain" 2>"$WORK/plain.err"
	follow "$FAMILY" parent >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	cmp <(without_numbers "$WORK/plain") <(without_numbers "$WORK/out") && cmp "$WORK/plain.err" "$WORK/err" || return 1
	each_leaf "$WORK/out" 4 || return 1
	at_least 1000 "$TRACES/t.$(awk '/^leaf 2000/ { print $4 }' "$WORK/out").escprof" || return 1
	[ "$(ls "$TRACES" | wc -l)" = 5 ] || { ls "$TRACES"; return 1; }
}
check "Go programs started by Go and by shells: a trace each, the same output" a_family

CGO_ENABLED=0 go_program family -buildmode=pie
check "the same of a dynamic program" a_family

# C is sampled where the library can be preloaded: in the command, here. Its children are not the library's.
with_c() {
	fresh
	"$FAMILY" parent >"$WORK/plain" 2>/dev/null
	"$ESCPROF" run -q --follow --rate 1 --c-rate 1 -o "$TRACES/t.escprof" -- "$FAMILY" parent >"$WORK/out" 2>"$WORK/err" || return 1
	cmp <(without_numbers "$WORK/plain") <(without_numbers "$WORK/out") && each_leaf "$WORK/out" 4 || return 1
	local trace
	for trace in "$TRACES"/*; do "$ESCPROF" info "$trace"; done >"$WORK/info"
	[ "$(grep -c '^  way *preload' "$WORK/info")" = 1 ] && [ "$(grep -c '^  way *inject' "$WORK/info")" = 4 ] || { cat "$WORK/info"; return 1; }
}
CGO_ENABLED=1 go_program family -ldflags=-linkmode=external
check "the same of a program with cgo" a_family
check "the same with C allocations sampled too" with_c
go_program family

chain() {
	fresh
	follow sh -c "true; exec $FAMILY become /bin/sh -c 'true; exec $FAMILY become $FAMILY leaf 2000 6'" >"$WORK/out"
	[ $? = 6 ] || return 1
	local pid
	pid=$(awk '/^leaf/ { print $6 }' "$WORK/out")
	at_least 1000 "$TRACES/t.$pid.escprof" && at_least 1000 "$TRACES/t.$pid-2.escprof" &&
		at_least 2000 "$TRACES/t.$pid-3.escprof" && grep -q 'tracer 0$' "$WORK/out" || return 1
	[ "$(ls "$TRACES" | wc -l)" = 3 ]
}
check "a process that becomes one program after another: a trace each, the exit status of the last" chain

no_exec() {
	fresh
	follow "$FAMILY" fail-to-become >"$WORK/out" || return 1
	grep -q '^no such file' "$WORK/out" && grep -q '^leaf 1000 .* tracer 0$' "$WORK/out" || { cat "$WORK/out"; return 1; }
	[ "$(ls "$TRACES" | wc -l)" = 1 ] && at_least 1000 "$TRACES"/*
}
check "a program whose exec fails is let go again, and goes on being profiled" no_exec

many() {
	fresh
	follow "$FAMILY" many 200 >"$WORK/out" || return 1
	[ "$(cat "$WORK/out")" = 'good 200' ] || { cat "$WORK/out"; return 1; }
	local trace count=0
	for trace in "$TRACES"/*; do
		at_least 100 "$trace" >/dev/null && count=$((count + 1))
	done
	[ "$(ls "$TRACES" | wc -l)" = 201 ] && [ $count -ge 200 ] || { ls "$TRACES" | wc -l; echo "$count good"; return 1; }
}
check "200 short children, four at a time: each has its trace, output and exit status" many

# Whatever else may be told of escprof, the family must not depend on it once it is there.
killed() {
	local round pid
	for round in {1..12}; do
		fresh
		"$ESCPROF" run -q --follow -o "$TRACES/t.escprof" -- "$FAMILY" many 60 >"$WORK/out" 2>"$WORK/err" &
		pid=$!
		until pgrep -P $pid >/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
		sleep "$(printf '0.%03d' $((round * 35)))"
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		local tries
		for ((tries = 0; tries < 200; tries++)); do
			[ -s "$WORK/out" ] && break
			sleep 0.05
		done
		[ "$(cat "$WORK/out")" = 'good 60' ] || { echo "after round $round:"; cat "$WORK/out" "$WORK/err"; return 1; }
	done
}
check "escprof killed at any moment: all children run, and none is missed by its parent" killed

# The agent that such an escprof leaves is cleared away, its calls for children too.
cleared() {
	fresh
	"$ESCPROF" run -q --follow -o "$TRACES/t.escprof" -- "$FAMILY" slowly 40 >"$WORK/out" 2>"$WORK/err" &
	local pid=$! child
	sleep 1
	child=$(pgrep -P $pid -f "^$FAMILY slowly")
	kill -9 $pid
	wait $pid 2>/dev/null
	"$ESCPROF" info "$TRACES/t.$child.escprof" | has '^  complete *cut' && ! same_text "$child" >/dev/null || return 1
	"$ESCPROF" attach -q -p "$child" -d 500ms -o "$TRACES/attached.escprof" && same_text "$child" || return 1
	while kill -0 "$child" 2>/dev/null; do sleep 0.1; done
	[ "$(grep -c '^leaf 1000 .* tracer 0$' "$WORK/out")" = 40 ] && [ "$(grep -c '^ended: exit status 0$' "$WORK/out")" = 40 ] ||
		{ cat "$WORK/out" "$WORK/err"; return 1; }
	# Those that were there until then are complete; the one that attached had none.
	[ "$(ls "$TRACES" | wc -l)" -lt 25 ] && [ "$(ls "$TRACES" | wc -l)" -gt 3 ] || { ls "$TRACES"; return 1; }
}
check "escprof killed, then attach: children are as before, and no longer followed" cleared

background() {
	fresh
	follow sh -c "$FAMILY in-time 300 >$WORK/out & exit 2"
	[ $? = 2 ] && [ -s "$WORK/out" ] && at_least 2000 "$TRACES"/*
}
check "what the command leaves in the background is profiled to its end" background

let_alone() {
	fresh
	"$ESCPROF" run -q --follow --rate 1 -o "$TRACES/t.escprof" -- sh -c "$FAMILY in-time 60000 >$WORK/out & echo \$! >$WORK/pid; exit 3" &
	local pid=$! child tries
	for ((tries = 0; tries < 200; tries++)); do
		[ -s "$TRACES/t.$(cat "$WORK/pid" 2>/dev/null).escprof" ] && break
		sleep 0.05
	done
	sleep 0.7
	child=$(cat "$WORK/pid")
	kill -INT $pid
	wait $pid
	[ $? = 3 ] && kill -0 "$child" && at_least 1000 "$TRACES/t.$child.escprof"
	local status=$?
	kill "$child" && return $status
}
check "a signal when the command has ended: what is in the background is let alone, its trace whole" let_alone

signal() {
	fresh
	: >"$WORK/out"
	"$ESCPROF" run -q --follow --rate 1 -o "$TRACES/t.escprof" -- sh -c "$FAMILY wait & trap 'kill -$1 \$!; wait \$!; exit 9' $1; wait" >"$WORK/out" &
	local pid=$! tries
	for ((tries = 0; tries < 200; tries++)); do
		grep -q ready "$WORK/out" && break
		sleep 0.05
	done
	kill "-$1" $pid
	wait $pid
	[ $? = 9 ] && grep -q "got $2" "$WORK/out" && [ "$(samples "$TRACES"/*)" -gt 0 ]
}
check "SIGTERM is handed to the command" signal TERM terminated
check "SIGHUP is handed to the command" signal HUP hangup

names() {
	fresh
	"$ESCPROF" run -q --follow -o "$TRACES/%p.of.%p" -- "$FAMILY" leaf 10 0 >"$WORK/out" || return 1
	local pid
	pid=$(awk '{ print $6 }' "$WORK/out")
	[ "$(ls "$TRACES")" = "$pid.of.$pid" ] || { ls "$TRACES"; return 1; }
	fresh
	"$ESCPROF" run -q --follow -o "$TRACES/.trace" -- "$FAMILY" leaf 10 0 >"$WORK/out" || return 1
	[ "$(ls -A "$TRACES")" = ".trace.$(awk '{ print $6 }' "$WORK/out")" ] || { ls -A "$TRACES"; return 1; }
	fresh
	(cd "$TRACES" && "$ESCPROF" run -q --follow -- sh -c "$FAMILY leaf 10 0; true") >"$WORK/out" || return 1
	[ "$(ls "$TRACES")" = "family.$(awk '{ print $6 }' "$WORK/out").escprof" ] || { ls "$TRACES"; return 1; }
	fresh
	(cd "$TRACES" && "$ESCPROF" run -q -o 'a.%p' -- "$FAMILY" leaf 10 0 && ls | has -E '^a\.[0-9]+$') >"$WORK/out"
}
check "names of traces: %p, a number before the extension, the program's own" names

report() {
	fresh
	"$ESCPROF" run --follow --rate 1 -o "$TRACES/t.escprof" -- "$FAMILY" parent >"$WORK/out" 2>"$WORK/err" || return 1
	local most
	most=$(awk '/^leaf 40000/ { print $6 }' "$WORK/out")
	[ "$(grep -cE '^escprof: process [0-9]+ \(family\): [0-9]+ samples in .*t\.[0-9]+\.escprof' "$WORK/err")" = 5 ] &&
		grep -q "^escprof: the report of the one that allocated most, .*/t.$most.escprof:" "$WORK/err" &&
		grep -q 'family leaf 40000 0$' "$WORK/err" || { cat "$WORK/err"; return 1; }
	fresh
	"$ESCPROF" run --follow --no-report -o "$TRACES/t.escprof" -- "$FAMILY" many 30 >"$WORK/out" 2>"$WORK/err" || return 1
	[ "$(grep -c '^escprof: process' "$WORK/err")" = 20 ] && grep -q '^escprof: and 11 more' "$WORK/err"
}
check "at the end: a line for each trace, and the report of the one that allocated most" report

no_go() {
	fresh
	follow sh -c 'echo hello; exit 7' >"$WORK/out" 2>"$WORK/err"
	[ $? = 7 ] && grep -q 'nothing was profiled: no Go program was started' "$WORK/err" && [ -z "$(ls "$TRACES")" ] || return 1
	follow /no/such/program 2>"$WORK/err"
	[ $? = 127 ] && grep -q 'cannot run /no/such/program' "$WORK/err"
}
check "no Go program, no program at all" no_go

alone() {
	fresh
	"$ESCPROF" run -q --rate 1 -o "$TRACES/t.escprof" -- "$FAMILY" parent >"$WORK/out" 2>"$WORK/err" || return 1
	"$FAMILY" parent >"$WORK/plain" 2>"$WORK/plain.err"
	cmp <(without_numbers "$WORK/plain") <(without_numbers "$WORK/out") && cmp "$WORK/plain.err" "$WORK/err" &&
		[ "$(grep -c 'tracer 0$' "$WORK/out")" = 5 ] && [ "$(ls "$TRACES")" = t.escprof ] && at_least 1000 "$TRACES/t.escprof"
}
check "without --follow children run as if escprof were not there" alone
