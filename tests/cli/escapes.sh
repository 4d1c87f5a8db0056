#!/usr/bin/env bash
# docs/ESCAPES.md against the truth: the code it shows is the code that runs; each case has the class, category, verdict
# and count that it tells, and each fix allocates nothing; and no word of the report lacks its section.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
document=docs/ESCAPES.md
program=tests/cli/programs/escapes
rounds=2000
minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')

# The words of the report

# words_of FILE FUNCTION PREFIX: the strings of a table that FUNCTION has, each after what it is for: TOO_LARGE too-large.
words_of() {
	awk -v f="$2(" 'index($0, f) { in_it = 1 } in_it; in_it && /^}/ { exit }' "$1" |
		grep -oE "\[$3_[A-Z_]*\] = \"[^\"]*\"" | sed -E "s/^\[$3_([A-Z_]*)\] = \"(.*)\"$/\1 \2/"
}

# The names that the analyzer has for a CLASS or CATEGORY; no analysis gives the class c yet.
names() {
	words_of analyzer/analysis.c "*site_${1,,}_name" "$1" | grep -v '^C c$'
}

has_sections() {
	local name missing=0
	[ "$(names "$1" | wc -l)" -ge 10 ] || { echo "only $(names "$1" | wc -l) names found"; return 1; }
	while read -r _ name; do
		grep -qx "### $name" $document || { echo "no section ### $name"; missing=1; }
	done < <(names "$1")
	return $missing
}

# The table at the top: the short word of report/words.c leads to the section of the long one.
has_rows() {
	local which name short missing=0 count=0
	while read -r which name; do
		short=$(words_of report/words.c '*words_site' "$1" | sed -n "s/^$which //p")
		[ -n "$short" ] || continue
		count=$((count + 1))
		grep -qxF "| $short | [$name](#$name) |" $document || { echo "no row for $short ($name)"; missing=1; }
	done < <(names "$1")
	[ "$count" -ge 9 ] || { echo "only $count words found"; return 1; }
	return $missing
}

for kind in CLASS CATEGORY; do
	check "a section for each ${kind,,}" has_sections $kind
	check "a row for the short word of each ${kind,,}" has_rows $kind
done

# The code of the document

section() { awk -v heading="### $1" '/^#/ { in_it = $0 == heading } in_it' $document; }

# A program's file without its package clause and imports, and without the empty lines before what is left.
body() {
	awk '/^package / || /^import "/ { next } /^import \(/ { skip = 1 } !skip; /^\)/ { skip = 0 }' "$1" | sed '/./,$!d'
}

shows_file() {
	local name
	name=$(basename "$1" .go)
	section "${name//_/-}" | awk '/^```/ { in_it = /^```go/; next } in_it' >"$WORK/shown"
	[ -s "$WORK/shown" ] && diff "$WORK/shown" <(body "$1")
}

