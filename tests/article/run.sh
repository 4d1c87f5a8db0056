#!/usr/bin/env bash
# make article: the tables of docs/ARTICLE.md anew. The samples are run with each version of Go, slow and fixed, at rate
# 1; then edges, which counts what lies just on either side of a claim. ARTICLE_VERSIONS chooses the versions. Versions
# that the samples' module is too new for, below 1.22, are measured by Go's own heap profile, every allocation sampled,
# from copies of the samples in a module with dependencies of their time.
# usage: run.sh BUILD_DIR
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
escprof=$PWD/$1/escprof
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
versions=${ARTICLE_VERSIONS:-1.19.13 1.22.12 1.25.14 1.27.4}
oldest_of_samples=22
export ESCPROF_CACHE=$work/cache CGO_ENABLED=0
front=$(bash tests/find-go.sh) || exit 1
kept_modules=$("$front" env GOMODCACHE)
proxies=$("$front" env GOPROXY)

(cd tests/cli/programs/reader && GOTOOLCHAIN=local "$front" build -o "$work/reader" .) || exit 1

# use VERSION: go in the PATH is that version, $minor its number.
use() {
	local root
	unset GOMODCACHE GOPROXY GOFLAGS
	if [ "$(GOTOOLCHAIN=local "$front" env GOVERSION)" = "go$1" ]; then
		root=$("$front" env GOROOT)
	else
		root=$(cd "$work" && GOTOOLCHAIN=go$1 "$front" env GOROOT) || return 1
	fi
	version=$1 minor=$(cut -d. -f2 <<<"$1")
	PATH=$root/bin:$PATH
	export PATH GOTOOLCHAIN=local
	# Up to 1.19 go takes its own packages for a module's when it stands in the module cache itself.
	if [ "$minor" -lt 20 ]; then
		export GOMODCACHE=$work/modules GOPROXY=file://$kept_modules/cache/download,$proxies GOFLAGS=-modcacherw
	fi
}

# build SAMPLE: to $work/program, from $folder; the compiler's words for it in $work/words.
build() {
	if [ "$minor" -ge $oldest_of_samples ]; then
		folder=samples
		(cd samples && "$escprof" build -o "$work/program" "./$1" 2>"$work/words")
		return
	fi
	folder=$work/old
	mkdir -p "$folder" && cp -r tests/article/old/. "$folder" && cp -r "samples/$1" "$folder" || return 1
	(cd "$folder" && go build -o "$work/program" "./$1" && go build -gcflags=all=-m=2 -o /dev/null "./$1") 2>"$work/words"
}

# run VARIANT: its heap profile, and what the program says of itself in $work/out.
run() {
	if [ "$minor" -ge $oldest_of_samples ]; then
		"$escprof" run -q --rate 1 -o "$work/trace" -- "$work/program" -variant "$1" -n "$operations" >"$work/out" &&
			"$escprof" report --format json -o "$work/$1" "$work/trace"
	else
		"$work/program" -variant "$1" -n "$operations" -profile "$work/$1" >"$work/out"
	fi
}

# profiled INDEX VARIANT FILE:LINE: the number that Go's heap profile has for the place.
profiled() {
	go tool pprof -lines -top -nodecount=100000 -nodefraction=0 -unit=B -sample_index="$1" "$work/program" "$work/$2" 2>/dev/null |
		awk -v place="$3" '{ at = index($0, place) } at && substr($0, at + length(place)) ~ /^( |$)/ { sub(/B$/, "", $1); sum += $1 }
			END { printf "%.0f\n", sum }'
}

# cells VARIANT FUNCTION FILE LINE: what the compiler says, class and category, objects and bytes, saving.
cells() {
	local objects bytes verdict
	if [ "$minor" -ge $oldest_of_samples ]; then
		"$work/reader" cells "$work/$1" "$2" "$4" $made
		return
	fi
	objects=$(profiled alloc_objects "$1" "$3:$4")
	bytes=$(profiled alloc_space "$1" "$3:$4")
	[ "$objects" -ge $((operations / 100)) ] || return 1
	verdict=$(grep -F "$3:$4:" "$work/words" |
		sed -n 's/^[^ ]*: \(.*\(escapes to heap\|does not escape\|moved to heap: .*\)\)$/\1/p' | head -n 1)
	echo "\`$verdict\` | – | $(awk -v o="$objects" -v b="$bytes" -v n=$made 'BEGIN { printf "%.1f, %.0f", o / n, b / n }') | –"
}

