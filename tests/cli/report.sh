#!/usr/bin/env bash
# escprof report, export and info on what is damaged, missing or of another program; and the exports' totals.
source "$(dirname "$0")/common.bash"

go_program target && go_program reader && go_program ownprofile || { echo "not ok build"; exit 1; }
TRACE=$WORK/t.escprof
"$ESCPROF" run -q --rate 4096 -o "$TRACE" -- "$WORK/target" serve 3 total >/dev/null || echo "not ok run"

check "no such file" complains 'cannot open: .*/none' "$ESCPROF" report "$WORK/none"
check "a file that is no trace" complains 'not an escprof trace: README.md' "$ESCPROF" report README.md
: >"$WORK/empty-file"
check "an empty file" complains 'not an escprof trace\|empty' "$ESCPROF" report "$WORK/empty-file"
check "no arguments" complains 'give a trace' "$ESCPROF" report
check "an unknown format" complains 'text, json, html or sarif' "$ESCPROF" report --format xml "$TRACE"
check "a rate that is none" complains 'nor a number of bytes' "$ESCPROF" run --rate 0 -- true
check "an unknown command" complains 'no such command' "$ESCPROF" dance
check "the binary of another program" complains 'not the program that was profiled' \
	"$ESCPROF" report --binary "$WORK/reader" "$TRACE"

# report_names TRACE PATTERN: the report is made, and has it.
report_names() {
	"$ESCPROF" report "$1" >"$WORK/report" 2>"$WORK/err" && grep -q "$2" "$WORK/report" ||
		{ head -c 2000 "$WORK/err" "$WORK/report"; return 1; }
}

cut_trace() {
	local size at
	size=$(stat -c %s "$TRACE")
	for at in 20 100 $((size / 2)) $((size - 1)); do
		head -c "$at" "$TRACE" >"$WORK/cut"
		"$ESCPROF" info "$WORK/cut" >"$WORK/out" 2>&1 || return 1
		grep -q 'complete *cut' "$WORK/out" || { cat "$WORK/out"; return 1; }
		"$ESCPROF" report "$WORK/cut" >"$WORK/out" 2>&1 || { cat "$WORK/out"; return 1; }
	done
	# Half a trace has no symbols of its own; the program is still there and gives them.
	head -c $((size / 2)) "$TRACE" >"$WORK/cut"
	report_names "$WORK/cut" 'main.allocate'
}
check "a cut trace: a smaller report, which complains so" cut_trace

no_binary() {
	mv "$WORK/target" "$WORK/moved"
	report_names "$TRACE" 'main.allocate'
	local status=$?
	mv "$WORK/moved" "$WORK/target"
	return $status
}
check "a trace is read without its binary" no_binary

stripped() {
	CGO_ENABLED=0 go_program target -ldflags='-s -w' || return 1
	"$ESCPROF" run -q -o "$WORK/s.escprof" -- "$WORK/target" serve 1 >/dev/null || return 1
	report_names "$WORK/s.escprof" 'main.allocate' && report_names "$WORK/s.escprof" 'GC cycles'
}
check "a stripped binary" stripped

unknown_version() {
	local version
	version=$("$ESCPROF" info "$TRACE" | awk '/go_version/ { print $2 }')
	sed "s/$version/go1.17.9/g" "$WORK/target" >"$WORK/old" && chmod +x "$WORK/old"
	"$ESCPROF" run -o "$WORK/f.escprof" -- "$WORK/old" exit 7 2>"$WORK/err"
	[ $? = 7 ] && grep -q 'nothing was profiled: .*go1.17.9.*1.18' "$WORK/err" ||
		{ cat "$WORK/err"; return 1; }
}
check "a Go version before those that are known is refused, and runs (newer ones: newer_go.sh)" unknown_version

pprof_export() {
	"$ESCPROF" export --format pprof -o "$WORK/p.pb.gz" "$TRACE" || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	local wanted got
	wanted=$(grep -o '"alloc_bytes": *[0-9.e+]*' "$WORK/json" | head -n 1 | sed 's/.*: *//')
	got=$(go tool pprof -sample_index=alloc_space -unit=B -top "$WORK/p.pb.gz" 2>/dev/null |
		grep -o 'of [0-9.]*B total' | grep -o '[0-9.]*')
	awk -v a="$wanted" -v b="$got" 'BEGIN { print a, b; exit !(b > 0 && a / b > 0.99 && a / b < 1.01) }'
}
check "go tool pprof reads the export and agrees on the total" pprof_export

