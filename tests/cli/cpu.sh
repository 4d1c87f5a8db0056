#!/usr/bin/env bash
# Where the CPU goes: by samples from outside where the kernel allows it, by the runtime's own account where not.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build"; exit 1; }
(cd tests/bench/programs/documents && CGO_ENABLED=0 go build -o "$WORK/documents" .) || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof

# record [options…]: profiles some seconds of JSON.
record() { "$ESCPROF" run -q "$@" -o "$TRACE" -- "$WORK/documents" 3000 >/dev/null; }

notes_runtime_account() { "$ESCPROF" report "$TRACE" >"$WORK/text" && grep -q "runtime's own account" "$WORK/text"; }

# The samples are nearly all of the process's CPU, their parts are all of the GC's, and sites have a part of them.
sampled() {
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && "$WORK/reader" cpu "$WORK/json" && ! notes_runtime_account
}

record --cpu-freq 1003
"$ESCPROF" info "$TRACE" >"$WORK/info"
if grep -Eq '^ *cpu_sampled +(all|user)$' "$WORK/info"; then
	check "CPU is sampled" sampled
else
	grep cpu_sampled "$WORK/info"
	check "CPU is not sampled here, and the report says so" notes_runtime_account
fi

by_the_runtime() {
	record --no-cpu-samples && notes_runtime_account &&
		"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && grep -q '"cpu_samples": null' "$WORK/json"
}
check "--no-cpu-samples" by_the_runtime

# samples_at HZ: how many samples of CPU the report has; the trace must say the same period.
samples_at() {
	record --cpu-freq "$1" && "$ESCPROF" info "$TRACE" | has -E "^ *cpu_period_ns +$((1000000000 / $1))\$" &&
		"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	sed -nE 's/^ *"cpu_samples": ([0-9]+).*/\1/p' "$WORK/json"
}
frequencies() {
	local fine coarse
	fine=$(samples_at 1000) && coarse=$(samples_at 100) || return 1
	[ "$coarse" -gt 20 ] && [ "$fine" -gt $((4 * coarse)) ] || { echo "$fine at 1000 Hz, $coarse at 100"; return 1; }
}
usual_frequency() { record && "$ESCPROF" info "$TRACE" | has -E '^ *cpu_period_ns +3989000$'; }
if grep -Eq '^ *cpu_sampled +(all|user)$' "$WORK/info"; then
	check "--cpu-freq" frequencies
	check "without it, 251 a second" usual_frequency
fi
# attached [options…]: to a program that is busy, for a second; what escprof says is in $WORK/err.
attached() {
	local status target
	"$WORK/documents" 1000000 >/dev/null &
	target=$!
	sleep 0.3
	"$ESCPROF" attach "$@" -d 1s -o "$TRACE" -p $target 2>"$WORK/err"
	status=$?
	kill $target
	wait $target 2>/dev/null
	[ $status = 0 ] || { cat "$WORK/err"; return 1; }
}
few_samples() {
	local advice='too few samples of CPU.*-d 2m.*--cpu-freq 100'
	attached && grep -q "$advice" "$WORK/err" && grep -q "runtime's own account" "$WORK/err" || { cat "$WORK/err"; return 1; }
	attached --cpu-freq 1003 && ! grep "$advice" "$WORK/err"
}
if grep -Eq '^ *cpu_sampled +(all|user)$' "$WORK/info"; then
	check "attach says that its samples of CPU were few, and what to do" few_samples
fi
no_frequencies() {
	local value
	for value in 0 -1 10001 often 1e3; do
		"$ESCPROF" run --cpu-freq="$value" -o "$TRACE" -- true 2>"$WORK/err"
		[ $? = 2 ] && grep -q 'cpu-freq: not a number from 1 to 10000' "$WORK/err" || { echo "$value"; cat "$WORK/err"; return 1; }
	done
}
check "--cpu-freq: what is no frequency" no_frequencies
