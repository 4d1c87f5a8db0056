#!/usr/bin/env bash
# make bench: CPU and wall of three programs under escprof at several rates and under Go's own heap profile, as ratios to
# no profiling, each pair run back to back, medians over BENCH_ROUNDS (7) rounds; a long run with every allocation recorded, and
# what is paid once a run; instructions of the agent. Prints; asserts nothing but that the agent's usual sample is short.
# BENCH_RATES: the rates. BENCH_ONLY=long: the long run alone. BENCH_LONG: its documents (48,000: ten seconds and more).
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

# long PROGRAM…: every allocation recorded for so long that what is paid once counts for little; the target's CPU and the
# collector's apart, and what is left without samples of CPU.
long() {
	local i way inner total own cpu0 wall0
	inner="TIMEFORMAT='%R %U %S'; time $* 2>/dev/null"
	rm -f "$work"/long.*
	for ((i = 0; i < ${BENCH_LONG_ROUNDS:-3}; i++)); do
		measure "$@"
		cpu0=$cpu wall0=$wall
		for way in "" --no-cpu-samples; do
			total=$({ time "$escprof" run -q --rate 1 $way -o "$work/t.escprof" -- bash -c "$inner" >/dev/null 2>"$work/own"; } 2>&1)
			own=$(tail -n 1 "$work/own")
			awk -v c0="$cpu0" -v w0="$wall0" '{ print ($2 + $3) / c0, $1 / w0, ($5 + $6) / c0, ($2 + $3 - $5 - $6) / c0 }' \
				<<<"$total $own" >>"$work/long.$way"
		done
	done
	echo "allocation-heavy program for $(printf %.0f "$wall0") s at --rate 1: ratios to no profiling, medians of ${BENCH_LONG_ROUNDS:-3} pairs"
	for way in "" --no-cpu-samples; do
		printf '  %-30s CPU %.3f  wall %.3f  (the program %.3f, the collector %.3f)\n' "escprof --rate 1 $way" \
			$(for i in 1 2 3 4; do awk "{ print \$$i }" "$work/long.$way" | median; done)
	done
}

if [ "${BENCH_ONLY:-}" = long ]; then
	long "$work/documents" "${BENCH_LONG:-48000}"
	start "$work/served" 1
	exit
fi
compare "allocation-heavy program: JSON to maps and back" "$work/documents" "${BENCH_DOCUMENTS:-4000}"
compare "worst case: nothing but small allocations" "$work/alloc" "${BENCH_ALLOC_ROUNDS:-4000}"
compare "HTTP service under load" "$work/served" "${BENCH_REQUESTS:-60000}"
long "$work/documents" "${BENCH_LONG:-48000}"
start "$work/served" 1
"$(dirname "$escprof")/tests/tools/agent_instructions"
