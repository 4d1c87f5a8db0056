#!/usr/bin/env bash
# make bench: CPU and wall of three programs under escprof at several rates and under Go's own heap profile, as ratios to
# no profiling, each pair run back to back, medians over BENCH_ROUNDS (7) rounds; instructions of the agent. Prints; asserts
# nothing. BENCH_RATES: the rates.
# usage: run.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
escprof=$PWD/$1/escprof
rounds=${BENCH_ROUNDS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go=$(bash tests/find-go.sh)
PATH="$(dirname "$go"):$PATH"
export PATH CGO_ENABLED=0 GOTOOLCHAIN=local
TIMEFORMAT='%R %U %S'

(cd tests/bench/programs/alloc && go build -o "$work/alloc" .)
(cd tests/bench/programs/documents && go build -o "$work/documents" .)
(cd tests/bench/programs/served && go build -o "$work/served" .)

# measure COMMAND…: sets wall and cpu (seconds; the collector's included, the load generator's not).
measure() {
	local times real user sys
	times=$({ time "$@" >/dev/null 2>&1; } 2>&1)
	read -r real user sys <<<"$times"
	wall=$real
	cpu=$(awk "BEGIN { print $user + $sys }")
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 : "?" }'; }

# pair NAME COMMAND…: the ratios of COMMAND … PROGRAM to PROGRAM alone.
pair() {
	local name=$1 i
	shift
	: >"$work/wall"
	: >"$work/cpu"
	for ((i = 0; i < rounds; i++)); do
		measure "${program[@]}"
		local wall0=$wall cpu0=$cpu
		measure "$@" "${program[@]}"
		awk "BEGIN { print $wall / $wall0 }" >>"$work/wall"
		awk "BEGIN { print $cpu / $cpu0 }" >>"$work/cpu"
	done
	printf '  %-30s CPU %.2f  wall %.2f\n' "$name" "$(median <"$work/cpu")" "$(median <"$work/wall")"
}

# compare TITLE PROGRAM…: every way of profiling it, against none.
compare() {
	local rate
	echo "$1: ratios to no profiling, the collector's own CPU included, medians of $rounds pairs"
	shift
	program=("$@")
	pair "nothing, against itself" env
	for rate in ${BENCH_RATES:-65536 4096 512 1}; do
		pair "escprof --rate $rate" "$escprof" run -q --rate "$rate" -o "$work/t.escprof" --
	done
	for rate in ${BENCH_RATES:-65536 4096 512 1}; do
		pair "Go's own profile, rate $rate" env BENCH_PROFILE_RATE="$rate"
	done
}

# start PROGRAM…: what a run costs that has hardly begun when it ends: making the plan, symbols.
start() {
	local i
	: >"$work/cpu"
	for ((i = 0; i < rounds; i++)); do
		measure "$@"
		local cpu0=$cpu
		measure "$escprof" run -q -o "$work/t.escprof" -- "$@"
		awk "BEGIN { print 1000 * ($cpu - $cpu0) }" >>"$work/cpu"
	done
	printf 'Once a run: %.0f ms of CPU, median of %s; it is in the ratios above\n' "$(median <"$work/cpu")" "$rounds"
}

compare "allocation-heavy program: JSON to maps and back" "$work/documents" "${BENCH_DOCUMENTS:-4000}"
compare "worst case: nothing but small allocations" "$work/alloc" "${BENCH_ALLOC_ROUNDS:-4000}"
compare "HTTP service under load" "$work/served" "${BENCH_REQUESTS:-60000}"
start "$work/served" 1
"$(dirname "$escprof")/tests/tools/agent_instructions"
