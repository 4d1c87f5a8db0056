#!/usr/bin/env bash
# make compare-trials: how often diff and check --baseline raise a false alarm, and how often they find an escape that
# brings 1 % more bytes. Runs are made from tests/compare/programs, with and without the lines marked EXTRA; every pair is
# of two runs that no other pair has. Takes about half an hour of which most is analysing.
#
# TRIAL_PAIRS (70): pairs of runs of the same, for each program. TRIAL_FOUND (34): trials with the escape, for each.
# TRIAL_LOCK=FILE: serialise with other benchmarks (each batch of runs holds a lock on it: flock FILE COMMAND).
# Results stay in BUILD/compare, and what is there is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=$(realpath -m "${1:-build}")
ESCPROF=${ESCPROF:-$BUILD/escprof}
WORK=$BUILD/compare
PAIRS=${TRIAL_PAIRS:-70}
FOUND=${TRIAL_FOUND:-34}
BATCH=20
PROGRAMS=(workers web text)
# Short runs of the same, and runs of 1 to 2 s for the escape: what each program takes as its argument.
declare -A short=([workers]=30000 [web]=4000 [text]=8) long=([workers]=150000 [web]=20000 [text]=80)

GO=$(bash tests/find-go.sh)
PATH="$(dirname "$GO"):$PATH"
export PATH ESCPROF_CACHE=$WORK/cache CGO_ENABLED=0 GOTOOLCHAIN=local ESCPROF WORK
mkdir -p "$WORK/traces" "$WORK/after"

locked() {
	if [ -n "${TRIAL_LOCK:-}" ]; then flock "$TRIAL_LOCK" "$@"; else "$@"; fi
}

# build NAME: the program, and the same with the escape: it is built anew, of a source whose lines have shifted.
build() {
	[ ! -x "$WORK/$1" ] || [ ! -x "$WORK/$1.after" ] || return 0
	(cd tests/compare/programs && locked "$ESCPROF" build -o "$WORK/$1" "./$1")
	cp -r tests/compare/programs/. "$WORK/after"
	sed -i -e 's|// EXTRA: ||' -e '2i // These lines\n// shift the others.' "$WORK/after/$1/main.go"
	(cd "$WORK/after" && locked "$ESCPROF" build -o "$WORK/$1.after" "./$1")
}

# record PROGRAM ARGUMENT NAME FIRST LAST: the traces NAME.FIRST to NAME.LAST, in batches.
record() {
	local from to
	for ((from = $4; from <= $5; from += BATCH)); do
		to=$((from + BATCH - 1 < $5 ? from + BATCH - 1 : $5))
		[ ! -e "$WORK/traces/$3.$to.escprof" ] || continue
		locked bash -c 'for ((i = $4; i <= $5; i++)); do
			"$ESCPROF" run -q --rate 4096 -o "$WORK/traces/$3.$i.escprof" -- "$WORK/$1" "$2" >/dev/null || exit 1
		done' _ "$1" "$2" "$3" "$from" "$to"
	done
}

# hold PROGRAM KIND BEFORE AFTER…: what diff and check say of a pair: a line for each way to divide.
hold() {
	local program=$1 kind=$2 before=$3 after=$4 how options changed totals extra status
	for how in time bytes count; do
		options=(--per "$how")
		[ "$how" != count ] || options=(--count 1)
		"$ESCPROF" diff --format json "${options[@]}" "$before" "$after" >"$WORK/pair.json"
		changed=$(grep -m 1 '"changed"' "$WORK/pair.json" | tr -dc 0-9)
		totals=$(sed -n '/"totals"/,/"sites"/p' "$WORK/pair.json" | grep -c '"change": "[^n]' || true)
		extra=$(grep -A 3 '"site_after": {' "$WORK/pair.json" | grep -c '"function": "main.extra"' || true)
		status=0
		"$ESCPROF" check --baseline "$before" "${options[@]}" "$after" >"$WORK/pair.txt" || status=$?
		[ $status = 0 ] || [ $status = 3 ] || { echo "check ended with $status: $before $after"; exit 1; }
		echo "$program $kind $how $changed $totals $extra $status $(grep -c 'main.extra' "$WORK/pair.txt" || true)"
	done
}
export -f hold

measure() {
	local program i n
	for program in "${PROGRAMS[@]}"; do
		build "$program"
		record "$program" "${short[$program]}" "$program.same" 1 $((2 * PAIRS))
		record "$program" "${long[$program]}" "$program.before" 1 "$FOUND"
		record "$program.after" "${long[$program]}" "$program.after" 1 "$FOUND"
	done
	: >"$WORK/results"
	for program in "${PROGRAMS[@]}"; do
		for ((i = 1; i <= PAIRS; i += BATCH)); do
			n=$((i + BATCH - 1 < PAIRS ? i + BATCH - 1 : PAIRS))
			locked bash -c 'for ((i = $2; i <= $3; i++)); do
				hold "$1" same "$WORK/traces/$1.same.$((2 * i - 1)).escprof" "$WORK/traces/$1.same.$((2 * i)).escprof"
			done' _ "$program" "$i" "$n" >>"$WORK/results"
		done
		# Of the long runs pairs of the same too, for noise that only shows where samples are many.
		for ((i = 1; i <= FOUND; i += BATCH)); do
			n=$((i + BATCH - 1 < FOUND ? i + BATCH - 1 : FOUND))
			locked bash -c 'for ((i = $2; i <= $3; i++)); do
				hold "$1" found "$WORK/traces/$1.before.$i.escprof" "$WORK/traces/$1.after.$i.escprof"
				((i % 2)) || hold "$1" long "$WORK/traces/$1.before.$((i - 1)).escprof" "$WORK/traces/$1.before.$i.escprof"
			done' _ "$program" "$i" "$n" >>"$WORK/results"
		done
	done
}

# False alarms are pairs of the same of which anything is said; found are those where the escape is.
score() {
	awk '
		{ key = $2 == "found" ? "found" : "same"; n[key, $3]++; program[$1] = 1; each[$1, $2, $3]++ }
		key == "same" && $4 { sites[$3]++; wrong[$1, $2, $3]++ }
		key == "same" && $5 { totals[$3]++; wrongtotal[$1, $2, $3]++ }
		key == "same" && ($4 || $5) { diff[$3]++ }
		key == "same" && $7 == 3 { check[$3]++ }
		key == "found" && $6 { found[$3]++; hit[$1, $3]++ }
		key == "found" && $8 { gate[$3]++ }
		key == "found" && $4 > ($6 > 0) { others[$3]++ }
		END {
			split("time bytes count", how, " ")
			for (h = 1; h <= 3; h++) {
				w = how[h]
				printf "by %-6s pairs of the same: %d; diff says something of %d (sites %d, totals %d); check fails %d\n",
					w, n["same", w], diff[w], sites[w], totals[w], check[w]
				printf "          with 1 %% more: %d; diff shows it in %d, check in %d; other sites said to have changed in %d\n",
					n["found", w], found[w], gate[w], others[w]
				if (diff[w] > 0.02 * n["same", w] || check[w] > 0.02 * n["same", w] ||
				    found[w] < 0.95 * n["found", w] || gate[w] < 0.95 * n["found", w])
					bad = 1
			}
			print bad ? "not within 2 % of false alarms and 95 % of escapes found" : "within 2 % of false alarms, and 95 % of escapes found"
			exit bad
		}' "$WORK/results"
}

measure
score
