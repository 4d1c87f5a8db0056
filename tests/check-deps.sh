#!/usr/bin/env bash
# The rooms' order: fails on an #include of another room that docs/ARCHITECTURE.md does not allow.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A allowed=(
	[base]="base"
	[binary]="base binary"
	[trace]="base trace"
	[collector]="base binary trace collector"
	[symbolizer]="base binary symbolizer"
	[verdicts]="base binary verdicts"
	[analyzer]="base trace analyzer"
	[report]="base report"
	[cli]="base binary trace collector symbolizer verdicts analyzer report cli"
)
# Single headers that cross: the plain structs of a neighbour.
declare -A single=(
	[analyzer]="verdicts/verdict.h"
	[report]="analyzer/analysis.h analyzer/compare.h analyzer/gate.h"
)

bad=0
for room in "${!allowed[@]}"; do
	while IFS=: read -r file line text; do
		header=${text#*\"}
		header=${header%%\"*}
		case $header in */*) ;; *) continue ;; esac # generated headers have no folder
		target=${header%%/*}
		[[ " ${allowed[$room]} " == *" $target "* ]] && continue
		[[ " ${single[$room]-} " == *" $header "* ]] && continue
		echo "$file:$line: $room/ may not include $header"
		bad=1
	done < <(grep -rnE --include='*.[ch]' '^#include "' "$room" || true)
done

# What runs inside a target includes nothing of the tools: only its own headers, and libc for the preload library.
while IFS=: read -r file line text; do
	header=${text#*\"}
	header=${header%%\"*}
	case $header in collector/agent/* | collector/preload/*) continue ;; esac
	echo "$file:$line: code inside the target may not include $header"
	bad=1
done < <(grep -rnE '^#include "' collector/agent collector/preload)

duplicates=$(git ls-files '*.c' '*.h' 2>/dev/null | xargs -r -n1 basename | sort | uniq -d)
if [ -n "$duplicates" ]; then
	echo "file names that are not unique in the tree: $duplicates"
	bad=1
fi
[ $bad = 0 ] && echo "check-deps: the rooms' order holds"
exit $bad
