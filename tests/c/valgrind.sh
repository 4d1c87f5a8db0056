#!/usr/bin/env bash
# valgrind.sh BUILD TEST…: unit tests of what goes into C programs, under valgrind's memcheck. An error that it finds, or
# a test that fails, fails. helgrind and drd know nothing of the atomic operations that these tables are made of.
# Signals come as much more seldom as all is slower, so that something comes between them. What stands in front of malloc in a
# program stays there: of malloc valgrind replaces the C library's alone, which is what comes next; but it ends who calls pvalloc.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$1
shift
type -P valgrind >/dev/null || { echo "valgrind is not installed"; exit 1; }
output=$(mktemp)
trap 'rm -f "$output"' EXIT
bad=0
export UNIT_SLOWNESS=50 UNIT_NO_PVALLOC=1
for test in "$@"; do
	if timeout --kill-after=5 300 valgrind -q --error-exitcode=99 --fair-sched=yes --soname-synonyms=somalloc=nouserintercepts \
		--suppressions=tests/c/valgrind.supp \
		"$build/tests/unit/test_$test" >"$output" 2>&1; then
		echo "ok $test under valgrind"
	else
		echo "not ok $test under valgrind"
		# what it says of readable_word's system call, each time
		grep -v "sigprocmask: unknown 'how' field" "$output" | sed 's/^/    /'
		bad=1
	fi
done
exit $bad
