# What the consumers' tests share, beside tests/cli/common.bash: a trace with verdicts and labels, and its figures.
source "$(dirname "${BASH_SOURCE[0]}")/../cli/common.bash"
CONSUMERS=$BUILD/consumers # what install.sh has put there

# missing NAME COMMAND: "skip NAME: why" unless there is COMMAND; true when it is missing.
missing() {
	command -v "$2" >/dev/null && return 1
	echo "skip $1: there is no $2 here: bash tests/setup.sh --consumers, then bash tests/consumers/install.sh"
}

# A run of a second, kept for all scripts until escprof is built anew. Verdicts come from the compiler's log.
TRACE=$CONSUMERS/t.escprof
VERDICTS=$CONSUMERS/verdicts.log
if [ ! -s "$TRACE" ] || [ "$ESCPROF" -nt "$TRACE" ]; then
	mkdir -p "$CONSUMERS"
	go_program labels -gcflags=-m=2 2>"$VERDICTS" &&
		sed -i "s|^\./|$ROOT/tests/cli/programs/labels/|" "$VERDICTS" &&
		"$ESCPROF" run -q -o "$TRACE" -- "$WORK/labels" 1 1000 ||
		{ echo "not ok a trace for the consumers"; exit 1; }
fi

# export_to FILE FORMAT [OPTION…]
export_to() {
	local file=$1 format=$2
	shift 2
	"$ESCPROF" export --verdicts "$VERDICTS" --format "$format" -o "$file" "$@" "$TRACE"
}

# folded_total VALUE: the sum of the folded stacks.
folded_total() {
	"$ESCPROF" export --value "$1" "$TRACE" | awk '{ sum += $NF } END { printf "%.0f\n", sum }'
}

# near A B TOLERANCE [SLACK]: both are numbers above 0, and A differs from B by no more than that share of it, and SLACK.
near() {
	awk -v a="$1" -v b="$2" -v t="$3" -v slack="${4:-0}" \
		'BEGIN { d = a - b; if (d < 0) d = -d; good = a > 0 && b > 0 && d <= b * t + slack
			if (!good) print "not near:", a, b; exit !good }'
}
