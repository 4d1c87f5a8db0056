#!/usr/bin/env bash
# The article's cases: in each sample the slow variant's site is found with its category, verdict and advice, and is gone
# from the fixed one.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
TRACE=$WORK/t.escprof

# profile SAMPLE VARIANT: its report as JSON in $WORK/json.
profile() {
	"$ESCPROF" run -q --rate 512 -o "$TRACE" -- "$WORK/sample-$1" -variant "$2" >/dev/null || return 1
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE"
}

build() {
	(cd samples && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/sample-$1" "./$1")
}

line_of() { grep -n "$2" "samples/$1/main.go" | head -n 1 | cut -d: -f1; }

# slow_has FUNCTION LINE KEY VALUE…
slow_has() { "$WORK/reader" site "$WORK/json" "$@"; }

# fixed_lacks FUNCTION LINE
fixed_lacks() { ! "$WORK/reader" site "$WORK/json" "$@" >/dev/null; }

case_is() {
	local sample=$1 function=$2 line=$3
	shift 3
	build "$sample" && profile "$sample" slow && slow_has "$function" "$line" "$@" || return 1
	profile "$sample" fixed && fixed_lacks "$function" "$line"
}

kratos=github.com/go-kratos/kratos/v2/errors
check "pointer returned" case_is pointer-returned $kratos.New 69 \
	class escape category pointer-returned verdict '&errors.Error{...} escapes to heap' advice 'value'
check "interface{} fed to structpb: does not escape, allocates all the same" case_is interface-conversion \
	main.describeSlow "$(line_of interface-conversion 'structpb.NewStruct(map')" \
	class heap-not-escaping category interface-conversion \
	verdict 'map[string]interface {}{...} does not escape' advice 'structpb'
check "8193 ints are too large for the stack" case_is stack-too-small main.sumTooLarge \
	"$(line_of stack-too-small 'make(\[\]int, tooMany)')" \
	class escape category too-large verdict 'make([]int, 8193) escapes to heap' advice '65,536'
check "make([]int, n)" case_is stack-too-small main.sumOf "$(line_of stack-too-small 'make(\[\]int, n)')" \
	class heap-not-escaping category non-constant-size verdict 'make([]int, n) does not escape'
check "a counter captured by a closure" case_is closure main.counterSlow "$(line_of closure 'n := 0')" \
	class escape category closure-capture verdict 'moved to heap: n'
check "small values by pointer" case_is value-or-pointer main.pathSlow "$(line_of value-or-pointer '&point{')" \
	class escape verdict '&point{...} escapes to heap'
