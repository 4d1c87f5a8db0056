#!/usr/bin/env bash
# The target's own tools, its crashes, and debuggers, while every allocation is sampled: what they say is what they say
# without escprof. Each test is done three ways: plain, under `escprof run`, and after `escprof attach`.
# TOOLS_CPU_SECONDS (1) is how long its CPU profile at 10 kHz is: `make own-tools` has a minute.
source "$(dirname "$0")/common.bash"

go_program tools || { echo "not ok build"; exit 1; }
TOOLS=$WORK/tools
mkdir "$WORK/plain" "$WORK/run" "$WORK/attach"

# clean_up: a test that failed may have left programs running. Where cores go is as it was.
clean_up() {
	local pid
	[ -z "${CORE_PATTERN-}" ] || echo "$CORE_PATTERN" >/proc/sys/kernel/core_pattern
	for pid in $(pgrep -f "^$TOOLS "); do kill -9 "$pid"; done
	rm -rf "$WORK"
}
trap clean_up EXIT

# wait_for COMMAND…: until it succeeds.
wait_for() {
	local tries
	for ((tries = 0; tries < 400; tries++)); do
		"$@" && return
		sleep 0.025
	done
	echo "never so: $*"
	return 1
}

# is_recorded: the agent in the process TARGET is in use.
is_recorded() {
	[ "$("$ESCPROF" info "$WORK/$WAY/trace" 2>/dev/null | awk '/^  samples/ { print $2 }')" -gt 0 ] 2>/dev/null
}

