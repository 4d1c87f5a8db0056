#!/usr/bin/env bash
# C allocations in all that is made of a trace: exports, the annotated source, comparisons and gates. The programs are
# those of c_allocations.sh, every allocation counted, so that figures are exact.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
CGO_ENABLED=1 go_program cgo || { echo "not ok build the cgo program"; exit 1; }
gcc -O2 -g -fno-builtin -o "$WORK/entries" tests/cli/programs/c/entries.c -ldl -lpthread &&
	gcc -O2 -g -fno-builtin -o "$WORK/phases" tests/cli/programs/c/phases.c ||
	{ echo "not ok build the C program"; exit 1; }
GO_C=$WORK/go.escprof C=$WORK/c.escprof PHASES=$WORK/phases.escprof
"$ESCPROF" run -q --rate 1 --c-rate 1 -o "$GO_C" -- "$WORK/cgo" >/dev/null || echo "not ok run the cgo program"
"$ESCPROF" run -q --c-rate 1 -o "$C" -- "$WORK/entries" >/dev/null
[ $? = 7 ] || echo "not ok run the C program"

"$ESCPROF" run -q --c-rate 1 -o "$PHASES" -- "$WORK/phases" || echo "not ok run the program of two phases"

# folded TRACE [arguments…]: to $WORK/folded.
folded() {
	local trace=$1
	shift
	"$ESCPROF" export "$@" "$trace" >"$WORK/folded"
}
total() { awk '{ sum += $NF } END { printf "%.0f\n", sum }' "$WORK/folded"; }

# fails STATUS PATTERN COMMAND…
fails() {
	local wanted=$1 pattern=$2 status=0
	shift 2
	"$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	[ $status = "$wanted" ] && grep -q "$pattern" "$WORK/out" "$WORK/err" ||
		{ echo "status $status:"; cat "$WORK/out" "$WORK/err"; return 1; }
}

both_heaps() {
	local all go c
	folded "$GO_C" --value objects && all=$(total) && folded "$GO_C" --value objects --heap go && go=$(total) &&
		folded "$GO_C" --value objects --heap c && c=$(total) || return 1
	echo "$all $go $c"
	[ "$all" = $((go + c)) ] && [ "$go" -ge 1000 ] && [ "$c" -ge 3301 ] || return 1
	# 250 × 3 nodes of 64 bytes by each of four goroutines: C's frames upon Go's.
	folded "$GO_C" --value alloc &&
		has -x '.*;main.main.func1;main.goMid;.*main.goLeaf;main._Cfunc_c_mid;.*;c_mid;c_leaf 192000' <"$WORK/folded"
}
check "folded: both heaps, or one of them, with mixed stacks" both_heaps

c_alone() {
	folded "$C" && has -x '.*main;leaks 123000' <"$WORK/folded" || return 1
	folded "$C" --value kept && has -x '.*main;leaks 123000' <"$WORK/folded" && ! grep -q by_calloc "$WORK/folded" &&
		fails 1 "nothing is known of what the GC would save, as of C's memory" "$ESCPROF" export --value gc "$C"
}
check "folded: a C program's bytes, and those that it did not free" c_alone

no_c() {
	"$ESCPROF" run -q --c-rate off -o "$WORK/go_only.escprof" -- "$WORK/cgo" >/dev/null &&
		fails 1 'no C allocations are in' "$ESCPROF" export --value kept "$WORK/go_only.escprof" &&
		fails 1 'no C allocations are in the trace' "$ESCPROF" export --heap c "$WORK/go_only.escprof" &&
		fails 2 'all, go or c, not x' "$ESCPROF" export --heap x "$GO_C"
}
check "no C in the trace: what is asked of it is refused" no_c

svg() {
	"$ESCPROF" export --format svg --value alloc -o "$WORK/c.svg" "$C" && grep -q 'data-name="by_calloc"' "$WORK/c.svg" &&
		grep -q '<text class="legend"[^>]*>C and C++, 100 %</text>' "$WORK/c.svg" || return 1
	"$ESCPROF" export --format svg --value alloc -o "$WORK/go.svg" "$GO_C" && grep -q 'data-name="malloc"' "$WORK/go.svg" &&
		grep -q 'data-name="c_leaf"' "$WORK/go.svg"
}
check "svg: C's functions, and what they call" svg

