#!/usr/bin/env bash
# escprof annotate: costs and verdicts stand beside the lines that have them; sources that are elsewhere, gone, changed.
source "$(dirname "$0")/common.bash"

TRACE=$WORK/t.escprof
SOURCE=$ROOT/tests/cli/programs/target/main.go
SITE=$(awk '/&node\{/ { print NR; exit }' "$SOURCE")
CALL=$(awk '/allocate\(100000\)/ { print NR; exit }' "$SOURCE")

# record [build arguments…]
record() {
	(cd tests/cli/programs/target && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/target" "$@" .) &&
		"$ESCPROF" run -q --rate 1 --no-report -o "$TRACE" -- "$WORK/target"
}
record || echo "not ok run"

# annotate [arguments…]: to $WORK/out.
annotate() { "$ESCPROF" annotate "$@" "$TRACE" >"$WORK/out" 2>"$WORK/err"; }

# line NUMBER TEXT: the line with what it and its callees allocate, 100,000 nodes of 64 bytes.
line() {
	grep -qE "6\.40? MB +100 k +$1  .*$2" "$WORK/out" || { cat "$WORK/out"; return 1; }
}
beside() {
	annotate && line "$SITE" '= &node\{next' && line "$CALL" 'allocate\(100000\)' &&
		grep -A1 -E " $SITE  " "$WORK/out" | has -E '#[0-9]+ &node\{\.\.\.\} escapes to heap' || { cat "$WORK/out"; return 1; }
}
check "what a line allocates, itself and by what it calls, and its verdict" beside
around() { annotate --context 0 && ! grep -qE " $((SITE + 1))  " "$WORK/out" && annotate --context 1 && grep -qE " $((SITE + 1))  " "$WORK/out"; }
check "--context" around
own() { annotate && ! grep -q '^/.*/runtime/' "$WORK/out" && annotate --file 'runtime/proc\.go$' && [ "$(grep -c '^/' "$WORK/out")" = 1 ]; }
check "the program's own files, or those that are asked for" own
none() { ! annotate --file 'no/such' && grep -q 'no/such' "$WORK/err" && ! annotate --file '(' && grep -q 'regular expression' "$WORK/err"; }
check "--file: nothing that matches, nothing to match with" none

# coloured WORDS…: whether escprof's output has colours; it goes to a pipe.
coloured() { "$ESCPROF" "$@" 2>/dev/null | has $'\033\\['; }
colours() {
	local command
	for command in annotate report diff; do
		local traces=("$TRACE")
		[ $command != diff ] || traces+=("$TRACE")
		coloured $command --color always "${traces[@]}" && NO_COLOR=1 coloured $command --color=always "${traces[@]}" &&
			! coloured $command --color never "${traces[@]}" && ! coloured $command --color auto "${traces[@]}" &&
			! coloured $command "${traces[@]}" && complains 'color: auto, always or never' "$ESCPROF" $command --color red "${traces[@]}" ||
			{ echo "$command"; return 1; }
	done
}
check "--color" colours

elsewhere() {
	record -trimpath && annotate && grep -q -- '--source-path' "$WORK/out" && grep -qE "100 k +$SITE  main.allocate" "$WORK/out" &&
		annotate --source-path "$ROOT/tests/cli/programs/target" && line "$SITE" '= &node\{next'
}
check "-trimpath: the lines without text, and with it by --source-path" elsewhere

changed() {
	cp -r tests/cli/programs/target "$WORK/moved" && touch -d '+1 hour' "$WORK/moved/main.go" &&
		annotate --source-path "$WORK/moved" && grep -q 'has changed since' "$WORK/out" &&
		head -5 "$SOURCE" >"$WORK/moved/main.go" && annotate --source-path "$WORK/moved" && line "$SITE" 'main.allocate'
}
check "a source that has changed is said to have; one that is shorter does no harm" changed

hostile() {
	printf '\033]0;x\007\n%.0s' $(seq 60) >"$WORK/moved/main.go" && annotate --source-path "$WORK/moved" &&
		! grep -q $'\033' "$WORK/out"
}
check "what a source holds reaches no terminal as it is" hostile
