#!/usr/bin/env bash
# Names of C and C++ from every place where debug information may be: the same whole chains from each, and addr2line's;
# and what has none, or is not what it was, is said to be so.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
TRACE=$WORK/t.escprof
FRAMES=$BUILD/tests/tools/print_frames
here=$PWD
cd "$WORK" || exit 1
g++ -O2 -g -std=c++17 -pthread -o all "$here/tests/c/stacks.cc" && cp all inline &&
	g++ -O2 -g -std=c++17 -o other "$here/tests/cli/programs/c/classes.cc" ||
	{ echo "not ok build the programs"; exit 1; }

# Every second address of each function.
nm -S all | while read -r start size kind _; do
	[[ $kind == [tTwW] && ${#size} = 16 ]] || continue
	for ((at = 16#$start; at < 16#$start + 16#$size; at += 2)); do printf '0x%x\n' $at; done
done | sort -u >addresses
"$FRAMES" all <addresses >wanted

like_addr2line() {
	addr2line -a -i -f -C -e all <addresses >theirs && "$WORK/reader" chains wanted theirs 1000
}
check "symbols: 1,000 addresses and more as addr2line has them" like_addr2line

# The C library's, where its debug information is installed.
c_library() {
	local library=/lib/x86_64-linux-gnu/libc.so.6 id
	id=$(readelf -n $library 2>/dev/null | sed -n 's/.*Build ID: //p')
	nm -S "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" | while read -r start size kind _; do
		[[ $kind == [tTwW] && ${#size} = 16 ]] && printf '0x%x\n' $((16#$start + RANDOM % 16#$size))
	done | sort -u >libc.addresses
	"$FRAMES" $library <libc.addresses >libc.ours
	llvm-symbolizer --output-style=GNU -a -i -f -C -e "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" <libc.addresses |
		sed -E 's/^0x([0-9a-f]+)$/0000000000000000\1/; s/^0+([0-9a-f]{16})$/0x\1/' >libc.theirs
	"$WORK/reader" chains libc.ours libc.theirs 1000
}
id=$(readelf -n /lib/x86_64-linux-gnu/libc.so.6 2>/dev/null | sed -n 's/.*Build ID: //p')
if [ -e "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ] && type -P llvm-symbolizer >/dev/null; then
	check "symbols: the C library by build ID, as llvm-symbolizer has it" c_library
else
	echo "skip symbols: the C library by build ID (libc6-dbg or llvm-symbolizer is not installed)"
fi

# same FILE: its chains are those of the program as it was built.
same() { "$FRAMES" "$1" <addresses >got && cmp wanted got || { diff wanted got | head -n 10; return 1; }; }

compressed() { objcopy --compress-debug-sections="$1" all "all.$1" && same "all.$1"; }
check "symbols: sections compressed by zlib" compressed zlib
check "symbols: sections compressed by zlib, as GNU had it" compressed zlib-gnu
check "symbols: sections compressed by zstd" compressed zstd

# link_to FOLDER FILE: FILE is without debug information, which is in FOLDER/all.debug.
link_to() {
	mkdir -p "$1" && objcopy --only-keep-debug all "$1/all.debug" && strip -o "$2" all &&
		objcopy --add-gnu-debuglink="$1/all.debug" "$2"
}
beside() { mkdir -p beside && link_to beside beside/all && same beside/all; }
check "symbols: .gnu_debuglink, beside" beside
below() { mkdir -p below && link_to below/.debug below/all && same below/all; }
check "symbols: .gnu_debuglink, in .debug" below
changed() {
	mkdir -p changed && link_to changed changed/all && printf x >>changed/all.debug && "$FRAMES" changed/all <addresses >got &&
		! grep -q 'stacks\.cc' got
}
check "symbols: .gnu_debuglink to another file of that name is not taken" changed

# below_usr FILE COMMAND: with FILE's debug information where distributions have it.
below_usr() {
	unshare -rm sh -c "mount -t tmpfs none /usr/lib/debug && mkdir -p \"/usr/lib/debug/$2\" && mv '$1' '/usr/lib/debug/$2/$3' &&
		'$FRAMES' '$WORK/bare' <addresses >got"
	cmp wanted got || { diff wanted got | head -n 10; return 1; }
}
by_build_id() {
	local id
	id=$(readelf -n all 2>/dev/null | sed -n 's/.*Build ID: //p')
	objcopy --only-keep-debug all by_id.debug && strip -o bare all && below_usr by_id.debug ".build-id/${id:0:2}" "${id:2}.debug"
}
by_path() { link_to "$WORK/linked" bare && below_usr linked/all.debug "$WORK" all.debug; }
if unshare -rm true 2>/dev/null; then
	check "symbols: by build ID below /usr/lib/debug" by_build_id
	check "symbols: .gnu_debuglink, below /usr/lib/debug" by_path
else
	echo "skip symbols: below /usr/lib/debug (no mount namespaces here)"
fi

shared() {
	cp all dwz.1 && cp all dwz.2 && cp other dwz.3 && dwz -m dwz.shared dwz.1 dwz.2 dwz.3 &&
		readelf -SW dwz.1 | has gnu_debugaltlink && same dwz.1 || return 1
	mv dwz.shared elsewhere && "$FRAMES" dwz.1 <addresses >got && has '^?' <got && ! has 'dwz' <got
}
single() { cp all dwz.single && dwz dwz.single && same dwz.single; }
if type -P dwz >/dev/null; then
	check "symbols: debug information that several files share (DWZ); without it names are unknown" shared
	check "symbols: debug information that DWZ has made smaller" single
else
	echo "skip symbols: DWZ (dwz is not installed)"
fi

# A function's own name and lines are in the program; inlined levels are in the .dwo, which is not read.
split() {
	g++ -O2 -g -gsplit-dwarf -std=c++17 -pthread -o split "$here/tests/c/stacks.cc" || return 1
	nm split | awk '$3 ~ /sorting/ && $2 == "t" && $3 !~ /cold/ { print $1 }' | "$FRAMES" split >got
	has '^sorting' <got && has 'stacks\.cc:[1-9]' <got
}
check "symbols: split DWARF: functions and lines" split
cd "$here" || exit 1

# What has no names. The program's functions: made in memory of no file, and in a library.
cat >"$WORK/made.c" <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* sub $8, %rsp; call *%rdi; add $8, %rsp; ret */
static const unsigned char code[] = {0x48, 0x83, 0xec, 8, 0xff, 0xd7, 0x48, 0x83, 0xc4, 8, 0xc3};

__attribute__((noinline)) static void called_by_made(void) { free(malloc(1000)); __asm__ volatile(""); }

int main(int argc, char **argv)
{
	void *made = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *library;

	memcpy(made, code, sizeof(code));
	((void (*)(void (*)(void)))made)(called_by_made);
	if (argc < 3)
		return 0;
	library = dlopen(argv[1], RTLD_NOW);
	((void (*)(int))dlsym(library, "library_make"))(10);
	puts("made");
	return rename(argv[2], argv[1]) != 0;
}
C
gcc -O2 -g -fno-builtin -o "$WORK/made" "$WORK/made.c" -ldl || { echo "not ok build made"; exit 1; }
# Not at the same offset in both.
printf '%s\n' '#include <stdlib.h>' 'void library_make(int n) { while (n--) free(malloc(2000)); }' >"$WORK/before.c"
printf '%s\n' '#include <stdlib.h>' 'void not_this_one(int n) { while (n--) free(malloc(2000)); }' >"$WORK/after.c"

profile() {
	"$ESCPROF" run -q --c-rate 1 -o "$TRACE" -- "$@" >"$WORK/out" && "$BUILD/tests/tools/print_c_stacks" "$TRACE" >"$WORK/stacks"
}
in_no_file() {
	profile "$WORK/made" && grep -P '\t1000\t' "$WORK/stacks" | has 'called_by_made:[1-9][0-9]*;\[anon\]:0' ||
		{ cat "$WORK/stacks"; return 1; }
}
check "symbols: memory of no file is said to be that" in_no_file
# replaced [OPTION]: the library is another file by the time that names are looked up.
replaced() {
	gcc -O2 -g -fno-builtin -shared -fPIC "$@" -o "$WORK/library.so" "$WORK/before.c" &&
		gcc -O2 -g -fno-builtin -shared -fPIC "$@" -o "$WORK/new.so" "$WORK/after.c" || return 1
	profile "$WORK/made" "$WORK/library.so" "$WORK/new.so" && [ "$(cat "$WORK/out")" = made ] || return 1
	grep -P '\t20000\t' "$WORK/stacks" | has '	library\.so+0x[0-9a-f]*:0;main:' || { cat "$WORK/stacks"; return 1; }
}
kept() {
	gcc -O2 -g -fno-builtin -shared -fPIC -o "$WORK/library.so" "$WORK/before.c" && cp "$WORK/library.so" "$WORK/new.so" || return 1
	profile "$WORK/made" "$WORK/library.so" "$WORK/new.so" || return 1
	grep -P '\t20000\t' "$WORK/stacks" | has '	library_make:2;main:' || { cat "$WORK/stacks"; return 1; }
}
check "symbols: a library that was replaced has no wrong names" replaced
check "symbols: a library without a build ID that was replaced has no wrong names" replaced -Wl,--build-id=none
check "symbols: a library that was copied over itself has its names" kept

stays() {
	gcc -O2 -g -fno-builtin -shared -fPIC -Wl,--build-id=none -o "$WORK/library.so" "$WORK/before.c" &&
		profile "$WORK/made" "$WORK/library.so" "$WORK/library.so" || return 1
	grep -P '\t20000\t' "$WORK/stacks" | has '	library_make:2;main:' || { cat "$WORK/stacks"; return 1; }
}
check "symbols: a library without a build ID has its names" stays
