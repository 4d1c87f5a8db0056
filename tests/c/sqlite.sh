#!/usr/bin/env bash
# sqlite.sh BUILD: the service tests/c/sqlite, Go on the real SQLite, under load. What two counters that know nothing of
# escprof say, one between SQLite and its allocator and one in place of malloc (tests/c/count_malloc.c), must be in the
# trace: at rate 1 exactly, but for the few allocations that are made before libescprof.so begins; at coarser ones within
# 2 %. So must malloc's own statistics be, of glibc and jemalloc, of the blocks that they make of the sizes that are asked
# for. Every stack in SQLite must reach the Go that called, through callbacks too. What is not installed is skipped, but not
# with CI=true.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
go=$(bash tests/find-go.sh) || exit 1
PATH="$(dirname "$go"):$PATH"
export PATH GOTOOLCHAIN=local
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
early=200 # objects, at most, that libraries' constructors make before ours runs

(cd tests/cli/programs/reader && CGO_ENABLED=0 go build -o "$work/reader" .) &&
	(cd tests/c/sqlite && CGO_ENABLED=1 go build -o "$work/sqlite" .) &&
	gcc -O2 -shared -fPIC -fno-builtin -o "$work/count_malloc.so" tests/c/count_malloc.c || exit 1

# result STATUS NAME TEXT
result() {
	if [ "$1" = 0 ]; then
		echo "ok $2: $3"
		passed=$((passed + 1))
	else
		echo "not ok $2: $3"
		failed=$((failed + 1))
	fi
}

# profile RATE REQUESTS [PRELOADED]: leaves what the counters say in $work/said, the trace's contexts in $work/stacks.
profile() {
	LD_PRELOAD=${3-$work/count_malloc.so} "$build/escprof" run -q --rate 512K --c-rate "$1" -o "$work/trace" -- \
		"$work/sqlite" "$2" >"$work/said" 2>"$work/err" || { cat "$work/said" "$work/err"; return 1; }
	"$build/tests/tools/print_c_stacks" "$work/trace" >"$work/stacks" &&
		"$build/escprof" report --format json -o "$work/json" "$work/trace"
}

# exact: of rate 1.
exact() {
	awk -F '\t' -v early=$early '
		FILENAME ~ /said$/ {
			split($0, word, " ")
			for (i = 2; i <= 5; i++) said[word[1], i - 1] = word[i]
			next
		}
		{ for (i = 1; i <= 4; i++) all[i] += $i }
		$5 ~ /^(sqlite3MemMalloc|sqlite3MemRealloc):/ {
			for (i = 1; i <= 4; i++) own[i] += $i
			if ($5 !~ /;main\.[^;]*;.*;runtime\.goexit:/) { print "no Go in " $5; bad++ }
			if ($5 ~ /not known/) { print "not whole: " $5; bad++ }
			if ($5 ~ /;main\.initials:.*;callbackTrampoline:.*;sqlite3_step:.*;main\.scratch:.*;main\.serve:/) through += $1
		}
		END {
			for (i = 1; i <= 4; i++) if (own[i] != said["sqlite", i]) { print "SQLite: " own[i] ", not " said["sqlite", i]; bad++ }
			missed = said["malloc", 1] - all[1]
			if (!said["malloc", 1] || missed < 0 || missed > early) { print "malloc: " all[1] ", not " said["malloc", 1]; bad++ }
			if (said["malloc", 3] - all[3] < 0 || said["malloc", 3] - all[3] > early) { print "free: " all[3] ", not " said["malloc", 3]; bad++ }
			if (through < 1000) { print "only " through + 0 " objects through a callback"; bad++ }
			printf "SQLite%s exactly %d objects of %d bytes, %d of them freed, %d through a callback; all of malloc %d of %d objects (%.3f %%), %.3f %% of the bytes\n",
				"\047s", own[1], own[2], own[3], through, all[1], said["malloc", 1], 100 * all[1] / said["malloc", 1],
				100 * all[2] / said["malloc", 2]
			exit bad > 0
		}' "$work/said" "$work/stacks"
}

# near: of a coarser rate, the report's totals. An estimate of bytes from samples of sizes s has a variance of about the
# sum of s² w (w - 1) over its samples, of weights w = 1 / (1 - e^(-s/r)).
near() {
	"$work/reader" c_totals "$work/json" >"$work/totals" || return 1
	awk -F '\t' -v rate="$1" '
		FILENAME ~ /said$/ { split($0, word, " "); if (word[1] == "malloc") { objects = word[2]; bytes = word[3] } next }
		FILENAME ~ /totals$/ { split($0, word, " "); seen_bytes = word[1]; seen_objects = word[2]; next }
		{
			s = $2 / $1
			w = 1 / (1 - exp(-s / rate))
			samples += $1
			bytes_variance += $1 * s * s * w * (w - 1)
			objects_variance += $1 * w * (w - 1)
		}
		END {
			bytes_off = seen_bytes / bytes - 1
			objects_off = seen_objects / objects - 1
			bytes_error = sqrt(bytes_variance) / bytes
			objects_error = sqrt(objects_variance) / objects
			printf "%d samples; bytes off by %.2f %% (sampling error %.2f %%), objects by %.2f %% (%.2f %%)\n", samples, 100 * bytes_off,
				100 * bytes_error, 100 * objects_off, 100 * objects_error
			if (bytes_error > 0.008) { print "too few samples to tell"; exit 1 }
			exit bytes_off > 0.02 || bytes_off < -0.02 || objects_off > 4 * objects_error || objects_off < -4 * objects_error
		}' "$work/said" "$work/totals" "$work/stacks"
}

