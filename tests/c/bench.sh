#!/usr/bin/env bash
# bench.sh BUILD: CPU (the collector's included) and wall of a malloc-heavy C program of two threads under escprof, as
# ratios to no profiling, each pair run back to back, medians over BENCH_ROUNDS (7) rounds. Prints; asserts nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
rounds=${BENCH_ROUNDS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT='%R %U %S'
gcc -O2 -pthread -o "$work/allocate" tests/c/allocate.c

measure() {
	local times real user sys
	times=$({ time "$@" >/dev/null 2>&1; } 2>&1)
	read -r real user sys <<<"$times"
	wall=$real
	cpu=$(awk "BEGIN { print $user + $sys }")
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 : "?" }'; }

# pair NAME COMMAND…
pair() {
	local name=$1 i wall0 cpu0
	shift
	: >"$work/wall"
	: >"$work/cpu"
	for ((i = 0; i < rounds; i++)); do
		measure "$work/allocate" "${BENCH_C_ROUNDS:-3000}"
		wall0=$wall cpu0=$cpu
		measure "$@" "$work/allocate" "${BENCH_C_ROUNDS:-3000}"
		awk "BEGIN { print $wall / $wall0 }" >>"$work/wall"
		awk "BEGIN { print $cpu / $cpu0 }" >>"$work/cpu"
	done
	printf '  %-32s CPU %.3f  wall %.3f\n' "$name" "$(median <"$work/cpu")" "$(median <"$work/wall")"
}

# What a run costs that has hardly begun when it ends: finding libunwind, symbols. It is in the ratios.
measure "$build/escprof" run -q --c-rate 512K -o "$work/t.escprof" -- "$work/allocate" 1
printf 'Once a run: %.0f ms of CPU\n' "$(awk "BEGIN { print 1000 * $cpu }")"
echo "two threads that make small strings and lists: ratios to no profiling, medians of $rounds pairs"
pair "nothing, against itself" env
for rate in ${BENCH_C_RATES:-512K 64K 4096 1}; do
	pair "escprof --c-rate $rate" "$build/escprof" run -q --c-rate "$rate" -o "$work/t.escprof" --
done