speedscope() {
	"$ESCPROF" export --format speedscope --value kept -o "$WORK/s.json" "$GO_C" &&
		grep -q '"activeProfileIndex":3' "$WORK/s.json" && grep -q '"name":"bytes of C not freed at the end"' "$WORK/s.json" || return 1
	! grep -q 'GC CPU that would be saved' "$WORK/s.json" || return 1 # it has no cycle
	"$ESCPROF" export --format speedscope --heap go "$GO_C" | has 'not freed at the end' && return 1
	"$ESCPROF" export --format speedscope "$C" >"$WORK/s.json" && ! grep -q 'GC CPU that would be saved' "$WORK/s.json"
}
check "speedscope: a profile of what was not freed; none of a GC that is not there" speedscope

# pprof TRACE [arguments…]: the flat column of main.main, or of FUNCTION.
pprof() {
	"$ESCPROF" export --format pprof -o "$WORK/p.pb.gz" "$1" || return 1
	shift
	go tool pprof -symbolize=none -unit=B "$@" -top "$WORK/p.pb.gz" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
}
flat() { awk -v name="$1" '$NF == name { print $1 }' "$WORK/out"; }
pprof_values() {
	pprof "$C" -sample_index=kept_space && [ "$(flat leaks)" = 123000B ] && [ -z "$(flat by_calloc)" ] &&
		pprof "$C" -sample_index=alloc_space && [ "$(flat by_calloc)" = 70000B ] &&
		pprof "$GO_C" -sample_index=alloc_space -tagfocus=class=c && [ "$(flat c_leaf)" = 211200B ] || { cat "$WORK/out"; return 1; }
	"$ESCPROF" export --format pprof --heap go -o "$WORK/p.pb.gz" "$GO_C" && go tool pprof -raw "$WORK/p.pb.gz" >"$WORK/out" &&
		! grep -q kept_space "$WORK/out" && grep -q 'gc_cpu/nanoseconds' "$WORK/out"
}
check "pprof: kept_space beside a heap profile's own values; C's stacks by their label" pprof_values

annotated() {
	local source=$ROOT/tests/cli/programs/cgo/main.go call
	call=$(awk '/return C.c_mid/ { print NR; exit }' "$source")
	"$ESCPROF" annotate "$GO_C" >"$WORK/out" && grep -qE "192 kB +$call  func goLeaf" "$WORK/out" &&
		grep -q 'C bytes not freed' "$WORK/out" && grep -qE '211 kB +[0-9]+ +node \*made = malloc' "$WORK/out" &&
		grep -q 'C #1 malloc' "$WORK/out" || { cat "$WORK/out"; return 1; }
	"$ESCPROF" annotate "$C" >"$WORK/out" && grep -qE '123 kB +123 kB +[0-9]+  ' "$WORK/out" && ! grep -q 'GC saved\|objects$' "$WORK/out" ||
		{ cat "$WORK/out"; return 1; }
}
check "annotate: lines of C, lines of Go that pay for them, a C program's" annotated

limits() {
	fails 3 'of C are not freed at the end; the limit is' "$ESCPROF" check --max-c-kept 64K "$C" &&
		fails 0 'The limit holds' "$ESCPROF" check --max-c-kept 1M "$C" &&
		fails 3 'a second are allocated by C' "$ESCPROF" check --max-c-alloc-rate 1 "$C" &&
		fails 3 'of C are alive in the mean' "$ESCPROF" check --max-c-live 500K "$PHASES" &&
		fails 3 'of C are not freed' "$ESCPROF" check --max-c-kept 1G "$WORK/go_only.escprof" &&
		fails 0 'The limit holds' "$ESCPROF" check --max-alloc-rate 100G "$GO_C"
}
check "check: limits on C; what was not looked for does not hold" limits

# A Go program of no C, which C was looked for in; and C in the new trace alone.
limits_of_the_trace_itself() {
	go_program target -buildmode=pie && "$ESCPROF" run -q --c-rate 1 -o "$WORK/none.escprof" -- "$WORK/target" exit 0 || return 1
	fails 0 'The limit holds' "$ESCPROF" check --max-c-kept 1G "$WORK/none.escprof" || return 1
	"$ESCPROF" check --baseline "$WORK/go_only.escprof" --max-c-kept 1G "$GO_C" >"$WORK/out" 2>"$WORK/err"
	[ $? -le 3 ] && ! grep 'of C are' "$WORK/out" "$WORK/err"
}
check "check: limits on C are of the trace itself" limits_of_the_trace_itself

