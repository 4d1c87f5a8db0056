#!/usr/bin/env bash
# make validate-service: samples/service with 10,000 requests at once. What the report says that mending each of the
# article's cases saves, written down first, against what it saved: GC CPU a request of the service, without escprof,
# with the load asking for the mended path instead, and right before or after, in turns, for all paths as they are. The
# process's own CPU, of which the GC's share is sampled.
# usage: service.sh BUILD_DIR
# VALIDATE_ROUNDS: 3; VALIDATE_SECONDS: 15 for each run; VALIDATE_CONNECTIONS: 10000.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
rounds=${VALIDATE_ROUNDS:-3} seconds=${VALIDATE_SECONDS:-15} connections=${VALIDATE_CONNECTIONS:-10000}
out=${VALIDATE_OUT:-$build/validate-service}
go=$(bash tests/find-go.sh)
PATH="$(dirname "$go"):$PATH"
export PATH CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=
mkdir -p "$out"
(cd samples && "$build/escprof" build -o "$out/service" ./service && go build -o "$out/load" ./load)

# What is mended, the path that has it, the functions whose stacks it is, and those whose it isn't: what structpb itself
# makes is made by the mended way too.
mended='histogram slice main\.histogramSlow
quantiles make main\.quantilesSlow
errors errors main\.reserveSlow
struct struct main\.describeSlow structpb\.
point point main\.planSlow
closure closure main\.newTicketsSlow
baskets -sessions main\.(fillBasket|swapItem)'

# The load's paths with /$1 mended; each answer of the histogram takes 64 KiB, so that it is asked for less often, and those
# of make and point more often, so that there is a first three: what saves two points more than another can't be told.
paths() {
	echo "/errors,/struct,/make?n=256,/closure,/point,/slice,/make?n=256,/point,/make?n=256,/closure,/point,/make?n=256,/point" |
		sed "s,/$1\\>,/fixed/$1,g"
}

# serve PATHS COMMAND…: the service under COMMAND and under load; prints how many requests it answered.
serve() {
	local paths=$1 service address="$out/address" answered
	shift
	rm -f "$address"
	"$@" -address-file "$address" >"$out/service.log" 2>&1 &
	service=$!
	for ((tries = 0; tries < 300; tries++)); do
		[ ! -s "$address" ] || break
		sleep 0.1
	done
	answered=$("$out/load" -url "$(cat "$address")" -connections "$connections" -duration "${seconds}s" -paths "$paths")
	pkill -TERM -f "^$out/service" || kill -TERM "$service"
	wait "$service"
	echo "$answered" >&2
	echo "${answered%% *}"
}

# measure WHAT: nanoseconds of GC CPU a request, with the path WHAT mended; -sessions: the service's own option.
measure() {
	local paths requests options=()
	paths=$(paths "$1")
	[ "$1" != -sessions ] || options=(-fixed-sessions)
	rm -f "$out/measured"
	requests=$(serve "$paths" "$build/tests/tools/measure_gc" -o "$out/measured" -- "$out/service" "${options[@]}")
	awk -v requests="$requests" '{
		for (i = 1; i <= NF; i++) { split($i, pair, "="); value[pair[1]] = pair[2] }
		printf "%.0f\n", 1e9 * (value["user"] + value["system"]) * value["gc"] / value["samples"] / requests
	}' "$out/measured"
}

if [ ! -s "$out/predicted" ]; then
	serve "$(paths -)" "$build/escprof" run --no-report --rate 4096 -o "$out/trace" -- "$out/service" >/dev/null
	while read -r name _ focus ignore; do
		"$build/escprof" report "$out/trace" --focus "$focus" ${ignore:+--ignore "$ignore"} --format json |
			python3 -c 'import json, sys
selection = json.load(sys.stdin)["selection"]
print("'"$name"'", selection["gc_saved_share"], *selection["gc_saved_share_ci"])'
	done <<<"$mended" >"$out/predicted"
	"$build/escprof" report "$out/trace" >"$out/report.txt"
fi
touch "$out/rounds"
for ((round = $(wc -l <"$out/rounds") + 1; round <= rounds; round++)); do
	line=
	while read -r name path _ <&3; do
		((round % 2)) || without=$(measure "$path")
		full=$(measure -)
		((round % 2 == 0)) || without=$(measure "$path")
		line+="$name=$without/$full "
	done 3<<<"$mended"
	echo "$line" >>"$out/rounds"
done
python3 - "$out/predicted" "$out/rounds" <<'PYTHON'
import statistics, sys

predicted = {words[0]: [float(word) for word in words[1:]] for words in map(str.split, open(sys.argv[1]))}
rounds = [dict(pair.split("=") for pair in line.split()) for line in open(sys.argv[2])]

def saving(pair):
    without, full = map(float, pair.split("/"))
    return 1 - without / full

saved = {name: [saving(one[name]) for one in rounds] for name in predicted}
print("mended       predicted  interval      saved  rounds (% of the GC's CPU a request)")
for name in sorted(predicted, key=lambda name: -predicted[name][0]):
    value, low, high = (100 * x for x in predicted[name])
    each = " ".join(f"{100 * x:.0f}" for x in saved[name])
    print(f"{name:12} {value:8.1f}  {low:5.0f} to {high:3.0f}  {100 * statistics.median(saved[name]):7.1f}  {each}")
top = lambda key: set(sorted(predicted, key=key)[:3])
same = top(lambda name: -predicted[name][0]) == top(lambda name: -statistics.median(saved[name]))
print("ok" if same else "not ok", "    the three that are predicted to save most are those that saved most")
PYTHON
