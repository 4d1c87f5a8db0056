#!/usr/bin/env bash
# Programs that libescprof.so might have harmed by standing in front of what they have of their own: they do what they
# do without, and what is said of them is right.
source "$(dirname "$0")/common.bash"

source_dir=tests/cli/programs/c
TRACE=$WORK/t.escprof
go_program reader || { echo "not ok build the reader"; exit 1; }
gcc -O2 -g -fno-builtin -o "$WORK/own_malloc" "$source_dir/own_malloc.c" &&
	gcc -O2 -g -fno-builtin -no-pie -fno-pie -o "$WORK/entries" "$source_dir/entries.c" -ldl -lpthread &&
	gcc -O2 -g -fno-builtin -o "$WORK/late" "$source_dir/late.c" -ldl &&
	g++ -O2 -g -std=c++17 -fno-builtin -shared -fPIC -o "$WORK/late.so" "$source_dir/late_library.cc" -lpthread ||
	{ echo "not ok build the C programs"; exit 1; }

# profile COMMAND…: at rate 1, its output in $WORK/out; it must come to an end.
profile() {
	timeout 60 "$ESCPROF" run -q --c-rate 1 -o "$TRACE" -- "$@" >"$WORK/out" 2>"$WORK/err"
}
says() { [ "$(cat "$WORK/out")" = "$1" ] || { cat "$WORK/out" "$WORK/err"; return 1; }; }
c() { "$WORK/reader" c "$WORK/json" "$@"; }

descriptors() {
	gcc -O2 -g -fno-builtin -o "$WORK/descriptors" "$source_dir/descriptors.c" && profile "$WORK/descriptors" && says "bad 0" || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c allocate objects 1001 kept 0
}
check "C: a program that closes all descriptors has those that it opens then for itself" descriptors

forks() {
	gcc -O2 -g -fno-builtin -o "$WORK/forks" "$source_dir/forks.c" -ldl -lpthread || return 1
	timeout 60 "$ESCPROF" run -q --c-rate 64 -o "$TRACE" -- "$WORK/forks" >"$WORK/out" 2>"$WORK/err"
	says "bad 0"
}
check "C: children of a program whose threads allocate can load libraries" forks

own_malloc() {
	profile "$WORK/own_malloc" && says "its own" && "$ESCPROF" info "$TRACE" | has 'c_malloc *own'
}
check "C: a program's own malloc keeps its blocks to itself, and it is said" own_malloc

not_own() {
	profile "$WORK/entries"
	[ $? = 7 ] && says "bad 0" && ! "$ESCPROF" info "$TRACE" | has 'c_malloc' || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c by_reallocarray objects 50 bytes 12000 kept 0
}
check "C: a program at a fixed address has none of its own" not_own