shown=0
for file in "$program"/*.go; do
	[ "$file" = $program/main.go ] && continue
	check "the document shows $(basename "$file")" shows_file "$file"
	shown=$((shown + 1))
done
check "a program in each section" test "$(grep -c '^### ' $document)" = $shown

# The run

build() { (cd $program && CGO_ENABLED=0 "$@"); }

profile() {
	"$ESCPROF" run -q --rate 1 -o "$WORK/$1.escprof" -- "$WORK/$1" &&
		"$ESCPROF" report --format json -o "$WORK/$1.json" "$WORK/$1.escprof"
}

build "$ESCPROF" build -o "$WORK/kept" . 2>"$WORK/err" || { echo "not ok escprof build"; cat "$WORK/err"; exit 1; }
build go build -o "$WORK/bare" . || { echo "not ok go build"; exit 1; }
{ profile kept && profile bare; } || { echo "not ok run"; exit 1; }

file_of() { grep -l "^func $1[([]" $program/*.go; }

# line_of FUNCTION TEXT: where TEXT stands in FUNCTION.
line_of() {
	awk -v f="func $1" -v text="$2" 'index($0, f "(") || index($0, f "[") { in_it = 1 }
		in_it && index($0, text) { print NR; exit }' "$(file_of "$1")"
}

# tells FUNCTION WORD: FUNCTION's section has WORD in backquotes.
tells() {
	local name
	name=$(basename "$(file_of "$1")" .go)
	section "${name//_/-}" | has -F -- "\`$2\`" || { echo "the section of $name does not tell $2"; return 1; }
}

# at FUNCTION TEXT KEY VALUE…: the site where TEXT stands in FUNCTION. Its section tells class, category and verdict.
# $trace is the build that ran, $command the reader's.
at() {
	local function=$1 text=$2 i key
	shift 2
	for ((i = 1; i < $#; i += 2)); do
		key=${!i}
		case $key in
		class | category | verdict) tells "$function" "${@:i+1:1}" || return 1 ;;
		esac
	done
	"$WORK/reader" "${command:-site}" "$WORK/${trace:-kept}.json" "main.$function" "$(line_of "$function" "$text")" "$@"
}

# objects_below FUNCTION LOW..HIGH: what is allocated on all stacks that FUNCTION is on.
objects_below() {
	"$ESCPROF" report --format json --focus "^main\.$1(\[.*|\.func.*)?$" -o "$WORK/below.json" "$WORK/kept.escprof" &&
		"$WORK/reader" objects "$WORK/below.json" "$2"
}

# fixed FUNCTION [LIMIT]: it runs, and allocates nothing, while what it fixes allocates each round.
fixed() {
	grep -qE "[^a-zA-Z]$1(\[[a-z]*\])?\(" $program/main.go || { echo "main.go does not call $1"; return 1; }
	objects_below "${1%Fixed}" $rounds..1e9 && objects_below "$1" 0.."${2:-0}"
}

once=(objects "$rounds")
escapes=(class escape)
if [ "$minor" -ge 25 ]; then
	variable=(class heap-not-escaping verdict 'make([]int, n) does not escape' difference 'Go 1.25')
	append=(class escape category growth verdict 'append escapes to heap')
else
	variable=(class escape verdict 'make([]int, n) escapes to heap')
	append=(class append-growth category growth)
fi
# Nine ints grow from 1 over 2, 4 and 8 to 16; from Go 1.26 the first 4 are in the frame, where the slice is a local one.
# Arrays below 16 bytes share blocks, so their number varies.
arrays=$((7 * rounds / 2))..$((5 * rounds + 100))
local_arrays=$arrays
[ "$minor" -lt 26 ] || local_arrays=$((2 * rounds))
entries=$((9 * rounds))
[ "$minor" -ge 24 ] || entries=$((15 * rounds))..$((20 * rounds))

check "pointer-returned" at newPoint '&point' "${escapes[@]}" category pointer-returned \
	verdict '&point{...} escapes to heap' advice 'return main.point by value' bytes $((16 * rounds)) "${once[@]}"
check "interface-conversion" at record 'last = name' "${escapes[@]}" category interface-conversion \
	verdict 'name escapes to heap' entry runtime.convTstring advice 'concrete type' "${once[@]}"
check "too-large" at sumLarge 'make(' "${escapes[@]}" category too-large verdict 'make([]int, 8193) escapes to heap' \
	bytes $((73728 * rounds)) advice '65,536' "${once[@]}"
check "non-constant-size" at sumOf 'make(' "${variable[@]}" category non-constant-size advice 'constant upper bound' "${once[@]}"
check "closure-capture: the variable" at changes 'last :=' "${escapes[@]}" category closure-capture \
	verdict 'moved to heap: last' advice 'as an argument' "${once[@]}"
check "closure-capture: the closure" at changes 'return func' "${escapes[@]}" category closure-capture \
	verdict 'func literal escapes to heap' advice 'closure outlives' "${once[@]}"
check "leaking-parameter" at configure '&config' "${escapes[@]}" category leaking-parameter \
	verdict '&config{...} escapes to heap' advice 'callee lets escape' "${once[@]}"
check "stored-on-heap" at place '&point' "${escapes[@]}" category stored-on-heap \
	verdict '&point{...} escapes to heap' advice 'hold values' "${once[@]}"
check "go-or-defer" at readAll 'defer' "${escapes[@]}" category go-or-defer verdict 'func literal escapes to heap' \
	advice 'a defer in a loop' objects $((4 * rounds))
check "growth" at squares 'append(' "${append[@]}" advice 'final capacity' objects "$local_arrays"
check "none" at lastLetter '[]rune(' class heap-not-escaping category none verdict '([]rune)(word) does not escape' \
	difference '32 runes' "${once[@]}"

check "escape" at middle 'm :=' "${escapes[@]}" category pointer-returned verdict 'moved to heap: m' \
	advice 'return its value' "${once[@]}"
check "heap-not-escaping" at hasTag 'string(key)' class heap-not-escaping category none \
	verdict 'string(key) does not escape' difference '32 bytes' bytes $((48 * rounds)) "${once[@]}"
check "append-growth" at fill 'append(' "${append[@]}" advice 'final capacity' objects "$arrays"
trace=bare check "append-growth without verdicts" at fill 'append(' class append-growth category growth
check "map-growth" at distinct 'seen[n]' class map-growth category growth advice 'number of entries' objects "$entries"
check "string" at join '+=' class string category none advice 'Builder' objects $((2 * rounds))
command=shown check "reflection" at zeroOf 'reflect.New' class reflection category none entry reflect.unsafe_New \
	advice 'Reflection' "${once[@]}"
check "goroutine: its descriptor" at start 'go serve' class goroutine category go-or-defer entry runtime.newproc \
	advice 'fixed set of workers' objects $((rounds - 20))..$((rounds + 20))
check "goroutine: its closure" at start 'go serve' "${escapes[@]}" category go-or-defer \
	verdict 'func literal escapes to heap' "${once[@]}"
check "channel" at ask 'make(chan' class channel category none advice 'make it once' "${once[@]}"
check "runtime" at number 'value.(int)' class runtime category none entry runtime.panicdottypeE bytes $((48 * rounds)) "${once[@]}"
check "ambiguous" at both '{a, b}' class ambiguous category interface-conversion advice 'boxed' objects $((2 * rounds))
for name in a b; do
	check "ambiguous no more: $name" at oneByOne "= $name" category interface-conversion verdict "$name escapes to heap" "${once[@]}"
done
trace=bare check "unmatched" at newNode '&node' class unmatched category none "${once[@]}"
check "unmatched no more" at newNode '&node' "${escapes[@]}" category pointer-returned \
	verdict '&node{...} escapes to heap' "${once[@]}"

while read -r function; do
	case $function in
	startFixed) limit=20 ;; # a goroutine that waits takes a descriptor of the runtime's, now and then a new one
	*) limit=0 ;;
	esac
	check "$function allocates nothing" fixed "$function" $limit
done < <(grep -ho '^func [a-zA-Z]*Fixed' $program/*.go | cut -d ' ' -f 2)
