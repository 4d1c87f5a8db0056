#!/usr/bin/env bash
# make matrix: Go versions × kinds of link, each built, run under escprof at rates 1 and 4096, and held against the
# program's own TotalAlloc; stripped programs must have GC figures too. MATRIX_VERSIONS chooses the versions.
# usage: run.sh BUILD_DIR
set -uo pipefail
cd "$(dirname "$0")/../.."
escprof=$PWD/$1/escprof
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
versions=${MATRIX_VERSIONS:-1.22.12 1.23.2 1.23.12 1.24.13 1.25.14 1.26.8 1.27.4}
go=$(bash tests/find-go.sh) || exit 1
PATH="$(dirname "$go"):$PATH"
export PATH
passed=0
failed=0
skipped=0

(cd tests/cli/programs/reader && GOTOOLCHAIN=local CGO_ENABLED=0 go build -o "$work/reader" .) || exit 1

# build KIND: the target as that kind of program.
build() {
	local arguments=() cgo=0
	case $1 in
	plain) ;;
	stripped) arguments=(-ldflags='-s -w') ;;
	pie) arguments=(-buildmode=pie) ;;
	stripped-pie) arguments=(-buildmode=pie -ldflags='-s -w') ;;
	external) cgo=1 arguments=(-ldflags='-linkmode=external') ;;
	esac
	(cd tests/cli/programs/target && CGO_ENABLED=$cgo go build "${arguments[@]}" -o "$work/target" .)
}

# agrees RATE TOLERANCE: escprof's total is the program's own.
agrees() {
	local total
	"$escprof" run -q --rate "$1" -o "$work/t.escprof" -- "$work/target" serve 1 total >"$work/out" || return 1
	total=$(awk '/^total/ { print $2 }' "$work/out")
	"$escprof" report --format json -o "$work/json" "$work/t.escprof" || return 1
	"$work/reader" total "$work/json" "$total" "$2" || return 1
	"$escprof" info "$work/t.escprof" >"$work/info"
	grep -q "allocated .* by the runtime's own count" "$work/info"
}

for version in $versions; do
	if [ "$(GOTOOLCHAIN=local go env GOVERSION)" = "go$version" ]; then
		export GOTOOLCHAIN=local
	else
		export GOTOOLCHAIN=go$version
	fi
	if ! go version >/dev/null 2>&1; then
		echo "skip go$version: this toolchain cannot be had here"
		skipped=$((skipped + 1))
		continue
	fi
	for kind in plain stripped pie stripped-pie external; do
		if output=$(build $kind 2>&1 && agrees 1 0.001 2>&1 && agrees 4096 0.05 2>&1); then
			echo "ok go$version $kind"
			passed=$((passed + 1))
		else
			echo "not ok go$version $kind"
			printf '%s\n' "$output" | sed 's/^/    /'
			failed=$((failed + 1))
		fi
	done
done
summary="$passed passed, $failed failed"
[ $skipped = 0 ] || summary+=", $skipped skipped"
echo "$summary"
[ $failed = 0 ]
