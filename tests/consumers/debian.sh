#!/usr/bin/env bash
# The Debian package: what lintian says of it; installed, used and removed again, leaving nothing. Needs root for that,
# and no escprof of another package.
source "$(dirname "$0")/common.bash"
DEB=$(ls "$BUILD"/escprof_*_amd64.deb 2>/dev/null)
[ -s "$DEB" ] || { echo "not ok the package: make deb"; exit 1; }

clean_tree() {
	[ ! -e "$BUILD/deb" ] && [ -z "$(git status --porcelain --ignored -- cli docs debian | grep -v '^ M')" ] ||
		{ git status --porcelain --ignored -- cli docs debian; return 1; }
}
no_errors() {
	lintian --fail-on error,warning "$DEB" >"$WORK/lintian" 2>&1 || { cat "$WORK/lintian"; return 1; }
}
missing "lintian" lintian || check "lintian has neither error nor warning" no_errors
again() {
	local before
	before=$(sha256sum <"$DEB")
	make --no-print-directory O="$BUILD" deb >"$WORK/make" 2>&1 || { cat "$WORK/make"; return 1; }
	[ "$before" = "$(sha256sum <"$DEB")" ]
}
check "made once more, it is the same, byte by byte" again
prefix() {
	make --no-print-directory O="$BUILD" install DESTDIR="$WORK/root" PREFIX=/opt/escprof >"$WORK/make" 2>&1 || return 1
	local file
	for file in bin/escprof lib/escprof/libescprof.so share/man/man1/escprof-run.1 share/zsh/site-functions/_escprof; do
		[ -e "$WORK/root/opt/escprof/$file" ] || { echo "not there: $file"; return 1; }
	done
	[ "$(ls "$WORK/root")" = opt ]
}
check "make install takes DESTDIR and PREFIX" prefix

if [ "$(id -u)" -ne 0 ] || dpkg -s escprof >/dev/null 2>&1 || [ -e /usr/bin/escprof ]; then
	echo "skip the package installed: this needs root, and no escprof in /usr"
	exit
fi
go_program target || { echo "not ok build"; exit 1; }
CGO_ENABLED=1 go build -C tests/cli/programs/target -ldflags=-linkmode=external -o "$WORK/dynamic" . ||
	{ echo "not ok build with cgo"; exit 1; }
dpkg -i "$DEB" >"$WORK/dpkg" 2>&1
check "it installs" dpkg -s escprof
trap 'dpkg --purge escprof >/dev/null 2>&1; rm -rf "$WORK"' EXIT
dpkg -L escprof >"$WORK/files"

from_there() {
	(cd "$WORK" && env -u ESCPROF -u BUILD HOME="$WORK" PATH=/usr/bin:/bin "$@")
}
check "escprof --version" from_there escprof --version
profiles() {
	from_there escprof run -q -o "$WORK/t.escprof" -- "$WORK/$1" serve 1 >/dev/null || return 1
	from_there escprof info "$WORK/t.escprof" >"$WORK/info" || return 1
	grep -q "way *$2" "$WORK/info" && from_there escprof report -o "$WORK/text" "$WORK/t.escprof" && grep -q main.allocate "$WORK/text" ||
		{ cat "$WORK/info"; return 1; }
}
check "it profiles a static program" profiles target inject
check "it profiles a dynamic one, by its library" profiles dynamic preload
check "man finds its page" from_there man -w escprof-report
check "its completion is where bash looks" grep -q 'complete -F _escprof escprof' /usr/share/bash-completion/completions/escprof
removed() {
	dpkg --purge escprof >"$WORK/dpkg" 2>&1 || { cat "$WORK/dpkg"; return 1; }
	! grep escprof "$WORK/files" | while read -r file; do
		[ ! -e "$file" ] || echo "left: $file"
	done | grep .
}
check "removed, it leaves nothing" removed
check "nor has any of this left a file in the source" clean_tree
