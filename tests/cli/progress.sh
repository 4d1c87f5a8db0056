#!/usr/bin/env bash
# The bar of a work that takes longer than a second: on a terminal alone, and wiped at the end.
source "$(dirname "$0")/common.bash"

go_program labels && go_program repeat || { echo "not ok build"; exit 1; }
"$ESCPROF" run -q -o "$WORK/small.escprof" -- "$WORK/labels" 1 1000 || echo "not ok run"

# A trace that takes some seconds to read on this machine, whatever it is.
for ((times = 64; times < 100000; times *= 2)); do
	"$WORK/repeat" "$WORK/small.escprof" $times >"$WORK/large.escprof" || { echo "not ok repeat"; exit 1; }
	begun=${EPOCHREALTIME/./}
	"$ESCPROF" info "$WORK/large.escprof" >"$WORK/info" 2>"$WORK/err" || { echo "not ok info"; exit 1; }
	[ $((${EPOCHREALTIME/./} - begun)) -lt 3000000 ] || break
done

check "nothing of it on what is no terminal" test ! -s "$WORK/err"

# On a pseudo-terminal; what that shows goes to $WORK/shown.
on_terminal() {
	script -qec "'$ESCPROF' $1 '$2' >'$WORK/out'" /dev/null >"$WORK/shown" </dev/null
}
bar() {
	on_terminal info "$WORK/large.escprof" || { cat "$WORK/shown"; return 1; }
	grep -q 'reading the trace, MB \[#' "$WORK/shown" && diff "$WORK/info" "$WORK/out" || { cat -v "$WORK/shown"; return 1; }
	[ "$(tail -c 4 "$WORK/shown" | od -An -tx1 | tr -d ' ')" = 0d1b5b4b ] || { tail -c 20 "$WORK/shown" | cat -v; return 1; }
}
check "a bar on a terminal, wiped at the end" bar
no_bar() {
	on_terminal info "$WORK/small.escprof" && [ ! -s "$WORK/shown" ] || { cat -v "$WORK/shown"; return 1; }
}
check "none for what is quick" no_bar