# start WAY ARGUMENTS…: the program begins what they say; sets WAY, TARGET, WAITED (the process whose status is the
# program's) and, when it was attached to, PROFILER. What it prints goes to $WORK/WAY/out and err.
start() {
	WAY=$1
	shift
	rm -f "$WORK/$WAY"/*
	mkfifo "$WORK/$WAY/in"
	case $WAY in
	plain) (cd "$WORK/$WAY" && exec "$TOOLS" -wait "$@" <in >out 2>err) & ;;
	run) (cd "$WORK/$WAY" && exec "$ESCPROF" run -q --rate 1 -o trace -- "$TOOLS" -wait "$@" <in >out 2>err) & ;;
	attach) (cd "$WORK/$WAY" && exec "$TOOLS" -wait "$@" <in >out 2>err) & ;;
	esac
	WAITED=$!
	exec 9>"$WORK/$WAY/in"
	wait_for grep -qs '^ready$' "$WORK/$WAY/out" || return 1
	TARGET=$WAITED
	[ $WAY != run ] || TARGET=$(pgrep -P $WAITED)
	if [ $WAY = attach ]; then
		"$ESCPROF" attach -q --rate 1 -o "$WORK/attach/trace" -p "$TARGET" 2>"$WORK/attach/escprof.err" &
		PROFILER=$!
		wait_for is_attached || return 1
	fi
	echo begin >&9
	exec 9>&-
}

# is_attached: escprof has put its agent in, and records.
is_attached() { "$ESCPROF" info "$WORK/attach/trace" 2>/dev/null | grep '^  way *attach' >/dev/null; }

# finish: waits for the end; the program's status goes to $WORK/WAY/status. What was recorded must be there and whole.
finish() {
	wait "$WAITED" 2>/dev/null
	echo $? >"$WORK/$WAY/status"
	[ "$WAY" != attach ] || wait "$PROFILER" || { echo "escprof attach ended with status $?"; return 1; }
	[ "$WAY" = plain ] || is_recorded || { echo "$WAY: nothing was recorded"; return 1; }
}

# in_way WAY ARGUMENTS…: from begin to end.
in_way() { start "$@" && finish; }

# without_addresses: of a traceback what is the same in each run.
without_addresses() {
	sed -E 's/0x[0-9a-f]+/ADDRESS/g; s/(goroutine |gp=|m=|goid=)[0-9]+/\1N/g; s/goroutine N (gp=ADDRESS )?(m=N )?/goroutine N /;
		s/, [0-9]+ minutes?//; s/pid=[0-9]+/pid=N/; s/[{]ADDRESS[^}]*[}]/{…}/g'
}

# same_end WAY [FILE…]: status and outputs are those of the plain way.
same_end() {
	local way=$1 file
	shift
	cmp "$WORK/plain/status" "$WORK/$way/status" || { echo "status $(cat "$WORK/plain/status"), $way $(cat "$WORK/$way/status")"; return 1; }
	for file in out err "$@"; do
		diff <(without_addresses <"$WORK/plain/$file") <(without_addresses <"$WORK/$way/$file") || return 1
	done
}

# same WAYS ARGUMENTS…: the same output, errors and status in each of the ways.
same() {
	local ways=$1 way
	shift
	in_way plain "$@" || return 1
	for way in $ways; do
		in_way "$way" "$@" && same_end "$way" || return 1
	done
}

# ends_with STATUS TEXT WAYS ARGUMENTS…: the same in all ways, and that is it.
ends_with() {
	local status=$1 text=$2
	shift 2
	same "$@" || return 1
	[ "$(cat "$WORK/plain/status")" = "$status" ] && grep -q -- "$text" "$WORK/plain/out" "$WORK/plain/err" && return
	echo "status $(cat "$WORK/plain/status"), or no '$text':"
	cat "$WORK/plain/out" "$WORK/plain/err"
	return 1
}

# dies_with STATUS TEXT WAYS ARGUMENTS…: the status and the text in all ways; what else is told of the goroutines differs
# from run to run, but the runtime must find its way through their stacks.
dies_with() {
	local status=$1 text=$2 ways=$3 way
	shift 3
	for way in plain $ways; do
		in_way "$way" "$@" || return 1
		[ "$(cat "$WORK/$way/status")" = "$status" ] && grep -q -- "$text" "$WORK/$way/err" &&
			grep -qE '^main\.(crash|writeMaps|recurse|parked)' "$WORK/$way/err" &&
			! grep -qE 'unexpected return pc|unknown pc' "$WORK/$way/err" && continue
		echo "$way: status $(cat "$WORK/$way/status")"
		cat "$WORK/$way/err"
		return 1
	done
}

# cpu_profile FILE: prints how many samples it has, how many of them the runtime lost, and the per cent that stand in this
# program, in code that is no Go, and at no function.
cpu_profile() {
	go tool pprof -raw "$TOOLS" "$1" >"$WORK/raw" 2>"$WORK/pprof.err" || { cat "$WORK/pprof.err"; return 1; }
	awk '
		/^Samples:/ { part = 1; next }
		/^Locations/ { part = 2; next }
		/^Mappings/ { part = 3; next }
		part == 1 && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+:$/ {
			n++
			count[n] = $1
			stack[n] = ""
			for (i = 3; i <= NF; i++) stack[n] = stack[n] " " $i
		}
		part == 2 && $1 ~ /^[0-9]+:$/ { id = $1; sub(":", "", id); if (NF > 3) names[id] = $4; next }
		part == 2 { names[id] = names[id] " " $1 }
		END {
			for (i = 1; i <= n; i++) {
				total += count[i]
				parts = split(stack[i], ids, " ")
				own = foreign = unknown = gone = 0
				for (j = 1; j <= parts; j++) {
					name = names[ids[j]]
					if (name == "") unknown = 1
					if (name ~ /main\./) own = 1
					if (name ~ /runtime\._(ExternalCode|System)/) foreign = 1
					if (name ~ /[lL]ost(ProfileEvent|ExternalCode|SIGPROF)/) gone = 1
				}
				if (own) owns += count[i]
				if (foreign) foreigns += count[i]
				if (unknown) unknowns += count[i]
				if (gone) lost += count[i]
			}
			if (!total) { print "no samples"; exit 1 }
			printf "%d samples, %d lost, %.1f %% own, %.1f %% foreign, %.2f %% unknown\n", total, lost, 100 * owns / total,
				100 * foreigns / total, 100 * unknowns / total
		}' "$WORK/raw"
}

# profiles_itself SIGNALS: so many that its threads were sent are in its profile, and nearly all of it is its functions'.
# The timers' samples come on top. "Foreign" is what the runtime calls code that is not Go.
profiles_itself() {
	local way said
	for way in plain run attach; do
		in_way $way cpu "$WORK/$way.cpu" "$1" && said=$(cpu_profile "$WORK/$way.cpu") ||
			{ cat "$WORK/$way/out" "$WORK/$way.cpu.signals"; echo "$said"; return 1; }
		echo "$way: $(cat "$WORK/$way.cpu.signals"), $said"
		same_end $way && [ "$(cat "$WORK/$way/status")" = 0 ] || return 1
		awk -v "signals=$1" '{ exit !($1 >= signals && $3 == 0 && $5 > 70 && $8 < 3 && $11 == 0) }' <<<"$said" || return 1
	done
}

# execution_trace WAY: the go command's own reader takes it, and finds the tasks, the GC's and the workers' stacks.
execution_trace() {
	local way=$1 regions
	in_way plain trace "$WORK/plain.trace" 500 && in_way "$way" trace "$WORK/$way.trace" 500 && same_end "$way" || return 1
	go tool trace -pprof=sched "$WORK/$way.trace" >"$WORK/sched" && go tool pprof -raw "$WORK/sched" >/dev/null 2>&1 ||
		{ echo "no profile of the trace"; return 1; }
	[[ $(go env GOVERSION) != go1.22* ]] || return 0 # its reader prints no events
	go tool trace -d=parsed "$WORK/$way.trace" >"$WORK/parsed" || { tail -n 3 "$WORK/parsed"; return 1; }
	regions=$(grep -c 'RegionBegin.*"list"' "$WORK/parsed")
	[ "$regions" = 50 ] || { echo "$regions regions"; return 1; }
	grep -q 'RangeBegin.*GC concurrent mark' "$WORK/parsed" || { echo "no GC in the trace"; return 1; }
	grep -q 'main\.executionTrace @' "$WORK/parsed" || { echo "no stacks in the trace"; return 1; }
}

heap_dump() {
	local way
	for way in plain run attach; do
		in_way $way heapdump "$WORK/$way.dump" && "$TOOLS" -workers 0 read-heapdump "$WORK/$way.dump" >"$WORK/$way/out" ||
			{ cat "$WORK/$way/out"; return 1; }
		same_end $way || return 1
	done
	grep -q '^lumps 100 parked 20 heap dumpers 1$' "$WORK/plain/out" || { cat "$WORK/plain/out"; return 1; }
}

# unmarked: where in the agent it has not said yet, or says no more, that a signal finds it there: on the way in and out.
unmarked() {
	objdump -d --no-show-raw-insn "$BUILD/collector/agent.elf" | awk '
		/^[0-9a-f]+ <.*>:$/ { marked = $2 !~ /^<agent_(malloc|old_malloc|free|draw)_entry>:$/; next }
		!marked && /^ *[0-9a-f]+:/ { sub(":", "", $1); print $1 }
		/mov +%rsi,\(%r12\)/ || /ret *$/ { marked = 1 }
		/movq +\$0x0,\(%r12\)/ { marked = 0 }'
}

# is_unmarked PC…: each is one of these places of the agent in TARGET, of which `maps` was read before its end.
is_unmarked() {
	local agent pc
	agent=$((16#$(sed -n '/memfd:escprof/ { s/-.*//p; q }' "$WORK/$WAY/maps") - 0x5000))
	for pc in "$@"; do
		grep -qx "$(printf %x $((pc - agent)))" "$WORK/unmarked" || { printf 'lost at %#x of the agent\n' $((pc - agent)); return 1; }
	done
}

