#!/usr/bin/env bash
# Makes a Debian package of what `make install` installs: make-deb.sh VERSION DATE STAGE PACKAGE. STAGE is a folder that
# already has it below usr/; nothing is written outside of it but PACKAGE. DEBFULLNAME and DEBEMAIL name the maintainer,
# as they do for Debian's own tools.
set -euo pipefail
version=$1
date=$2
stage=$(realpath "$3")
package=$(realpath -m "$4")
here=$(dirname "$(realpath "$0")")
maintainer="${DEBFULLNAME:-the escprof authors} <${DEBEMAIL:-escprof@users.noreply.invalid}>"
doc=$stage/usr/share/doc/escprof
# So that the same source gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date -u -d "$date" +%s)}
export SOURCE_DATE_EPOCH

strip --strip-unneeded --remove-section=.comment --remove-section=.note "$stage/usr/lib/escprof/libescprof.so"
strip --remove-section=.comment --remove-section=.note "$stage/usr/bin/escprof"
gzip -9n "$stage"/usr/share/man/man1/*.1

rm "$doc/LICENSE" # the copyright file has it
mkdir -p "$doc" "$stage/usr/share/lintian/overrides" "$stage/DEBIAN"
{
	printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: escprof\n\n'
	printf 'Files: *\nCopyright: %s\nLicense: Expat\n' "$(sed -n 's/^Copyright (c) //p' "$here/../../LICENSE")"
	sed '1,/^Copyright/d' "$here/../../LICENSE" | sed '/./,$!d; s/^$/./; s/^/ /'
} >"$doc/copyright"
printf 'escprof (%s) unstable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n' "$version" "$version" "$maintainer" \
	"$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
cp "$here/lintian-overrides" "$stage/usr/share/lintian/overrides/escprof"

# dpkg-shlibdeps wants a source package's control file where it runs.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/debian"
printf 'Source: escprof\n\nPackage: escprof\nArchitecture: any\n' >"$scratch/debian/control"
depends=$(cd "$scratch" && dpkg-shlibdeps -O -l"$stage/usr/lib/escprof" "$stage/usr/bin/escprof" \
	"$stage/usr/lib/escprof/libescprof.so" 2>"$scratch/err" | sed -n 's/^shlibs:Depends=//p') || true
[ -n "$depends" ] || { echo "deb: dpkg-shlibdeps failed:" >&2; cat "$scratch/err" >&2; exit 1; }

chmod -R u=rwX,go=rX "$stage"
cat >"$stage/DEBIAN/control" <<CONTROL
Package: escprof
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: $maintainer
Installed-Size: $(du -sk --exclude=DEBIAN "$stage" | cut -f1)
Depends: $depends
Suggests: golang-go
Section: devel
Priority: optional
Description: profiler of the heap escapes of Go services
 Tells which heap escapes of a running Go service cost the most garbage
 collection, and what to do about each: it samples the heap allocations of
 the unchanged program, finds for each the compiler's own verdict and
 reason, and ranks them by the CPU that would be gone without them.
CONTROL
(cd "$stage" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$stage/DEBIAN/md5sums"
find "$stage" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0 touch --no-dereference --date="@$SOURCE_DATE_EPOCH"
dpkg-deb --root-owner-group -Zxz --build "$stage" "$package" >/dev/null
