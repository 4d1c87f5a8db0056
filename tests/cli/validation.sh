#!/usr/bin/env bash
# The validation's driver: its own tests, and what it makes of the results that are kept is what docs/ has of them.
source "$(dirname "$0")/common.bash"

own_tests() { (cd tests/validate/driver && GOFLAGS='' go vet . && GOFLAGS='' go test .); }

# same_tables: VALIDATION.md and its plots are what make validate-tables makes, none more and none less.
same_tables() {
	mkdir "$WORK/kept" && cp docs/VALIDATION.md docs/validation-*.svg "$WORK/kept" &&
		bash tests/validate/tables.sh "$WORK" "$WORK/made" && diff -r "$WORK/kept" "$WORK/made" ||
		{ echo "make validate-tables makes them anew"; return 1; }
}

check "the driver's own tests" own_tests
check "docs/VALIDATION.md and its plots are those of the results" same_tables
