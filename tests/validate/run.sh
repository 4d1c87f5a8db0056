#!/usr/bin/env bash
# make validate: predictions against truth (tests/validate/driver has the how). Takes hours on two CPUs, and wants them
# for itself.
# usage: run.sh BUILD_DIR
# VALIDATE_ONLY: workloads, a regular expression on "program/setting/go1.26"; VALIDATE_ROUNDS: 3; VALIDATE_OUT:
# BUILD_DIR/validate, where a run that was cut goes on; VALIDATE_GO: go commands, else the one that is found and 1.24's;
# VALIDATE_LOCK=FILE: serialise with other benchmarks (each program is measured under a lock on it: flock FILE COMMAND).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
out=${VALIDATE_OUT:-$build/validate}
go=$(bash tests/find-go.sh)

# The go command of the release $1, fetched as a module.
release() {
	local root
	root=$(GOTOOLCHAIN="go$1" "$go" env GOROOT)
	echo "$root/bin/go"
}

gos=${VALIDATE_GO:-"$go $(release 1.24.13)"}
mkdir -p "$out"
(cd tests/validate/driver && GOTOOLCHAIN=local GOFLAGS='' "$go" build -o "$build/validate-driver" .)
# Words are meant to be split.
# shellcheck disable=SC2086
exec "$build/validate-driver" -escprof "$build/escprof" -measure "$build/tests/tools/measure_gc" \
	-programs tests/validate/programs -out "$out" -rounds "${VALIDATE_ROUNDS:-3}" -only "${VALIDATE_ONLY:-.}" \
	-lock "${VALIDATE_LOCK:-}" $gos