changed() {
	local build="-O2 -g -fno-builtin"
	gcc $build -o "$WORK/before" tests/cli/programs/c/changes.c && gcc $build -DAFTER -o "$WORK/after" tests/cli/programs/c/changes.c &&
		"$ESCPROF" run -q --c-rate 1 -o "$WORK/a" -- "$WORK/before" && "$ESCPROF" run -q --c-rate 1 -o "$WORK/b" -- "$WORK/after" || return 1
	"$ESCPROF" diff --count 1 "$WORK/a" "$WORK/b" >"$WORK/out" && grep -qE 'C: not freed +[0-9.]+ [kM]?B +[0-9.]+ MB' "$WORK/out" &&
		grep -qE '^grew .* grows changes.c' "$WORK/out" && grep -qE '^appeared .* appears changes.c' "$WORK/out" &&
		grep -qE '^went .* goes changes.c' "$WORK/out" && ! grep -q 'stays changes.c\|Go of unknown' "$WORK/out" || { cat "$WORK/out"; return 1; }
	fails 3 'New: appears at changes.c' "$ESCPROF" check --baseline "$WORK/a" --count 1 "$WORK/b" &&
		grep -q 'C: not freed grew from' "$WORK/out" || return 1
	"$ESCPROF" diff --count 1 --format json "$WORK/a" "$WORK/b" | has '"class": "c"' || return 1
	"$ESCPROF" export --diff "$WORK/b" --value kept "$WORK/a" | has -E ';appears 0 [1-9]'
}
check "diff, check --baseline, export --diff: what C allocates more, less and anew" changed

one_side() {
	"$ESCPROF" diff "$WORK/go_only.escprof" "$GO_C" >"$WORK/out" && ! grep -q 'C: allocated\|c_leaf' "$WORK/out" || { cat "$WORK/out"; return 1; }
}
check "diff: where one trace has no C, nothing is said of it" one_side

lines_of_go() {
	"$ESCPROF" report "$GO_C" >"$WORK/out" && grep -q 'Go lines that pay for C memory' "$WORK/out" &&
		grep -qE '^ +1 .* 192 kB .*main.goLeaf main.go:' "$WORK/out" &&
		grep -qE '^ +1 +10 B .*main.main main.go:' "$WORK/out" && ! grep -q _cgo_cmalloc "$WORK/out" || { cat "$WORK/out"; return 1; }
	"$ESCPROF" report --by package "$GO_C" >"$WORK/out" && grep -q 'Go packages that pay for C memory' "$WORK/out" || return 1
	"$ESCPROF" report "$C" >"$WORK/out" && ! grep -q 'that pay for C memory' "$WORK/out"
}
check "report: the lines of Go that pay for C, and their packages" lines_of_go

moments() {
	"$ESCPROF" report --format json --when 'time>0.7' -o "$WORK/json" "$PHASES" && "$WORK/reader" c "$WORK/json" late objects 100 bytes 500000 &&
		"$WORK/reader" c "$WORK/json" early none || return 1
	"$ESCPROF" report --format json --when 'time<0.7' -o "$WORK/json" "$PHASES" && "$WORK/reader" c "$WORK/json" early objects 100 bytes 1000000 &&
		"$WORK/reader" c "$WORK/json" late none || return 1
	"$ESCPROF" report --when 'time<0.7' "$PHASES" >"$WORK/out" && ! grep -q 'alive on average\|C: not freed' "$WORK/out" &&
		fails 1 'not known of moments alone' "$ESCPROF" export --value kept --when 'time>0.7' "$PHASES"
}
check "--when: what C allocates at such moments" moments

focus() {
	folded "$C" --focus by_calloc && [ "$(total)" = 70000 ] && folded "$GO_C" --heap c --ignore goLeaf && [ "$(total)" -lt 30000 ]
}
check "--focus and --ignore: C's stacks too" focus
