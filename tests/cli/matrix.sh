#!/usr/bin/env bash
# The quick part of make matrix: the Go at hand, the kinds of build that take a few seconds.
MATRIX_QUICK=1 exec bash "$(dirname "$0")/../matrix/run.sh" "${BUILD:-build}"
