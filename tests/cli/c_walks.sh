#!/usr/bin/env bash
# At rates up to 16 a thread keeps walks that it has done. Here each that it would take for known is done again all the
# same, and must come to the same: in programs of few stacks and of many, with threads, and while libraries come and go.
source "$(dirname "$0")/common.bash"

export ESCPROF_CHECK_WALKS=1
TRACE=$WORK/t.escprof

compile() { g++ -std=c++17 -O2 -g -fno-builtin -pthread -o "$@"; }
gcc -O2 -g -fno-builtin -pthread -o "$WORK/allocate" tests/c/allocate.c &&
	compile "$WORK/libstorm_library.so" -shared -fPIC tests/c/storm_library.cc &&
	compile "$WORK/small.so" -DFRAME=40 -shared -fPIC tests/c/storm_plugin.cc && compile "$WORK/large.so" -DFRAME=1800 -shared -fPIC tests/c/storm_plugin.cc &&
	compile "$WORK/storm" -rdynamic tests/c/storm.cc tests/c/storm_ways.cc tests/c/storm_events.cc -L"$WORK" -Wl,-rpath,"$WORK" -lstorm_library -ldl -lrt ||
	{ echo "not ok build the programs"; exit 1; }

# all_right LEAST COMMAND…: at least so many walks were known, and none of them was wrong.
all_right() {
	local least=$1 found wrong
	shift
	timeout 100 "$ESCPROF" run -q --c-rate "${RATE:-1}" -o "$TRACE" -- "$@" >"$WORK/out" 2>"$WORK/err" || { echo "status $?"; tail -n 5 "$WORK/err"; return 1; }
	"$ESCPROF" info "$TRACE" >"$WORK/info"
	found=$(awk '$1 == "c_walks_found" { print $2 }' "$WORK/info") wrong=$(awk '$1 == "c_walks_wrong" { print $2 }' "$WORK/info")
	echo "$found found, $wrong wrong"
	[ "${found:-0}" -ge "$least" ] && [ "$wrong" = 0 ]
}

check "walks that were known, of a program that does little else than allocate" all_right 10000 "$WORK/allocate" 30
check "walks that were known, while libraries come and go" all_right 1 "$WORK/storm" 3 16 "$WORK/small.so" "$WORK/large.so" "$WORK/progress" 1

if type -P sqlite3 >/dev/null; then
	check "walks that were known, of sqlite3" all_right 1000 "$(readlink -f "$(type -P sqlite3)")" -batch :memory: ".read tests/c/inputs/table.sql"
else
	echo "skip walks that were known, of sqlite3, which is not installed"
fi

if [ -x /usr/bin/python3 ]; then
	check "walks that were known, of python3" all_right 50 "$(readlink -f /usr/bin/python3)" tests/c/inputs/threads.py 4 1000
	RATE=16 check "the same where not all is recorded" all_right 50 "$(readlink -f /usr/bin/python3)" tests/c/inputs/threads.py 4 1000
else
	echo "skip walks that were known, of python3, which is not installed"
fi
