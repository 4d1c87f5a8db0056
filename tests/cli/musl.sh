#!/usr/bin/env bash
# Programs of another C library, and ones with another root folder, for which libescprof.so is nothing: they run as they
# would without it, and Go in them is profiled all the same.
source "$(dirname "$0")/common.bash"

TRACE=$WORK/t.escprof
ways=tests/cli/programs/c/every_way.c
gcc -O1 -fno-builtin -o "$WORK/glibc" $ways || { echo "not ok build"; exit 1; }
CGO_ENABLED=1 go_program cgo -ldflags=-linkmode=external && mv "$WORK/cgo" "$WORK/go-glibc" || { echo "not ok build"; exit 1; }

# all_well FILE STATUS: what the last command line ended with and printed.
all_well() { [ "$2" = 7 ] && [ "$(cat "$1")" = 'bad 0 alone' ] || { echo "status $2"; cat "$1" "$WORK/err"; return 1; }; }

# runs [options…] -- COMMAND…: under escprof; its output in $WORK/out, escprof's and its own errors in $WORK/err.
runs() { "$ESCPROF" run --no-report --rate 1 -o "$TRACE" "$@" >"$WORK/out" 2>"$WORK/err"; }

# A folder with little more than a program of glibc, which is no place to find our library in.
other_root() {
	local root=$WORK/root file
	mkdir -p "$root"
	cp "$WORK/glibc" "$root/program"
	while read -r file; do
		mkdir -p "$root/$(dirname "$file")" && cp -L "$file" "$root/$file" || return 1
	done < <(ldd "$WORK/glibc" | grep -o '/[^ ]*')
	runs --c-rate 1 -- "$@" chroot "$root" /program 7
	all_well "$WORK/out" $? && [ "$(wc -l <"$WORK/err")" = 1 ] || { cat "$WORK/err"; return 1; }
}
if [ "$(id -u)" = 0 ]; then
	check "a program with another root folder: no word of a library that it has not" other_root env
else
	echo "skip a program with another root folder: only root may chroot"
fi

if ! command -v musl-gcc >/dev/null; then
	echo "skip programs of musl: there is no musl-gcc here"
	exit
fi
musl-gcc -O1 -fno-builtin -o "$WORK/musl" $ways || { echo "not ok build"; exit 1; }
export CGO_ENABLED=1
CC=musl-gcc go_program cgo -ldflags=-linkmode=external && mv "$WORK/cgo" "$WORK/go-musl" &&
	CC=musl-gcc go_program cgo -ldflags='-linkmode=external -extldflags=-static' && mv "$WORK/cgo" "$WORK/go-static" ||
	{ echo "not ok build"; exit 1; }

c_alone() {
	runs --c-rate 1 -- "$WORK/musl" 7
	[ $? = 7 ] && [ "$(cut -d' ' -f1,2 "$WORK/out")" = 'bad 0' ] || { cat "$WORK/out" "$WORK/err"; return 1; }
	grep -q 'nothing was profiled: cannot profile .*/musl: it is linked with another C library than glibc' "$WORK/err" &&
		[ ! -e "$TRACE" ] || { cat "$WORK/err"; return 1; }
}
check "C of musl: it runs, and it is said why it is not profiled" c_alone

# As where it may not be traced, so that nobody takes our library out of its environment.
preloaded() {
	LD_PRELOAD=$BUILD/libescprof.so "$WORK/musl" 7 >"$WORK/out" 2>"$WORK/err"
	[ $? = 7 ] && [ "$(cat "$WORK/out")" = 'bad 0 preloaded' ] && [ ! -s "$WORK/err" ] || { cat "$WORK/out" "$WORK/err"; return 1; }
}
check "C of musl that our library is preloaded into runs as without" preloaded

beside() {
	"$WORK/go-glibc" >"$WORK/plain" || return 1
	runs -- sh -c "$WORK/musl; $WORK/go-glibc && $WORK/musl 7"
	[ $? = 7 ] && [ "$(grep -c '^bad 0' "$WORK/out")" = 2 ] && diff "$WORK/plain" <(grep -v '^bad' "$WORK/out") ||
		{ cat "$WORK/out" "$WORK/err"; return 1; }
	"$ESCPROF" info "$TRACE" | has '^  way *preload'
}
check "C of musl before and behind the Go program in a shell" beside

# go_of KIND WORDS [options…]: entered by ptrace; what escprof says has WORDS.
go_of() {
	local kind=$1 words=$2
	shift 2
	"$WORK/go-$kind" >"$WORK/plain" || return 1
	runs "$@" -- "$WORK/go-$kind" && cmp "$WORK/plain" "$WORK/out" || { cat "$WORK/out" "$WORK/err"; return 1; }
	grep -q "$words" "$WORK/err" && "$ESCPROF" info "$TRACE" >"$WORK/info" && grep -q '^  way *inject' "$WORK/info" &&
		grep -q '^  complete *yes' "$WORK/info" || { cat "$WORK/err" "$WORK/info"; return 1; }
	"$ESCPROF" report "$TRACE" | has main.main || { echo "no names"; return 1; }
}
check "Go with C of musl" go_of musl '^escprof: [0-9]* samples'
check "Go with C of musl, C to be sampled: it is said that it is not" go_of musl \
	'cannot sample the C allocations of .*/go-musl: it is linked with another C library' --c-rate 1
check "the same of a static one" go_of static 'cannot sample the C allocations of .*/go-static: it is linked statically' --c-rate 1
not_a_word() { runs --c-rate 1 -- "$WORK/go-glibc" && ! grep 'cannot sample' "$WORK/err"; }
check "Go with C of glibc: not a word of that" not_a_word
