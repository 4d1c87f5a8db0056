#!/usr/bin/env bash
# escprof report --format html: one file with its data in it, and sources only where they were asked for. What a browser
# makes of it, `make browser` asks.
source "$(dirname "$0")/common.bash"

go_program target && "$ESCPROF" run -q --no-report -o "$WORK/t.escprof" -- "$WORK/target" || { echo "not ok run"; exit 1; }

# html OPTION…: to $WORK/out.html.
html() { "$ESCPROF" report --format html -o "$WORK/out.html" "$@" "$WORK/t.escprof"; }

one_file() {
	html || return 1
	grep -q "default-src 'none'" "$WORK/out.html" && grep -q 'main.allocate' "$WORK/out.html" || return 1
	# The name of SVG's elements looks like an address, and is none.
	! grep -vF createElementNS "$WORK/out.html" | grep -nE 'https?:|src=|url\(|@import|unsafe-|innerHTML'
}
check "one file that names nothing elsewhere" one_file

# hash_of FILE: in base64, as a policy names it.
hash_of() { env printf "$(sha256sum "$1" | cut -c 1-64 | sed 's/../\\x&/g')" | base64 -w 0; }

hashes() {
	local tag
	html || return 1
	for tag in script style; do
		awk -v tag="$tag" '
			$0 ~ "^<" tag ">" { on = 1; sub("^<" tag ">", "") }
			on && $0 ~ "^</" tag ">" { exit }
			on' "$WORK/out.html" >"$WORK/$tag"
		[ "$(wc -l <"$WORK/$tag")" -gt 50 ] && grep -qF "$tag-src 'sha256-$(hash_of "$WORK/$tag")'" "$WORK/out.html" || return 1
	done
}
check "the policy's hashes are those of the script and the style" hashes

sources() {
	html && ! grep -q 'does what its arguments say' "$WORK/out.html" && html --embed-source &&
		grep -q 'does what its arguments say' "$WORK/out.html"
}
check "sources only with --embed-source" sources

elsewhere() {
	go_program target -trimpath && "$ESCPROF" run -q --no-report -o "$WORK/t.escprof" -- "$WORK/target" &&
		html --embed-source && grep -q '"state":"missing"' "$WORK/out.html" &&
		html --embed-source --source-path tests/cli/programs/target && grep -q 'does what its arguments say' "$WORK/out.html"
}
check "--source-path" elsewhere

refused() {
	! "$ESCPROF" report --embed-source "$WORK/t.escprof" 2>"$WORK/err" && grep -q 'only --format html' "$WORK/err" &&
		! html --source-path . 2>"$WORK/err" && grep -q 'with --embed-source' "$WORK/err"
}
check "options that need each other" refused

same_twice() {
	html && cp "$WORK/out.html" "$WORK/first.html" && html && cmp "$WORK/first.html" "$WORK/out.html"
}
check "the same file each time" same_twice

full_disk() { ! "$ESCPROF" report --format html "$WORK/t.escprof" >/dev/full 2>"$WORK/err" && grep -q 'could not be written' "$WORK/err"; }
check "a full disk is told" full_disk
