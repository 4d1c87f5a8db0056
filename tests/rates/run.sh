#!/usr/bin/env bash
# make moving-rates: RATE_SEEDS (300) runs of a program with known allocations, while the mean between samples is moved every
# 50 ms at random and escprof is stopped now and then, with rings so small that they fill up. Of the five sites with most
# bytes the 95 % intervals must hold what was made in 93 to 97 % of the cases, and what the program's own heap profile
# has seen must be spread as if escprof weren't there. In three of four runs at least, samples must have been dropped because
# a ring was full.
# usage: run.sh BUILD_DIR
cd "$(dirname "$0")/../.." || exit 1
BUILD=$PWD/$1
ESCPROF=$BUILD/escprof
source tests/cli/common.bash

seeds=${RATE_SEEDS:-300}
go_program reader || exit 1
(cd tests/rates/program && CGO_ENABLED=0 go build -o "$WORK/program" .) || exit 1

# one SEED
one() {
	"$ESCPROF" run -q --no-cpu-samples --ring-size 128K --rate 4096 -o "$WORK/t.escprof" -- "$WORK/program" >"$WORK/out" &
	local pid=$!
	"$BUILD/tests/tools/move_rate" $pid "$1" >>"$WORK/moved" || return 1
	wait $pid || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$WORK/t.escprof" &&
		"$WORK/reader" known "$WORK/json" "$WORK/out" >>"$WORK/known" || return 1
	"$ESCPROF" info "$WORK/t.escprof" | grep -E '^ +lost' >>"$WORK/lost"
}

for ((seed = 1; seed <= seeds; seed++)); do
	one $seed || { echo "not ok seed $seed"; exit 1; }
done
awk '{ moved += $2 } END { printf "%d runs, the mean moved %d times\n", NR, moved }' "$WORK/moved"
awk '
	{ lost += $2; thinned += $6; dropped += $2 + $6 > 0 }
	END {
		printf "rings were full in %d runs: %d samples dropped that were drawn, %d lost\n", dropped, thinned, lost
		exit dropped < 0.75 * NR
	}' "$WORK/lost" || { echo "not ok"; exit 1; }
awk '
	{ n++; held += $3 == "0"; below += $3 == "1"; above += $3 == "-1"; missing += $3 == "missing"
	  sum += $4; square += $4 * $4 }
	END {
		share = 100 * held / n
		printf "intervals of the five largest sites hold the exact bytes in %.1f %% of %d (%d below, %d above, %d not there)\n",
			share, n, below, above, missing
		mean = sum / n; deviation = sqrt(square / n - mean * mean)
		printf "the program'"'"'s own profile: deviations from what is expected have the mean %.3f and the spread %.3f\n",
			mean, deviation
		# Four standard errors of a mean, and of a spread, of n.
		bad = share < 93 || share > 97 || mean * mean * n > 16 || (deviation - 1) ^ 2 * 2 * n > 16
		print bad ? "not ok" : "ok"
		exit bad
	}' "$WORK/known"
