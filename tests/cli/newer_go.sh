#!/usr/bin/env bash
# A Go that is newer than any that escprof knows: programs whose version was changed in their file. What can be proved is
# used and right; where something is elsewhere the program is refused before it is touched.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

go_program exact && go_program attached && go_program reader || { echo "not ok build"; exit 1; }
go_program exact -ldflags='-s -w' -o "$WORK/exact.stripped" || { echo "not ok build"; exit 1; }
version=$(go env GOVERSION)

# newer FILE MINOR: another one of FILE's program, as if Go 1.MINOR had built it.
newer() {
	sed "s/${version//./[.]}/go1.$2${version#go1.??}/g" "$1" >"$1.$2" && chmod +x "$1.$2" && ! cmp -s "$1" "$1.$2"
}

# site FUNCTION MARK: where the marked line is, and how many objects it makes.
site() {
	local line=
	line=$(grep -n "mark: $2 " tests/cli/programs/exact/main.go)
	"$WORK/reader" site "$WORK/json" "$1" "${line%%:*}" objects "${line##* }"
}

# counted FILE MINOR: run at rate 1, with counts that are exact.
counted() {
	newer "$1" "$2" || { echo "no other version"; return 1; }
	"$ESCPROF" run -q --rate 1 -o "$TRACE" -- "$1.$2" || return 1
	info >"$WORK/info"
	grep -q "^  go_version *go1.$2" "$WORK/info" || { cat "$WORK/info"; return 1; }
	"$ESCPROF" report --format json -o "$WORK/json" "$TRACE" || return 1
	site main.inner pair && site main.inlined slice && site main.concat concat && site main.box box && site main.large large
}
check "with debug information: counts are exact" counted "$WORK/exact" 28
check "a still newer one" counted "$WORK/exact" 30
check "stripped: counts are exact" counted "$WORK/exact.stripped" 28

attached() {
	newer "$WORK/attached" 28 && cp "$WORK/attached.28" "$WORK/attached" && start -workers 1 || return 1
	attach -d 300ms --rate 1 && is_whole && answers && is_released && stop
}
check "attach: in and out" attached

# break FILE: m.p elsewhere in profilealloc, as if a field had come before it: mov 0xd0(%rax), %rdx.
break_code() {
	local at
	at=$(LC_ALL=C grep -obUaP '\x48\x8b\x90\xd0\x00\x00\x00\x48\x85\xd2\x74.\x48\x8b\x52\x38' "$1" | cut -d: -f1 | head -n 1)
	[ -n "$at" ] || { echo "profilealloc is not as it was"; return 1; }
	printf '\xd8' | dd of="$1" bs=1 seek=$((at + 3)) conv=notrunc status=none
}

refused_run() {
	newer "$1" 29 && break_code "$1.29" || return 1
	"$ESCPROF" run -q --rate 1 -o "$WORK/none" -- "$1.29" 2>"$WORK/err" || { echo "status $?"; return 1; }
	grep -q "nothing was profiled: .*newer than the Go 1.18 to 1.27 that this escprof knows, and its machine code has m.p at 0xd8" \
		"$WORK/err" && [ ! -e "$WORK/none" ] || { cat "$WORK/err"; return 1; }
}
check "another layout: refused, the program runs" refused_run "$WORK/exact"
check "another layout, stripped: refused, the program runs" refused_run "$WORK/exact.stripped"

refused_attach() {
	newer "$WORK/attached.28" 28 2>/dev/null
	break_code "$WORK/attached" && start -workers 1 || return 1
	! attach -d 100ms 2>"$WORK/err" && grep -q 'its machine code has m.p at 0xd8' "$WORK/err" || { cat "$WORK/err"; return 1; }
	! grep -q memfd:escprof "/proc/$TARGET/maps" || { echo "it was touched"; return 1; }
	same_text
	kill -9 "$TARGET"
}
check "attach to another layout: refused before it is touched" refused_attach
