#!/usr/bin/env bash
# mixed.sh BUILD: thousands of stacks of Go and C, each called from the other up to nineteen times, in goroutines and in
# threads of C's own, are what they must be: tests/c/mixed prints what it calls, with the lines that runtime.Callers
# tells, and every stack of the trace must be one of those, as often. In a stripped program C has no names, and
# what Go's own linker has linked has nothing to unwind C by: there Go's frames alone are compared. MIXED_VERSIONS (the Go at hand), MIXED_KINDS and MIXED_COUNT choose.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
go=$(bash tests/find-go.sh) || exit 1
PATH="$(dirname "$go"):$PATH"
export PATH
at_hand=$(GOTOOLCHAIN=local go env GOVERSION)
versions=${MIXED_VERSIONS:-${at_hand#go}}
kinds=${MIXED_KINDS:-external internal pie stripped stripped-pie}
count=${MIXED_COUNT:-500} # codes for each of eight goroutines
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# build_kind KIND
build_kind() {
	local words=()
	case $1 in
	external | internal) words=("-ldflags=-linkmode=$1") ;;
	pie) words=(-buildmode=pie) ;;
	stripped) words=('-ldflags=-s -w') ;;
	stripped-pie) words=(-buildmode=pie '-ldflags=-s -w') ;;
	esac
	(cd tests/c/mixed && CGO_ENABLED=1 go build -o "$work/mixed" "${words[@]}" .)
}

# theirs PATTERN: of the lines on standard input, the frames that match it, as "COUNT FRAME;FRAME…", sorted.
theirs() {
	awk -F '\t' -v pattern="$1" '{
		n = split($2, frame, ";")
		stack = ""
		for (i = 1; i <= n; i++)
			if (frame[i] ~ pattern) {
				if (frame[i] ~ /^c_/) sub(/:.*/, "", frame[i])
				stack = stack ";" frame[i]
			}
		sum[stack] += $1
	}
	END { for (stack in sum) print sum[stack], substr(stack, 2) }' | sort
}

# compare KIND
compare() {
	local pattern='^(c_a|c_b|c_i|c_leaf|c_thread)(:|$)|^main\.go[ABI]:' go_only=
	case $1 in stripped* | internal) go_only=1 pattern='^main\.go[ABI]:' ;; esac
	build_kind "$1" || return 1
	"$build/escprof" run -q --rate 512K --c-rate 1 -o "$work/trace" -- "$work/mixed" $RANDOM "$count" >"$work/said" ||
		{ cat "$work/said"; return 1; }
	# The tree's own are of 48 bytes and all freed.
	"$build/tests/tools/print_c_stacks" "$work/trace" >"$work/stacks" || return 1
	awk -F '\t' -v any="$go_only" '$2 == 48 * $1 && $4 == $2 && (any || $5 ~ /^c_leaf:/) { print $1 "\t" $5 }' "$work/stacks" |
		theirs "$pattern" >"$work/seen"
	sed 's/^/1\t/' "$work/said" | theirs "$pattern" >"$work/wanted"
	# A stack without any Go cannot be told from what else C allocates where C has no names.
	[ -z "$go_only" ] || sed -i '/^[0-9]* $/d' "$work/seen" "$work/wanted"
	diff "$work/wanted" "$work/seen" >"$work/difference" || { head -n 20 "$work/difference"; return 1; }
	[ "$(wc -l <"$work/wanted")" -ge $((2 * count)) ] || { echo "only $(wc -l <"$work/wanted") different stacks"; return 1; }
	awk '{ n += $1; depth = gsub(/;/, ";") + 1; if (depth > most) most = depth }
		END { printf "%d stacks, %d different ones, up to %d frames of the tree", n, NR, most }' "$work/seen"
}

for version in $versions; do
	export GOTOOLCHAIN=go$version
	[ "$at_hand" != "go$version" ] || export GOTOOLCHAIN=local
	for kind in $kinds; do
		if said=$(compare "$kind" 2>&1); then
			echo "ok go$version $kind: $said"
			passed=$((passed + 1))
		else
			printf 'not ok go%s %s\n%s\n' "$version" "$kind" "$said"
			failed=$((failed + 1))
		fi
	done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
