#!/usr/bin/env bash
# C allocations: exact counts at rate 1 by every way to allocate, mixed stacks of Go and C, C++ names, leaks; and programs
# that run as they would without.
source "$(dirname "$0")/common.bash"

source_dir=tests/cli/programs/c
TRACE=$WORK/t.escprof
go_program reader || { echo "not ok build the reader"; exit 1; }
# Not as built-ins: the compiler may leave out an allocation whose result it knows.
plain="-g -fno-builtin"
gcc -O2 $plain -o "$WORK/entries" "$source_dir/entries.c" -ldl -lpthread &&
	gcc -O2 -g -shared -fPIC -o "$WORK/plugin.so" "$source_dir/plugin.c" &&
	g++ -O2 -g -std=c++17 -o "$WORK/classes" "$source_dir/classes.cc" &&
	gcc -O2 $plain -static -o "$WORK/static" "$source_dir/entries.c" -lpthread 2>/dev/null ||
	{ echo "not ok build the C programs"; exit 1; }

# profile COMMAND…: at rate 1, its standard output in $WORK/out, the report in $WORK/json; the command's status.
profile() {
	local status
	"$ESCPROF" run -q --rate 1 --c-rate 1 -o "$TRACE" -- "$@" >"$WORK/out" 2>"$WORK/err"
	status=$?
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 99
	return $status
}
c() { "$WORK/reader" c "$WORK/json" "$@"; }

profile "$WORK/entries" "$WORK/plugin.so"
status=$?
as_before() { [ $status = 7 ] && [ "$(cat "$WORK/out")" = "bad 0" ] || { cat "$WORK/out" "$WORK/err"; return 1; }; }
check "C: output and exit status are the program's own" as_before
check "C: malloc, and what is not freed" c by_malloc objects 1000 bytes 100000 kept 100 kept_bytes 10000
check "C: calloc" c by_calloc objects 1000 bytes 70000 kept 0
check "C: realloc that moves, and strdup" c by_realloc objects 200 bytes $((1000 * 5050 + 1100)) kept 0
check "C: reallocarray, and what fails" c by_reallocarray objects 50 bytes 12000 kept 0
check "C: posix_memalign, aligned_alloc, memalign, valloc, pvalloc" c by_alignment objects 70 bytes 3360 kept 0
check "C: threads that end" c in_thread objects 4000 bytes 132000 kept 0
check "C: a forked child is silent" c in_child none
check "C: a signal handler" c in_handler objects 10 bytes 550 kept 0
check "C: a library that is loaded and unloaded" c plugin_make objects 200 bytes 15400 kept 0 stack plugin_make,by_plugin,main
check "C: leaks" c leaks objects 123 kept 123 kept_bytes 123000 stack leaks,main file entries.c

coarse() {
	"$ESCPROF" run -q --c-rate 4096 -o "$TRACE" -- "$WORK/entries" "$WORK/plugin.so" >/dev/null
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	# 5 MB in 100 blocks of up to 100,000 bytes, nearly all of which are sampled.
	c by_realloc bytes 4800000..5300000 kept 0 && c leaks kept 40..280
}
check "C: at a coarser rate counts are weighted" coarse

without_libunwind() {
	gcc -O0 -fno-builtin -fno-omit-frame-pointer -g -o "$WORK/framed" "$source_dir/entries.c" -ldl -lpthread || return 1
	mkdir -p "$WORK/none"
	echo 'not a library' >"$WORK/none/libunwind.so.8"
	LD_LIBRARY_PATH=$WORK/none "$ESCPROF" run -q --c-rate 1 -o "$TRACE" -- "$WORK/framed" >"$WORK/out"
	[ "$(cat "$WORK/out")" = "bad 0" ] || return 1
	"$ESCPROF" info "$TRACE" | has 'c_unwinder *frame pointers' || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	c leaks objects 123 stack leaks,main
}
check "C: without libunwind by frame pointers" without_libunwind

static_refused() {
	"$ESCPROF" run --c-rate 1 -o "$TRACE" -- "$WORK/static" >"$WORK/out" 2>"$WORK/err"
	[ $? = 7 ] && [ "$(cat "$WORK/out")" = "bad 0" ] &&
		grep -q 'nothing was profiled: cannot profile .*/static: it is linked statically' "$WORK/err" ||
		{ cat "$WORK/out" "$WORK/err"; return 1; }
}
check "C: a static program runs, and it is said why it is not profiled" static_refused

