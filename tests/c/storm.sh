#!/usr/bin/env bash
# storm.sh BUILD MINUTES: sixty-four threads allocate by every entry point under escprof at rate 1; the counts of each
# function must be exactly the program's own. MINUTES with each allocator: glibc's, jemalloc and tcmalloc, preloaded and
# linked; and with each of the two in the program itself, which only has to run as without. What hangs is killed, and
# its threads' stacks are shown. STORM_ONLY: an extended regular expression for the names of what is to run. The last
# line counts.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
seconds=$(awk -v minutes="${2:-0.2}" 'BEGIN { printf "%d", minutes * 60 }')
threads=${STORM_THREADS:-64}
only=${STORM_ONLY:-.}
GO=$(bash tests/find-go.sh) || { echo "storm: no Go toolchain"; exit 1; }
work=$(mktemp -d)
command=
passed=0 failed=0 skipped=0

# The storm's own processes: those that run a file of this scratch directory.
storms() { pgrep -f "^$work/storm[^ ]* "; }
clean_up() {
	local pids
	[ -z "$command" ] || kill -9 "$command" 2>/dev/null
	pids=$(storms) && kill -9 $pids 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# compile OUTPUT OPTION…
compile() { g++ -std=c++17 -O2 -g -fno-builtin -Wall -Wextra -Werror -pthread -o "$@"; }
# compile_storm OUTPUT LIBRARY…: the program itself.
compile_storm() {
	local out=$1
	shift
	compile "$out" -rdynamic tests/c/storm.cc tests/c/storm_ways.cc tests/c/storm_events.cc -L"$work" \
		-Wl,-rpath,"$work" -lstorm_library "$@" -ldl -lrt
}
(cd tests/cli/programs/reader && GOTOOLCHAIN=local CGO_ENABLED=0 "$GO" build -o "$work/reader" .) &&
	compile "$work/libstorm_library.so" -shared -fPIC tests/c/storm_library.cc &&
	compile "$work/small.so" -DFRAME=40 -shared -fPIC tests/c/storm_plugin.cc &&
	compile "$work/large.so" -DFRAME=1800 -shared -fPIC tests/c/storm_plugin.cc &&
	compile_storm "$work/storm" || { echo "storm: cannot be built"; exit 1; }

# Where each of the storm's threads is.
show_stacks() {
	local pid
	for pid in $(storms); do
		echo "-- process $pid"
		if type -P gdb >/dev/null; then
			gdb -p "$pid" -batch -ex 'thread apply all bt 25' 2>/dev/null | grep -E '^(Thread|#)'
		else
			tail -n +1 "/proc/$pid/task/"*/wchan
		fi
	done
}

# Why the storm is to be ended; false when all is well: a thread does not get on, or the program itself does not.
is_stuck() {
	local began=$1 now=$(date +%s)
	grep -h hangs "$work/progress" 2>/dev/null && return 0
	[ $((now - began)) -gt $((seconds + 400)) ] && echo "no end" && return 0
	[ $((now - began)) -lt "$seconds" ] && [ -e "$work/progress" ] &&
		[ $((now - $(stat -c %Y "$work/progress"))) -gt 200 ] && echo "no sign of life"
}

# watched COMMAND…: its status; 99 when it hung.
watched() {
	local began=$(date +%s)
	rm -f "$work/progress"
	"$@" >"$work/out" 2>"$work/err" &
	command=$!
	while kill -0 "$command" 2>/dev/null; do
		sleep 1
		if is_stuck "$began"; then
			show_stacks
			kill -9 $(storms) "$command" 2>/dev/null
			wait "$command" 2>/dev/null
			return 99
		fi
	done
	wait "$command"
}

# counted: every function's objects, bytes and what is left are those that the program says, and nothing was lost.
counted() {
	local function objects bytes left bad=0
	"$build/escprof" report --format json -o "$work/json" "$work/t.escprof" || return 1
	"$build/escprof" info "$work/t.escprof" >"$work/info"
	grep -E 'c_no_room +[1-9]' "$work/info" && bad=1
	while read -r function objects bytes left; do
		[ "$objects" -gt 0 ] || { echo "$function: never came"; bad=1; continue; }
		"$work/reader" c "$work/json" "$function" objects "$objects" bytes "$bytes" kept "$left" || bad=1
	done < <(grep -v "^${no_pvalloc:-none} " "$work/out")
	return $bad
}

# storm NAME PROGRAM [PRELOADED]
storm() {
	local name=$1 program=$2 preloaded=${3-} status
	[[ $name =~ $only ]] || return
	LD_PRELOAD=$preloaded watched "$build/escprof" run -q --c-rate 1 -o "$work/t.escprof" -- \
		"$work/$program" "$seconds" "$threads" "$work/small.so" "$work/large.so" "$work/progress"
	status=$?
	command=
	if [ $status != 0 ]; then
		echo "not ok $name: status $status"
		tail -n 5 "$work/err"
		failed=$((failed + 1))
		return
	fi
	if [[ $name == *" in the program" ]] || counted; then
		awk -v name="$name" '{ objects += $2; bytes += $3 }
			END { printf "ok %s: %.1f M objects, %.1f GB\n", name, objects / 1e6, bytes / 1e9 }' "$work/out"
		passed=$((passed + 1))
	else
		echo "not ok $name: the counts differ"
		failed=$((failed + 1))
	fi
}

storm glibc storm
# Neither has a pvalloc that is sure to be its own: what glibc's makes they could not free, with or without escprof.
export STORM_NO_PVALLOC=1 TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD=1000000000000000000
no_pvalloc=by_pvalloc
folder=$(dirname "$(gcc -print-file-name=libc.so)")
for allocator in jemalloc tcmalloc_minimal; do
	library=$(ls "$folder/lib$allocator".so.[0-9] 2>/dev/null | head -n 1)
	if [ -z "$library" ] || ! compile_storm "$work/storm_$allocator" -Wl,--no-as-needed "-l$allocator" 2>/dev/null ||
		! compile_storm "$work/storm_in_$allocator" "$folder/lib$allocator.a" 2>/dev/null; then
		for how in preloaded linked "in the program"; do
			[[ "$allocator $how" =~ $only ]] || continue
			echo "skip $allocator $how: its development package is not installed"
			skipped=$((skipped + 1))
		done
		continue
	fi
	storm "$allocator preloaded" storm "$library"
	storm "$allocator linked" "storm_$allocator"
	storm "$allocator in the program" "storm_in_$allocator"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
