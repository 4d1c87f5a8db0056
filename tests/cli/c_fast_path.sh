#!/usr/bin/env bash
# What stands in front of malloc and its kin in libescprof.so, for what is not sampled: instructions from the entry to the
# jump to the next allocator, by disassembly. They are what every call of the program pays.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
library=${BUILD:-build}/libescprof.so

# From FUNCTION's entry to its first jump through memory or a register: how many instructions, and what they may not be.
path_of() {
	objdump -d --no-show-raw-insn --disassemble="$1" "$library" | awk '
		/^ +[0-9a-f]+:/ {
			n++
			text = $0
			sub(/^[^\t]*\t/, "", text)
			if (text ~ /^(call|lock|push|cpuid|xchg +%[a-z]+,[^%])/)
				print "FUNCTION has " text
			if (text ~ /^jmp +\*/) {
				print n
				exit
			}
		}' | sed "s/FUNCTION/$1/"
}

# short FUNCTION LIMIT
short() {
	local path
	path=$(path_of "$1")
	if [[ $path =~ ^[0-9]+$ ]] && [ "$path" -le "$2" ]; then
		echo "ok fast path: $1 takes at most $2 instructions"
	else
		echo "not ok fast path: $1 takes at most $2 instructions: ${path:-no jump to the next}"
	fi
}

if ! nm -D "$library" | grep -w T >/dev/null; then
	echo "not ok fast path: $library exports nothing"
	exit
fi
if ! readelf --debug-dump=info "$library" 2>/dev/null | grep -E 'DW_AT_producer.* -O[23]( |$)' >/dev/null; then
	echo "skip fast path: the library is built without optimization or debug information"
	exit
fi
short malloc 7
short free 8
short calloc 10
short realloc 14
short _Znwm 4
short _ZdlPv 11
