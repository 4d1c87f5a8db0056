#!/usr/bin/env bash
# `make demo`: profiles samples/service under load on this machine's loopback, for DEMO_SECONDS (10), and prints the
# ranked report. Leaves the trace in build/demo.escprof.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${DEMO_SECONDS:-10}
connections=${DEMO_CONNECTIONS:-2000}
trace=build/demo.escprof
address_file=build/demo.address

# Most Go services are static, so this one is.
go=$(bash tests/find-go.sh)
PATH="$(dirname "$go"):$PATH"
export PATH CGO_ENABLED=0 GOTOOLCHAIN=local

echo "demo: building the service with its escape verdicts, and the load"
(
	cd samples
	../build/escprof build -o ../build/service ./service
	go build -o ../build/load ./load
)

rm -f "$address_file" "$trace"
build/escprof run --no-report -o "$trace" -- build/service -port 0 -address-file "$address_file" &
profiler=$!
trap 'kill -TERM "$profiler" 2>/dev/null || true' EXIT

for ((tries = 0; tries < 300; tries++)); do
	[ ! -s "$address_file" ] || break
	kill -0 "$profiler" 2>/dev/null || break
	sleep 0.1
done
if [ ! -s "$address_file" ]; then
	echo "demo: the service did not start under build/escprof run" >&2
	exit 1
fi
build/load -url "$(cat "$address_file")" -connections "$connections" -duration "${seconds}s"

# escprof hands the signal on, and the service ends well.
kill -TERM "$profiler"
status=0
wait "$profiler" || status=$?
trap - EXIT
if [ "$status" -ne 0 ]; then
	echo "demo: build/escprof run ended with status $status" >&2
	exit "$status"
fi
build/escprof report --details 16 "$trace"
echo
echo "demo: the trace is $trace. Look at it otherwise: build/escprof export --format svg -o demo.svg $trace"
