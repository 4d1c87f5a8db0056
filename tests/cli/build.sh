#!/usr/bin/env bash
# What `make` says where something that it needs is missing.
source "$(dirname "$0")/common.bash"

check "nothing is missing here" bash tests/setup.sh --build

# A gcc that finds no libdwarf, and compiles nothing.
mkdir "$WORK/bin"
cat >"$WORK/bin/gcc" <<'SH'
#!/bin/sh
case " $* " in
*" -E "*) cat >/dev/null; echo escprof-needs libdwarf-dev ;;
*) echo "it was run: gcc $*"; exit 1 ;;
esac
SH
chmod +x "$WORK/bin/gcc"
says_missing() {
	local status=0
	PATH=$WORK/bin:$PATH "$@" >"$WORK/out" 2>&1 || status=$?
	[ $status != 0 ] && grep -q '^setup: the build needs, by their Debian names: libdwarf-dev$' "$WORK/out" &&
		grep -q 'install them: make deps.*apt-get install libdwarf-dev$' "$WORK/out" && ! grep 'it was run' "$WORK/out" ||
		{ echo "status $status"; cat "$WORK/out"; return 1; }
}
check "a library that is missing is named" says_missing bash tests/setup.sh --build
make_escprof() { make --no-print-directory O="$WORK/build" -j1 "$WORK/build/escprof"; }
check "by make too, before it compiles anything" says_missing make_escprof
check "and the next make asks again" says_missing make_escprof