# traceback WAY TIMES GOTRACEBACK STATUS: SIGQUIT so many times, which has the program show its goroutines. All are there, and
# named; the runtime knows where each stands. Without escprof it always does; with it, all but one that the signal finds at
# an instruction on the way into the agent or out of it, which is said then and is no other place.
traceback() {
	local way=$1 times=$2 status=$4 i parked lost=0 places
	export GOTRACEBACK=$3
	unmarked >"$WORK/unmarked"
	for ((i = 0; i < times; i++)); do
		start "$way" parked && wait_for grep -q '^waiting$' "$WORK/$way/out" || return 1
		cp "/proc/$TARGET/maps" "$WORK/$way/maps"
		kill -QUIT "$TARGET"
		finish || return 1
		[ "$(cat "$WORK/$way/status")" = "$status" ] || { echo "status $(cat "$WORK/$way/status")"; return 1; }
		parked=$(grep -c '^main\.parked()' "$WORK/$way/err")
		[ "$parked" = 21 ] || { echo "$parked goroutines are parked"; return 1; }
		# One that runs on another thread may be told of twice, by both.
		[ "$(grep -c '^created by main.main' "$WORK/$way/err")" -ge 22 ] || { grep '^created' "$WORK/$way/err"; return 1; }
		! grep -q 'unexpected return pc' "$WORK/$way/err" || { cat "$WORK/$way/err"; return 1; }
		places=$(sed -n 's/.*unknown pc \(0x[0-9a-f]*\).*/\1/p' "$WORK/$way/err")
		[ -n "$places" ] || continue
		lost=$((lost + 1))
		# shellcheck disable=SC2086
		[ "$way" != plain ] && is_unmarked $places || { cat "$WORK/$way/err"; return 1; }
	done
	echo "on the way in or out in $lost of $times"
}

