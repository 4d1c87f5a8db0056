#!/usr/bin/env bash
# make browser: the HTML report in a headless Chromium, from a real trace and from analyses that no trace would give
# (tests/tools/write_html.c). page.mjs drives it; the library that it drives with is fetched into the build folder.
source "$(dirname "$0")/../cli/common.bash"

DRIVER=playwright-core@1.65.1

install_driver() {
	local folder=$BUILD/browser
	grep -qs "\"version\": \"${DRIVER#*@}\"" "$folder/node_modules/playwright-core/package.json" && return
	mkdir -p "$folder" && echo '{"private": true}' >"$folder/package.json" &&
		npm install --prefix "$folder" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund "$DRIVER"
}

# BROWSER_TRACE: a trace to drive instead of that of escapes, whose GC is made to have something to do as it is short.
record() {
	if [ -n "${BROWSER_TRACE-}" ]; then
		cp "$BROWSER_TRACE" "$WORK/plain.escprof"
		return
	fi
	(cd tests/cli/programs/escapes && CGO_ENABLED=0 "$ESCPROF" build -o "$WORK/escapes" .) &&
		GOGC=20 "$ESCPROF" run -q --no-report --rate 512 -o "$WORK/plain.escprof" -- "$WORK/escapes"
}

# A cgo program and one of C, every allocation counted.
record_c() {
	CGO_ENABLED=1 go_program cgo && gcc -O2 -g -fno-builtin -o "$WORK/entries" tests/cli/programs/c/entries.c -ldl -lpthread || return 1
	"$ESCPROF" run -q --rate 1 --c-rate 1 -o "$WORK/cgo.escprof" -- "$WORK/cgo" || return 1
	"$ESCPROF" run -q --c-rate 1 -o "$WORK/c.escprof" -- "$WORK/entries"
	local name
	for name in cgo c; do
		"$ESCPROF" report --format html -o "$WORK/$name.html" "$WORK/$name.escprof" &&
			"$ESCPROF" report --format json -o "$WORK/$name.json" "$WORK/$name.escprof" || return 1
	done
}

# what_ifs NAME OPTIONS…: sets of sites that page.mjs has the model in NAME's page asked of too, and what the C model says.
what_ifs() {
	local name=$1 i=0 options
	shift
	for options; do
		# shellcheck disable=SC2086 # two words each
		"$ESCPROF" report --format json $options -o "$WORK/$name-what-if-$((i++)).json" "$WORK/$name.escprof" || return 1
	done
}

# One program asks for cycles itself.
all_what_ifs() {
	go_program ownprofile && GOGC=400 "$ESCPROF" run -q --rate 512 -o "$WORK/forced.escprof" -- "$WORK/ownprofile" &&
		"$ESCPROF" report --format html -o "$WORK/forced.html" "$WORK/forced.escprof" &&
		what_ifs forced '--what-if 1' '--gogc 100' '--what-if 1 --gogc 20' '--gogc off' '--what-if 1 --gogc off' &&
		what_ifs plain '--what-if 1' '--what-if 2' '--what-if 1,2,3' '--what-if 3,5,8,13,21' '--what-if 1,2,3,4,5,6,7,8,9,10,11,12' \
			'--gogc 400' '--what-if 2 --gogc 50' '--what-if 1,3,4 --gogc 1000' '--gogc 20' '--what-if 2 --gogc 21'
}

pages() {
	local kind
	"$ESCPROF" report --format html -o "$WORK/plain.html" "$WORK/plain.escprof" &&
		"$ESCPROF" report --format html --embed-source --what-if 2,1 -o "$WORK/source.html" "$WORK/plain.escprof" &&
		"$ESCPROF" report --format json -o "$WORK/report.json" "$WORK/plain.escprof" &&
		"$ESCPROF" export --format folded --value alloc -o "$WORK/folded" "$WORK/plain.escprof" || return 1
	for kind in hostile profile idle large empty; do
		"$BUILD/tests/tools/write_html" $kind >"$WORK/$kind.html" || return 1
	done
}

{ install_driver && record && record_c && all_what_ifs && pages; } >"$WORK/log" 2>&1 || { cat "$WORK/log"; echo "not ok browser: set-up"; exit 1; }
node tests/browser/page.mjs "$WORK" "$BUILD/browser" || echo "not ok browser: the driver ended badly"
