#!/usr/bin/env bash
# Puts what only the consumers' tests need, and Debian does not have, into BUILD/consumers: speedscope and a validator
# of JSON schemas from npm, inferno from crates.io (half a minute of CPU, once). Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
into=$(realpath -m "${1:-build}")/consumers
packages=(speedscope@1.25.0 ajv@8.17.1 ajv-formats@3.0.1)
inferno=0.12.8 # needs rustc 1.71

mkdir -p "$into"
if command -v npm >/dev/null && [ "$(cat "$into/npm/installed" 2>/dev/null)" != "${packages[*]}" ]; then
	echo "consumers: installing ${packages[*]}"
	mkdir -p "$into/npm"
	npm install --prefix "$into/npm" --silent --no-audit --no-fund --ignore-scripts "${packages[@]}"
	echo "${packages[*]}" >"$into/npm/installed"
fi
if command -v cargo >/dev/null && [ ! -x "$into/inferno/bin/inferno-flamegraph" ]; then
	echo "consumers: building inferno $inferno"
	CARGO_TARGET_DIR=$into/cargo-target cargo install --quiet inferno --version "$inferno" --locked --debug -j2 \
		--no-default-features --features cli --bin inferno-flamegraph --root "$into/inferno" ||
		echo "consumers: inferno was not built: it needs rustc 1.71 or newer"
	rm -rf "$into/cargo-target"
fi
