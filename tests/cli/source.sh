#!/usr/bin/env bash
# A program that plain `go build` has made: `report --source` makes its verdicts, and takes of them what the functions
# prove to be this program's; `--verdicts` takes somebody's build log.
source "$(dirname "$0")/common.bash"

go_program reader || { echo "not ok build the reader"; exit 1; }
cp -r tests/cli/programs/source "$WORK/app"

# profile [go build arguments…]: a trace of the program, which is gone afterwards, and so is its folder's name.
profile() {
	(cd "$WORK/app" && CGO_ENABLED=0 go build -o "$WORK/program" "$@" .) &&
		"$ESCPROF" run -q --rate 1 -o "$WORK/t.escprof" -- "$WORK/program" && rm "$WORK/program"
}

# source_report DIR: the report with the verdicts of the source there.
source_report() {
	"$ESCPROF" report --source "$1" --format json -o "$WORK/json" "$WORK/t.escprof"
}

# changed OLD NEW [FUNCTION…]: with OLD replaced in the source the verdicts of FUNCTIONs are refused, and of no other.
changed() {
	rm -rf "$WORK/other"
	cp -r "$WORK/app" "$WORK/other"
	awk -v old="$1" -v new="$2" '{ at = index($0, old)
		print at ? substr($0, 1, at - 1) new substr($0, at + length(old)) : $0 }' \
		"$WORK/app/main.go" >"$WORK/other/main.go"
	source_report "$WORK/other" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	"$WORK/reader" refused "$WORK/json" "${@:3}"
}

proven() {
	"$WORK/reader" refused "$WORK/json" && grep -q '"verdicts": *"proven"' "$WORK/json"
}

# settings NAME ARGUMENTS…: what the program tells of its build is enough to make its verdicts.
settings() {
	profile "$@" && source_report "$WORK/app" && proven
}

site() {
	"$WORK/reader" site "$WORK/json" main."$1" "$2" "${@:3}"
}

profile || echo "not ok profile"
mv "$WORK/app" "$WORK/moved"
check "the verdicts are made from a folder of another name" source_report "$WORK/moved"
check "and proven" proven
check "make" site third 24 class escape verdict 'make([]pair, n) escapes to heap' objects 1000
check "in an inlined body" site newPair 15 class escape verdict '&pair{...} escapes to heap'
mv "$WORK/moved" "$WORK/app"

check "nothing changed" changed 'p}' 'p}'
check "a call changed" changed '{ sink = fmt.Sprint(n) }' '{ sink = fmt.Sprint(n, n) }' main.fourth
check "a type changed" changed 'make([]pair, n)' 'make([]struct{ c, d *int }, n)' main.third
check "an inlined body changed" changed 'a: p' 'b: p' main.first main.second
check "a line moved" changed 'func fourth(n int) {' 'func fourth(n int) {
' main.fourth main.main
check "a function is gone" changed 'first()' 'renamed()' main.first main.main
check "the refused site is named" grep -q 'The source at hand makes other code of main.first' "$WORK/json"

check "-trimpath" settings -trimpath
check "tags" settings -tags special
check "no inlining" settings '-gcflags=-l'
check "PIE" settings -buildmode=pie

# breaks TEXT COMMAND…: the command fails, and says so.
breaks() {
	local output
	! output=$("${@:2}" 2>&1) && grep -qF -- "$1" <<<"$output" || { echo "$output"; return 1; }
}
# log OPTION: the verdicts are in a build log, which is read as far as it goes, and said to be one.
log() {
	(cd "$WORK/app" && CGO_ENABLED=0 go build -gcflags="all=$1" -o "$WORK/program" . 2>"$WORK/log") &&
		"$ESCPROF" run -q --rate 1 -o "$WORK/t.escprof" -- "$WORK/program" || return 1
	(cd "$WORK/app" && "$ESCPROF" report --verdicts "$WORK/log" --format json -o "$WORK/json" "$WORK/t.escprof") &&
		site third 24 class escape verdict 'make([]pair, n) escapes to heap' &&
		site newPair 15 class escape verdict '&pair{...} escapes to heap' &&
		grep -q '"verdicts": *"unproven"' "$WORK/json" && grep -q 'verdicts are from a build log' "$WORK/json"
}
check "a log of -m" log -m
check "a log of -m=2" log -m=2

echo 'func broken( {' >>"$WORK/app/main.go"
check "a source that does not compile" breaks "failed, so there are no verdicts of it" source_report "$WORK/app"
check "a folder that is not there" breaks "failed, so there are no verdicts of it" source_report "$WORK/nowhere"
check "no scratch folder is left" breaks "No such file" ls -d /tmp/escprof-build-*
