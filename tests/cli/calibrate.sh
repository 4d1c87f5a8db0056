#!/usr/bin/env bash
# escprof calibrate, and what reports make of what it kept.
source "$(dirname "$0")/common.bash"

(cd tests/bench/programs/documents && CGO_ENABLED=0 go build -o "$WORK/documents" .) || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof
export XDG_CONFIG_HOME=$WORK/config
KEPT=$XDG_CONFIG_HOME/escprof/calibration.json
"$ESCPROF" run -q -o "$TRACE" -- "$WORK/documents" 500 >/dev/null

# fact KEY: what the trace says.
fact() { "$ESCPROF" info "$TRACE" | sed -n "s/^ *$1  *//p"; }

# report: as JSON into $WORK/json, its warnings into $WORK/err.
report() { "$ESCPROF" report --format json -o "$WORK/json" "$TRACE" 2>"$WORK/err"; }

# calibrated JSON: what the report says of the constants.
calibrated() { grep -q "\"calibrated\": $1" "$WORK/json"; }

usual() { report && calibrated null && [ ! -s "$WORK/err" ]; }
check "without a calibration the report says so" usual

# keep CPU GO OBJECT: a calibration that somebody else might have made.
keep() {
	mkdir -p "$(dirname "$KEPT")"
	cat >"$KEPT" <<JSON
{"format": 2, "measured": [{"cpu": "$1", "go": "$2", "date": "2026-01-02", "cycle": 60000, "object": $3,
 "scan_byte": 0.6, "root_byte": 0.9, "span_byte": 0.2}]}
JSON
}

CPU=$(fact cpu)
GO=$(fact go_version | grep -o '^go[0-9]*\.[0-9]*')
used() {
	[ -n "$CPU" ] && keep "$CPU" "$GO" 22 && report && calibrated '"2026-01-02"' && cp "$WORK/json" "$WORK/first" &&
		"$ESCPROF" report "$TRACE" | tr -s ' \n' ' ' >"$WORK/text" && grep -q 'measured on such a machine on 2026-01-02' "$WORK/text"
}
check "a calibration of the trace's machine is used" used

counts() { keep "$CPU" "$GO" 400 && report && ! cmp -s "$WORK/json" "$WORK/first"; }
check "its constants count" counts

foreign() {
	keep "another CPU" "$GO" 22 && report && calibrated null && keep "$CPU" go1.99 22 && report && calibrated null && [ ! -s "$WORK/err" ]
}
check "another machine's or version's is not" foreign

# In the format before, a constant was measured of another thing.
older() { keep "$CPU" "$GO" 22 && sed -i 's/"format": 2/"format": 1/' "$KEPT" && report && calibrated null && [ ! -s "$WORK/err" ]; }
check "one of before is passed over" older

broken() {
	for text in '{"format": 2, "measured": [' '[]' '{"format": 3, "measured": []}'; do
		echo "$text" >"$KEPT"
		report && calibrated null && grep -q "calibration.json" "$WORK/err" || return 1
	done
	keep "$CPU" "$GO" -5 && report && calibrated null && grep -q "calibration.json.*object" "$WORK/err"
}
check "what is no calibration is named, and does no harm" broken

# It measures, or says that the machine is too busy and keeps nothing.
measures() {
	keep "another CPU" go1.99 22 && cp "$KEPT" "$WORK/before"
	if "$ESCPROF" calibrate >"$WORK/out" 2>"$WORK/err"; then
		grep -q 'a small object' "$WORK/out" && grep -q '"another CPU"' "$KEPT" && [ "$(grep -c '"object"' "$KEPT")" = 2 ] &&
			[ "$(grep -c "\"go\": \"$GO\"" "$KEPT")" = 1 ]
	else
		cat "$WORK/err"
		grep -q 'too busy' "$WORK/err" && cmp "$KEPT" "$WORK/before"
	fi
}
check "escprof calibrate measures, beside what others did" measures

no_go() {
	! ESCPROF_GO=/nonexistent PATH=/nowhere GOROOT= "$ESCPROF" calibrate 2>"$WORK/err" && grep -qi "go" "$WORK/err"
}
check "without Go it says so" no_go
