#!/usr/bin/env bash
# storm.sh BUILD MINUTES: sixty-four threads allocate by every entry point under escprof; the counts of each function must
# be the program's own, at rate 1 exactly, at 64 and 512K within four standard errors, and nothing may be freed more often
# than it was allocated. MINUTES with each allocator and rate: glibc's, jemalloc and tcmalloc, preloaded and linked; and
# with each of the two in the program itself, which only has to run as without. What hangs is killed, and its threads'
# stacks are shown. STORM_ONLY: an extended regular expression for the names of what is to run; STORM_RATES;
# STORM_THREADS; STORM_AT_ONCE=1: with all allocators side by side, one rate after the other. With CI=true nothing may be
# skipped. The last line counts.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
seconds=$(awk -v minutes="${2:-0.2}" 'BEGIN { printf "%d", minutes * 60 }')
threads=${STORM_THREADS:-64}
only=${STORM_ONLY:-.}
rates=${STORM_RATES:-1 64 512K}
GO=$(bash tests/find-go.sh) || { echo "storm: no Go toolchain"; exit 1; }
work=$(mktemp -d)
number=0

# All processes that name a file of this scratch directory are the storm's.
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	local pids
	jobs -p | xargs -r kill 2>/dev/null
	# shellcheck disable=SC2046 # numbers
	pids=$(pgrep -f "(^| )$work/") && kill -9 $pids 2>/dev/null
	wait
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

# The functions from here on are about one storm, whose files are in the folder $own.

storms() { pgrep -f "^$work/storm.* $own/progress "; }

# Where each of its threads is.
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

# Why it is to be ended; false when all is well: a thread does not get on, or the program itself does not.
is_stuck() {
	local began=$1 now
	now=$(date +%s)
	grep -h hangs "$own/progress" 2>/dev/null && return 0
	[ $((now - began)) -gt $((seconds + 400)) ] && echo "no end" && return 0
	[ $((now - began)) -lt "$seconds" ] && [ -e "$own/progress" ] &&
		[ $((now - $(stat -c %Y "$own/progress"))) -gt 200 ] && echo "no sign of life"
}

# watched COMMAND…: its status; 99 when it hung.
watched() {
	local began command
	began=$(date +%s)
	"$@" >"$own/out" 2>"$own/err" &
	command=$!
	while kill -0 "$command" 2>/dev/null; do
		sleep 1
		if is_stuck "$began"; then
			show_stacks
			# shellcheck disable=SC2046 # numbers
			kill -9 $(storms) "$command" 2>/dev/null
			wait "$command" 2>/dev/null
			return 99
		fi
	done
	wait "$command"
}

# compared RATE: of each function the objects, the bytes and what is left are those that the program says. At coarser rates
# than 1 one function may be off by five standard errors, since there are so many; and for sizes are known to an eighth
# only, objects by a thousandth more.
compared() {
	awk -v rate="$1" -v pattern="^${no_pvalloc:-none}$" '
		FILENAME ~ /functions$/ { for (i = 2; i <= 4; i++) seen[$1, i] = $i; next }
		$1 ~ pattern { next }
		{
			worst = 0
			if (!$2) { print $1 ": never came"; bad++ }
			for (i = 2; i <= 4; i++) {
				off = seen[$1, i] - $i
				margin = 0.5 + (rate == "1" ? 1e-8 * $i : $(i + 3) + (i != 3) * $i / 1000)
				share = (off < 0 ? -off : off) / margin
				if (share > worst) worst = share
			}
			if (worst > most) { most = worst; name = $1 }
			beyond += worst > 1
			if (worst > 1 && (rate == "1" || worst > 1.25 || beyond > 1)) {
				printf "%s: %d objects, %.0f bytes, %d left; reported %.0f, %.0f, %.0f\n", $1, $2, $3, $4, seen[$1, 2], seen[$1, 3], seen[$1, 4]
				bad++
			}
			objects += $2
			bytes += $3
			functions++
		}
		END {
			printf "%.1f M objects, %.1f GB in %d functions", objects / 1e6, bytes / 1e9, functions
			if (rate == "1") print ", exactly"
			else printf ", at most %.1f standard errors off (%s)\n", 4 * most, name
			exit bad > 0 || functions < 20
		}' "$own/functions" "$own/out"
}

