#!/usr/bin/env bash
# Real packages at fixed work, in programs/real: goldmark, x/net/html and encoding/json in one goroutine, Starlark in
# four. Under escprof they write what they write without; the report's total is the runtime's, and the intervals hold
# the exact counts.
#
# The intervals of one run can't be asserted: at 95 % each, 18 or more of 20 hold in only 92 % of runs. Sampling by a
# fixed seed would test that seed alone. So 18 of 20 are asked of the mean of 16 runs, which fails by chance once in
# 6,000, and of each site that half of them hold, which finds a single one that is wrong. The runs must do the same, so
# these go without GC, and on one P: what a sync.Pool still holds after a collection differs (regexp's machines by 6 % of
# their bytes), and each P has a pool of its own (bytes.Buffer's by 1 %, math/big's by 12 %).
source "$(dirname "$0")/common.bash"

runs=16
# Where the modules can't be had nothing is known of escprof.
(cd tests/cli/programs/real && go mod download) 2>"$WORK/err" ||
	{ cat "$WORK/err"; echo "skip real programs: their modules cannot be had here"; exit 0; }
{ go_program reader && (cd tests/cli/programs/real && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/real" .); } 2>"$WORK/err" ||
	{ cat "$WORK/err"; echo "not ok build"; exit 1; }

# profile JOB RATE REPORT: runs it under escprof to a report, and holds both against what it does alone.
profile() {
	local total
	"$ESCPROF" run -q --rate "$2" -o "$WORK/t.escprof" -- "$WORK/real" "$1" >"$WORK/out" 2>"$WORK/err" &&
		"$ESCPROF" report --format json -o "$3" "$WORK/t.escprof" || { cat "$WORK/err"; return 1; }
	cmp "$WORK/$1.out" "$WORK/out" || return 1
	total=$(awk '/^total/ { print $2 }' "$WORK/err")
	"$WORK/reader" total "$3" "$total" 0.03 && "$WORK/reader" complete "$3"
}

# covers JOB: the intervals of several runs against the counts of an exact one.
covers() {
	local i reports=()
	export GOGC=off GOMAXPROCS=1
	profile "$1" 1 "$WORK/exact.json" || return 1
	for ((i = 0; i < runs; i++)); do
		profile "$1" 4096 "$WORK/$i.json" || return 1
		reports+=("$WORK/$i.json")
	done
	"$WORK/reader" covers "$WORK/exact.json" "${reports[@]}"
}

for job in markdown scripts; do
	"$WORK/real" $job >"$WORK/$job.out" 2>"$WORK/err" || { cat "$WORK/err"; echo "not ok run $job"; continue; }
	for rate in 1 4096; do
		check "$job at rate $rate: same output, the runtime's total, classes complete" profile $job $rate "$WORK/json"
	done
	check "$job: 95 % intervals hold the exact counts of the 20 largest sites" covers $job
done
