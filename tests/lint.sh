#!/usr/bin/env bash
# make lint: clang-format, cppcheck, clang-tidy, and a contract before every prototype in a header.
# usage: lint.sh BUILD_DIR "FILES TO BE FORMATTED"
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
read -ra files <<<"$2"
bad=0

need() {
	command -v "$1" >/dev/null || { echo "lint: $1 is missing: apt-get install $2"; exit 1; }
}
need clang-format clang-format
need clang-tidy clang-tidy
need cppcheck cppcheck

echo "clang-format:"
clang-format --dry-run --Werror "${files[@]}" || bad=1

echo "cppcheck:"
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
	--suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro -I. -I"$build/gen" \
	base binary trace collector symbolizer verdicts analyzer report cli || bad=1

echo "clang-tidy:"
clang-tidy --quiet --warnings-as-errors='*' \
	--checks='-*,clang-analyzer-core.*,clang-analyzer-unix.*,clang-analyzer-deadcode.*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-assignment-in-if-condition,-bugprone-reserved-identifier,-bugprone-implicit-widening-of-multiplication-result,-bugprone-branch-clone,-bugprone-suspicious-include,-bugprone-sizeof-expression,-bugprone-macro-parentheses' \
	{base,binary,trace,collector,collector/agent,collector/preload,symbolizer,verdicts,analyzer,report,cli}/*.c -- \
	-std=gnu11 -D_GNU_SOURCE -DESCPROF_VERSION='"0"' -I. -I"$build/gen" 2>/dev/null || bad=1

echo "contracts:"
python3 - <<'PY' || bad=1
import glob, re, sys
bad = 0
for path in sorted(glob.glob('*/*.h') + glob.glob('collector/*/*.h')):
    lines = open(path).read().split('\n')
    for i, line in enumerate(lines):
        if not re.match(r'^[a-z_].*\b[a-z_0-9]+\(', line) or line.startswith(('static', '_Static_assert', 'typedef', '#', 'return')):
            continue
        j = i - 1
        while j >= 0 and re.match(r'^[a-z_}].*[;,]$|^\t', lines[j]) and lines[j].strip():
            j -= 1
        if j < 0 or not lines[j].rstrip().endswith('*/'):
            print(f'{path}:{i + 1}: a prototype without a contract: {line.strip()}')
            bad = 1
sys.exit(bad)
PY
exit $bad
