#!/usr/bin/env bash
# The program's own heap profile stays right under escprof: means of 10 runs within 5 % of the truth, at every rate.
source "$(dirname "$0")/common.bash"

go_program ownprofile || { echo "not ok build"; exit 1; }

# mean_is_right COMMAND…: the mean of 10 runs; each run alone is only good to some 4 %.
mean_is_right() {
	local i
	for ((i = 0; i < 10; i++)); do
		"$@" "$WORK/ownprofile" || return 1
	done | awk '{ sum += $1 } END { print NR, sum / NR; exit !(NR == 10 && sum / NR > 0.95 && sum / NR < 1.05) }'
}
check "without escprof" mean_is_right env
for rate in 1 512 4096 1048576; do
	check "escprof at rate $rate" mean_is_right "$ESCPROF" run -q --rate $rate -o "$WORK/t.escprof" --
done
