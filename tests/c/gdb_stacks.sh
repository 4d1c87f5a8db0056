#!/usr/bin/env bash
# gdb_stacks.sh BUILD: the stacks that libescprof.so finds are those that gdb finds in the same stop, address by address,
# for STACKS (1,000) samples of each program: C++ of all kinds without frame pointers, SQLite's and Python's libraries as
# Debian builds them, C and Go that call each other, and a Go service on SQLite (tests/c/sqlite). The library has no part in
# it: gdb stops where a sample's stack is looked up. STACKS_ONLY chooses.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
wanted=${STACKS:-1000}
only=${STACKS_ONLY:-}
work=$(mktemp -d)
target='' runner=''
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	[ -z "$target" ] || kill -9 "$target" 2>/dev/null
	[ -z "$runner" ] || wait "$runner" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
passed=0 failed=0 skipped=0
type -P gdb >/dev/null || { echo "skip all: gdb is not installed"; echo "0 passed, 0 failed, 1 skipped"; exit 1; }

# begins: the target is there, libescprof.so samples in it, and it waits.
begins() {
	for _ in $(seq 200); do
		target=$(pgrep -P "$runner" | head -n 1)
		[ -n "$target" ] && grep -q 'memfd:escprof-c' "/proc/$target/maps" 2>/dev/null &&
			grep -q '^State:.*S' "/proc/$target/status" && return
		sleep 0.1
	done
	echo "it does not begin"
	return 1
}

# compare RATE MIXED LINE COMMAND…: the program waits for LINE. Of the stacks as many percent at least as MIXED says are of
# Go and C, and where it is not 0 some of C under Go under C.
compare() {
	local rate=$1 mixed=$2 line=$3 said
	shift 3
	rm -f "$work/go"
	mkfifo "$work/go"
	exec 3<>"$work/go"
	"$build/escprof" run -q --rate 512K --c-rate "$rate" -o "$work/trace" -- "$@" <&3 >"$work/out" 2>"$work/err" &
	runner=$!
	begins || { cat "$work/err"; return 1; }
	STACKS_WANTED=$wanted STACKS_LINE=$line STACKS_GO=$work/go timeout 300 gdb -nx -batch -iex 'set auto-load off' \
		-iex 'set debuginfod enabled off' -p "$target" -x tests/c/gdb_stacks.py >"$work/gdb" 2>"$work/gdb.err"
	kill -9 "$target" 2>/dev/null
	wait "$runner"
	target='' runner=''
	exec 3>&-
	grep -E '^(differ at|  (ours|gdb) )' "$work/gdb"
	said=$(grep '^stacks ' "$work/gdb") || { tail -n 5 "$work/gdb" "$work/gdb.err"; return 1; }
	echo "$said" | awk -v wanted="$wanted" -v mixed="$mixed" '{
		printf "%d stacks compared, %d differ; %d different ones, the deepest of %d frames, %d of signals", $2, $10, $4, $6, $8
		if (mixed) printf ", %d of Go and C, %d of C under Go under C", $14, $16
		printf "; %d in the loader passed over\n", $12
		exit $2 != wanted || $10 != 0 || $14 < $2 * mixed / 100 || mixed && !$16
	}'
}

# check NAME RATE MIXED LINE COMMAND…
check() {
	local name=$1 said
	shift
	case " ${only:-$name} " in *" $name "*) ;; *) return ;; esac
	if said=$(compare "$@"); then
		echo "ok $name: $said"
		passed=$((passed + 1))
	else
		printf 'not ok %s: %s\n' "$name" "$said"
		failed=$((failed + 1))
	fi
}

skip() {
	echo "skip $1: $2"
	skipped=$((skipped + 1))
}

g++ -std=c++17 -O2 -g -fomit-frame-pointer -pthread -o "$work/stacks" tests/c/stacks.cc || exit 1
check c++ 4096 0 go "$work/stacks"

cat >"$work/endless.sql" <<'SQL'
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 400) INSERT INTO t SELECT x, 'row ' || x, x / 3.0 FROM n;
SELECT group_concat(b, ','), json_group_array(c) FROM t GROUP BY a % 7 ORDER BY 1;
CREATE INDEX i ON t(b);
SELECT p.b, q.b FROM t p JOIN t q ON p.b = q.b || '0' WHERE p.b LIKE 'row 1%' ORDER BY q.c DESC;
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50) SELECT hex(zeroblob(x)) || printf('%d', x) FROM n UNION SELECT b FROM t ORDER BY 1;
DROP TABLE t;
SQL
for _ in $(seq 9); do cat "$work/endless.sql" "$work/endless.sql" >"$work/more" && mv "$work/more" "$work/endless.sql"; done
if type -P sqlite3 >/dev/null; then
	check sqlite3 512 0 ".read $work/endless.sql" "$(readlink -f "$(type -P sqlite3)")" -batch :memory:
else
	skip sqlite3 "not installed"
fi

if [ -x /usr/bin/python3 ]; then
	cat >"$work/endless.py" <<'PY'
import json, re, sys
sys.stdin.readline()
def fall(n, f):
    return fall(n - 1, f) if n else f()
class Text(str):
    def __lt__(self, other):
        return fall(2, lambda: len(self * 3) < len(other * 3))
n = 0
while True:
    n += 1
    fall(n % 9, lambda: json.loads(json.dumps([dict(a=str(i) * 90, b=[i] * 70) for i in range(3)])))
    fall(n % 5, lambda: sorted([Text("x" * (i * 37 % 90)) for i in range(5)]))
    fall(n % 7, lambda: re.sub(r"(a+)(b*)", lambda m: fall(3, lambda: m.group(1) * 40), "aab" * 9))
PY
	check python3 8192 0 go "$(readlink -f /usr/bin/python3)" "$work/endless.py"
else
	skip python3 "not installed"
fi

if go=$(bash tests/find-go.sh); then
	export GOTOOLCHAIN=local CGO_ENABLED=1
	PATH="$(dirname "$go"):$PATH"
	(cd tests/c/mixed && go build -o "$work/mixed" .) && (cd tests/c/sqlite && go build -o "$work/sqlite" .) || exit 1
	check cgo 512 90 go "$work/mixed" 1 50000 wait
	check go-sqlite3 4096 90 go "$work/sqlite" 1000000 wait
else
	skip cgo "no Go toolchain"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ] && { [ "${CI-}" != true ] || [ $skipped = 0 ]; }