# selected OPTION…: the bytes that a report with these options is about.
selected() {
	"$ESCPROF" report --format json "$@" "$TRACE" | grep -o '"alloc_bytes": *[0-9.e+]*' | head -n 1 | sed 's/.*: *//'
}

# pprof_shows OPTION…: the bytes that go tool pprof shows of the whole export.
pprof_shows() {
	go tool pprof -sample_index=alloc_space -unit=B -nodefraction=0 -nodecount=100000 -top "$@" "$WORK/p.pb.gz" \
		2>/dev/null | grep -o 'for [0-9.]*B' | grep -o '[0-9.]*'
}

focus_as_pprof() {
	local all some=0 pair
	all=$(selected)
	for pair in 'main\.allocate:nowhere' 'net/http:nowhere' '.:main\.' 'main\.:^net/http'; do
		local ours theirs
		ours=$(selected --focus "${pair%%:*}" --ignore "${pair##*:}")
		theirs=$(pprof_shows -focus="${pair%%:*}" -ignore="${pair##*:}")
		awk -v a="$ours" -v b="${theirs:-0}" -v all="$all" \
			'BEGIN { print a, b; d = a - b; exit !(d < all / 1e5 && d > -all / 1e5) }' || return 1
		some=$(awk -v a="$ours" -v all="$all" -v n="$some" 'BEGIN { print n + (a > 0 && a < all) }')
	done
	[ "$some" -ge 2 ] || { echo "only $some of the expressions divide the stacks"; return 1; }
	"$ESCPROF" export --format pprof --focus 'main\.allocate' -o "$WORK/f.pb.gz" "$TRACE" || return 1
	mv "$WORK/f.pb.gz" "$WORK/p.pb.gz"
	awk -v a="$(pprof_shows)" -v b="$(selected --focus 'main\.allocate')" \
		'BEGIN { print a, b; exit !(a > 0 && a / b > 0.9999 && a / b < 1.0001) }'
}
check "--focus and --ignore keep what go tool pprof keeps" focus_as_pprof
check "an expression that is none" complains 'not a regular expression.*: (: ' "$ESCPROF" report --focus '(' "$TRACE"

folded() {
	"$ESCPROF" export --value alloc "$TRACE" >"$WORK/folded" || return 1
	awk '{ if ($NF !~ /^[0-9]+$/) bad = 1; sum += $NF } /main.main;.*main.allocate/ { seen = 1 }
		END { print sum; exit bad || !seen || sum < 1000000 }' "$WORK/folded"
}
check "folded stacks" folded

svg() {
	"$ESCPROF" export --format svg -o "$WORK/f.svg" "$TRACE" &&
		grep -q '<svg' "$WORK/f.svg" && grep -q 'main.allocate' "$WORK/f.svg" &&
		! grep -E '(href|src)="https?:' "$WORK/f.svg"
}
check "a flame graph that asks nobody for anything" svg

