#!/usr/bin/env bash
# Prints the path of a go command of 1.22 or later, which the samples and `escprof build` need. An older one is enough
# to get it: it fetches the toolchain as a module, by whatever proxy the environment names. What was found is kept in
# build/go.path, a fetched toolchain in build/go.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest_minor=22
fetched_version=go1.26.8
cache=build/go.path

# The 26 of go1.26.8; 0 for what is no release.
minor_of() {
	local version
	version=$(GOTOOLCHAIN=local GOFLAGS='' "$1" version 2>/dev/null) || version=
	[[ $version =~ go1\.([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

found() {
	mkdir -p build
	echo "$1" >$cache
	echo "$1"
	exit 0
}

# Where a go command may be, the chosen one first.
candidates() {
	type -P go || true
	ls /usr/local/go/bin/go /usr/lib/go/bin/go /usr/lib/go-1.*/bin/go 2>/dev/null || true
}

# Unpacks the toolchain module with the go command $1, and prints its folder. A toolchain's zip has neither modes nor
# files named go.mod, so its user makes them: as the go command itself does from 1.21.
fetch() {
	local go=$1 arch work json dir module
	arch=$(GOTOOLCHAIN=local "$go" env GOARCH)
	work=$(mktemp -d)
	# Expanded now: the trap runs when the local is gone.
	# shellcheck disable=SC2064
	trap "rm -rf '$work'" EXIT
	echo 'module fetch' >"$work/go.mod"
	json=$(cd "$work" && GOTOOLCHAIN=local GOFLAGS=-mod=mod \
		"$go" mod download -json "golang.org/toolchain@v0.0.1-$fetched_version.linux-$arch") || {
		echo "find-go: $go could not fetch $fetched_version: $(sed -n 's/.*"Error": "\(.*\)".*/\1/p' <<<"$json")" >&2
		return 1
	}
	dir=$(sed -n 's/.*"Dir": "\(.*\)",*$/\1/p' <<<"$json")
	mkdir -p build
	rm -rf build/go build/go.new
	cp -r "$dir" build/go.new
	chmod -R u+w build/go.new
	chmod +x build/go.new/bin/* build/go.new/pkg/tool/*/*
	find build/go.new -name _go.mod | while read -r module; do
		cp "$module" "${module%_go.mod}go.mod"
	done
	mv build/go.new build/go
}

if [ -s $cache ] && read -r known <$cache && [ -x "$known" ]; then
	echo "$known"
	exit 0
fi
any=
while read -r go; do
	minor=$(minor_of "$go")
	[ "$minor" -lt "$oldest_minor" ] || found "$go"
	[ "$minor" -eq 0 ] || any=${any:-$go}
done < <(candidates)
if [ -z "$any" ]; then
	echo "find-go: no go command: install Go 1.$oldest_minor or later, or Debian's golang-go" >&2
	exit 1
fi
fetch "$any"
found "$PWD/build/go/bin/go"
