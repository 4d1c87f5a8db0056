#!/usr/bin/env bash
# --ring-size: what is asked for is what there is, what does not fit is counted, ring by ring, and what is no size is
# refused before anything runs.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

go_program target && go_program attached && go_program reader || { echo "not ok build"; exit 1; }

# sums: of $WORK/info, whose rings must have lost as much as the whole. Prints the lost bytes.
sums() {
	awk '/^  lost / { samples = $2; deaths = $4; draws = $6 }
		/^    ring / { s += $4; b += $9; d += $11; c += $14 }
		END { if (s != samples || d != deaths || c != draws) exit 1; print b }' "$WORK/info" ||
		{ echo "the rings do not make up the whole:" >&2; cat "$WORK/info" >&2; return 1; }
}

# Every allocation followed to its death: a storm that rings of 64K cannot hold. What is thinned out before they are full
# is in the weights of what is recorded; what is lost is told, ring by ring.
storm() {
	local total lost
	"$ESCPROF" run -q --rate 1 --live-rate 1 --ring-size 64K -o "$TRACE" -- "$WORK/target" serve 1 total >"$WORK/out" || return 1
	info >"$WORK/info"
	grep -q '^  rings  *[0-9]* of 65536 bytes' "$WORK/info" || { cat "$WORK/info"; return 1; }
	total=$(awk '/^total/ { print $2 }' "$WORK/out")
	lost=$(sums) || return 1
	! grep -q '; 0 draws made coarser' "$WORK/info" || { echo "no pressure"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && "$WORK/reader" total "$WORK/json" $((total - lost)) 0.1
}
check "rings that are too small: what is reported and what was lost are all that was made, ring by ring" storm

attached() {
	start -workers 1 || return 1
	attach -d 300ms --ring-size 128K && is_whole && is_released || return 1
	grep -q '^  rings  *[0-9]* of 131072 bytes' "$WORK/info" || { cat "$WORK/info"; return 1; }
	attach -d 100ms -m 1M && is_whole && is_released && grep -q '^  rings  *[0-9]* of 1048576 bytes' "$WORK/info" || return 1
	attach -d 100ms && is_whole && is_released && ! grep -q '^  rings  *[0-9]* of 1048576 bytes' "$WORK/info" && stop
}
check "attach: other rings each time, and all are gone after it" attached

# refused SIZE WORDS: by run, attach and top, with status 2 and before anything runs.
refused() {
	local command status
	for command in "run -q" "attach -q -p $$" "top -p $$"; do
		# shellcheck disable=SC2086
		"$ESCPROF" $command --ring-size "$1" touch "$WORK/ran" >"$WORK/out" 2>&1
		status=$?
		[ $status = 2 ] && grep -qF -- "--ring-size: $1: $2" "$WORK/out" && [ ! -e "$WORK/ran" ] ||
			{ echo "$command: status $status"; cat "$WORK/out"; return 1; }
	done
}
check "no power of two: refused, the next is named" refused 100K "the rings of this machine's $(getconf _NPROCESSORS_ONLN) CPUs have from 64K to "
check "too small: refused" refused 4096 "the rings of this machine's "
check "too large: refused" refused 1024G "the rings of this machine's "
check "no size at all: refused" refused much "not a number of bytes"

address_space() {
	local most # all CPUs' together are more than 512M then
	most=$("$ESCPROF" run --ring-size 1 true 2>&1 | sed -n 's/.* to \([0-9]*K\) bytes each.*/\1/p')
	start -workers 1 || return 1
	prlimit --pid "$TARGET" --as=$(($(awk '/^VmSize/ { print $2 * 1024 }' "/proc/$TARGET/status") + (400 << 20))):unlimited
	! attach -d 100ms --ring-size "$most" 2>"$WORK/err" || { echo "it fits"; return 1; }
	grep -q 'ulimit -v) .* give a smaller --ring-size$' "$WORK/err" || { cat "$WORK/err"; return 1; }
	answers && is_released && attach -d 100ms --ring-size 1M && answers && is_released && stop
}
check "rings that the target's limits do not allow: refused with what to do, the target unharmed" address_space
