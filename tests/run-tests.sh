#!/usr/bin/env bash
# Runs the tests that are built: run-tests.sh [BUILD [unit|cli|consumers]]. Unit tests are the cmocka programs
# BUILD/tests/unit/test_*; command line tests are the scripts tests/cli/*.sh, which print "ok NAME", "not ok NAME" or
# "skip NAME: why" for each of their tests, whatever else they print, and find the program in $ESCPROF. A script or program that ends badly without
# having said "not ok" counts as one that failed. The last line is `N passed, N failed`, with `, N skipped` when some
# were.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(realpath -m "${1:-build}")
only=${2:-all}
limit=${ESCPROF_TEST_LIMIT:-900} # seconds for one program: what hangs must not stop the rest
skip_line='^(skip |ok .*# SKIP|not ok .*# SKIP)' # the last is how cmocka 1.1.5 says it
passed=0
failed=0
skipped=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# count PATTERN: how many lines of the output match it.
count() {
	grep -cE "$1" "$output" || true
}

# tally NAME STATUS: adds up what the output says, and shows it when something failed.
tally() {
	local name=$1 status=$2 good bad skips
	skips=$(count "$skip_line")
	good=$(($(count '^ok ') - $(count '^ok .*# SKIP')))
	bad=$(($(count '^not ok ') - $(count '^not ok .*# SKIP')))
	if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		case $status in
		124) echo "not ok $name: no end within $limit s" >>"$output" ;;
		*) echo "not ok $name: ended with status $status" >>"$output" ;;
		esac
	elif [ "$bad" -eq 0 ] && [ $((good + skips)) -eq 0 ]; then
		bad=1
		echo "not ok $name: ran no test" >>"$output"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skips))
	printf '%-8s %s: %d passed' "$([ "$bad" -eq 0 ] && echo ok || echo FAILED)" "$name" "$good"
	[ "$bad" -eq 0 ] || printf ', %d failed' "$bad"
	[ "$skips" -eq 0 ] || printf ', %d skipped' "$skips"
	echo
	if [ "$bad" -ne 0 ]; then
		sed 's/^/    /' "$output"
	elif [ "$skips" -ne 0 ]; then
		grep -E "$skip_line" "$output" | sed -E 's/^(not )?ok [0-9]* ?-? ?# SKIP /skip /; s/^/    /'
	fi
}

# run NAME COMMAND…
run() {
	local name=$1 status=0
	shift
	timeout --kill-after=10 "$limit" "$@" >"$output" 2>&1 </dev/null || status=$?
	tally "$name" "$status"
}

if [ "$only" = all ] || [ "$only" = unit ]; then
	for source in tests/unit/test_*.c; do
		[ -e "$source" ] || continue
		name=$(basename "$source" .c)
		run "$name" env CMOCKA_MESSAGE_OUTPUT=TAP "$build/tests/unit/$name"
	done
fi
if [ "$only" != unit ]; then
	folder=tests/cli
	[ "$only" != consumers ] || folder=tests/consumers
	for script in "$folder"/*.sh; do
		[ -e "$script" ] && [ "$script" != tests/consumers/install.sh ] || continue
		run "$(basename "$script" .sh)" env ESCPROF="$build/escprof" BUILD="$build" bash "$script"
	done
fi

summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary+=", $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ]
