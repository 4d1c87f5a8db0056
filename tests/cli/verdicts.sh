#!/usr/bin/env bash
# Nothing that the compiler says is lost on the way to the store: every verdict of a plain `go build -gcflags=all=-m` is
# kept by `escprof build` of the same, whatever way the program is built. The module has files of equal base name whose
# bodies are inlined into each other, generics, //line, build tags, a replaced module, initialisation, and cgo.
source "$(dirname "$0")/common.bash"

COMPARE=$BUILD/tests/tools/compare_verdicts
cp -r tests/cli/programs/verdicts "$WORK/module"
cd "$WORK/module" || exit 1

# complete [GOENV=VALUE…] [go build arguments…]: builds in both ways and compares the verdicts of the packages in $scope.
scope=escprof.test/...
complete() {
	local settings=()
	while [ $# -gt 0 ] && [[ $1 == *=* ]] && [[ $1 != -* ]]; do
		settings+=("$1")
		shift
	done
	env "${settings[@]}" "$ESCPROF" build "$@" -o "$WORK/kept" . &&
		env "${settings[@]}" go build "$@" -gcflags="$scope=-m" -o "$WORK/plain" . 2>"$WORK/log" &&
		"$COMPARE" "$WORK/kept" "$WORK/log"
}

# A changed dependency changes what is found, with everything in the store of before and after; and back.
switches() {
	local was=other/type.go.was
	complete CGO_ENABLED=0 && cp other/type.go $was || return 1
	printf '\nfunc Twice(n int) [][]int { return [][]int{make([]int, n), make([]int, n)} }\n\nvar Kept = Twice(2)\n' >>other/type.go
	sed -i '1i // one line further down' other/type.go
	complete CGO_ENABLED=0 && grep -q 'other/type.go:.*make' "$WORK/log" || return 1
	mv $was other/type.go
	complete CGO_ENABLED=0 && ! grep -q 'other/type.go:.*make' "$WORK/log"
}

work_space() {
	sed '/other/d' go.mod >"$WORK/go.mod" && cp "$WORK/go.mod" go.mod &&
		printf 'go 1.22\n\nuse (\n\t.\n\t./other\n)\n' >go.work && complete CGO_ENABLED=0
	local status=$?
	rm -f go.work
	cp "$ROOT/tests/cli/programs/verdicts/go.mod" go.mod
	return $status
}

profile_guided() {
	CGO_ENABLED=0 go build -o "$WORK/plain" . && "$WORK/plain" "$WORK/cpu.pprof" >/dev/null &&
		complete CGO_ENABLED=0 -pgo="$WORK/cpu.pprof"
}

scope=all # the standard library too
check "plain" complete CGO_ENABLED=0
check "-trimpath" complete CGO_ENABLED=0 -trimpath
scope=escprof.test/...
check "cgo" complete CGO_ENABLED=1
check "build tags" complete CGO_ENABLED=0 -tags=special
check "the race detector" complete CGO_ENABLED=1 -race
check "another architecture" complete CGO_ENABLED=0 GOARCH=arm64
check "position independent" complete CGO_ENABLED=0 -buildmode=pie
check "PGO" profile_guided
check "a workspace" work_space
check "vendored modules" eval 'go mod vendor && complete CGO_ENABLED=0 -mod=vendor; status=$?; rm -rf vendor; [ $status = 0 ]'
check "two versions of a dependency, to and fro" switches