# cores_are_here: the kernel writes cores into the current folder of what dies, or is told to until the end of this.
cores_are_here() {
	local pattern
	pattern=$(cat /proc/sys/kernel/core_pattern)
	[ "$pattern" = core ] && return
	echo core 2>/dev/null >/proc/sys/kernel/core_pattern && CORE_PATTERN=$pattern
}

# core_dump: a debugger finds in it the goroutine that panicked; our rings are not in it.
core_dump() {
	local way size
	ulimit -c unlimited
	export GOTRACEBACK=crash
	for way in plain run attach; do
		in_way $way panic || return 1
		[ "$(cat "$WORK/$way/status")" = 134 ] || { echo "$way: status $(cat "$WORK/$way/status")"; return 1; }
		mv "$WORK/$way"/core* "$WORK/core" || return 1
		gdb -batch -nx -ex 'thread apply all bt' "$TOOLS" "$WORK/core" >"$WORK/$way.gdb" 2>&1
		grep -q '^Core was generated by' "$WORK/$way.gdb" &&
			awk '/ in runtime.raise|runtime.raise \(/ { died = 1 } died && /main.crash/ { found = 1 } END { exit !found }' "$WORK/$way.gdb" ||
			{ echo "$way:"; cat "$WORK/$way.gdb"; return 1; }
		size=$(du -k "$WORK/core" | cut -f1)
		echo "$way: a core of $size kB"
		[ "$size" -lt 32768 ] || { echo "the rings are in it"; return 1; }
	done
}

# What a debugger may do to a program that is recorded: attach, look at stacks, stop at a place, go on, let go.
# debugged WAY COMMAND…: the program works on after COMMAND, which gets its process's number; its output goes to $WORK/said.
debugged() {
	local way=$1
	shift
	start "$way" serve && wait_for grep -q '^serving$' "$WORK/$way/out" || return 1
	[ "$way" = plain ] || wait_for is_recorded || return 1
	"$@" "$TARGET" >"$WORK/said" 2>&1 || { cat "$WORK/said"; return 1; }
	grep -q '^TracerPid:[[:space:]]*0$' "/proc/$TARGET/status" || { echo "it is traced still"; return 1; }
	cp "/proc/$TARGET/maps" "$WORK/$way/maps"
	kill -TERM "$TARGET"
	finish || return 1
	[ "$(cat "$WORK/$way/status")" = 0 ] && grep -q '^fine$' "$WORK/$way/out" || { cat "$WORK/$way/out" "$WORK/$way/err"; return 1; }
}

gdb_commands() {
	gdb -batch -nx -ex 'set confirm off' -ex 'break main.tick' -ex continue -ex bt -ex continue -ex 'info threads' \
		-ex 'delete' -ex detach -p "$1"
}

gdb_attaches() {
	debugged "$1" gdb_commands || return 1
	tr '\n' ' ' <"$WORK/said" | grep -E '#0 +main\.tick .*#1 .* in main\.serve .*#2 .* in main\.main ' >/dev/null &&
		[ "$(grep -c 'hit Breakpoint 1, main.tick' "$WORK/said")" = 2 ] || { cat "$WORK/said"; return 1; }
}