# share FROM: the first gc_saved_share of the JSON report from the line that FROM matches on.
share() {
	sed -n "/$1/,\$p" "$WORK/json" | grep -m 1 '"gc_saved_share":' | tr -d ' ,'
}
what_if() {
	"$ESCPROF" report --format json --what-if 1,1 "$TRACE" >"$WORK/json" || return 1
	[ -n "$(share '"sites": \[')" ] && [ "$(share '"rank": 1,')" = "$(share '"what_if": {')" ] ||
		{ share '"rank": 1,'; share '"what_if": {'; return 1; }
}
what_if_set() {
	"$ESCPROF" report --what-if 1,2 --gogc 400 --memlimit 2GiB "$TRACE" >"$WORK/out" || return 1
	grep -q 'GOGC=400, memory limit 2.1 GB' "$WORK/out" && grep -q 'GC CPU *[0-9.]* % less (95 %' "$WORK/out" &&
		grep -q '#2 ' "$WORK/out" || { sed -n '/What if/,/^$/p' "$WORK/out"; return 1; }
}
# What would be more is told with an interval of more.
what_if_more() {
	"$ESCPROF" report --gogc 20 "$TRACE" >"$WORK/out" || return 1
	grep -q 'GC CPU *[0-9.]* % more (95 %: [0-9.]* to [0-9.]* %)' "$WORK/out" || { sed -n '/What if/,/^$/p' "$WORK/out"; return 1; }
}
check "--what-if of one site is its saving" what_if
check "--gogc: an interval is told in its figure's direction" what_if_more
check "--what-if of two, with another GOGC and limit" what_if_set
check "--what-if of no site" complains 'there is no site 99999' "$ESCPROF" report --what-if 99999 "$TRACE"
check "--what-if of no number" complains 'not ranks of the table' "$ESCPROF" report --what-if 1,x "$TRACE"
# saved OPTION…: what the GC of $WORK/limited.escprof would save, as JSON has it.
saved() {
	"$ESCPROF" report --format json "$@" "$WORK/limited.escprof" >"$WORK/json" && share '"what_if": {' | sed 's/.*://'
}
own_setting() {
	GOGC=off GOMEMLIMIT=16777216 "$ESCPROF" run -q --no-report -o "$WORK/limited.escprof" -- "$WORK/target" serve 2 >/dev/null || return 1
	local same less more
	same=$(saved --memlimit 16M) less=$(saved --memlimit 12M) more=$(saved --memlimit 32M)
	awk -v same="$same" -v less="$less" -v more="$more" -v off="$(saved --gogc off)" -v both="$(saved --gogc off --memlimit 16777216)" \
		'BEGIN { print same, less, more, off, both
			exit !(same != "" && same * same + off * off + both * both < 1e-20 && less < -0.1 && more > 0.3) }'
}
check "--memlimit and --gogc of the run itself change nothing, others do" own_setting
# 9 kB for the heap are less than what is alive: no figure is given, and that is told.
too_small() {
	"$ESCPROF" report --memlimit 10000 "$TRACE" >"$WORK/out" && grep -q 'the heap does not fit in this limit' "$WORK/out" &&
		! grep -q '^  GC cycles' "$WORK/out" || { sed -n '/What if/,/^$/p' "$WORK/out"; return 1; }
	"$ESCPROF" report --format json --memlimit 10000 "$TRACE" >"$WORK/json" || return 1
	sed -n '/^ "what_if"/,$p' "$WORK/json" >"$WORK/out"
	has '"fits": false' <"$WORK/out" && has '"gc_saved_share": null' <"$WORK/out" && has '"goal_bytes": null' <"$WORK/out" ||
		{ cat "$WORK/out"; return 1; }
}
check "--memlimit below what is alive" too_small
# What a format does not answer it does not take.
not_answered() {
	local option
	for option in '--what-if=1' '--gogc=50' '--gogc=off' '--memlimit=1G'; do
		complains 'only --format text, json and html answer' "$ESCPROF" report --format sarif "$option" "$TRACE" || return 1
	done
	complains 'memlimit: only --format text and json answer' "$ESCPROF" report --memlimit 1G --format html "$TRACE" &&
		complains 'gogc off: only --format text and json answer' "$ESCPROF" report --gogc off --format html "$TRACE" &&
		"$ESCPROF" report --gogc 50 --what-if 1 --format html "$TRACE" | has '"asked":{"sites":\[0\],"gogc":50}'
}
check "SARIF answers no what-if, HTML none of a limit" not_answered
check "--gogc of no number" complains 'not a percentage' "$ESCPROF" report --gogc many "$TRACE"
for gogc in -5 -5x -1 5x 0 '' OFF 99999999999999999999; do
	check "--gogc '$gogc'" complains "gogc: not a percentage from 1 to 100000, nor off: $gogc\$" "$ESCPROF" report --gogc "$gogc" "$TRACE"
done
check "--memlimit below nothing" complains 'not a number of bytes' "$ESCPROF" report --memlimit -5M "$TRACE"
check "--memlimit of no number" complains 'not a number of bytes' "$ESCPROF" report --memlimit much "$TRACE"

