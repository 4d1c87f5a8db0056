#!/usr/bin/env bash
# Puts the HTML report's page together from its parts in this folder: style.css and the scripts go into page.html, and
# their hashes into its Content-Security-Policy, so that a browser runs these and nothing else.
set -euo pipefail
cd "$(dirname "$0")"

# In the order in which one uses the other.
scripts=(base.js data.js model.js state.js summary.js timeline.js details.js table.js tree.js flame.js source.js
	what_if.js c_memory.js page.js)

# hash FILE: as a Content-Security-Policy names it.
hash() {
	local hex
	hex=$(sha256sum "$1" | cut -c 1-64 | sed 's/../\\x&/g')
	# The shell's own printf may not know \x.
	env printf "$hex" | base64 -w 0
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp style.css "$folder/style"
cat "${scripts[@]}" >"$folder/script"
if grep -qiE '</(script|style)|<!--|@DATA@' "$folder/style" "$folder/script"; then
	echo "report/html: a script or style would end its own element" >&2
	exit 1
fi

while IFS= read -r line; do
	case $line in
	@STYLE@) printf '<style>' && cat "$folder/style" && echo '</style>' ;;
	@SCRIPT@) printf '<script>' && cat "$folder/script" && echo '</script>' ;;
	*)
		line=${line//@STYLE_HASH@/sha256-$(hash "$folder/style")}
		printf '%s\n' "${line//@SCRIPT_HASH@/sha256-$(hash "$folder/script")}"
		;;
	esac
done <page.html
