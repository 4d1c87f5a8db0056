#!/usr/bin/env bash
# What make go-tests makes of tests that end otherwise under escprof: by chance, only in company, always.
source "$(dirname "$0")/common.bash"

# judged TEST: go-tests on tests/cli/programs/chance, of which one does as TEST says. It stands in a GOPATH, as Go's own
# packages are in no module.
mkdir -p "$WORK/go/src" && cp -r tests/cli/programs/chance "$WORK/go/src/" && rm "$WORK/go/src/chance/go.mod"
judged() {
	CHANCE_TEST=$1 CHANCE_STATE=$WORK/state GO111MODULE=off GOPATH=$WORK/go GO_TESTS_VERSIONS=local GO_TESTS_PACKAGES=chance \
		bash tests/go_tests/run.sh "$BUILD" >"$WORK/said" 2>&1
}

# excused, blamed TEST TEXT: so it is, and the last that was tried came to TEXT.
excused() {
	rm -f "$WORK/state"
	judged "$1" && grep -q "$2" "$WORK/said" || { cat "$WORK/said"; return 1; }
}
blamed() {
	rm -f "$WORK/state"
	! judged "$1" && grep -q '^0 passed, 1 failed$' "$WORK/said" && grep -q "$2" "$WORK/said" || { cat "$WORK/said"; return 1; }
}
check "the same with and without" excused none '^1 passed, 0 failed$'
check "a test that failed once: excused" excused once 'alone, five times: the same'
check "one that fails with escprof, but not alone: not excused" blamed company 'with escprof: the same in none of three runs'
check "one that fails with escprof, alone too: not excused" blamed alone 'alone: TestIt pass fail'