# delve_commands PID: the last answer says that the program is not to be killed.
delve_commands() {
	printf '%s\n' 'break main.tick' continue stack 'clear 1' goroutines exit n >"$WORK/delve.commands"
	timeout 60 "$DLV" attach "$1" --allow-non-terminal-interactive=true <"$WORK/delve.commands"
}

delve_attaches() {
	debugged "$1" delve_commands || return 1
	sed -i 's/\x1b\[[0-9;]*m//g' "$WORK/said" # colours
	tr '\n' ' ' <"$WORK/said" | grep -E ' in main\.tick .* in main\.serve .* in main\.main .* in runtime\.main ' >/dev/null &&
		grep -qE 'Goroutine .* main\.(worker|makeList|sumList)' "$WORK/said" || { cat "$WORK/said"; return 1; }
}

# delve_stops PID: 60 times all goroutines' stacks, of which two allocate all the time.
delve_stops() {
	{
		echo 'break main.tick'
		for _ in {1..60}; do printf '%s\n' continue 'goroutines -t 20'; done
		printf '%s\n' 'clear 1' exit n
	} >"$WORK/delve.commands"
	timeout 60 "$DLV" attach "$1" --allow-non-terminal-interactive=true <"$WORK/delve.commands"
}

# delve_walks: where a goroutine is in the agent, whose code has no name, the next frame is one of Go's runtime. Until three
# such were seen, for they are a few in a hundred.
delve_walks() {
	local agent seen=0 lost tries
	for ((tries = 0; tries < 30 && seen < 3; tries++)); do
		debugged run delve_stops || return 1
		agent=$((16#$(sed -n '/memfd:escprof/ { s/-.*//p; q }' "$WORK/run/maps")))
		read -r seen lost < <(awk -v "from=$((agent - 0x5000))" -v "to=$agent" -v "seen=$seen" '
			function value(hex,   i, v) {
				for (i = 3; i <= length(hex); i++) v = v * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
				return v
			}
			{ gsub(/\033\[[0-9;]*m/, "") }
			within && /error:/ { lost++ }
			/^[[:space:]]*[0-9]+  0x[0-9a-f]+ in / {
				if (within && $4 !~ /^runtime\./) lost++
				pc = value($2)
				within = pc >= from && pc < to
				seen += within
			}
			END { print seen + 0, lost + 0 }' "$WORK/said")
		[ "$lost" = 0 ] || { grep -A4 '???' "$WORK/said" | head -n 40; return 1; }
	done
	echo "$seen frames in it"
	[ "$seen" -ge 3 ]
}

# debug PIPE: a debugger stops TARGET, and gets its words by PIPE, until stop_debugging. DEBUGGER is its process.
debug() {
	mkfifo "$1"
	gdb -nx -q -p "$TARGET" <"$1" >"$WORK/said" 2>&1 &
	DEBUGGER=$!
	exec 8>"$1"
	wait_for grep -q "^TracerPid:[[:space:]]*$DEBUGGER\$" "/proc/$TARGET/status"
}

stop_debugging() {
	printf 'detach\nquit\n' >&8
	exec 8>&-
	wait $DEBUGGER
}

# Where a debugger is first, escprof says so, and does nothing.
debugger_first() {
	start plain serve && wait_for grep -q '^serving$' "$WORK/plain/out" || return 1
	local status
	debug "$WORK/plain/gdb" || return 1
	"$ESCPROF" attach -q -o "$WORK/plain/trace" -p "$TARGET" -d 1s 2>"$WORK/refused"
	status=$?
	stop_debugging
	[ $status = 1 ] && grep -q "process $DEBUGGER" "$WORK/refused" || { echo "status $status"; cat "$WORK/refused"; return 1; }
	kill -TERM "$TARGET"
	finish && [ "$(cat "$WORK/plain/status")" = 0 ]
}

# Where a debugger came meanwhile, escprof cannot let the program go, says so, and its next attach does.
debugger_last() {
	start attach serve && wait_for grep -q '^serving$' "$WORK/attach/out" || return 1
	local status
	debug "$WORK/attach/gdb" || return 1
	kill -INT $PROFILER
	wait $PROFILER
	status=$?
	stop_debugging
	[ $status = 1 ] && grep -q "by process $DEBUGGER (gdb.*the next .escprof attach. clears it away" "$WORK/attach/escprof.err" ||
		{ echo "status $status"; cat "$WORK/attach/escprof.err"; return 1; }
	"$ESCPROF" attach -q -d 100ms -o "$WORK/attach/trace" -p "$TARGET" &
	PROFILER=$!
	wait $PROFILER || return 1
	kill -TERM "$TARGET"
	finish && [ "$(cat "$WORK/attach/status")" = 0 ] && grep -q '^fine$' "$WORK/attach/out"
}

# delve: on the machine, or built once.
find_delve() {
	DLV=$(type -P dlv) && return
	DLV=$BUILD/tools/dlv
	[ -x "$DLV" ] || GOBIN=$BUILD/tools GOFLAGS='' go install github.com/go-delve/delve/cmd/dlv@v1.27.2 >"$WORK/dlv.err" 2>&1
}

# say NAME COMMAND…: as check, and says what it found out.
say() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "ok $name${output:+: ${output//$'\n'/; }}"
	else
		check "$name" bash -c 'printf "%s\n" "$1"; exit 1' said "$output"
	fi
}

say "its CPU profile at 10 kHz" profiles_itself "$((${TOOLS_CPU_SECONDS:-1} * 10000))"
for way in run attach; do
	check "$way: an execution trace" execution_trace $way
done
check "block and mutex profiles count as without" ends_with 0 '^receive 30 lock 30$' 'run attach' -workers 1 contention
check "runtime/metrics" ends_with 0 '^objects 25 bytes 20$' 'run attach' metrics
check "testing.AllocsPerRun" ends_with 0 '^list 64$' 'run attach' allocs-per-run
check "a heap dump" heap_dump
check "allocation on stacks of every size" ends_with 0 '^fine$' 'run attach' deep

check "an exit status" ends_with 42 '' 'run attach' exit 42
check "a panic" ends_with 2 '^panic: as asked, 2080' 'run attach' panic
check "a panic in a panic" ends_with 2 'panic: the second' run nested-panic
check "a nil dereference" ends_with 2 'nil pointer dereference' 'run attach' nil
check "a division by zero" ends_with 2 'integer divide by zero' run divide
check "an index out of range" ends_with 2 'index out of range' run index
check "a write to a nil map" ends_with 2 'assignment to entry in nil map' run nil-map
check "a deadlock" ends_with 2 'all goroutines are asleep - deadlock!' run -workers 0 deadlock
check "the main goroutine's end" ends_with 2 'no goroutines (main called runtime.Goexit) - deadlock!' run -workers 0 goexit
check "an unlock of what is not locked" dies_with 2 '^fatal error: sync: unlock of unlocked mutex' 'run attach' unlock
check "map writes at once" dies_with 2 '^fatal error: concurrent map' 'run attach' map-writes
check "a stack overflow" dies_with 2 'stack exceeds 1048576-byte limit' 'run attach' overflow
check "SIGABRT" dies_with 2 '^SIGABRT: abort' run abort
check "SIGSEGV from outside" dies_with 2 '^SIGSEGV: segmentation violation' run segv-outside
say "SIGQUIT without escprof" traceback plain 10 single 2
say "SIGQUIT" traceback run 20 single 2
say "SIGQUIT after attach" traceback attach 10 single 2
say "SIGQUIT with all threads' stacks" traceback run 12 crash 134

if type -P gdb >/dev/null; then
	if cores_are_here; then
		say "a core dump" core_dump
	else
		echo "skip a core dump: they go elsewhere here (/proc/sys/kernel/core_pattern), and only root can change that"
	fi
	for way in plain run attach; do
		check "$way: gdb attaches, stops it at a function, and lets it go" gdb_attaches $way
	done
	check "gdb was there first: escprof names it" debugger_first
	check "gdb came meanwhile: escprof names it, and its next attach clears away" debugger_last
else
	echo "skip gdb: it is not on this machine"
fi
if find_delve; then
	for way in plain run attach; do
		check "$way: delve attaches, stops it at a function, and lets it go" delve_attaches $way
	done
	say "delve finds its way through the agent" delve_walks
else
	echo "skip delve: it is not on this machine, and cannot be had here"
fi
