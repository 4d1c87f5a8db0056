#!/usr/bin/env bash
# Run every fuzz target in BUILD_DIR/fuzz for SECONDS each, starting from the corpus kept in tests/fuzz/corpus/NAME.
# usage: run.sh BUILD_DIR SECONDS
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
seconds=$2
# For fuzz_go_program: a small Go program, without debug information, whose bytes it changes.
go=$(bash tests/find-go.sh)
ESCPROF_FUZZ_PROGRAM=$build/fuzz/program
case $ESCPROF_FUZZ_PROGRAM in /*) ;; *) ESCPROF_FUZZ_PROGRAM=$PWD/$ESCPROF_FUZZ_PROGRAM ;; esac
export ESCPROF_FUZZ_PROGRAM
(cd tests/cli/programs/exact && CGO_ENABLED=0 GOTOOLCHAIN=local "$go" build -ldflags='-s -w' -o "$ESCPROF_FUZZ_PROGRAM" .)
passed=0
failed=0
for target in "$build"/fuzz/fuzz_*; do
	[ -x "$target" ] && [ ! -d "$target" ] || continue
	name=$(basename "$target")
	case $name in *.*) continue ;; esac
	kept=tests/fuzz/corpus/$name
	work=$build/fuzz/corpus/$name
	mkdir -p "$work"
	arguments=("$work")
	[ -d "$kept" ] && arguments+=("$kept")
	echo "$name: $seconds s"
	if "$target" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=0 -verbosity=0 \
		-artifact_prefix="$build/fuzz/$name-" "${arguments[@]}" >"$build/fuzz/$name.log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		tail -40 "$build/fuzz/$name.log"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
