#!/usr/bin/env bash
# make matrix: Go versions × kinds of link, each built, run under escprof at rates 1 and 4096, and held against the
# program's own TotalAlloc; stripped programs must have GC figures too. Goroutines alive are held against the program's own
# count, and profiler labels must be right. MATRIX_VERSIONS chooses the versions.
# usage: run.sh BUILD_DIR
set -uo pipefail
cd "$(dirname "$0")/../.."
escprof=$PWD/$1/escprof
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
versions=${MATRIX_VERSIONS:-1.18.10 1.19.13 1.20.14 1.21.13 1.22.12 1.23.2 1.23.12 1.24.13 1.25.14 1.26.8 1.27.4}
go=$(bash tests/find-go.sh) || exit 1
PATH="$(dirname "$go"):$PATH"
export PATH
passed=0
failed=0
skipped=0

(cd tests/cli/programs/reader && GOTOOLCHAIN=local CGO_ENABLED=0 go build -o "$work/reader" .) || exit 1

# build KIND PROGRAM: that one of tests/cli/programs as that kind of program.
build() {
	local arguments=() cgo=0
	case $1 in
	plain) ;;
	stripped) arguments=(-ldflags='-s -w') ;;
	pie) arguments=(-buildmode=pie) ;;
	stripped-pie) arguments=(-buildmode=pie -ldflags='-s -w') ;;
	external) cgo=1 arguments=(-tags external -ldflags='-linkmode=external') ;;
	esac
	(cd "tests/cli/programs/$2" && CGO_ENABLED=$cgo go build "${arguments[@]}" -o "$work/$2" .)
}

# agrees RATE TOLERANCE: escprof's total is the program's own.
agrees() {
	local total
	"$escprof" run -q --rate "$1" -o "$work/t.escprof" -- "$work/target" serve 1 total >"$work/out" || return 1
	total=$(awk '/^total/ { print $2 }' "$work/out")
	"$escprof" report --format json -o "$work/json" "$work/t.escprof" || return 1
	"$work/reader" total "$work/json" "$total" "$2" || return 1
	"$escprof" info "$work/t.escprof" >"$work/info"
	# Go 1.18 keeps no such sum.
	grep -q "allocated .* by the runtime's own count" "$work/info" || [[ $version = 1.18.* ]]
}

# counts: the most goroutines in a slice of time are those that the program counted itself.
counts() {
	"$escprof" run -q -o "$work/t.escprof" -- "$work/concurrency" >"$work/out" &&
		"$escprof" report --format json -o "$work/json" "$work/t.escprof" || return 1
	"$work/reader" goroutines "$work/json" "$(awk '/^crowded/ { print $2 }' "$work/out")"
}

# labelled: what is allocated under one label is under no other, and some of it is known.
labelled() {
	"$escprof" run -q -o "$work/t.escprof" -- "$work/labels" 0.5 1000 &&
		"$escprof" report --by label:kind --focus 'main\.even$' "$work/t.escprof" >"$work/out" || return 1
	grep -q ' kind=even$' "$work/out" && ! grep -qE ' (kind=odd|no label kind)$' "$work/out" || { cat "$work/out"; return 1; }
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
		if output=$(build $kind target 2>&1 && agrees 1 0.001 2>&1 && agrees 4096 0.05 2>&1 &&
			build $kind concurrency 2>&1 && counts 2>&1 && build $kind labels 2>&1 && labelled 2>&1); then
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
