#!/usr/bin/env bash
# A small part of `make c-mixed`: stacks of Go and C, each called from the other, are what was called. With the Go at
# hand, and with the last one that keeps no frame pointer where it calls C, if it has been fetched before.
source "$(dirname "$0")/common.bash"

older=1.20.14
cache=$(go env GOMODCACHE)/golang.org/toolchain@v0.0.1-go$older.linux-amd64
versions=$(go env GOVERSION)
versions=${versions#go}
if [ -d "$cache" ]; then versions+=" $older"; else echo "skip mixed stacks, go$older: it has not been fetched"; fi
MIXED_VERSIONS=$versions MIXED_KINDS='external stripped-pie' MIXED_COUNT=100 bash tests/c/mixed.sh "$BUILD" | sed 's/^\(ok\|not ok\) /\1 mixed stacks, /; /passed/d'
