#!/usr/bin/env bash
# make bench-automatic: what the automatic rate costs a running HTTP service that takes as many requests as it can. Two of it
# run beside each other, each on a CPU of its own, in turns one of them with escprof, which has the same CPU: what the machine does
# meanwhile, which makes a request dearer by several percent at times, it does to both. A turn is two windows of WINDOW (3)
# seconds, one with each of the two attached to. A pair is TURNS (4) of them in its mean: what differs between the two
# drifts over minutes, so that turns tell more than long windows. There are PAIRS (20). Prints, with 95 % intervals: the CPU a
# request takes more, the collector's own CPU among it (but for what it takes once, to attach and to find the symbols), and how
# throughput and the 99th percentile differ. Beside these stands what they differ by from a turn to the next without escprof, one
# deviation: what somebody sees who compares such windows one after the other. Asserts nothing.
# Where few samples of CPU are wanted, the kernel takes them of whatever runs on a CPU, in both services then; they are
# reckoned in at INTERRUPT_US (60) microseconds each, which is what 1,003 a second of one service cost on the virtual machine of
# PRODUCTION.md's table.
# MORE: more options of attach. NONE=1: nothing is attached; what is printed then is the noise.
# usage: automatic.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
escprof=$PWD/$1/escprof
pairs=${PAIRS:-20}
turns=${TURNS:-4}
window=${WINDOW:-3}
work=$(mktemp -d)
go=$(bash tests/find-go.sh)
PATH="$(dirname "$go"):$PATH"
export PATH CGO_ENABLED=0 GOTOOLCHAIN=local
read -ra cpus <<<"$(taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | awk -F- '{ for (i = $1; i <= $NF; i++) print i }' | head -n 2 | xargs)"
[ ${#cpus[@]} = 2 ] || { echo "bench-automatic: needs two CPUs"; exit 1; }
(cd tests/bench/programs/served && go build -o "$work/served" .)

mkfifo "$work/ask0" "$work/ask1" "$work/answer0" "$work/answer1"
pids=()
for i in 0 1; do
	taskset -c "${cpus[i]}" "$work/served" windows <"$work/ask$i" >"$work/answer$i" &
	pids+=($!)
done
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
exec 3>"$work/ask0" 4>"$work/ask1" 5<"$work/answer0" 6<"$work/answer1"

# spent PID: ns of CPU that its threads have used.
spent() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# tell WORD: to both.
tell() { echo "$1" >&3; echo "$1" >&4; }

# interrupts: the part of a CPU that samples take which both services have.
interrupts() {
	[ -z "${NONE:-}" ] && "$escprof" info "$work/t.escprof" | awk -v us="${INTERRUPT_US:-60}" '
		$1 == "cpu_period_ns" && $2 >= 50000000 { lost = us * 1e3 / $2 }
		END { print lost + 0 }' || echo 0
}

# measure WHICH: a window with escprof attached to service 0 or 1. A line: requests, CPU, seconds and the 99th percentile without
# and with, the collector's CPU, and what samples took of both.
measure() {
	local collector=0 before=0 after=0 lines
	if [ -z "${NONE:-}" ]; then
		# shellcheck disable=SC2086
		taskset -c "${cpus[$1]}" "$escprof" attach -q ${MORE:-} -p "${pids[$1]}" -d $((window + 3))s --no-report -o "$work/t.escprof" &
		collector=$!
		sleep 2
		before=$(spent "$collector")
	fi
	tell begin
	sleep "$window"
	tell end
	read -r lines[0] <&5
	read -r lines[1] <&6
	if [ "$collector" != 0 ]; then
		after=$(spent "$collector")
		wait "$collector"
	fi
	echo "${lines[1 - $1]} ${lines[$1]} $(awk "BEGIN { print ($after - $before) / 1e9 }") $(interrupts)"
}

sleep 2
for ((i = 0; i < pairs; i++)); do
	for ((turn = 0; turn < turns; turn++)); do
		measure $((turn % 2))
		measure $((1 - turn % 2))
	done | paste -s -d ' '
done >"$work/pairs"
awk '
	# The 97.5 % quantile of Student with DF degrees of freedom, by its expansion: 1 % low at 5, right to 0.001 from 15 on.
	function student(df,   z) {
		z = 1.959964
		return df < 1 ? 0 : z + (z ^ 3 + z) / (4 * df) + (5 * z ^ 5 + 16 * z ^ 3 + 3 * z) / (96 * df ^ 2)
	}
	function tell(name, sum, square, n,   mean, error) {
		mean = sum / n
		error = n > 1 ? sqrt((square - sum * mean) / (n - 1) / n) : 0
		printf "  %-34s %+.2f %%  (95 %%: %+.2f to %+.2f)", name, 100 * mean, 100 * (mean - t * error), 100 * (mean + t * error)
	}
	function noise(square) { return square > 0 ? sprintf("  from turn to turn %.2f", 100 * sqrt(square / differences)) : "" }
	# Of a pair: each service was with and without, so that what one has over the other goes away.
	function both(first, second) { return sqrt(first * second) - 1 }
	# Requests a second of the window at AT.
	function rate(at) { return $at / $(at + 2) }
	# Adds up the turn whose first field is AT.
	function turn(at,   interrupts) {
		interrupts = ($(at + 9) + $(at + 19)) / 2
		inside += both(($(at + 5) / $(at + 4)) / ($(at + 1) / $at), ($(at + 15) / $(at + 14)) / ($(at + 11) / $(at + 10))) + interrupts
		collector += ($(at + 8) / $(at + 5) + $(at + 18) / $(at + 15)) / 2
		throughput += both(rate(at + 4) / rate(at), rate(at + 14) / rate(at + 10)) - interrupts
		late += both($(at + 7) / $(at + 3), $(at + 17) / $(at + 13))
	}
	# What the services without escprof in the turn at AT differ by from those in the next, whose windows come the other way round.
	function again(at,   following) {
		following = at + 20
		differences++
		apart += both(rate(following + 10) / rate(at), rate(following) / rate(at + 10)) ^ 2
		lateness += both($(following + 13) / $(at + 3), $(following + 3) / $(at + 13)) ^ 2
	}
	{
		n++
		inside = collector = throughput = late = 0
		for (at = 1; at < NF; at += 20)
			turn(at)
		for (at = 1; at + 20 < NF; at += 20)
			again(at)
		turns = NF / 20
		inside /= turns; collector /= turns; throughput /= turns; late /= turns
		added = inside + collector
		a += added; aa += added ^ 2; s += inside; ss += inside ^ 2; c += collector; cc += collector ^ 2
		p += throughput; pp += throughput ^ 2; l += late; ll += late ^ 2
	}
	END {
		t = student(n - 1)
		printf "%d pairs, automatic rate, attached to an HTTP service:\n", n
		tell("CPU a request, all together", a, aa, n); print ""
		tell("of it in the service", s, ss, n); print ""
		tell("of it the collector", c, cc, n); print ""
		tell("throughput", p, pp, n); print noise(apart)
		tell("99th percentile", l, ll, n); print noise(lateness)
	}' "$work/pairs"