# The lines of --by in JSON are those of the text, with the same bytes in all as the sites.
by_in_json() {
	local by
	for by in category package goroutine; do
		"$ESCPROF" report --format json --by $by "$TRACE" >"$WORK/json" || return 1
		has "\"by\": \"$by\"" <"$WORK/json" || { echo "no groups by $by"; return 1; }
		awk '/^ "groups"/ { groups = 1 }
			/^ "sites"/ { sites = 1 }
			/^ "(c|roots|labels)"/ { sites = 0 }
			/"alloc_bytes":/ && (groups || sites) { sub(/,$/, ""); if (groups) rows += $2; else if (/^   "alloc/) all += $2 }
			END { print rows, all; exit !(all > 1e6 && rows / all > 0.999 && rows / all < 1.001) }' "$WORK/json" || return 1
	done
	"$ESCPROF" report --format json "$TRACE" | has '^ "groups": null'
}
check "--by in JSON" by_in_json
check "--by: HTML has no such table" complains 'only --format text and json' "$ESCPROF" report --by type --format html "$TRACE"
check "--by: nor has SARIF" complains 'only --format text and json' "$ESCPROF" report --by root --format sarif "$TRACE"

# No cycle ends: what a site would save is not known, which is not nothing.
no_cycle() {
	GOGC=off "$ESCPROF" run -q --no-report -o "$WORK/n.escprof" -- "$WORK/target" exit 0 >/dev/null || return 1
	"$ESCPROF" report --format json "$WORK/n.escprof" >"$WORK/json" || return 1
	[ "$(sed -n '/^ "sites"/,/^ "c"/p' "$WORK/json" | grep -c '"gc_saved_share": null')" -ge 1 ] &&
		! sed -n '/^ "sites"/,/^ "c"/p' "$WORK/json" | has '"gc_[a-z_]*_share": [0-9]' || { head -c 3000 "$WORK/json"; return 1; }
	sed -n '/^ "gc"/,/^ "totals"/p' "$WORK/json" >"$WORK/out"
	has '"live_bytes": null' <"$WORK/out" && has '"goal_bytes": null' <"$WORK/out" && has '"cycles": 0' <"$WORK/out" || { cat "$WORK/out"; return 1; }
	! "$ESCPROF" report "$WORK/n.escprof" | has 'Live heap' || return 1
	report_names "$WORK/n.escprof" 'Ranked by bytes: no GC cycle was seen'
}
# Nor do the other formats claim any: bytes are what is shown then, unless the GC is asked for by name.
no_cycle_elsewhere() {
	local trace=$WORK/n.escprof
	"$ESCPROF" report --format sarif "$trace" >"$WORK/out" && has '% of the allocated bytes' <"$WORK/out" &&
		! has 'the GC would take' <"$WORK/out" || { head -c 3000 "$WORK/out"; return 1; }
	"$ESCPROF" report --format html "$trace" >"$WORK/out" && has '"model":{}' <"$WORK/out" &&
		has '"live_bytes":null,"goal_bytes":null' <"$WORK/out" || { echo "html: a model"; return 1; }
	"$ESCPROF" annotate --file . "$trace" >"$WORK/out" && has 'objects' <"$WORK/out" && ! has 'GC saved' <"$WORK/out" &&
		! has '^ *[0-9.]* %' <"$WORK/out" || { head "$WORK/out"; return 1; }
	"$ESCPROF" export "$trace" >"$WORK/out" && "$ESCPROF" export --value alloc "$trace" | cmp - "$WORK/out" &&
		has ' [1-9][0-9]*$' <"$WORK/out" || { head "$WORK/out"; return 1; }
	"$ESCPROF" export --format speedscope "$trace" >"$WORK/out" && has 'allocated bytes' <"$WORK/out" &&
		! has 'GC CPU that' <"$WORK/out" || { head -c 500 "$WORK/out"; return 1; }
	"$ESCPROF" export --format pprof -o "$WORK/n.pb.gz" "$trace" && "$GO" tool pprof -top "$WORK/n.pb.gz" 2>/dev/null | has '^Type: alloc_space' ||
		{ echo "pprof"; return 1; }
	complains 'without a GC cycle that ended: add --value alloc' "$ESCPROF" export --value gc "$trace"
}
check "no GC cycle: savings are not known" no_cycle
check "no GC cycle: nor in SARIF, HTML, annotate, export" no_cycle_elsewhere

sidecar() {
	(cd tests/cli/programs/target && CGO_ENABLED=0 "$ESCPROF" build --sidecar -o "$WORK/side" .) 2>/dev/null || return 1
	[ -s "$WORK/side.escv" ] || return 1
	"$ESCPROF" run -q -o "$WORK/side.escprof" -- "$WORK/side" serve 1 >/dev/null || return 1
	ESCPROF_CACHE=$WORK/empty "$ESCPROF" report --format json -o "$WORK/json" "$WORK/side.escprof" || return 1
	grep -q '&node{...} escapes to heap' "$WORK/json"
}
check "verdicts travel in a sidecar" sidecar