# The blocks that allocators make: glibc's multiples of 16 with a word of its own, jemalloc's classes.
blocks='
	function glibc(size) { return size <= 24 ? 32 : int((size + 23) / 16) * 16 }
	function jemalloc(size, from) {
		if (size <= 128) return size <= 8 ? 8 : int((size + 15) / 16) * 16
		for (from = 128; from * 2 < size; from *= 2);
		return int((size + from / 4 - 1) / (from / 4)) * from / 4
	}
	function off(what, ours, theirs, most) {
		said = said sprintf("%s%s %.0f of %.0f (off by %.3f %%)", said ? ", " : "", what, ours, theirs, 100 * (ours / theirs - 1))
		if (!theirs || ours / theirs > 1 + most || ours / theirs < 1 - most) bad++
	}
	FILENAME ~ /said$/ { n = split($0, word, " "); for (i = 2; i <= n; i++) of[word[1], i - 1] = word[i]; next }'

# glibc_itself RATE REQUESTS: the bytes that are in use, with what glibc adds to each block. At a coarser rate than 1 only
# those that are kept are samples of it: within four standard errors then.
glibc_itself() {
	profile "$1" "$2" '' || return 1
	awk -F '\t' -v rate="$1" "$blocks"'
		$1 > $3 {
			size = ($2 - $4) / ($1 - $3)
			weight = rate == 1 ? 1 : 1 / (1 - exp(-size / rate))
			in_use += weight * ($1 - $3) * glibc(size)
			variance += ($1 - $3) * glibc(size) ^ 2 * weight * (weight - 1)
		}
		END {
			error = sqrt(variance) / of["glibc", 1]
			off("bytes in use", in_use, of["glibc", 1], rate == 1 ? 0.02 : 4 * error)
			if (rate > 1) said = said sprintf("; sampling error %.2f %%", 100 * error)
			if (error > 0.06) { said = said ", too few samples to tell"; bad++ }
			print said
			exit bad > 0
		}' "$work/said" "$work/stacks"
}

# jemalloc_itself RATE REQUESTS MOST: what it has given and taken back so far; at rate 1 what is in use too. At coarser
# rates each sample stands for 1 / (1 - e^(-s/r)) objects; of those there are too few, most being small, for MOST.
jemalloc_itself() {
	MALLOC_CONF=tcache:false profile "$1" "$2" "$jemalloc" || return 1
	awk -F '\t' -v rate="$1" -v most="$3" "$blocks"'
		{
			size = $2 / $1
			weight = rate == 1 ? 1 : 1 / (1 - exp(-size / rate))
			objects += weight * $1
			bytes += weight * $1 * jemalloc(size)
			variance += $1 * jemalloc(size) ^ 2 * weight * (weight - 1)
			objects_variance += $1 * weight * (weight - 1)
			freed += weight * $3
		}
		$1 > $3 { in_use += weight * ($1 - $3) * jemalloc(($2 - $4) / ($1 - $3)) }
		END {
			objects_error = sqrt(objects_variance) / of["jemalloc", 1]
			off("objects", objects - of["in_place", 1], of["jemalloc", 1], rate == 1 ? most : 4 * objects_error)
			off("bytes", bytes - of["in_place", 2], of["jemalloc", 2], most)
			off("freed", freed - of["in_place", 1], of["jemalloc", 3], rate == 1 ? most : 4 * objects_error)
			if (rate == 1) off("bytes in use", in_use, of["jemalloc", 5], most)
			error = sqrt(variance) / of["jemalloc", 2]
			if (error > 0.008) { said = said ", too few samples to tell"; bad++ }
			printf "%s; sampling error of the bytes %.2f %%, of the objects %.2f %%\n", said, 100 * error, 100 * objects_error
			exit bad > 0
		}' "$work/said" "$work/stacks"
}

text=$(profile 1 "${SQLITE_REQUESTS:-600}" && exact)
result $? "rate 1" "$text"
text=$("$work/reader" c_callers "$work/json" main. github.com/mattn/go-sqlite3. 2>&1)
result $? "Go and C in one report" "$text"
for rate in 4096 65536; do
	text=$(profile $rate "${SQLITE_REQUESTS:-2400}" && near $rate)
	result $? "rate $rate" "$text"
done
# The default rate, for as long as it takes to have samples enough.
text=$(profile 524288 "${SQLITE_REQUESTS:-24000}" && near 524288)
result $? "rate 512K" "$text"
text=$(GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1 glibc_itself 1 "${SQLITE_REQUESTS:-600}")
result $? "rate 1, glibc's own statistics, one arena and no caches" "$text"
# As glibc is by itself: what lies in its threads' caches counts as in use, so that there has to be much that is.
text=$(KEPT_MB=100 glibc_itself 1 "${SQLITE_REQUESTS:-600}")
result $? "rate 1, glibc's own statistics" "$text"
text=$(KEPT_MB=400 glibc_itself 524288 "${SQLITE_REQUESTS:-600}")
result $? "rate 512K, glibc's own statistics" "$text"
jemalloc=$(dirname "$(gcc -print-file-name=libc.so)")/libjemalloc.so.2
if [ -e "$jemalloc" ]; then
	text=$(jemalloc_itself 1 "${SQLITE_REQUESTS:-600}" 0.002)
	result $? "rate 1, jemalloc's own statistics" "$text"
	text=$(jemalloc_itself 65536 "${SQLITE_REQUESTS:-2400}" 0.02)
	result $? "rate 65536, jemalloc's own statistics" "$text"
	text=$(jemalloc_itself 524288 "${SQLITE_REQUESTS:-24000}" 0.02)
	result $? "rate 512K, jemalloc's own statistics" "$text"
else
	echo "skip jemalloc's own statistics: libjemalloc2 is not installed"
	skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && { [ "${CI-}" != true ] || [ $skipped = 0 ]; }
