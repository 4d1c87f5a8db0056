#!/usr/bin/env bash
# Where verdict and run differ, the report says why; what it says holds for this toolchain, so the words are held
# against what this Go really does.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
source_file=tests/cli/programs/differ/main.go
minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
(cd tests/cli/programs/differ && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/differ" . 2>"$WORK/err") ||
	{ echo "not ok build"; cat "$WORK/err"; exit 1; }
"$ESCPROF" run -q --rate 1 -o "$WORK/t.escprof" -- "$WORK/differ" &&
	"$ESCPROF" report --format json -o "$WORK/json" "$WORK/t.escprof" || echo "not ok run"

# at FUNCTION TEXT KEY VALUE…: the site where TEXT stands in FUNCTION.
at() {
	local line
	line=$(awk -v f="func $1(" -v text="$2" 'index($0, f) { in_it = 1 } in_it && index($0, text) { print NR; exit }' \
		"$source_file")
	"$WORK/reader" site "$WORK/json" "main.$1" "$line" "${@:3}"
}

check "a concatenation over 32 bytes" at concatenate 'a+b' class heap-not-escaping verdict 'a + b does not escape' \
	difference 'put together' objects 2000
check "string(b) over 32 bytes" at toString 'string(b)' class heap-not-escaping verdict 'string(b) does not escape' \
	difference 'A string converted' objects 2000
check "[]byte(s) over 32 bytes" at fromString '[]byte(s)' class heap-not-escaping verdict '([]byte)(s) does not escape' \
	difference 'A []byte converted' objects 2000
if [ "$minor" -ge 25 ]; then
	check "make of n over 32 bytes" at variableMake 'make(' class heap-not-escaping verdict 'make([]byte, n) does not escape' \
		difference 'here 112 bytes' objects 2000
	check "append over 32 bytes" at localAppend 'append(' class heap-not-escaping difference 'Go 1.25' objects 4000
	check "one block for two variables" at twoVariables 'var first' class escape difference 'all 2 variables' \
		tiny true
else
	check "make of n escapes" at variableMake 'make(' class escape verdict 'make([]byte, n) escapes to heap' objects 2000
fi
if [ "$minor" -ge 26 ]; then
	check "an append that is copied at the return" at returnedAppend 'return s' entry runtime.moveSliceNoCapNoScan \
		difference 'copied to the heap once' objects 2000
else
	check "an append that escapes grows on the heap" at returnedAppend 'append(' entry runtime.growslice
fi
