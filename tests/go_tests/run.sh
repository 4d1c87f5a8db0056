#!/usr/bin/env bash
# make go-tests: Go's own tests of its standard library, each package once as it is and once with every allocation sampled:
# `go test -exec 'escprof run --no-report -q --rate 1 --'`. The same tests must pass, fail and be skipped. Prints what each
# package came to, and each test that differs. What cannot be the same stands in `differences`, with its reason. Some of Go's
# tests fail by chance: one that did with escprof is excused where it passes in one of two more runs of the whole package with
# escprof, and, run alone five times each way, does the same. What differs otherwise fails.
#
# GO_TESTS_VERSIONS and GO_TESTS_PACKAGES choose; GO_TESTS_SHORT=1 leaves out what Go leaves out in a hurry (-short);
# GO_TESTS_RUN is a pattern for -run; GO_TESTS_KEEP=DIR keeps what the tests printed.
# usage: run.sh BUILD_DIR
set -uo pipefail
cd "$(dirname "$0")/../.."
escprof=$(realpath "$1")/escprof
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
differences=$PWD/tests/go_tests/differences
versions=${GO_TESTS_VERSIONS:-local 1.22.12}
packages=${GO_TESTS_PACKAGES:-container/heap container/list container/ring sort strings reflect regexp math/big sync encoding/json net/http runtime}
go=$(bash tests/find-go.sh) || exit 1
PATH="$(dirname "$go"):$PATH"
export PATH
passed=0
failed=0

(cd tests/go_tests/compare && GOTOOLCHAIN=local CGO_ENABLED=0 go build -o "$work/compare" .) || exit 1
cd "$work" || exit 1 # outside any module

# go_test PACKAGE OUTPUT [go test arguments…]
go_test() {
	local package=$1 output=$2
	shift 2
	GOFLAGS='' go test -json -count=1 -vet=off -timeout 20m ${GO_TESTS_SHORT:+-short} "$@" "$package" \
		>"$output" 2>"$output.err"
}

# with_escprof PACKAGE OUTPUT [arguments…]: go_test with every allocation sampled; fails where nothing was recorded.
with_escprof() {
	local package=$1 output=$2 status=0
	shift 2
	rm -f "$work"/*.escprof
	go_test "$package" "$output" -exec "$escprof run --no-report -q --rate 1 -o $work/t.escprof --" "$@"
	ls "$work"/*.escprof >/dev/null 2>&1 || status=1
	rm -f "$work"/*.escprof
	return $status
}

# both PACKAGE PREFIX [arguments…]: without into PREFIX.without, with into PREFIX.with.
both() {
	local package=$1 prefix=$2
	shift 2
	go_test "$package" "$prefix.without" "$@"
	with_escprof "$package" "$prefix.with" "$@" || echo "package recorded missing" >>"$prefix.more"
}

# is_listed PACKAGE TEST: it cannot be the same with this Go, and `differences` says why.
is_listed() {
	awk -v package="$1" -v test="$2" -v version="$version" '
		/^#/ || NF < 4 { next }
		$1 == package && $2 == test && (substr($3, 1, 1) == "*" || index(version ".", $3 ".") == 1) { found = 1 }
		END { exit !found }' "$differences"
}

# comes_right PACKAGE TEST WAY: in one of two more runs of the whole package that WAY, with or without, the test comes to what
# it did the other way. The runs serve all its tests.
comes_right() {
	local package=$1 test=$2 way=$3 other=with turn again
	[ "$way" = without ] || other=without
	for turn in 1 2; do
		again=$work/tests.$way.$turn
		if [ -e "$again" ]; then
			:
		elif [ "$way" = without ]; then
			go_test "$package" "$again" ${GO_TESTS_RUN:+-run "$GO_TESTS_RUN"}
		else
			with_escprof "$package" "$again" ${GO_TESTS_RUN:+-run "$GO_TESTS_RUN"} || : >"$again"
		fi
		"$work/compare" "$work/tests.$other" "$again" >"$work/company" || return 1
		awk -v test="$test" '$1 == test { found = 1 } END { exit found }' "$work/company" &&
			echo "         the whole package $way escprof, run $((turn + 1)): the same" && return
	done
	echo "         the whole package $way escprof: the same in none of three runs"
	return 1
}

# is_chance PACKAGE TEST: run alone, five times each way, it comes to the same.
is_chance() {
	local ways
	both "$1" "$work/again" -run "^${2%%/*}\$" -count=5
	ways=$("$work/compare" "$work/again.without" "$work/again.with" | grep -v '^counts ')
	[ -z "$ways" ] || { echo "         alone: $ways"; return 1; }
	echo "         alone, five times: the same"
}

# judge PACKAGE: says what differs; its status is whether nothing does that should not. A package that ended before all its
# tests had is never excused, and many tests are not run again. That the package failed says no more than its tests do.
judge() {
	local bad=0 test without with differ way
	differ=$(grep -v '^counts ' "$work/result"; cat "$work/tests.more" 2>/dev/null)
	[ -n "$differ" ] || return 0
	if grep -q ' missing' <<<"$differ" || [ "$(wc -l <<<"$differ")" -gt 20 ] || ! grep -qv '^package ' <<<"$differ"; then
		sed 's/^/         /' <<<"$differ" | head -n 40
		return 1
	fi
	while read -r test without with; do
		[ "$test" != package ] || continue
		echo "         $test: $without without, $with with"
		if is_listed "$1" "$test"; then
			echo "         as listed"
		else
			way=with
			[ "$with" != pass ] || way=without
			comes_right "$1" "$test" $way && is_chance "$1" "$test" || bad=1
		fi
	done <<<"$differ"
	return $bad
}

for version in $versions; do
	export GOTOOLCHAIN=local
	if [ "$version" = local ]; then
		version=$(go env GOVERSION)
		version=${version#go}
	elif [ "$(go env GOVERSION)" != "go$version" ]; then
		export GOTOOLCHAIN=go$version
	fi
	if ! go version >/dev/null 2>&1; then
		echo "not ok go$version: this toolchain cannot be had here"
		failed=$((failed + 1))
		continue
	fi
	echo "go$version: passed/failed/skipped without and with escprof"
	for package in $packages; do
		rm -f "$work"/tests.*
		both "$package" "$work/tests" ${GO_TESTS_RUN:+-run "$GO_TESTS_RUN"}
		"$work/compare" "$work/tests.without" "$work/tests.with" >"$work/result" || exit 1
		[ -z "${GO_TESTS_KEEP-}" ] || { mkdir -p "$GO_TESTS_KEEP/go$version/$package" &&
			cp "$work"/tests.* "$work/result" "$GO_TESTS_KEEP/go$version/$package"; }
		said=$(judge "$package") && outcome=ok || outcome='not ok'
		awk -v "what=$outcome go$version $package" \
			'/^counts/ { printf "%-40s %5d/%d/%d  %5d/%d/%d\n", what, $2, $3, $4, $5, $6, $7 }' "$work/result"
		[ -z "$said" ] || echo "$said"
		if [ "$outcome" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
