# What the command line tests share: a scratch directory, a Go toolchain, programs to profile, and how to say results.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ROOT=$PWD
ESCPROF=${ESCPROF:-$ROOT/build/escprof}
BUILD=${BUILD:-$ROOT/build}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export ESCPROF_CACHE=$WORK/cache

GO=$(bash tests/find-go.sh) || { echo "not ok find-go: no Go toolchain"; exit 1; }
PATH="$(dirname "$GO"):$PATH"
export PATH GOTOOLCHAIN=local

# check NAME COMMAND…: "ok NAME" when the command succeeds, else "not ok NAME" and what it printed.
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "ok $name"
	else
		echo "not ok $name"
		printf '%s\n' "$output" | sed 's/^/    /'
	fi
}

# complains PATTERN COMMAND…: the command fails with status 1 or 2 and one clear message.
complains() {
	local pattern=$1 status=0
	shift
	"$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	{ [ $status = 1 ] || [ $status = 2 ]; } && grep -q "$pattern" "$WORK/err" ||
		{ echo "status $status:"; cat "$WORK/err"; return 1; }
}

# has [OPTION…] PATTERN: as grep -q, but reads its input to the end, so that whoever writes it doesn't die of a closed pipe.
has() { grep "$@" >/dev/null; }

# go_program DIR [go build arguments…]: builds the module in tests/cli/programs/DIR to $WORK/DIR.
go_program() {
	local name=$1
	shift
	(cd "tests/cli/programs/$name" && CGO_ENABLED=${CGO_ENABLED:-0} go build -o "$WORK/$name" "$@" .)
}
