#!/usr/bin/env bash
# oracle.sh [-std] MODULE_DIR PACKAGE [args…]: how often what escprof shows as certain is wrong, in the main package
# PACKAGE of a module, run with args. tests/oracle/columns says how that is known. With -std the standard library is
# looked at too. The module is copied and vendored, since the go command replaces no files in its module cache; the
# program runs in the copy. The status is 1 when escprof is wrong.
set -uo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ESCPROF=$(realpath "${ESCPROF:-$ROOT/build/escprof}")
std=()
if [ "${1:-}" = -std ]; then
	std=(-std)
	shift
fi
[ $# -ge 2 ] || { echo "usage: oracle.sh [-std] MODULE_DIR PACKAGE [args…]" >&2; exit 2; }
module=$1
package=$2
shift 2
GO=$(bash "$ROOT/tests/find-go.sh") || exit 2
PATH="$(dirname "$GO"):$PATH"
export PATH GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
work=${ORACLE_WORK:-$(mktemp -d)}
[ -n "${ORACLE_WORK:-}" ] || trap 'rm -rf "$work"' EXIT

fail() {
	echo "oracle: $*" >&2
	exit 2
}

# profile NAME [args…]: $work/NAME run at rate 1, to a report.
profile() {
	local name=$1
	shift
	"$ESCPROF" run -q --rate "${ORACLE_RATE:-1}" -o "$work/$name.escprof" -- "$work/$name" "$@" \
		>"$work/$name.out" 2>"$work/$name.err" </dev/null || fail "$name: $(tail -3 "$work/$name.err")"
	"$ESCPROF" report --format json -o "$work/$name.json" "$work/$name.escprof" || fail "no report of $name"
}

mkdir -p "$work/columns" && cp -rL "$module" "$work/module" && chmod -R u+w "$work/module" || fail "no copy of $module"
(cd "$ROOT/tests/oracle/columns" && go build -o "$work/tool" .) || fail "the tool does not build"
cd "$work/module" || exit 2
if grep -q '^require' go.mod && [ ! -d vendor ]; then
	go mod vendor || fail "the dependencies of $module cannot be had"
fi
[ ! -d vendor ] || GOFLAGS+=" -mod=vendor"
"$work/tool" rewrite "${std[@]}" "$work/columns" "$package" || exit 2
mapfile -t arguments <"$work/columns/arguments"
go build "${arguments[@]}" -o "$work/rewritten" "$package" 2>"$work/columns/compiler.log" ||
	fail "the rewritten program does not build: $(tail -3 "$work/columns/compiler.log")"
mapfile -t arguments < <(sed -n 's/ -json=.*//; /^-gcflags/p' "$work/columns/arguments")
go build "${arguments[@]}" -o "$work/logged" "$package" 2>"$work/plain.log" || fail "$package does not build"
"$work/tool" same "$work/columns" "$work/plain.log" || fail "the rewritten program is another one"
"$ESCPROF" build -o "$work/plain" "$package" 2>"$work/plain.err" || fail "escprof build: $(tail -3 "$work/plain.err")"
profile plain "$@"
profile rewritten "$@"
"$work/tool" compare "$work/columns" "$work/plain.json" "$work/rewritten.json"
