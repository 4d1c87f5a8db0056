#!/usr/bin/env bash
# Profiler labels: in programs that make labels anew for each piece of work and have the GC reuse their memory, what is
# known of a label must be right.
source "$(dirname "$0")/common.bash"

go_program labels && go_program reader || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof

# record [GOGC]
record() {
	"$ESCPROF" run -q -o "$TRACE" -- "$WORK/labels" 1 "$1"
}

# by KEY FUNCTION: "SHARE ROW" for each row of what FUNCTION allocates.
by() {
	"$ESCPROF" report --by "label:$1" --focus "main\\.$2\$" "$TRACE" >"$WORK/out" || return 1
	sed -n '/^By/,/^GC CPU saved/p' "$WORK/out" |
		sed -nE 's/^ *[−0-9.]+ [^ ]+ +[0-9.]+ [kMG]?B +([0-9.]+) % .* [0-9]+  (.*)$/\1 \2/p'
}

# right: no row of another function's label, and at least LEAST per cent of even's and odd's are known.
right() {
	local function
	for function in even odd; do
		by kind $function >"$WORK/rows" || return 1
		awk -v wanted="kind=$function" -v least="$1" '
			{ share = $1; sub(/^[^ ]+ /, "") }
			$0 == wanted { known = share }
			$0 != wanted && $0 != "not known" { print "wrong:", share, $0; bad = 1 }
			END { if (known < least) print "known:", known + 0; exit bad || known < least }' "$WORK/rows" ||
			{ cat "$WORK/rows"; return 1; }
	done
}
calm() { record 1000 && right 40; }
check "labels of each piece of work, few GC cycles: right, and most are known" calm

no_labels() {
	by kind plain >"$WORK/rows" && grep -q '^100 no label kind$' "$WORK/rows" || { cat "$WORK/rows"; return 1; }
}
check "a goroutine without labels has none" no_labels

all_together() {
	"$ESCPROF" info "$TRACE" | has -E '^ +labels +4[0-9] sets of profiler labels$' || { "$ESCPROF" info "$TRACE"; return 1; }
	"$ESCPROF" report --by label --top 60 "$TRACE" >"$WORK/out" && grep -q 'kind=even, piece=2$' "$WORK/out" ||
		{ cat "$WORK/out"; return 1; }
}
check "--by label: all labels of a goroutine" all_together

# sums [FILTER]: alloc_space of what even allocates, as go tool pprof reads it.
sums() {
	"$GO" tool pprof -sample_index=alloc_space -unit=B -focus='main\.even$' "$@" -top "$WORK/p.pb.gz" 2>/dev/null |
		sed -nE 's/^Showing nodes accounting for ([0-9]+)B.*/\1/p'
}
for_programs() {
	"$ESCPROF" export --format pprof -o "$WORK/p.pb.gz" "$TRACE" && "$ESCPROF" report --format json "$TRACE" >"$WORK/json" ||
		return 1
	local all under
	all=$(sums) under=$(sums -tagfocus='^kind:even$')
	[ "$under" -gt $((all * 2 / 5)) ] && [ "$under" -le "$all" ] && [ -z "$(sums -tagfocus='^kind:odd$')" ] &&
		"$WORK/reader" labels "$WORK/json" main.even kind even "$under" || { echo "all $all under $under"; return 1; }
}
check "labels in JSON and in go tool pprof: the same bytes" for_programs

busy() { record 1 && right 0.1; }
check "the same at hundreds of GC cycles a second: right" busy

counted() {
	"$ESCPROF" run -q --rate 1 -o "$TRACE" -- "$WORK/labels" 0.2 100 && right 0 &&
		grep -q '^[0-9.]* not known$' "$WORK/rows" || { cat "$WORK/rows"; return 1; }
}
check "what is only counted has no label that is wrong" counted
check "--by label: without a key" sh -c "! '$ESCPROF' report --by label: '$TRACE' 2>'$WORK/err' && grep -q 'label:KEY' '$WORK/err'"
