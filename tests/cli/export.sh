#!/usr/bin/env bash
# escprof export: the formats agree on their totals, in files and on pipes. What the tools that they are for make of
# them is tested by `make consumers`.
source "$(dirname "$0")/common.bash"

go_program labels || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof
"$ESCPROF" run -q -o "$TRACE" -- "$WORK/labels" 1 1000 || echo "not ok run"

folded_total() {
	"$ESCPROF" export --value "$1" "$TRACE" | awk '{ sum += $NF } END { printf "%.0f\n", sum }'
}

# The weights of a profile are on one line, its sum on the next.
speedscope_totals() {
	"$ESCPROF" export --format speedscope -o "$WORK/s.json" "$TRACE" || return 1
	awk -F'[][,:}]' '/^"weights":/ { sum = 0; for (i = 2; i <= NF; i++) sum += $i }
		/^"startValue"/ { printf "%.0f\n%.0f\n", sum, $4 }' "$WORK/s.json" >"$WORK/totals"
	for value in gc alloc objects live; do
		folded_total $value
		folded_total $value
	done >"$WORK/wanted"
	diff "$WORK/wanted" "$WORK/totals" && [ "$(wc -l <"$WORK/totals")" = 8 ]
}
check "speedscope's profiles have the folded stacks' totals" speedscope_totals

speedscope_pipe() {
	"$ESCPROF" export --format speedscope "$TRACE" | cmp - "$WORK/s.json" &&
		"$ESCPROF" export --format speedscope --value live "$TRACE" | cat >"$WORK/live" && grep -q '"activeProfileIndex":3' "$WORK/live"
}
check "the same on a pipe; --value says which is shown first" speedscope_pipe

# full FORMAT: a disk without room is told.
full() {
	local status=0
	"$ESCPROF" export --format "$1" -o /dev/full "$TRACE" 2>"$WORK/err" || status=$?
	[ $status = 1 ] && grep -q '/dev/full: .*could not be written.*No space left' "$WORK/err" || { cat "$WORK/err"; return 1; }
}
for format in folded svg speedscope pprof; do
	check "a full disk: $format" full $format
done

no_folder() {
	local status=0
	"$ESCPROF" export -o "$WORK/none/x" "$TRACE" 2>"$WORK/err" || status=$?
	[ $status = 1 ] && grep -q "$WORK/none/x: No such file or directory" "$WORK/err" || { cat "$WORK/err"; return 1; }
}
check "a folder that is not there" no_folder

# An ordinary heap profile knows nothing of the GC, so bytes are taken unless the GC was asked for.
heap_profile() {
	local status=0
	"$ESCPROF" export --format pprof -o "$WORK/heap.pb.gz" "$TRACE" || return 1
	"$ESCPROF" export --binary "$WORK/labels" "$WORK/heap.pb.gz" >"$WORK/folded" 2>"$WORK/err" &&
		"$ESCPROF" export --binary "$WORK/labels" --value alloc "$WORK/heap.pb.gz" | cmp - "$WORK/folded" ||
		{ cat "$WORK/err"; return 1; }
	[ -s "$WORK/folded" ] || return 1
	"$ESCPROF" export --binary "$WORK/labels" --value gc "$WORK/heap.pb.gz" >"$WORK/out" 2>"$WORK/err" || status=$?
	[ $status = 1 ] && grep -q 'add --value alloc' "$WORK/err" || { cat "$WORK/err"; return 1; }
}
check "a heap profile: by bytes, unless the GC is asked for" heap_profile

# Nothing of a bar on what is no terminal.
silent() {
	"$ESCPROF" export "$TRACE" 2>"$WORK/err" >/dev/null && [ ! -s "$WORK/err" ]
}
check "no word on standard error" silent