late() {
	profile "$WORK/late" "$WORK/late.so" && says "late, and told why not" || { cat "$WORK/out" "$WORK/err"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	c late_make objects 110 bytes 5500 kept 55 && c late_make_arrays objects 100 bytes 6000 kept 0
}
late_alone() {
	g++ -O2 -g -std=c++17 -fno-builtin -shared -fPIC -static-libstdc++ -static-libgcc -o "$WORK/alone.so" "$source_dir/late_library.cc" -lpthread &&
		profile "$WORK/late" "$WORK/alone.so" && says "late, and told why not" || { cat "$WORK/out" "$WORK/err"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c late_make objects 110 bytes 5500 kept 55
}
check "C++: one that has the C++ library linked in" late_alone
check "C++: a library that comes late, and whose constructor waits for a thread that allocates" late

limited() {
	"$ESCPROF" run --c-rate 1 -o "$TRACE" -- sh -c "ulimit -v 4000000; exec $WORK/entries" >"$WORK/out" 2>"$WORK/err"
	[ $? = 7 ] && says "bad 0" && grep -q 'cannot have its C allocations sampled.*allocate memory' "$WORK/err" ||
		{ cat "$WORK/out" "$WORK/err"; return 1; }
}
check "C: a program that may map little keeps it for itself, and it is said" limited

# Of the program sealed, which loads it.
write_library() { printf '%s\n' '#include <stdlib.h>' 'void library_make(int n) { while (n--) free(malloc(2000)); }' >"$WORK/library.c"; }

sealed() {
	write_library
	gcc -O2 -g -fno-builtin -shared -fPIC -Wl,--build-id=none -o "$WORK/library.so" "$WORK/library.c" &&
		gcc -O2 -g -o "$WORK/sealed" "$source_dir/sealed.c" -ldl && profile "$WORK/sealed" "$WORK/library.so" ||
		{ cat "$WORK/out" "$WORK/err"; return 1; }
	says "about to be sealed
and lives" && "$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c library_make objects 10 bytes 20000 kept 0 file library.c
}
check "C: a program that has forbidden itself to look at files, on pain of death, lives" sealed

owners() {
	local n
	for n in 1 2; do
		gcc -O2 -g -std=c++17 -fno-exceptions -fno-rtti -fno-builtin -shared -fPIC -DMARK=$n -o "$WORK/owner$n.so" "$source_dir/owner.cc" ||
			return 1
	done
	gcc -O2 -g -o "$WORK/owners" "$source_dir/owners.c" -ldl -lpthread && profile "$WORK/owners" "$WORK/owner1.so" "$WORK/owner2.so" &&
		says "bad 0" || { cat "$WORK/out" "$WORK/err"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c owner_make objects $((10 * (301 + 3001))) kept 0
}
check "C++: libraries with operators of their own, of which one comes and goes, get their own" owners

own_unwind() {
	g++ -O2 -g -fno-builtin -o "$WORK/own_unwind" "$source_dir/own_unwind.cc" -Wl,--no-as-needed -lunwind -ldl && "$WORK/own_unwind" >"$WORK/alone" &&
		has 'exceptions by libunwind' "$WORK/alone" && has 'caught 50 of' "$WORK/alone" && has 'resumed 50 of' "$WORK/alone" ||
		{ cat "$WORK/alone"; return 1; }
	profile "$WORK/own_unwind" && cmp "$WORK/out" "$WORK/alone" || { cat "$WORK/out" "$WORK/err"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c allocate objects 351 kept 0
}
check "C++: a program that is linked to libunwind throws, walks and writes registers by it" own_unwind

no_cxx() {
	gcc -O2 -g -o "$WORK/no_cxx" "$source_dir/no_cxx.c" -ldl && profile "$WORK/no_cxx" && says "given 3, refused 6"
}
check "C++: where there is no C++ library, new fails for more than there can be" no_cxx

small_stacks() {
	gcc -O2 -g -fno-builtin -o "$WORK/small_stacks" "$source_dir/small_stacks.c" -lpthread && profile "$WORK/small_stacks" &&
		says "100 in the coroutine, 100 in the handler, 100 in the thread" || { cat "$WORK/err"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c make objects 300 kept 0 && "$ESCPROF" export --format folded "$TRACE" >"$WORK/folded" &&
		has 'by_coroutine;make' "$WORK/folded" && has 'main;run_handler;.*by_handler;make' "$WORK/folded" && has 'by_thread;make' "$WORK/folded" ||
		{ cat "$WORK/folded"; return 1; }
}
check "C: where there is little left of a stack, allocations need no more of it than they do" small_stacks

# As long as those that bazel and nix make.
far_away() {
	local part=a-part-of-a-path-as-they-are-made-by-machines-for-machines folder=$WORK
	while [ ${#folder} -lt 1200 ]; do folder=$folder/$part; done
	write_library
	mkdir -p "$folder" && gcc -O2 -g -fno-builtin -shared -fPIC -o "$folder/library.so" "$WORK/library.c" &&
		gcc -O2 -g -o "$WORK/sealed" "$source_dir/sealed.c" -ldl && profile "$WORK/sealed" "$folder/library.so" &&
		"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c library_make objects 10 bytes 20000 kept 0 file library.c
}
check "C: a library at the end of a long path has names" far_away

extensions() {
	gcc -O2 -g -fPIE -pie -o "$WORK/extensions" "$source_dir/extensions.c" -ldl && profile "$WORK/extensions" && says "$("$WORK/extensions")"
}
check "C: what a program looks for before it uses it is there as it is without" extensions

vforks() {
	gcc -O2 -g -fno-builtin -o "$WORK/vforks" "$source_dir/vforks.c" -lpthread && profile "$WORK/vforks" && says "100 children" || { cat "$WORK/err"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" && c in_child objects 1000 bytes 44000 kept 0
}
check "C: children by vfork, which allocate in their parent's memory, count as it does" vforks

# As it is for a moment while both are installed anew.
other_build() {
	local folder=$WORK/other
	mkdir -p "$folder/collector/preload" && cp "$ESCPROF" "$folder" &&
		sed 's/uint64_t rate; /uint64_t more[8]; &/' collector/preload/c_shared.h >"$folder/collector/preload/c_shared.h" &&
		! cmp -s collector/preload/c_shared.h "$folder/collector/preload/c_shared.h" &&
		gcc -std=gnu11 -O1 -D_GNU_SOURCE -I"$folder" -I. -shared -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-builtin \
			-o "$folder/libescprof.so" collector/preload/*.c || return 1
	"$folder/escprof" run -q --c-rate 1 -o "$TRACE" -- "$WORK/own_malloc" >"$WORK/out" 2>"$WORK/err"
	says "$("$WORK/own_malloc")" && grep -q 'nothing was profiled: libescprof.so in process .* is of another build' "$WORK/err" || { cat "$WORK/err"; return 1; }
}
check "C: a library that shares other things than this escprof does nothing" other_build
