#!/usr/bin/env bash
# What is shown as certain is right: the oracle's word on generated programs, and that the oracle can say no. make
# oracle tries more of them, and a real program; tests/oracle.sh any other.
source "$(dirname "$0")/common.bash"

minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
(cd tests/oracle/generate && go build -o "$WORK/generate" .) || { echo "not ok build the generator"; exit 1; }

# generated SEED
generated() {
	"$WORK/generate" -seed "$1" -minor "$minor" "$WORK/program$1" && ORACLE_WORK=$WORK/work$1 bash tests/oracle.sh "$WORK/program$1" .
}
for seed in ${ORACLE_SEEDS:-1 2 3 4 5 6}; do
	mkdir -p "$WORK/work$seed"
	check "program $seed: every verdict that is shown is the right one" generated "$seed"
done

# Verdicts moved to the next site of the report that has one: the oracle must not believe them.
believes() {
	(cd "$WORK/work$first/module" &&
		"$WORK/work$first/tool" compare "$WORK/work$first/columns" "$1" "$WORK/work$first/rewritten.json")
}
refuted() {
	"$WORK/work$first/tool" shift "$WORK/work$first/plain.json" "$WORK/shifted.json" &&
		believes "$WORK/work$first/plain.json" && ! believes "$WORK/shifted.json"
}
first=${ORACLE_SEEDS:-1}
first=${first%% *}
check "verdicts of other sites are refuted" refuted
