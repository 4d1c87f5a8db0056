# What stays in a service when escprof was killed: it writes nothing, and costs nothing that can be seen. Sourced by run.sh.
declare -A pids=() addresses=()

# turn_to NAME: TARGET and ADDRESS are that service's.
turn_to() {
	TARGET=${pids[$1]}
	ADDRESS=${addresses[$1]}
}

# begun NAME: the service that has just been started is known by that.
begun() {
	pids[$1]=$TARGET
	addresses[$1]=$ADDRESS
	mv "$WORK/target.out" "$WORK/$1.out"
}

# is_all_in: waits until an escprof that lives is.
is_all_in() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		how_far
		[ $FAR != all ] || return 0
		nap 0.05
	done
	echo "it does not get in"
	return 1
}

# measure NAME: the CPU that the service takes for a round of its work, in ns, over a second, goes to $WORK/cpu.NAME.
measure() {
	local rounds cpu
	nap 0.2
	works_on || return 1
	cpu_of "$TARGET"
	rounds=$last_rounds
	cpu=$CPU
	nap 1
	works_on || return 1
	cpu_of "$TARGET"
	echo $(((CPU - cpu) / (last_rounds - rounds))) >>"$WORK/cpu.$1"
}

# cpu_of PID: sets CPU, what all its threads have taken, in ns.
cpu_of() {
	local file ns
	CPU=0
	for file in "/proc/$1/task/"*/schedstat; do
		read -r ns _ 2>/dev/null <"$file" && CPU=$((CPU + ns))
	done
	[ $CPU -gt 0 ]
}

# The services, each on two Ps that never rest, so that both know soon when nobody collects. Two are never touched, whose
# difference is nothing but noise.
start_services() {
	local -x GOMAXPROCS=2
	local arguments=(-workers 4 -waiters 10) rate=1
	start "${arguments[@]}" && attach_behind --rate 1 && is_all_in || return 1
	last_rounds=0
	measure profiled || return 1
	kill -9 "$PROFILER"
	wait "$PROFILER" 2>/dev/null
	begun attach
	begin_run "${arguments[@]}"
	begins && TARGET=$(pgrep -P "$PROFILER") && is_all_in && nap 0.5 && kill -9 "$PROFILER" && inherit || return 1
	begun run
	start "${arguments[@]}" && begun untouched && start "${arguments[@]}" && begun another
}

# knows NAME: both Ps of it have seen that nobody collects; sets LEFT[NAME] to all that was written until then.
declare -A LEFT=()
knows() {
	local tries
	turn_to "$1"
	for ((tries = 0; tries < 300; tries++)); do
		LEFT[$1]=$(print_agent) || return 1
		[[ ${LEFT[$1]} != *" alone 2" ]] || return 0
		nap 0.1
	done
	echo "it does not become quiet: ${LEFT[$1]}"
	return 1
}

# has_written_nothing NAME: since it knew, though its calls lead to the agent still.
has_written_nothing() {
	turn_to "$1"
	how_far
	[ $FAR = all ] || { echo "$1: the agent is not in any more"; return 1; }
	[ "$(print_agent)" = "${LEFT[$1]}" ] || { echo "$1: ${LEFT[$1]} has become $(print_agent)"; return 1; }
}

# take_turns: each of the services alone, again and again.
take_turns() {
	local name i
	kill -STOP "${pids[@]}"
	for ((i = 0; i < windows; i++)); do
		for name in untouched attach run another; do
			turn_to $name
			kill -CONT "$TARGET"
			last_rounds=0
			measure $name || return 1
			kill -STOP "$TARGET"
		done
	done
	kill -CONT "${pids[@]}"
}

# ratio NAME: its CPU for a round against that of the service that was never touched, pair by pair.
ratio() {
	paste "$WORK/cpu.$1" "$WORK/cpu.untouched" | awk 'NF == 2 { print $1 / $2 }' | sort -g | awk -v "name=$1" '
		{ at[NR] = $1 }
		function part(p) { return at[int((NR - 1) * p + 1.5)] }
		END { printf "CPU for a round of work, %s to never touched: median %.3f, half of %d pairs within %.3f to %.3f, all within %.3f to %.3f\n",
			name, part(0.5), NR, part(0.25), part(0.75), at[1], at[NR] }'
}

# let_go NAME: an attach clears away what was left.
let_go() {
	turn_to "$1"
	attach -d 1ms && is_released
}

# end_service NAME: it ends as it would.
end_service() {
	turn_to "$1"
	mv "$WORK/$1.out" "$WORK/target.out"
	if [ "$1" = run ]; then ends_well; else stop; fi
}

left_alone() {
	local i=0 name
	start_services || return 1
	for name in attach run; do
		knows $name || fail "see above"
	done
	take_turns || return 1
	for name in attach run; do
		has_written_nothing $name || fail "see above"
		ratio $name
		let_go $name || fail "see above"
	done
	ratio another
	ratio profiled
	for name in attach run untouched another; do
		end_service $name || fail "see above"
	done
	echo "left alone by a killed escprof: ${LEFT[attach]} (attach), ${LEFT[run]} (run), and no more after $windows windows of each; $bad errors"
}
