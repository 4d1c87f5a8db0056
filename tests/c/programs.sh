#!/usr/bin/env bash
# programs.sh BUILD: real programs of C and C++ under escprof, with every allocation sampled and at 512 KiB, do what they
# do without: the same output, errors, exit status, files, and for a browser the same picture; and where every allocation
# is sampled there are some. PROGRAMS chooses.
# Prints "ok", "not ok" or "skip" for each program and rate, then the table, then the numbers. What is not installed is
# skipped; nothing else is, and with CI=true nothing may be.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
source_dir=$PWD
programs=${PROGRAMS:-gcc cc1plus git sqlite3 python3 perl node java redis-server chromium}
rates='1 512K'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/results"

# Of a name that is a link or a script that starts another, the program itself.
real() { readlink -f "$(type -P "$1")"; }

# cell PROGRAM RATE RESULT TEXT
cell() {
	echo "$1 $2 $3" >>"$work/results"
	case $3 in
	ok) echo "ok $1 at $2: $4" ;;
	skip) echo "skip $1 at $2: $4" ;;
	*) printf 'not ok %s at %s\n%s\n' "$1" "$2" "$4" ;;
	esac
}

# sampled PROGRAM RATE: what the trace has is said, and that it has too little fails. Chromium's malloc is its own, in its
# executable: of that nothing is seen.
sampled() {
	local said
	[ -s "$work/trace" ] || { cell "$1" "$2" FAIL 'no trace was written'; return; }
	said=$("$build/escprof" info "$work/trace" | grep -o 'C samples.*freed,') || said='nothing sampled'
	if [ "$2" = 1 ] && [ "$1" != chromium ] && ! [[ $said =~ ^C\ samples\ +[1-9] ]]; then
		cell "$1" "$2" FAIL "$said"
	else
		cell "$1" "$2" ok "$said"
	fi
}

# profiled RATE COMMAND…: it runs in $work/at, which is empty, and which has what it wrote then; output, errors and exit
# status are in $work/with.
profiled() {
	local rate=$1
	shift
	rm -rf "$work/at" "$work/trace"
	mkdir "$work/at"
	(cd "$work/at" && "$build/escprof" run -q --c-rate "$rate" -o "$work/trace" -- "$@") >"$work/with" 2>"$work/with.err" </dev/null
	echo "status $?" >>"$work/with"
}

# as_without COMMAND…: the same; what it wrote is in $work/at.without.
as_without() {
	rm -rf "$work/at" "$work/at.without"
	mkdir "$work/at"
	(cd "$work/at" && "$@") >"$work/without" 2>"$work/without.err" </dev/null
	echo "status $?" >>"$work/without"
	mv "$work/at" "$work/at.without"
}

# same NAME COMMAND…: with and without escprof.
same() {
	local name=$1 rate difference
	shift
	as_without "$@"
	for rate in $rates; do
		profiled "$rate" "$@"
		if ! difference=$(diff "$work/without" "$work/with" && diff "$work/without.err" "$work/with.err" &&
			diff -r --no-dereference "$work/at.without" "$work/at"); then
			cell "$name" "$rate" FAIL "$(head -n 10 <<<"$difference")"
		else
			sampled "$name" "$rate"
		fi
	done
}

run_gcc() { same gcc gcc -O2 -c -o o.o "$source_dir/tests/cli/programs/c/entries.c"; }

run_cc1plus() {
	same cc1plus "$(gcc -print-prog-name=cc1plus)" -quiet -O2 -std=c++17 -o classes.s "$source_dir/tests/cli/programs/c/classes.cc"
}

run_git() { same git "$(real git)" -C "$source_dir" log --stat -n 50; }

run_sqlite3() {
	sed 's/x<5000/x<50000/' "$source_dir/tests/c/inputs/table.sql" >"$work/sql"
	same sqlite3 "$(real sqlite3)" -batch :memory: ".read $work/sql"
}

run_python3() { same python3 "$(readlink -f /usr/bin/python3)" "$source_dir/tests/c/inputs/threads.py" 8 2000 children; }

