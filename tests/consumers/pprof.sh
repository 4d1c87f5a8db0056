#!/usr/bin/env bash
# The pprof export, read by `go tool pprof` in all its ways: the totals of the JSON report, labels, source, a round trip,
# and the web page's flame graph.
source "$(dirname "$0")/common.bash"
missing "go tool pprof" node && exit
missing "go tool pprof" curl && exit

PROFILE=$WORK/p.pb.gz
export_to "$PROFILE" pprof && "$ESCPROF" report --verdicts "$VERDICTS" --format json -o "$WORK/json" "$TRACE" ||
	{ echo "not ok export"; exit 1; }
go build -o "$WORK/pprof" cmd/pprof 2>"$WORK/err" || { echo "not ok build cmd/pprof"; cat "$WORK/err"; exit 1; }
pprof() {
	"$WORK/pprof" "$@" 2>"$WORK/pprof.err" || { cat "$WORK/pprof.err"; return 1; }
}

# report_total EXPRESSION: its sum over the JSON report's sites.
report_total() {
	node -e 'const report = JSON.parse(require("fs").readFileSync(process.argv[1]))
		console.log(report.sites.reduce((sum, site) => sum + (('"$1"') || 0), 0))' "$WORK/json"
}

# agrees TYPE UNIT EXPRESSION: what `-top` shows of a sample type is what the report's sites sum up to.
agrees() {
	pprof -top -nodefraction=0 -nodecount=100000 -sample_index="$1" ${2:+-unit="$2"} "$PROFILE" >"$WORK/top" || return 1
	local shown
	shown=$(grep -o 'accounting for [0-9.]*' "$WORK/top" | grep -o '[0-9.]*$')
	near "$shown" "$(report_total "$3")" 0.0001 "$rounded"
}
# Each stack's value is rounded to a whole one.
rounded=$("$ESCPROF" export --value objects "$TRACE" | awk 'END { print NR / 2 }')
GC='site.gc_saved_share * report.gc.cpu_seconds * 1e3'
check "alloc_objects are the report's" agrees alloc_objects '' site.alloc_objects
check "alloc_space is the report's" agrees alloc_space B site.alloc_bytes
check "inuse_objects are the report's" agrees inuse_objects '' site.live_objects
check "inuse_space is the report's" agrees inuse_space B site.live_bytes
check "gc_cpu is the report's" agrees gc_cpu ms "$GC"

heads() {
	pprof -top "$PROFILE" >"$WORK/top" || return 1
	local wanted
	for wanted in 'File: labels' 'Build ID: [A-Za-z0-9]' 'Type: gc_cpu' 'Time: 20[0-9][0-9]-' 'Duration: [0-9.]*[1-9]'; do
		grep -q "^$wanted" "$WORK/top" || { echo "no $wanted in:"; head "$WORK/top"; return 1; }
	done
}
check "program, build ID, time and the type shown first" heads

labels() {
	pprof -tags -sample_index=alloc_space "$PROFILE" >"$WORK/tags" || return 1
	local wanted
	for wanted in class category verdict kind; do
		grep -q "^ *$wanted: Total" "$WORK/tags" || { echo "no label $wanted in:"; cat "$WORK/tags"; return 1; }
	done
	grep -q 'escapes to heap' "$WORK/tags" && grep -qw 'even' "$WORK/tags" || { cat "$WORK/tags"; return 1; }
	pprof -top -sample_index=alloc_space -tagfocus=kind=even "$PROFILE" | grep 'main\.even' >/dev/null
}
check "labels: class, category, verdict and the goroutine's own" labels

traces() {
	pprof -traces -sample_index=alloc_space "$PROFILE" >"$WORK/traces" || return 1
	grep -q 'main\.even' "$WORK/traces" && grep -q 'class: *escape$' "$WORK/traces" || { head -n 20 "$WORK/traces"; return 1; }
}
check "-traces" traces

list() {
	pprof -list 'main\.even$' -sample_index=alloc_space "$PROFILE" >"$WORK/list" || return 1
	grep -q 'func even' "$WORK/list" && grep -qE '[0-9.]+[kMG]?B +[0-9.]+[kMG]?B +[0-9]+:' "$WORK/list" ||
		{ cat "$WORK/list"; return 1; }
}
check "-list shows the source with its bytes" list

round_trip() {
	pprof -proto -output="$WORK/again.pb.gz" "$PROFILE" >/dev/null || return 1
	pprof -raw "$PROFILE" >"$WORK/raw" && pprof -raw "$WORK/again.pb.gz" >"$WORK/raw-again" || return 1
	diff "$WORK/raw" "$WORK/raw-again" | head -n 20
	cmp -s "$WORK/raw" "$WORK/raw-again"
}
check "-proto and back changes nothing" round_trip

# The page's flame graph is drawn from the JSON of a call of stackViewer.
flame_page() {
	local port=$((20000 + RANDOM % 10000)) server tries
	"$WORK/pprof" -http="127.0.0.1:$port" -no_browser "$PROFILE" >"$WORK/http" 2>&1 &
	server=$!
	for ((tries = 0; tries < 50; tries++)); do
		! curl -s -o "$WORK/page" "http://127.0.0.1:$port/ui/flamegraph?si=alloc_space" || break
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	grep -q 'stackViewer({' "$WORK/page" && grep -q '"FullName":"main.even"' "$WORK/page" || { cat "$WORK/http"; return 1; }
	near "$(grep -o 'stackViewer({"Total":[0-9]*' "$WORK/page" | grep -o '[0-9]*$')" "$(report_total site.alloc_bytes)" 0.001
}
check "the web page's flame graph has the functions and the total" flame_page