through_shell() {
	"$ESCPROF" run -q --c-rate 1 -o "$TRACE" -- sh -c "exec $WORK/entries" >"$WORK/out"
	[ $? = 7 ] && "$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c leaks objects 123
}
check "C: a shell is looked through" through_shell

switched_off() {
	"$ESCPROF" run --c-rate off -o "$TRACE" -- "$WORK/entries" >/dev/null 2>"$WORK/err"
	[ $? = 7 ] && grep -q 'nothing was profiled' "$WORK/err"
}
check "C: --c-rate off leaves it alone" switched_off

by_default() {
	"$ESCPROF" run -o "$TRACE" -- "$WORK/entries" >"$WORK/out" 2>"$WORK/err"
	[ $? = 7 ] && [ "$(cat "$WORK/out")" = "bad 0" ] && grep -q 'Where C and C++ allocate' "$WORK/err" &&
		"$ESCPROF" info "$TRACE" | has 'c_rate *524288' || { cat "$WORK/err"; return 1; }
}
check "C: by default at a mean of 512 KiB" by_default

gives_way() {
	local status
	gcc -O2 -g -o "$WORK/parent" "$source_dir/parent.c" && go_program target || return 1
	"$ESCPROF" run --rate 1 -o "$TRACE" -- "$WORK/parent" "$WORK/target" exit 5 >"$WORK/out" 2>"$WORK/err"
	status=$?
	[ $status = 5 ] && grep -q main.allocate "$WORK/err" && [ ! -e "$TRACE.part" ] &&
		"$ESCPROF" info "$TRACE" | has 'binary.*/target' && "$ESCPROF" report --format json -o "$WORK/json" "$TRACE" &&
		"$WORK/reader" objects "$WORK/json" 100000..110000 || { echo "status $status"; cat "$WORK/err"; return 1; }
	# Asked for by its rate, it is what the trace is of.
	"$ESCPROF" run -q --c-rate 1 -o "$TRACE" -- "$WORK/parent" "$WORK/target" exit 5 >/dev/null 2>&1
	[ $? = 5 ] && "$ESCPROF" info "$TRACE" | has 'binary.*/parent'
}
check "C: what only starts a Go program gives way to it" gives_way

text() {
	"$ESCPROF" run --c-rate 1 -o "$TRACE" -- "$WORK/entries" >/dev/null 2>"$WORK/err"
	grep -q 'Where C and C++ allocate' "$WORK/err" && grep -q 'C: not freed at the end' "$WORK/err" &&
		grep -q 'leaks entries.c' "$WORK/err" && ! grep -q 'GC CPU\|Verdicts\|verdict' "$WORK/err" ||
		{ cat "$WORK/err"; return 1; }
}
check "C: the text report has sites, leaks, and nothing of a GC" text

cxx() {
	profile "$WORK/classes" || return 1
	[ "$(cat "$WORK/out")" = "caught 1" ] || { cat "$WORK/out"; return 1; }
	# What is inlined is a level of its own, and the vector's growth goes through the standard library.
	c shop::Basket::add_one objects 300..320 levels 2 stack shop::Basket::add_one,shop::fill,main &&
		c 'shop::make<int>' objects 400 bytes 1600 && c 'shop::make<shop::Wide>' objects 50 bytes 9600 &&
		c shop::too_much none
}
check "C++: new, aligned new, inlines, templates, exceptions" cxx

stripped() {
	objcopy --only-keep-debug "$WORK/classes" "$WORK/classes.debug" &&
		strip -o "$WORK/linked" "$WORK/classes" &&
		(cd "$WORK" && objcopy --add-gnu-debuglink=classes.debug linked) || return 1
	profile "$WORK/linked" && c 'shop::make<int>' objects 400 file classes.cc || return 1
	g++ -O2 -std=c++17 -rdynamic -o "$WORK/symbols" "$source_dir/classes.cc" && profile "$WORK/symbols" || return 1
	"$WORK/reader" c "$WORK/json" 'void shop::make<int>(int)' objects 400
}
check "C++: debug information in a file of its own; symbols alone, made readable" stripped

mixed() {
	CGO_ENABLED=1 go_program cgo || return 1
	profile "$WORK/cgo" || { cat "$WORK/err"; return 1; }
	[ "$(cat "$WORK/out")" = "done not freed" ] || return 1
	c c_leaf objects $((3000 + 300)) bytes $((3300 * 64)) kept 0
}
check "cgo: what C allocates under Go, counted" mixed
check "cgo: C's frames, then Go's, in one stack" c c_leaf caller main.goLeaf \
	stack c_leaf,c_mid,main._Cfunc_c_mid,main.goLeaf,main.goMid,main.main.func1
