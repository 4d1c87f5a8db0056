#!/usr/bin/env bash
# make matrix: Go versions × kinds of build × run and attach. tests/matrix/program is built in each way and profiled at rate
# 1, and what the trace has must be what the program itself knows: the objects of each site and their deaths, the GC's
# figures, goroutines, labels; and it must print what it prints without escprof. What tests/matrix/refusals lists must be
# refused in these words, the program unharmed; that is no pass, and counted apart. MATRIX_VERSIONS and MATRIX_KINDS choose;
# with MATRIX_QUICK=1 it is the Go at hand and the kinds that are soon built.
# Prints "ok" ("ok …: refused, as listed"), "not ok" or "skip" for each cell, then the table, then the numbers. What tests/matrix/skips lists may fail,
# and must; all else must pass.
# usage: run.sh BUILD_DIR
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
escprof=$build/escprof
source tests/cli/same_text.bash
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go=$(bash tests/find-go.sh) || exit 1
PATH="$(dirname "$go"):$PATH"
export PATH
at_hand=$(GOTOOLCHAIN=local go env GOVERSION)
versions=${MATRIX_VERSIONS:-1.18.10 1.19.13 1.20.14 1.21.13 1.22.12 1.23.2 1.23.12 1.24.13 1.25.14 1.26.8 1.27.4}
kinds=${MATRIX_KINDS:-plain stripped pie stripped-pie external cgo musl musl-static race pgo trimpath test plugin}
if [ -n "${MATRIX_QUICK:-}" ]; then
	versions=${at_hand#go}
	kinds=${MATRIX_KINDS:-plain stripped external cgo musl test}
fi
ways='run attach'
patience=60 # seconds for one answer of a program

# go_build OUTPUT [arguments…]: of the module in the current folder, in the version that GOTOOLCHAIN says.
go_build() {
	local output=$1
	shift
	go build -o "$output" "$@"
}

(cd tests/cli/programs/reader && GOTOOLCHAIN=local CGO_ENABLED=0 go_build "$work/reader" .) || exit 1

# cpu_profile: what PGO builds go by, once for all of them.
cpu_profile() {
	(cd tests/matrix/program && GOTOOLCHAIN=local CGO_ENABLED=0 go_build "$work/plain" .) &&
		"$work/plain" <<<"profile 1 $work/cpu.pprof" >"$work/profile.out" && [ -s "$work/cpu.pprof" ]
}
case " $kinds " in *' pgo '*) cpu_profile || exit 1 ;; esac

# build_kind KIND CELL: the program as that kind, CELL/program; leaves how it is called in CELL/command.
build_kind() {
	local program=$2/program
	echo "$program" >"$2/command"
	cd tests/matrix/program || return 1
	export CGO_ENABLED=0
	case $1 in
	plain) go_build "$program" . ;;
	stripped) go_build "$program" -ldflags='-s -w' . ;;
	pie) go_build "$program" -buildmode=pie . ;;
	stripped-pie) go_build "$program" -buildmode=pie -ldflags='-s -w' . ;;
	external) CGO_ENABLED=1 go_build "$program" -tags withc -ldflags=-linkmode=external . ;;
	cgo) CGO_ENABLED=1 go_build "$program" -tags withc -ldflags=-linkmode=internal . ;;
	musl) CC=musl-gcc CGO_ENABLED=1 go_build "$program" -tags withc -ldflags=-linkmode=external . ;;
	musl-static)
		CC=musl-gcc CGO_ENABLED=1 go_build "$program" -tags withc -ldflags='-linkmode=external -extldflags=-static' .
		;;
	race) CGO_ENABLED=1 go_build "$program" -race . ;;
	pgo) go_build "$program" -pgo="$work/cpu.pprof" . ;;
	trimpath) go_build "$program" -tags own -trimpath . ;;
	test)
		echo "$program -test.run=Matrix" >"$2/command"
		go test -c -vet=off -tags own -o "$program" .
		;;
	plugin)
		export CGO_ENABLED=1
		go_build "$program" -tags host . && go_build "$program.so" -buildmode=plugin ./plugged
		;;
	esac
}

