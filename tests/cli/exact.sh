#!/usr/bin/env bash
# At rate 1 counts are exact to the object; at coarser rates the intervals hold what the rate-1 run counted.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
source_file=tests/cli/programs/exact/main.go
(cd tests/cli/programs/exact && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/exact" .) || { echo "not ok build"; exit 1; }

# counts MARK FUNCTION BYTES_AN_OBJECT
counts() {
	local line objects
	line=$(grep -n "mark: $1 " "$source_file" | cut -d: -f1)
	objects=$(grep -o "mark: $1 .*" "$source_file" | cut -d' ' -f3)
	"$WORK/reader" site "$WORK/json" "$2" "$line" objects "$objects" bytes $((objects * $3)) class escape
}

"$ESCPROF" run -q --rate 1 -o "$WORK/t.escprof" -- "$WORK/exact" &&
	"$ESCPROF" report --format json -o "$WORK/json" "$WORK/t.escprof" || echo "not ok run"
"$ESCPROF" info "$WORK/t.escprof" | has 'lost *0 samples, 0 deaths; 0 draws' || echo "not ok nothing lost"
check "rate 1: &T{}, under another frame" counts pair main.inner 16
check "rate 1: make, inlined" counts slice main.inlined 208
check "rate 1: a variable moved to the heap" counts moved main.capture 32
check "rate 1: a closure" counts closure main.capture 16
check "rate 1: string concatenation" counts concat main.concat 64
check "rate 1: a struct put into an interface" counts box main.box 16
check "rate 1: large objects" counts large main.large 106496

intervals() {
	local rate
	cp "$WORK/json" "$WORK/exact.json"
	for rate in 512 4096; do
		"$ESCPROF" run -q --rate $rate -o "$WORK/t.escprof" -- "$WORK/exact" &&
			"$ESCPROF" report --format json -o "$WORK/json" "$WORK/t.escprof" || return 1
		"$WORK/reader" cover "$WORK/json" "$WORK/exact.json" main. || return 1
	done
}
check "coarser rates: 95 % intervals hold the exact counts of the top sites" intervals