run_perl() {
	cat >"$work/p.pl" <<'PL'
use strict; use warnings;
my %table = map { ("key $_" => [map { "value $_" } 1 .. $_ % 20]) } 1 .. 5000;
my $text = join ",", map { "$_=" . scalar @{$table{$_}} } sort keys %table;
(my $changed = $text) =~ s/key (\d+)=(\d+)/"<" . $1 * $2 . ">"/ge;
print length($text), " ", length($changed), " ", eval { die { code => 7 } } // $@->{code}, "\n";
my $pid = fork // die; if (!$pid) { my @more = (1 .. 1000); print "child ", scalar @more, "\n"; exit 3 }
waitpid $pid, 0; print "it ended with ", $? >> 8, "\n", `echo by a shell`; exit 5;
PL
	same perl "$(real perl)" "$work/p.pl"
}

run_node() {
	cat >"$work/n.js" <<'JS'
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { execFileSync } = require('child_process');
const zlib = require('zlib'), crypto = require('crypto');
function work(n) {
	let sum = 0;
	for (let i = 0; i < 200000; i++) sum = (sum * 31 + i * n) | 0;
	const text = JSON.stringify(Array.from({ length: 2000 }, (_, i) => ({ i, text: 'x'.repeat(i % 50) })));
	return sum + ' ' + crypto.createHash('sha256').update(zlib.gunzipSync(zlib.gzipSync(text))).digest('hex');
}
if (!isMainThread) parentPort.postMessage(work(3));
else {
	console.log(work(1), execFileSync('sh', ['-c', 'echo from a child']).toString());
	const workers = [1, 2, 3].map(() => new Promise(done => new Worker(__filename).on('message', done)));
	Promise.all(workers).then(all => { console.log(all.join('\n')); process.exitCode = 4; });
}
JS
	same node "$(real node)" "$work/n.js"
}

run_java() {
	mkdir -p "$work/java"
	cat >"$work/java/Hello.java" <<'JAVA'
import java.util.*;
import java.util.stream.*;
public class Hello {
	public static void main(String[] arguments) throws Exception {
		List<Thread> threads = new ArrayList<>();
		long[] sums = new long[4];
		for (int t = 0; t < sums.length; t++) {
			final int number = t;
			threads.add(new Thread(() -> {
				Map<String, Integer> map = new TreeMap<>();
				for (int i = 0; i < 50000; i++) map.merge("key " + i % 1000, i * number, Integer::sum);
				sums[number] = map.values().stream().mapToLong(Integer::longValue).sum();
			}));
			threads.get(t).start();
		}
		for (Thread thread : threads) thread.join();
		try { Object none = null; none.toString(); } catch (NullPointerException e) { System.out.println("caught"); }
		System.out.println(Arrays.toString(sums) + IntStream.range(0, 20).mapToObj(String::valueOf).collect(Collectors.joining(",")));
		System.exit(6);
	}
}
JAVA
	type -P javac >/dev/null && (cd "$work/java" && javac Hello.java) || { missing java 'no javac'; return; }
	same java "$(real java)" -cp "$work/java" Hello
}

# redis ANSWERS COMMAND…: a server by COMMAND, under redis-benchmark, then asked for what is always the same. Its status.
redis() {
	local answers=$1 pid
	shift
	rm -f "$work/redis.sock"
	"$@" --port 0 --save '' --unixsocket "$work/redis.sock" >"$work/out" 2>"$work/err" &
	pid=$!
	for _ in $(seq 100); do [ -S "$work/redis.sock" ] && break; sleep 0.1; done
	redis-benchmark -s "$work/redis.sock" -q -n 20000 -c 20 -t set,get,lpush,lrange_100 >"$work/bench" 2>&1
	{
		echo flushall
		for n in $(seq 500); do echo "rpush list $((n * 7919 % 500))"; echo "hset hash field$n value$((n * 31))"; echo "zadd set $((n % 17)) member$n"; done
		printf '%s\n' 'sort list' 'lrange list 10 20' 'hget hash field77' 'zrange set 0 -1 withscores' 'append text abc' 'setrange text 5000 end' \
			'bitcount text' 'eval "return {redis.call(\"dbsize\"), string.rep(ARGV[1], 40)}" 0 xy' 'copy list other' 'llen other'
	} | redis-cli -s "$work/redis.sock" >"$answers"
	redis-cli -s "$work/redis.sock" shutdown nosave >/dev/null 2>&1
	wait $pid
}