# prepare CELL: of the current shell, for what follows on that cell.
prepare() {
	cell=$1
	read -ra command <"$cell/command"
	export MATRIX_KNOWN=$cell/known MATRIX_PLUGIN=$cell/program.so
}

# is_judged WAY: the trace holds what the program knows.
is_judged() {
	"$escprof" report --format json -o "$cell/json" "$cell/trace" && "$build/tests/tools/print_trace" "$cell/trace" >"$cell/raw" &&
		"$work/reader" cell "$cell/json" "$cell/known" "$cell/raw" "$1"
}

# is_as_without WAY: what it printed is what it prints without escprof.
is_as_without() {
	"${command[@]}" <"$cell/commands" >"$cell/$1.without" 2>&1 || { cat "$cell/$1.without"; return 1; }
	diff "$cell/$1.without" "$cell/$1.out"
}

# run_it [options…]
run_it() {
	"$escprof" run -q "$@" -o "$cell/trace" -- "${command[@]}" <"$cell/commands" >"$cell/run.out" 2>&1 ||
		{ cat "$cell/run.out"; return 1; }
}

# is_total: of the report's total at a coarse rate.
is_total() {
	"$escprof" report --format json -o "$cell/json" "$cell/trace" &&
		"$work/reader" total "$cell/json" "$(awk '/^allocated/ { print $2 }' "$cell/known")" 0.05
}

# Every allocation with its death; every allocation, which the agent only counts where it need not follow it; a coarse rate.
profile_run() {
	echo work >"$cell/commands"
	run_it --rate 1 --live-rate 1 && is_judged run && is_as_without run && run_it --rate 1 && is_judged counted &&
		run_it --rate 4096 && is_total && is_as_without run
}

# hears FD TEXT: a line that begins so comes from there; the line is kept.
hears() {
	local line
	while IFS= read -r -t $patience line <&"$1"; do
		echo "$line" >>"$cell/heard.$1"
		case $line in "$2"*) return ;; esac
	done
	echo "never heard: $2"
	return 1
}

tell() { echo "$1" >&3; }

# While it works it is attached to; before and behind that it allocates at the same sites, unseen.
attached_work() {
	local profiler status
	hears 4 ready && tell warm && hears 4 warm || return 1
	"$escprof" attach --no-report --rate 1 --live-rate 1 -o "$cell/trace" -p "$target" 2>"$cell/err" &
	profiler=$!
	exec 5<"$cell/err"
	hears 5 'escprof: attached to' && tell work && hears 4 work
	status=$?
	kill -INT $profiler
	wait $profiler || status=1
	cat "$cell/heard.5"
	cat <&5
	[ $status = 0 ] && same_text "$target" && tell warm && hears 4 warm
}

# start_target: with its standard input at descriptor 3, its output at 4.
start_target() {
	printf '%s\n' warm work warm >"$cell/commands"
	rm -f "$cell"/{in,out,err,heard.4,heard.5}
	mkfifo "$cell/in" "$cell/out" "$cell/err"
	"${command[@]}" <"$cell/in" >"$cell/out" 2>&1 &
	target=$!
	exec 3>"$cell/in" 4<"$cell/out"
}

# end_target STATUS: after what went well (0) or not. Its whole output is in attach.out.
end_target() {
	local status=$1
	exec 3>&-
	[ "$status" = 0 ] || kill -9 "$target"
	cat <&4 >>"$cell/heard.4"
	mv "$cell/heard.4" "$cell/attach.out"
	wait "$target" && [ "$status" = 0 ] || { cat "$cell/attach.out"; return 1; }
}

profile_attach() {
	start_target
	attached_work
	end_target $? && is_judged attach && is_as_without attach
}

# is_refused FILE TEXT: what escprof said in FILE has TEXT, and it left no trace.
is_refused() {
	grep -qF -- "$2" "$1" && [ ! -e "$cell/trace" ] || { cat "$1"; return 1; }
}

refused_run() {
	echo work >"$cell/commands"
	"$escprof" run --rate 1 -o "$cell/trace" -- "${command[@]}" <"$cell/commands" >"$cell/run.out" 2>"$cell/err" &&
		is_refused "$cell/err" "$1" && is_as_without run
}

