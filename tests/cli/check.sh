#!/usr/bin/env bash
# escprof check: limits, baselines, exit statuses, formats; and the way of CI.md: go test -exec with a benchmark.
source "$(dirname "$0")/common.bash"

cp -r tests/cli/programs/bench "$WORK/before" && cp -r tests/cli/programs/bench "$WORK/after"
sed -i -e 's|// EXTRA: ||' -e '2i // These lines\n// shift the others.' "$WORK/after/join.go"

# bench SOURCE TRACE: as CI.md says: 20,000 operations of the benchmark, verdicts and all; short as it is, with many samples of CPU.
bench() {
	(cd "$1" && go test -toolexec="$ESCPROF toolexec" -exec "$ESCPROF run -q --rate 512 --cpu-freq 10000 -o $2 --" -run "^$" -bench Join \
		-benchtime 20000x) >"$WORK/bench.log" 2>&1 || { cat "$WORK/bench.log"; return 1; }
}
flow() {
	bench "$WORK/before" "$WORK/base" && bench "$WORK/after" "$WORK/new" && bench "$WORK/before" "$WORK/same" &&
		grep -q '20000' "$WORK/bench.log" && "$ESCPROF" info "$WORK/base" >"$WORK/out" && grep -q 'complete *yes' "$WORK/out"
}
check "go test -exec: a benchmark's trace" flow

# ends STATUS PATTERN check's arguments…
ends() {
	local wanted=$1 pattern=$2 status=0
	shift 2
	"$ESCPROF" check "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	cat "$WORK/out" "$WORK/err" >"$WORK/both"
	[ $status = "$wanted" ] && grep -q -- "$pattern" "$WORK/both" ||
		{ echo "status $status:"; cat "$WORK/out" "$WORK/err"; return 1; }
}
check "a limit that holds" ends 0 'The limit holds' --max-gc-share 100 "$WORK/base"
check "the GC's share is too high" ends 3 "The GC takes .* % of the CPU; the limit is 0 %" --max-gc-share 0 "$WORK/base"
check "too many bytes a second" ends 3 'a second are allocated; the limit is 1 kB' --max-alloc-rate 1000 "$WORK/base"
check "bytes for an operation" ends 0 'The limit holds' --max-bytes-per 100K --count 20000 "$WORK/base"
check "too many for one" ends 3 'for each of what was counted; the limit is 100 B' --max-bytes-per 100 --count 20000 "$WORK/base"
check "a site costs too much" ends 3 "of the GC's CPU; the limit is 1.0 %" --max-site-gc 1 "$WORK/base"
check "nothing is asked" ends 2 'give a limit' "$WORK/base"
check "no count" ends 2 'add --count' --max-bytes-per 100 "$WORK/base"
check "no baseline to grow from" ends 2 'add --baseline' --max-grow 5 "$WORK/base"
check "no such trace" ends 1 'cannot open' --max-gc-share 5 "$WORK/none"
check "no such baseline" ends 1 'cannot open' --baseline "$WORK/none" "$WORK/base"

check "the baseline and itself" ends 0 'All 3 limits hold' --baseline "$WORK/base" "$WORK/base"
check "another run of the same" ends 0 'All 3 limits hold' --baseline "$WORK/base" --count 20000 "$WORK/same"
check "a new escape, by its verdict" ends 3 'New: bench.note at join.go:.*moved to heap: n' --baseline "$WORK/base" --count 20000 "$WORK/new"
check "it is gone the other way round" ends 0 'limits hold' --baseline "$WORK/new" --count 20000 "$WORK/base"

json() {
	ends 3 '"passed": false' --baseline "$WORK/base" --count 20000 --format json "$WORK/new" &&
		grep -q '"rule": "new-site"' "$WORK/out" && grep -q '"function": "example.com/bench.note"' "$WORK/out"
}
check "JSON" json

junit() {
	ends 3 'New: ' --baseline "$WORK/base" --count 20000 --format junit -o "$WORK/j.xml" "$WORK/new" &&
		grep -q '<failure message="New: ' "$WORK/j.xml" && grep -q 'name="grown-total.*classname="escprof.check"' "$WORK/j.xml" &&
		! grep -q '<testcase' "$WORK/out"
}
check "JUnit to a file, sentences to standard output" junit
well_formed() {
	command -v python3 >/dev/null || { echo "skip JUnit is XML: no python3"; return 0; }
	check "JUnit is XML" python3 -c 'import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot()
assert len(r.findall(".//failure")) == int(r.get("failures")) > 0' "$WORK/j.xml"
}
well_formed

fingerprint() { grep -m 1 '"escprofSite/v1"' "$1"; }
sarif() {
	ends 3 . --baseline "$WORK/base" --count 20000 --format sarif --source-root "$WORK/after" -o "$WORK/new.sarif" "$WORK/new" &&
		grep -q '"uri": "join.go"' "$WORK/new.sarif" && grep -q '"uriBaseId": "%SRCROOT%"' "$WORK/new.sarif" &&
		grep -q '"ruleId": ' "$WORK/new.sarif" || { cat "$WORK/new.sarif"; return 1; }
}
check "SARIF: the place relative to the source" sarif

stable() {
	sed -i '3i // One more line.' "$WORK/after/join.go"
	bench "$WORK/after" "$WORK/newer" &&
		ends 3 . --baseline "$WORK/base" --count 20000 --format sarif -o "$WORK/newer.sarif" "$WORK/newer" &&
		[ "$(fingerprint "$WORK/new.sarif")" = "$(fingerprint "$WORK/newer.sarif")" ] && [ -n "$(fingerprint "$WORK/new.sarif")" ]
}
check "SARIF: fingerprints stay when lines shift" stable

"$ESCPROF" report --format sarif --top 5 -o "$WORK/report.sarif" "$WORK/base" || echo "not ok report --format sarif"
"$ESCPROF" check --max-gc-share 0 --format sarif -o "$WORK/limit.sarif" "$WORK/base" >/dev/null
notes() { [ "$(grep -c '"level": "note"' "$WORK/report.sarif")" = 5 ]; }
check "SARIF of a report: a note a site" notes

# Against the official schema, where it can be fetched.
status=0
bash tests/sarif/validate.sh "$BUILD/sarif" "$WORK"/*.sarif >"$WORK/valid" 2>&1 || status=$?
if [ $status = 77 ]; then
	echo "skip SARIF is valid by the official schema: $(head -n 1 "$WORK/valid")"
else
	valid() { cat "$WORK/valid"; [ $status = 0 ] && [ "$(grep -c 'valid$' "$WORK/valid")" = 4 ]; }
	check "SARIF is valid by the official schema" valid
fi