run_redis-server() {
	local rate server status difference
	server=$(type -P redis-server)
	if [ -z "$server" ]; then
		server=$work/redis-server
		type -P redis-check-rdb >/dev/null || { missing redis-server 'no redis-server'; return; }
		ln -sf "$(type -P redis-check-rdb)" "$server"
	fi
	redis "$work/without" "$server"
	for rate in $rates; do
		rm -f "$work/trace"
		redis "$work/with" "$build/escprof" run -q --c-rate "$rate" -o "$work/trace" -- "$server"
		status=$?
		if [ $status != 0 ] || [ "$(grep -c 'requests per second' "$work/bench")" -lt 4 ] || [ "$(wc -l <"$work/with")" -lt 2500 ]; then
			cell redis-server "$rate" FAIL "status $status: $(tail -n 3 "$work/err" "$work/bench")"
		elif ! difference=$(diff "$work/without" "$work/with"); then
			cell redis-server "$rate" FAIL "$(head -n 10 <<<"$difference")"
		else
			sampled redis-server "$rate"
		fi
	done
}

# picture FILE COMMAND…: what the browser behind COMMAND shows.
picture() {
	local file=$1
	shift
	rm -rf "$work/profile" "$file"
	"$@" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --window-size=500,400 \
		--screenshot="$file" "file://$work/page.html" >"$work/out" 2>"$work/err" </dev/null && [ -s "$file" ]
}

# Its allocator is its own, in its executable; its processes are forked from one that is never executed anew.
run_chromium() {
	local browser=/usr/lib/chromium/chromium rate
	[ -x $browser ] || browser=$(real chromium)
	cat >"$work/page.html" <<'HTML'
<h1>A page</h1><canvas id=c width=200 height=100></canvas><script>
const c = document.getElementById('c').getContext('2d');
for (let i = 0; i < 40; i++) { c.fillStyle = `hsl(${i * 9} 80% 50%)`; c.fillRect(i * 5, 10, 4, 80 * Math.abs(Math.sin(i))); }
for (let i = 0; i < 200; i++) document.body.appendChild(document.createElement('p')).textContent = 'line ' + i;
</script>
HTML
	picture "$work/without.png" "$browser" || { cell chromium without FAIL "$(tail -n 5 "$work/err")"; return; }
	for rate in $rates; do
		rm -f "$work/trace"
		if ! picture "$work/with.png" "$build/escprof" run -q --c-rate "$rate" -o "$work/trace" -- "$browser"; then
			cell chromium "$rate" FAIL "$(tail -n 5 "$work/err")"
		elif ! cmp "$work/without.png" "$work/with.png" >"$work/difference" 2>&1; then
			cell chromium "$rate" FAIL "another picture: $(cat "$work/difference")"
		else
			sampled chromium "$rate"
		fi
	done
}

# missing PROGRAM REASON
missing() {
	local rate
	for rate in $rates; do cell "$1" "$rate" skip "not installed: $2"; done
}

for program in $programs; do
	needs=$program
	case $program in
	cc1plus) needs=g++ ;;
	redis-server) needs=redis-benchmark ;; # Debian's redis-tools have the server too, as redis-check-rdb
	esac
	if type -P "$needs" >/dev/null; then "run_$program"; else missing "$program" "no $needs"; fi
done

awk -v rates="$rates" -v programs="$programs" -v ci="${CI-}" '
	{ result[$1, $2] = $3; count[$3]++ }
	END {
		columns = split(rates, rate)
		rows = split(programs, program)
		printf "%-14s", ""
		for (i = 1; i <= columns; i++) printf " %-6s", rate[i]
		for (r = 1; r <= rows; r++) {
			printf "\n%-14s", program[r]
			for (i = 1; i <= columns; i++) {
				cell = result[program[r], rate[i]]
				if (cell == "") { cell = "FAIL"; count["FAIL"]++ }
				printf " %-6s", cell
			}
		}
		printf "\n%d passed, %d failed, %d skipped\n", count["ok"], count["FAIL"], count["skip"]
		exit count["FAIL"] > 0 || !count["ok"] || ci == "true" && count["skip"]
	}' "$work/results"
