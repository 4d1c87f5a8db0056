#!/usr/bin/env bash
# escprof top in a terminal of tmux: what it shows, its keys, sizes, and that it leaves nothing behind, however it ends.
source "$(dirname "$0")/common.bash"

export LC_ALL=C.UTF-8 TMPDIR=$WORK/tmp
unset NO_COLOR
mkdir "$TMPDIR"
PANE=$WORK/pane.sh
trap 'mux kill-server 2>/dev/null; [ -z "${target-}" ] || kill -9 "$target" 2>/dev/null; rm -rf "$WORK"' EXIT

mux() { tmux -u -S "$WORK/tmux" -f /dev/null "$@"; }
screen() { mux capture-pane -p -t top; }
press() { mux send-keys -t top "$@"; }

mux new-session -d -s keep cat # else the server would end, and begin again, between the tests

# Until COMMAND succeeds, at most half a minute; shows the screen when it does not.
until_true() {
	local i
	for ((i = 0; i < 300; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "in vain: $*"
	screen
	return 1
}
shows() { screen | has -E -- "$1"; }
hides() { ! shows "$1"; }
wait_for() { until_true shows "$1"; }
gone() { ! kill -0 "$1" 2>/dev/null; }

# The first line of the table, and whether it is of FUNCTION.
first_row() { screen | grep -A1 -E '^ *rank|GC CPU saved' | tail -1; }
leads() { first_row | has -E "main\\.$1( |\$)"; }

# start [top's arguments…]: in a terminal of 100 × 30; afterwards the pane shows the exit status and waits.
start() {
	mux kill-session -t top 2>/dev/null
	{
		echo "stty -g >'$WORK/before'"
		printf '%q ' exec "$ESCPROF" top "$@" | sed 's/^exec //'
		echo
		echo 'status=$?'
		echo "stty -g >'$WORK/after'"
		echo 'echo "[status $status]"'
		echo 'read -r line'
	} >"$PANE"
	rm -f "$WORK/before" "$WORK/after"
	mux new-session -d -s top -x 100 -y 30 "bash '$PANE'"
}
viewer() { pgrep -P "$(mux list-panes -t top -F '#{pane_pid}')" -x escprof; }
# The terminal is as it was, and the folder for temporary files empty.
restored() {
	cmp "$WORK/before" "$WORK/after" && [ -z "$(ls -A "$TMPDIR")" ] && ! shows 'escprof top  ' || { ls -A "$TMPDIR"; screen; return 1; }
}

(cd tests/cli/programs/busy && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/busy" .) >/dev/null 2>&1 || echo "not ok build"

begun=$(date +%s%N)
start --rate 4096 --command-output "$WORK/output" -- "$WORK/busy"
check "the costliest site leads" until_true leads plantTree
echo "# after $((($(date +%s%N) - begun) / 100000000)) tenths of a second"
figures() { wait_for 'GC [0-9.]+ % of the CPU' && wait_for 'allocated +[^ ]' && wait_for '^ +1 +[0-9.]+ [−0-9]+[–…][0-9]+ .*main\.plantTree main\.go'; }
check "the program's figures, and the site's" figures
by_objects() { press o && until_true leads countSmall && press g && until_true leads plantTree; }
check "ranked by objects, and by GC CPU again" by_objects
details() { press Enter && wait_for 'Verdict +&tree\{\.\.\.\} escapes to heap' && wait_for 'What to do' && press Escape && wait_for '^ +rank'; }
check "Enter shows why, and Escape leads back" details
search() {
	press s && press KEEPLIT && press Enter && until_true hides plantTree && wait_for keepLittle &&
		press s C-u Enter && wait_for plantTree
}
check "a search, and its end" search
pausing() { press p && wait_for 'paused' && press p && until_true hides 'paused'; }
check "pause" pausing
help() { press h && wait_for 'Leaving ends the command' && press h && wait_for '^ +rank'; }
check "help" help
# size COLUMNS LINES
size() { mux resize-window -t top -x "$1" -y "$2"; }
sizes() {
	size 40 10 && until_true hides "GC's share" && wait_for 'saved .*where' && wait_for 'main\.plant' && press Enter &&
		wait_for 'Object' && press Enter && size 3 2 && sleep 0.3 && size 1 1 && sleep 0.3 && size 120 40 && wait_for 'plantTree main\.go' &&
		wait_for "GC's share"
}
check "small terminals, and large ones again" sizes
leave() {
	press q && wait_for '\[status 0\]' && restored && [ "$(cat "$WORK/output")" = $'ready\nended' ]
}
check "q ends the command and leaves the terminal as it was" leave

start -- "$WORK/busy" 2 $'\033]0;x\007' '界'
ended() { wait_for 'the program ended' && wait_for 'status 0' && wait_for plantTree && wait_for 'busy 2 .*界' && sleep 1 && wait_for plantTree; }
check "the picture stays when the program has ended" ended
left() { press Escape && wait_for '\[status 0\]' && restored; }
check "and Escape leaves" left

start -- "$WORK/busy"
terminated() { wait_for plantTree && kill -TERM "$(viewer)" && wait_for '\[status 0\]' && restored; }
check "SIGTERM leaves as q does" terminated

start -- "$WORK/busy"
killed() {
	local viewer profiler program
	wait_for plantTree && viewer=$(viewer) && profiler=$(pgrep -P "$viewer") && program=$(pgrep -P "$profiler") &&
		kill -9 "$viewer" && until_true gone "$profiler" && until_true gone "$program" && [ -z "$(ls -A "$TMPDIR")" ]
}
check "a viewer that is killed takes profiler and command with it" killed

start -- "$WORK/busy"
crashed() {
	wait_for plantTree && kill -SEGV "$(viewer)" && wait_for '\[status 139\]' && wait_for '' && cmp "$WORK/before" "$WORK/after" &&
		[ -z "$(ls -A "$TMPDIR")" ]
}
check "a viewer that crashes leaves the terminal as it was" crashed

start -- /bin/true
nothing() { wait_for 'nothing was profiled' && wait_for '\[status 1\]' && restored; }
check "nothing to profile is said" nothing

start -o "$WORK/kept" --window 5m --rate 512 -- "$WORK/busy" 2
kept() {
	local row
	wait_for 'the program ended' && row=$(first_row) && press q && wait_for '\[status 0\]' && "$ESCPROF" report "$WORK/kept" >"$WORK/report" &&
		grep -qF -- "$(sed 's/ *$//' <<<"$row")" "$WORK/report" || { echo "$row"; cat "$WORK/report"; return 1; }
}
check "-o keeps the trace, whose report says the same" kept

terminal() {
	local out
	out=$("$ESCPROF" top -- "$WORK/busy" 2>&1 </dev/null)
	[ $? = 1 ] && grep -q 'top needs a terminal' <<<"$out" || { echo "$out"; return 1; }
}
check "without a terminal that is said" terminal
mux kill-session -t top
for term in dumb no-such; do
	printf 'export TERM=%s\n' "$term" >"$PANE.term"
	start -- "$WORK/busy"
	mux kill-session -t top
	cat "$PANE" >>"$PANE.term"
	mux new-session -d -s top -x 100 -y 30 "bash '$PANE.term'"
	check "nor with a terminal that is $term" wait_for 'top needs a terminal: TERM is “'"$term"
done
usage() { "$ESCPROF" top; [ $? = 2 ] && { "$ESCPROF" top -p 1 -- true; [ $? = 2 ]; } && { "$ESCPROF" top --window 1 -p 1; [ $? = 2 ]; } &&
	{ "$ESCPROF" top --budget 0 -p 1; [ $? = 2 ]; } && { "$ESCPROF" top --cpu-freq 0 -p 1; [ $? = 2 ]; } && { "$ESCPROF" top --force -- true; [ $? = 2 ]; }; }
check "usage" usage

if ! "$ESCPROF" --help | has -E '^ +attach '; then
	echo "skip top -p: this escprof has no attach"
	exit 0
fi
"$WORK/busy" >/dev/null &
target=$!
start -p "$target"
watch() { until_true leads plantTree && wait_for "PID $target" && press q && wait_for '\[status 0\]' && restored && kill -0 "$target"; }
check "-p shows the same of a running program, which q leaves running" watch
start -p "$target" --rate auto --budget 1 --live-rate 64K --ring-size 1M --cpu-freq 50 --rate 8192 --no-cpu-samples --force
passed_on() {
	local line
	wait_for plantTree && line=$(tr '\0' ' ' <"/proc/$(pgrep -P "$(viewer)")/cmdline") || return 1
	has -F -- '--rate=auto --budget=1 --live-rate=64K --ring-size=1M --cpu-freq=50 --rate=8192 --no-cpu-samples --force' <<<"$line" &&
		press q && wait_for '\[status 0\]' || { echo "$line"; return 1; }
}
check "-p: the profiler gets the options" passed_on
start -p "$target"
orphan() {
	local viewer profiler
	wait_for plantTree && viewer=$(viewer) && profiler=$(pgrep -P "$viewer") && kill -9 "$viewer" && until_true gone "$profiler" &&
		kill -0 "$target"
}
check "-p: a viewer that is killed takes the profiler with it, and not the program" orphan
start -p "$target"
dies() { wait_for plantTree && kill -9 "$target" && wait_for 'the program ended' && wait_for plantTree && press q && wait_for '\[status 0\]' && restored; }
check "-p: the picture stays when the program has died" dies
"$WORK/busy" >/dev/null &
target=$!
start -p "$target"
profiler_dies() {
	wait_for plantTree && kill -9 "$(pgrep -P "$(viewer)")" && wait_for 'the profiler ended' && wait_for 'the program runs on' &&
		press q && wait_for '\[status 0\]' && restored && kill -0 "$target"
}
check "-p: a profiler that is killed is said to be, and harms nobody" profiler_dies
