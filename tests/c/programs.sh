#!/usr/bin/env bash
# programs.sh BUILD: real programs under escprof, every allocation sampled, do what they do without. What is not
# installed is skipped aloud.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# Of an interpreter that is a script starting another, the program itself.
real() { readlink -f "$(type -P "$1")"; }

# same NAME COMMAND…: output, errors and exit status are the same with and without; at rates 1 and 512 KiB.
same() {
	local name=$1 status rate
	shift
	(cd "$work" && "$@") >"$work/out" 2>"$work/err"
	status=$?
	for rate in 1 512K; do
		(cd "$work" && "$build/escprof" run -q --c-rate $rate -o "$work/t.escprof" -- "$@") >"$work/out2" 2>"$work/err2"
		if [ $? != $status ] || ! cmp -s "$work/out" "$work/out2" || ! cmp -s "$work/err" "$work/err2"; then
			echo "not ok $name at $rate"
			diff "$work/out" "$work/out2" | head -5
			diff "$work/err" "$work/err2" | head -5
			bad=1
			return
		fi
	done
	echo "ok $name: $("$build/escprof" info "$work/t.escprof" | grep -o 'C samples.*freed,' || echo 'nothing sampled')"
}

has() { type -P "$1" >/dev/null || { echo "skip $1: not installed"; return 1; }; }

cp tests/cli/programs/c/entries.c tests/cli/programs/c/classes.cc "$work/"
if has gcc; then
	same "gcc" gcc -O2 -c -o "$work/o.o" "$work/entries.c"
	same "cc1plus" "$(gcc -print-prog-name=cc1plus)" -quiet -O2 -std=c++17 -o "$work/classes.s" "$work/classes.cc"
fi
has git && same git "$(real git)" -C "$PWD" log --stat -n 50
if has sqlite3; then
	cat >"$work/sql" <<'SQL'
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL);
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<50000) INSERT INTO t SELECT x, 'name '||x, x*1.5 FROM c;
CREATE INDEX i ON t(name);
SELECT count(*), sum(value), max(name) FROM t WHERE name LIKE 'name 1%';
SELECT a.id FROM t a JOIN t b ON a.id = b.id + 1 ORDER BY a.name DESC LIMIT 5;
SQL
	same sqlite3 "$(real sqlite3)" -batch :memory: ".read $work/sql"
fi
python=/usr/bin/python3
if [ -x $python ]; then
	cat >"$work/p.py" <<'PY'
import json, subprocess, threading, ctypes, ctypes.util
total = []
def work(n):
    made = [dict(number=i, text=str(i) * 20) for i in range(2000)]
    total.append(len(json.dumps(made)) + n * 0)
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(total), subprocess.run(["sh", "-c", "echo from a child; env | grep -c LD_PRELOAD"], capture_output=True, text=True).stdout)
print(subprocess.run(["/bin/true"]).returncode)
PY
	same python3 "$(readlink -f $python)" "$work/p.py"
else
	echo "skip python3: not installed"
fi
if has redis-server && has redis-benchmark; then
	for rate in 1 512K; do
		"$build/escprof" run -q --c-rate $rate -o "$work/t.escprof" -- "$(type -P redis-server)" --port 0 --save '' \
			--unixsocket "$work/redis.sock" >"$work/out" 2>"$work/err" &
		pid=$!
		for _ in $(seq 100); do [ -S "$work/redis.sock" ] && break; sleep 0.1; done
		redis-benchmark -s "$work/redis.sock" -q -n 20000 -c 20 -t set,get,lpush,lrange_100 >"$work/bench" 2>&1
		redis-cli -s "$work/redis.sock" set checked yes >/dev/null
		answer=$(redis-cli -s "$work/redis.sock" get checked)
		redis-cli -s "$work/redis.sock" shutdown nosave >/dev/null 2>&1
		wait $pid
		status=$?
		if [ $status = 0 ] && [ "$answer" = yes ] && [ "$(grep -c 'requests per second' "$work/bench")" -ge 4 ]; then
			echo "ok redis-server at $rate: $("$build/escprof" info "$work/t.escprof" | grep -o 'C samples.*freed,' || echo 'nothing sampled')"
		else
			echo "not ok redis-server at $rate: status $status, answered '$answer'"
			tail -n 3 "$work/err"
			tail -n 3 "$work/bench"
			bad=1
		fi
	done
fi
exit $bad
