#!/usr/bin/env bash
# storm.sh BUILD MINUTES: sixty-four threads allocate by every entry point under escprof at rate 1; the counts of each
# function must be exactly the program's own. With glibc's allocator, jemalloc and tcmalloc, as far as they are installed.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
seconds=$(awk -v minutes="${2:-1}" 'BEGIN { printf "%d", minutes * 60 / 3 }')
threads=${STORM_THREADS:-64}
GO=$(bash tests/find-go.sh) || { echo "storm: no Go toolchain"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

(cd tests/cli/programs/reader && GOTOOLCHAIN=local CGO_ENABLED=0 "$GO" build -o "$work/reader" .) &&
	g++ -std=c++17 -O2 -g -fno-builtin -pthread -o "$work/storm" tests/c/storm.cc -ldl &&
	gcc -O2 -g -fno-builtin -shared -fPIC -o "$work/plugin.so" tests/cli/programs/c/plugin.c || exit 1

# storm NAME [LIBRARY]
storm() {
	local name=$1 library=${2-} function objects bytes left
	if [ -n "$library" ] && [ ! -e "$library" ]; then
		echo "skip $name: $library is not installed"
		return
	fi
	LD_PRELOAD=$library "$build/escprof" run -q --c-rate 1 -o "$work/t.escprof" -- \
		"$work/storm" "$seconds" "$threads" "$work/plugin.so" >"$work/out" 2>"$work/err" ||
		{ echo "not ok $name: the program ended badly"; cat "$work/err"; bad=1; return; }
	"$build/escprof" report --format json -o "$work/json" "$work/t.escprof" || { bad=1; return; }
	while read -r function objects bytes left; do
		[ "$objects" -gt 0 ] || continue
		# The report leaves strdup's own frame out, and a container's: these functions have neither.
		"$work/reader" c "$work/json" "$function" objects "$objects" bytes "$bytes" kept "$left" ||
			{ echo "not ok $name: $function"; bad=1; }
	done <"$work/out"
	awk -v name="$name" '{ objects += $2; bytes += $3 } END { printf "%s: %.1f M objects, %.1f GB, counted\n", name, objects / 1e6, bytes / 1e9 }' "$work/out"
}

storm glibc
# Neither has a pvalloc of its own: what glibc's makes they could not free, with or without escprof.
export STORM_NO_PVALLOC=1
storm jemalloc /usr/lib/x86_64-linux-gnu/libjemalloc.so.2
storm tcmalloc /usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4
exit $bad
