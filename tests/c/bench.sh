#!/usr/bin/env bash
# bench.sh BUILD: CPU (the collector's included) and wall of a malloc-heavy C program of two threads under escprof and its
# rivals, as ratios to the same without profiling. Each pair is run back to back, the pairs interleaved, BENCH_ROUNDS (5)
# times; medians, and quartiles behind them. A rival that is not installed is skipped. The last lines say whether the medians
# are what they are to be: at 512 KiB at most 1.05 times no profiling, and recording everything adds at least 5 times less
# than heaptrack. With BENCH_ASSERT=1, for a quiet machine, the status is 1 when one is not, or a rival is missing.
#
# jemalloc and gperftools are compared with their own allocators without profiling. BENCH_C_ROUNDS (20000) is how long the
# program runs where it is sampled, BENCH_C_EVERY (4000) where everything is recorded; gperftools, which takes hundreds of
# times as long, gets BENCH_C_GPERFTOOLS (50).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
rounds=${BENCH_ROUNDS:-5}
long=${BENCH_C_ROUNDS:-20000} every=${BENCH_C_EVERY:-4000} short=${BENCH_C_GPERFTOOLS:-50}
missing='' bad=''
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT='%R %U %S'
gcc -O2 -pthread -o "$work/allocate" tests/c/allocate.c

library() { compgen -G "/usr/lib/*/$1" || compgen -G "/usr/lib*/$1" || true; }
jemalloc=$(library libjemalloc.so.2) tcmalloc=$(library libtcmalloc.so.4)

# Ways to run the program for $1 rounds.
plain() { "$work/allocate" "$1"; }
sampled() { "$build/escprof" run -q --c-rate 512K -o "$work/t.escprof" -- "$work/allocate" "$1"; }
recorded() { "$build/escprof" run -q --c-rate 1 -o "$work/t.escprof" -- "$work/allocate" "$1"; }
on_jemalloc() { LD_PRELOAD=$jemalloc "$work/allocate" "$1"; }
jemalloc_prof() {
	MALLOC_CONF=prof:true,lg_prof_sample:19,prof_final:true,prof_prefix:$work/jeprof LD_PRELOAD=$jemalloc \
		"$work/allocate" "$1"
}
on_tcmalloc() { LD_PRELOAD=$tcmalloc "$work/allocate" "$1"; }
gperftools() { HEAPPROFILE=$work/gperftools LD_PRELOAD=$tcmalloc "$work/allocate" "$1"; }
with_heaptrack() { heaptrack -o "$work/heaptrack" "$work/allocate" "$1"; }

# measure WAY ROUNDS: sets wall and cpu, in seconds.
measure() {
	local times real user sys
	times=$({ time "$@" >/dev/null 2>&1; } 2>&1)
	read -r real user sys <<<"$times"
	wall=$real
	cpu=$(awk "BEGIN { print $user + $sys }")
}

# pair NAME BASE WAY ROUNDS: adds the ratios of a WAY of running to a BASE, for so many rounds of the program.
pair() {
	local wall0 cpu0
	measure "$2" "$4"
	wall0=$wall cpu0=$cpu
	measure "$3" "$4"
	awk "BEGIN { print $cpu / $cpu0, $wall / $wall0 }" >>"$work/$1.ratios"
}

# is_missing TEXT
is_missing() {
	echo "skip $1"
	missing=1
}

# How many times less is added to the plain program's time by recording everything than by heaptrack.
pair_recording() {
	local wall0 cpu0 wall1 cpu1
	measure plain "$every"
	wall0=$wall cpu0=$cpu
	measure recorded "$every"
	wall1=$wall cpu1=$cpu
	awk "BEGIN { print $cpu / $cpu0, $wall / $wall0 }" >>"$work/recorded.ratios"
	[ "$has_heaptrack" ] || return 0
	measure with_heaptrack "$every"
	awk "BEGIN { print $cpu / $cpu0, $wall / $wall0 }" >>"$work/heaptrack.ratios"
	awk "BEGIN { print ($cpu - $cpu0) / ($cpu1 - $cpu0), ($wall - $wall0) / ($wall1 - $wall0) }" >>"$work/less.ratios"
}

# quartiles COLUMN FILE: the median, and the quartiles behind it.
quartiles() {
	awk -v column="$1" '{ print $column }' "$2" | sort -n | awk '
		function at(share, place) {
			place = 1 + share * (NR - 1)
			return v[int(place)] + (place - int(place)) * (v[int(place) + (place > int(place))] - v[int(place)])
		}
		{ v[NR] = $1 }
		END { printf "%7.3f (%.3f-%.3f)", at(.5), at(.25), at(.75) }'
}

# judge TITLE NAME COLUMN CONDITION: of the median m.
judge() {
	local median said
	[ -e "$work/$2.ratios" ] || return 0
	median=$(quartiles "$3" "$work/$2.ratios" | awk '{ print $1 }')
	said=$(printf '%s: %s, wanted %s' "$1" "$median" "${4#m }")
	if awk "BEGIN { m = $median; exit !($4) }"; then echo "ok $said"; else echo "not ok $said"; bad=1; fi
}

# show TITLE NAME
show() {
	[ ! -e "$work/$2.ratios" ] ||
		printf '  %-44s CPU %s  wall %s\n' "$1" "$(quartiles 1 "$work/$2.ratios")" "$(quartiles 2 "$work/$2.ratios")"
}

has_heaptrack=$(command -v heaptrack) || is_missing "heaptrack: it is not installed"
if [ "$jemalloc" ]; then
	jemalloc_prof 1 >/dev/null 2>&1
	compgen -G "$work/jeprof.*" >/dev/null || { is_missing "jemalloc: $jemalloc is built without profiling"; jemalloc=; }
else
	is_missing "jemalloc: libjemalloc.so.2 is not installed"
fi
[ "$tcmalloc" ] || is_missing "gperftools: libtcmalloc.so.4 is not installed"

# What a run costs that has hardly begun when it ends: finding libunwind, symbols. It is in the ratios.
measure recorded 1
printf 'Once a run: %.0f ms of CPU\n' "$(awk "BEGIN { print 1000 * $cpu }")"
for ((i = 0; i < rounds; i++)); do
	pair itself plain plain "$long"
	pair sampled plain sampled "$long"
	[ ! "$jemalloc" ] || pair jemalloc on_jemalloc jemalloc_prof "$long"
	[ ! "$tcmalloc" ] || pair gperftools on_tcmalloc gperftools "$short"
	pair_recording
done
echo "two threads that make small strings and lists: ratios to no profiling, medians and quartiles of $rounds pairs"
show "nothing, against itself" itself
show "escprof --c-rate 512K" sampled
show "jemalloc prof:true,lg_prof_sample:19" jemalloc
show "escprof --c-rate 1, everything" recorded
show "heaptrack, everything" heaptrack
show "gperftools HEAPPROFILE, everything" gperftools
show "escprof adds so many times less than heaptrack" less
judge "512K, CPU" sampled 1 'm <= 1.05'
judge "512K, wall" sampled 2 'm <= 1.05'
judge "heaptrack adds so many times more CPU" less 1 'm >= 5'
judge "heaptrack adds so many times more wall" less 2 'm >= 5'
[ "${BENCH_ASSERT-}" != 1 ] || { [ -z "$bad" ] && [ -z "$missing" ]; }
