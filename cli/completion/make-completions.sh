#!/usr/bin/env bash
# Makes the completions for bash, zsh and fish from what the program says of itself, so that they cannot drift:
# make-completions.sh ESCPROF FOLDER
set -euo pipefail
here=$(dirname "$0")
into=$2

mkdir -p "$into"
bash "$here/listing.sh" "$1" >"$into/listing"
{
	awk -f "$here/bash.awk" "$into/listing"
	cat "$here/escprof.bash"
} >"$into/escprof.bash"
awk -f "$here/zsh.awk" "$into/listing" >"$into/_escprof"
awk -f "$here/fish.awk" "$into/listing" >"$into/escprof.fish"