# counted RATE: the trace has what it must have, and nothing was lost.
counted() {
	local trace=$own/t.escprof
	"$build/escprof" report --format json -o "$own/json" "$trace" && "$work/reader" c_functions "$own/json" >"$own/functions" &&
		"$build/tests/tools/print_c_stacks" "$trace" >"$own/stacks" && "$build/escprof" info "$trace" >"$own/info" || return 1
	! grep -E 'c_no_room +[1-9]' "$own/info" && compared "$1" &&
		awk -F '\t' '
			{ samples += $1 }
			$3 > $1 || $4 > $2 { print "freed more than allocated: " $0; bad++ }
			END { printf "%d samples\n", samples; exit bad > 0 || !samples }' "$own/stacks"
}

# storm NAME RATE PROGRAM [PRELOADED]: runs it, and says how it went.
storm() {
	local name=$1 rate=$2 program=$3 preloaded=${4-} status said
	LD_PRELOAD=$preloaded watched "$build/escprof" run -q --c-rate "$rate" -o "$own/t.escprof" -- "$work/$program" \
		"$seconds" "$threads" "$work/small.so" "$work/large.so" "$own/progress" "$(numfmt --from=iec "$rate")"
	status=$?
	if [ $status != 0 ]; then
		echo "not ok $name at $rate: status $status"
		tail -n 5 "$own/err"
	elif [[ $name == *" in the program" ]]; then
		awk -v name="$name at $rate" '{ objects += $2; bytes += $3 }
			END { printf "ok %s: %.1f M objects, %.1f GB, unharmed\n", name, objects / 1e6, bytes / 1e9 }' "$own/out"
	elif said=$(counted "$rate"); then
		echo "ok $name at $rate: ${said//$'\n'/; }"
	else
		printf 'not ok %s at %s: the counts differ\n%s\n' "$name" "$rate" "$said"
	fi
	rm -rf "$own"
}

# All of them, a line each: NAME|PROGRAM|PRELOADED.
plan=('glibc|storm|')
folder=$(dirname "$(gcc -print-file-name=libc.so)")
for allocator in jemalloc tcmalloc_minimal; do
	library=$(find "$folder" -maxdepth 1 -name "lib$allocator.so.[0-9]" | head -n 1)
	plan+=("$allocator preloaded|${library:+storm}|$library")
	compile_storm "$work/storm_$allocator" -Wl,--no-as-needed "-l$allocator" 2>/dev/null && how=storm_$allocator || how=
	plan+=("$allocator linked|$how|")
	compile_storm "$work/storm_in_$allocator" "$folder/lib$allocator.a" 2>/dev/null && how=storm_in_$allocator || how=
	plan+=("$allocator in the program|$how|")
done

# begin NAME RATE PROGRAM PRELOADED: in the background; what it says comes into $work/said.NUMBER.
begin() {
	number=$((number + 1))
	own=$work/$number
	mkdir "$own"
	(
		if [ "$1" != glibc ]; then
			# Neither has a pvalloc that is sure to be its own: what glibc's makes they could not free, with or without escprof.
			export STORM_NO_PVALLOC=1 TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD=1000000000000000000
			no_pvalloc=by_pvalloc
		fi
		storm "$@"
	) >"$work/said.$number" 2>&1 &
	running+=("$number")
}

# finish: of those that run.
finish() {
	local one
	wait
	for one in "${running[@]}"; do cat "$work/said.$one"; done | tee -a "$work/said"
	running=()
}

: >"$work/said"
running=()
for rate in $rates; do
	for line in "${plan[@]}"; do
		IFS='|' read -r name program preloaded <<<"$line"
		[[ $name =~ $only ]] || continue
		if [ -z "$program" ]; then
			echo "skip $name at $rate: not installed" | tee -a "$work/said"
			continue
		fi
		begin "$name" "$rate" "$program" "$preloaded"
		[ -n "${STORM_AT_ONCE-}" ] || finish
	done
	finish
done
passed=$(grep -c '^ok ' "$work/said") failed=$(grep -c '^not ok ' "$work/said") skipped=$(grep -c '^skip ' "$work/said")
failed=$((failed > number - passed ? failed : number - passed)) # one that said nothing
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ] && { [ "${CI-}" != true ] || [ "$skipped" = 0 ]; }