refused_attach() {
	start_target
	hears 4 ready && tell warm && hears 4 warm || return 1
	! "$escprof" attach --rate 1 -o "$cell/trace" -p "$target" 2>"$cell/said" && is_refused "$cell/said" "$1" &&
		same_text "$target" && tell work && hears 4 work && tell warm && hears 4 warm
	end_target $? && is_as_without attach
}

# listed FILE VERSION KIND WAY: prints what that list has to say of it; fails when it has nothing.
listed() {
	local version kind way reason
	while read -r version kind way reason; do
		# The list has patterns.
		# shellcheck disable=SC2053
		[[ $version != '#'* && $2 = $version && $3 = $kind && $4 = $way ]] && echo "$reason" && return
	done <"tests/matrix/$1"
	return 1
}

# judge VERSION KIND WAY STATUS OUTPUT [GOOD]: the cell's result, in the results and for people; where nothing went wrong it
# is GOOD, ok or refused.
judge() {
	local reason result=${6:-ok}
	if reason=$(listed skips "$1" "$2" "$3"); then
		result=skip
		[ "$4" != 0 ] || result=FAIL
	elif [ "$4" != 0 ]; then
		result=FAIL
	fi
	echo "$1 $2 $3 $result" >>"$work/results"
	case $result in
	ok) echo "ok go$1 $2 $3" ;;
	refused) echo "ok go$1 $2 $3: refused, as listed" ;;
	skip) echo "skip go$1 $2 $3: $reason" ;;
	FAIL)
		echo "not ok go$1 $2 $3${reason:+: is listed in tests/matrix/skips ($reason), but passes}"
		printf '%s\n' "$5" | tail -n 30 | sed 's/^/    /'
		;;
	esac
}

# both_ways VERSION KIND: builds it, and profiles it in each way.
both_ways() {
	local way output status built text good
	mkdir -p "$work/$1.$2"
	built=$( (build_kind "$2" "$work/$1.$2") 2>&1)
	status=$?
	for way in $ways; do
		output=$built
		if [ $status = 0 ]; then
			text=$(listed refusals "$1" "$2" "$way") && good=refused || good=ok
			output=$(
				exec 2>&1
				prepare "$work/$1.$2"
				if [ $good = refused ]; then "refused_$way" "$text"; else "profile_$way"; fi
			)
			judge "$1" "$2" "$way" $? "$output" $good
		else
			judge "$1" "$2" "$way" 1 "$output"
		fi
	done
	rm -rf "${work:?}/$1.$2"
}

for version in $versions; do
	export GOTOOLCHAIN=go$version
	[ "$at_hand" != "go$version" ] || export GOTOOLCHAIN=local
	if ! why=$(go version 2>&1); then
		for kind in $kinds; do for way in $ways; do judge "$version" "$kind" "$way" 1 "$why"; done; done
		continue
	fi
	for kind in $kinds; do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
		both_ways "$version" "$kind" >"$work/said.$version.$kind" 2>&1 && cat "$work/said.$version.$kind" &
	done
done
wait

awk -v kinds="$kinds" -v ways="$ways" -v versions="$versions" '
	{ result[$1, $2, $3] = $4; count[$4]++ }
	END {
		columns = split(kinds, kind)
		pairs = split(ways, way)
		rows = split(versions, version)
		printf "%-12s", ""
		for (i = 1; i <= columns; i++) printf " %-15s", kind[i]
		printf "\n%-12s", ""
		for (i = 1; i <= columns; i++) printf " %-7s %-7s", way[1], way[2]
		for (r = 1; r <= rows; r++) {
			printf "\n%-12s", "go" version[r]
			for (i = 1; i <= columns; i++)
				for (k = 1; k <= pairs; k++) {
					cell = result[version[r], kind[i], way[k]]
					if (cell == "") { cell = "FAIL"; count["FAIL"]++ }
					printf " %-7s", cell
				}
		}
		printf "\n%d passed, %d refused as listed, %d failed, %d skipped\n", count["ok"], count["refused"], count["FAIL"],
			count["skip"]
		exit count["FAIL"] > 0
	}' "$work/results"
