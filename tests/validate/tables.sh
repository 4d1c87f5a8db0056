#!/usr/bin/env bash
# make validate-tables: docs/VALIDATION.md and its plots, of the results that are kept in tests/validate/results.
# usage: tables.sh BUILD_DIR [FOLDER FOR THEM]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
docs=${2:-docs}
go=$(bash tests/find-go.sh)
(cd tests/validate/driver && GOTOOLCHAIN=local GOFLAGS='' "$go" build -o "$build/validate-driver" .)
exec "$build/validate-driver" -tables tests/validate/results -programs tests/validate/programs -docs "$docs"
