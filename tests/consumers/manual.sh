#!/usr/bin/env bash
# The manual pages, as man and mandoc read them: no warning of either, also of those of commands that are not built yet.
source "$(dirname "$0")/common.bash"
missing "manual pages" man && exit
missing "manual pages" mandoc && exit

# A program that has every command that there is a page for, with some options.
cat >"$WORK/all" <<'SH'
#!/bin/sh
if [ "$1" = help ]; then
	for page in docs/man/escprof-*.1.in; do
		name=${page#docs/man/escprof-}
		echo "  ${name%.1.in}  do what it does"
	done
else
	printf 'Usage: escprof %s [OPTION...] TRACE\n\n  -o, --output=FILE   write here\n      --.\\dots  a hostile one\n' "$1"
fi
SH
chmod +x "$WORK/all"
bash docs/man/make-pages.sh "$ESCPROF" 0.1 2026-11-30 "$WORK/man" &&
	bash docs/man/make-pages.sh "$WORK/all" 0.1 2026-11-30 "$WORK/man-all" || { echo "not ok make-pages"; exit 1; }

lint() {
	mandoc -Tlint -Wwarning "$@" >"$WORK/lint" || true
	[ ! -s "$WORK/lint" ] || { cat "$WORK/lint"; return 1; }
}
check "mandoc has nothing to say" lint "$WORK"/man/*.1
check "nor of pages for commands to come" lint "$WORK"/man-all/*.1

man_reads() {
	local page
	for page in "$WORK"/man/*.1 "$WORK"/man-all/*.1; do
		MANWIDTH=80 man --warnings -E UTF-8 -l "$page" >"$WORK/page" 2>"$WORK/err" || return 1
		[ ! -s "$WORK/err" ] || { echo "$page:"; cat "$WORK/err"; return 1; }
		grep -q '^DESCRIPTION' "$WORK/page" || return 1
	done
}
check "man has no warning" man_reads
found() {
	lexgrog "$WORK"/man/*.1 >"$WORK/whatis" && grep -q '"escprof-report - rank the escapes' "$WORK/whatis"
}
check "whatis finds what a page is about" found