# What the program itself counted in all: "36.0, 2000".
whole() { sed -E 's/.* ([0-9.]+) allocations and ([0-9]+)[0-9.]* bytes.*/\1, \2/' "$work/out"; }

# place SAMPLE FILE PATTERN: sets file (as the compiler and pprof end it) and line.
place() {
	file=$2
	if [ "$2" = main.go ]; then
		line=$(grep -n "$3" "samples/$1/main.go" | head -n 1 | cut -d: -f1)
		return
	fi
	local kratos
	kratos=$(cd "$folder" && go list -m -f '{{.Dir}}' github.com/go-kratos/kratos/v2)
	line=$(grep -n "$3" "$kratos/$2" | head -n 1 | cut -d: -f1)
	file=$(basename "$kratos")/$2
}

# claim NUMBER SAMPLE FUNCTION FILE PATTERN: a row of its table, after sample has run.
claim() {
	local row left
	place "$2" "$4" "$5"
	row=$(cells slow "$3" "$file" "$line") || row="– | – | 0, 0 | –"
	left=$(cells fixed "$3" "$file" "$line") && left="still there: $left"
	echo "| $version | $row | $slow → $fixed | ${left:-gone} |" >>"$work/rows.$1"
}

# sample NAME OPERATIONS: builds it and runs both variants. The samples make one operation more, before they count.
sample() {
	operations=$2 made=$(($2 + 1))
	build "$1" || { echo "$1 with Go $version:" && tail -n 3 "$work/words"; return 1; } >&2
	run slow && slow=$(whole) && run fixed && fixed=$(whole)
}

all_claims() {
	local kratos=github.com/go-kratos/kratos/v2
	sample pointer-returned 100000 && claim a pointer-returned $kratos/errors.New errors/errors.go 'return &Error{'
	sample interface-conversion 100000 && {
		claim b interface-conversion main.describeSlow main.go 'structpb.NewStruct(map'
		claim b2 interface-conversion main.describeSlow main.go '"name":   p.name'
	}
	sample stack-too-small 20000 && {
		claim c stack-too-small main.sumTooLarge main.go 'make(\[\]int, tooMany)'
		claim d stack-too-small main.sumOf main.go 'make(\[\]int, n)'
	}
	sample closure 3000000 && {
		claim e closure main.counterSlow main.go 'n := 0'
		claim e2 closure main.counterSlow main.go 'return func'
	}
	sample value-or-pointer 100000 && claim f value-or-pointer main.pathSlow main.go '&point{'
}

# table NUMBER TITLE
table() {
	printf '\n%s\n\n' "$2"
	echo "| Go | the compiler | class, category | objects, bytes | GC CPU saved, % | all objects, bytes: slow → fixed | the site when fixed |"
	echo "|---|---|---|---|---|---|---|"
	cat "$work/rows.$1"
}

# The edges, a column for each version.
edges() {
	awk -v versions="$measured" -F ' [|] ' '
		FNR == 1 { file++ }
		{ if (file == 1) names[++n] = $1; objects[$1] = objects[$1] " | " $2; times[$1] = times[$1] " | " $3 }
		function head(title, cells, rule) {
			cells = versions; gsub(/ /, " | ", cells)
			rule = versions; gsub(/[^ ]+ ?/, "---|", rule)
			print "\n| " title " | " cells " |\n|---|" rule
		}
		END {
			head("objects a call"); for (i = 1; i <= n; i++) print "| " names[i] objects[names[i]] " |"
			head("ns a call"); for (i = 1; i <= n; i++) if (names[i] ~ /passed/) print "| " names[i] times[names[i]] " |"
		}' "$@"
}

counted=()
for wanted in $versions; do
	use "$wanted" || { echo "skip go$wanted: this toolchain cannot be had here"; continue; }
	all_claims
	(cd tests/article/edges && go build -o "$work/edges" .) && "$work/edges" >"$work/edges.$version" || exit 1
	counted+=("$work/edges.$version")
done
measured=${counted[*]//"$work/edges."/}
table a "a. A pointer returned (samples/pointer-returned)"
table b "b. A map for structpb (samples/interface-conversion)"
table b2 "b. The first of the ten values in that map"
table c "c. 8193 ints (samples/stack-too-small, which has c and d)"
table d "d. n ints"
table e "e. A captured counter (samples/closure)"
table e2 "e. Its closure"
table f "f. Points held by pointer (samples/value-or-pointer)"
edges "${counted[@]}"
