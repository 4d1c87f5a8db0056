#!/usr/bin/env bash
# make install and make uninstall: what is there, whether the documents' links lead somewhere, and what stays.
source "$(dirname "$0")/common.bash"

PREFIX=/opt/escprof
THERE=$WORK/root$PREFIX
make_it() {
	make --no-print-directory O="$BUILD" "$1" DESTDIR="$WORK/root" PREFIX=$PREFIX >"$WORK/make" 2>&1 || { cat "$WORK/make"; return 1; }
}
installs() {
	make_it install || return 1
	local file
	for file in bin/escprof lib/escprof/libescprof.so share/man/man1/escprof-run.1 share/doc/escprof/README.md \
		share/doc/escprof/LICENSE share/doc/escprof/docs/PRODUCTION.md share/doc/escprof/docs/report.schema.json; do
		[ -s "$THERE/$file" ] || { echo "not there: $file"; return 1; }
	done
	"$THERE/bin/escprof" --version | has '^escprof '
}
check "make install" installs

# anchors FILE: of its headings, as GitHub makes them.
anchors() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}
# links_of FOLDER: all links in its documents to files and headings lead somewhere.
links_of() {
	local file link target count=0 bad=0
	for file in "$1"/*.md "$1"/docs/*.md; do
		while read -r link; do
			count=$((count + 1))
			target=${link%%#*}
			target=${target:+$(dirname "$file")/$target}
			target=${target:-$file}
			if [ ! -e "$target" ]; then
				echo "${file#"$1"/}: $link"
				bad=1
			elif [[ $link == *#* ]] && ! anchors "$target" | has -xF -- "${link#*#}"; then
				echo "${file#"$1"/}: no such heading: $link"
				bad=1
			fi
		done < <(grep -oE '\]\([^) ]+\)' "$file" | sed 's/^](//; s/)$//' | grep -vE '^[a-z]+:')
	done
	[ $count -ge 40 ] || { echo "only $count links"; return 1; }
	return $bad
}
check "links of the installed documents" links_of "$THERE/share/doc/escprof"
check "links of the documents in the source" links_of .

uninstalls() {
	make_it uninstall || return 1
	! find "$WORK/root" -name '*escprof*' ! -path "$THERE" | grep . && ! find "$WORK/root" -type f | grep .
}
check "make uninstall leaves nothing" uninstalls
