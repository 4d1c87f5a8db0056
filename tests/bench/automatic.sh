#!/usr/bin/env bash
# make bench-automatic: what the automatic rate costs a running HTTP service that takes as many requests as it can. PAIRS (20) windows of
# WINDOW (8) seconds without escprof, each beside one while it is attached, in turns. Prints, with 95 % intervals: the CPU a
# request takes more, the collector's own CPU among it (but for what it takes once, to attach and to find the symbols), and how
# throughput and the 99th percentile differ. Asserts nothing.
# MORE: more options of attach.
# usage: automatic.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
escprof=$PWD/$1/escprof
pairs=${PAIRS:-20}
window=${WINDOW:-8}
work=$(mktemp -d)
go=$(bash tests/find-go.sh)
PATH="$(dirname "$go"):$PATH"
export PATH CGO_ENABLED=0 GOTOOLCHAIN=local
(cd tests/bench/programs/served && go build -o "$work/served" .)

coproc service { exec "$work/served" windows; }
pid=$service_PID
trap 'kill $pid 2>/dev/null; rm -rf "$work"' EXIT

# spent PID: ns of CPU that its threads have used.
spent() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# measure COLLECTOR: a window; prints requests, CPU, seconds, 99th percentile, CPU of the process COLLECTOR ("": none).
measure() {
	local before=0 after=0 line
	[ -z "$1" ] || before=$(spent "$1")
	echo begin >&"${service[1]}"
	sleep "$window"
	echo end >&"${service[1]}"
	read -r line <&"${service[0]}"
	[ -z "$1" ] || after=$(spent "$1")
	echo "$line $(awk "BEGIN { print ($after - $before) / 1e9 }")"
}

without() { measure "" >>"$work/without"; }

with() {
	# shellcheck disable=SC2086
	"$escprof" attach -q ${MORE:-} -p "$pid" -d $((window + 3))s --no-report -o "$work/t.escprof" &
	local collector=$!
	sleep 1.5
	measure "$collector" >>"$work/with"
	wait "$collector"
}

sleep 2
for ((i = 0; i < pairs; i++)); do
	if ((i % 2)); then with; without; else without; with; fi
	sleep 0.5
done
paste "$work/without" "$work/with" | awk '
	# The 97.5 % quantile of Student with DF degrees of freedom, by its expansion: 1 % low at 5, right to 0.001 from 15 on.
	function student(df,   z) {
		z = 1.959964
		return df < 1 ? 0 : z + (z ^ 3 + z) / (4 * df) + (5 * z ^ 5 + 16 * z ^ 3 + 3 * z) / (96 * df ^ 2)
	}
	function tell(name, sum, square, n,   mean, error) {
		mean = sum / n
		error = n > 1 ? sqrt((square - sum * mean) / (n - 1) / n) : 0
		printf "  %-34s %+.2f %%  (95 %%: %+.2f to %+.2f)\n", name, 100 * mean, 100 * (mean - t * error), 100 * (mean + t * error)
	}
	{
		n++
		inside = ($7 / $6) / ($2 / $1) - 1
		collector = $10 / $7
		added = inside + collector
		throughput = ($6 / $8) / ($1 / $3) - 1
		late = $9 / $4 - 1
		a += added; aa += added ^ 2; s += inside; ss += inside ^ 2; c += collector; cc += collector ^ 2
		p += throughput; pp += throughput ^ 2; l += late; ll += late ^ 2
	}
	END {
		t = student(n - 1)
		printf "%d pairs, automatic rate, attached to an HTTP service:\n", n
		tell("CPU a request, all together", a, aa, n)
		tell("of it in the service", s, ss, n)
		tell("of it the collector", c, cc, n)
		tell("throughput", p, pp, n)
		tell("99th percentile", l, ll, n)
	}'