check "cgo: C.CString is its caller's" c main.main objects 1 bytes 10 kept 1 through _Cfunc_CString
callback() {
	"$ESCPROF" report --focus 'main.inner' --format json -o "$WORK/json" "$TRACE" || return 1
	c c_leaf objects 300 caller main.inner.func1 stack c_leaf,c_mid,main.inner,main.goCallback,runtime.cgocallback,c_outer,main.throughC,main.main
}
check "cgo: C that calls Go that calls C" callback

pie() {
	CGO_ENABLED=1 go_program cgo -buildmode=pie && profile "$WORK/cgo" || return 1
	c c_leaf objects 3300 stack c_leaf,c_mid,main._Cfunc_c_mid,main.goLeaf,main.goMid,main.main.func1
}
check "cgo: a position-independent program" pie

no_c() {
	go_program target -buildmode=pie || return 1
	"$ESCPROF" run -q --c-rate 1 -o "$TRACE" -- "$WORK/target" exit 0 || return 1
	"$ESCPROF" info "$TRACE" >"$WORK/info"
	grep -q 'way *preload' "$WORK/info" && ! grep -q 'C samples' "$WORK/info" || { cat "$WORK/info"; return 1; }
	"$ESCPROF" report "$TRACE" >"$WORK/out" && ! grep -q 'C memory\|C and C++' "$WORK/out"
}
check "Go without C: a trace and a report as before" no_c

go_alone() {
	"$ESCPROF" run -q --c-rate off -o "$TRACE" -- "$WORK/cgo" >/dev/null || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	"$WORK/reader" objects "$WORK/json" 1000..3000 || return 1
	"$ESCPROF" info "$TRACE" >"$WORK/info" && ! grep -q 'C samples\|c_rate' "$WORK/info"
}
check "cgo: with --c-rate off Go alone is profiled" go_alone

go_by_default() {
	"$ESCPROF" run -q --rate 1 -o "$TRACE" -- "$WORK/cgo" >/dev/null && "$ESCPROF" info "$TRACE" | has 'c_rate *524288'
}
check "cgo: by default C is sampled too" go_by_default

# Of two runs one loads the plugin, which moves the numbers of modules.
merged() {
	profile "$WORK/entries" "$WORK/plugin.so"
	cp "$TRACE" "$WORK/1"
	profile "$WORK/entries"
	cp "$TRACE" "$WORK/2" && cp "$TRACE" "$WORK/3"
	"$ESCPROF" merge -o "$WORK/21" "$WORK/2" "$WORK/1" && "$ESCPROF" merge -o "$WORK/all" "$WORK/21" "$WORK/3" &&
		"$ESCPROF" report --format json -o "$WORK/json" "$WORK/all" || return 1
	c by_malloc objects 3000 bytes 300000 kept 300 kept_bytes 30000 stack by_malloc,main &&
		c plugin_make objects 200 bytes 15400 stack plugin_make,by_plugin,main file plugin.c && c leaks kept 369
}
check "merge: C's counts are added up, whatever libraries each run had" merged
merged_coarse() {
	local i
	for i in 4 5; do
		"$ESCPROF" run -q --c-rate 4096 -o "$WORK/$i" -- "$WORK/entries" >/dev/null
	done
	"$ESCPROF" merge -o "$WORK/45" "$WORK/4" "$WORK/5" || return 1
	for i in 4 5 45; do
		"$ESCPROF" report --format json "$WORK/$i" | sed -n '/^ "c": {/,/^ }/s/^  "alloc_bytes": *\([0-9.e+]*\),*/\1/p'
	done >"$WORK/sums"
	awk '{ v[NR] = $1 } END { d = v[1] + v[2] - v[3]; exit !(v[3] > 9e6 && d * d < 1) }' "$WORK/sums" || { cat "$WORK/sums"; return 1; }
	"$ESCPROF" merge -o "$WORK/bad" "$WORK/1" "$WORK/4" 2>"$WORK/err" && grep -q 'sampled at the same rate: none are in' "$WORK/err" &&
		! "$ESCPROF" info "$WORK/bad" | has 'c_rate'
}
check "merge: at a coarser rate too; of different rates nothing of C" merged_coarse
