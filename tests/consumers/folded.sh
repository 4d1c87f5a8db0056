#!/usr/bin/env bash
# The folded export, drawn by inferno; and both its flame graph and escprof's own: well-formed, and drawn by a browser.
source "$(dirname "$0")/common.bash"
INFERNO=$CONSUMERS/inferno/bin/inferno-flamegraph
missing "flame graphs" xmllint && exit
missing "flame graphs" chromium && exit

# The root's frame says what all of it is: "all (N samples, 100%)".
inferno_agrees() {
	"$ESCPROF" export --value "$1" "$TRACE" >"$WORK/folded" || return 1
	"$INFERNO" --countname samples <"$WORK/folded" >"$WORK/inferno.svg" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	xmllint --noout "$WORK/inferno.svg" || return 1
	local shown
	shown=$(grep -o '<title>all ([0-9,]* samples' "$WORK/inferno.svg" | tr -cd '0-9')
	[ -n "$shown" ] && [ "$shown" = "$(folded_total "$1")" ] || { echo "inferno: $shown, we: $(folded_total "$1")"; return 1; }
}
if [ -x "$INFERNO" ]; then
	for value in gc alloc objects live; do
		check "inferno draws the folded stacks and agrees on the total: $value" inferno_agrees $value
	done
else
	echo "skip inferno draws the folded stacks: bash tests/consumers/install.sh builds it, with rustc 1.71"
fi

# drawn FILE: the picture has many colours, as an empty page or an error has not.
drawn() {
	timeout 50 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1200,800 \
		--user-data-dir="$WORK/browser" --screenshot="$WORK/drawn.png" "file://$1" >/dev/null 2>&1 || return 1
	node - "$WORK/drawn.png" <<'JS'
const file = require('fs').readFileSync(process.argv[2])
const parts = []
for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at))
	if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
		parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)))
const rows = require('zlib').inflateSync(Buffer.concat(parts))
const runs = new Set()
for (let i = 0; i + 8 < rows.length; i += 8)
	runs.add(rows.toString('hex', i, i + 8))
console.log(file.readUInt32BE(16), 'x', file.readUInt32BE(20), runs.size, 'different runs of pixels')
process.exit(runs.size > 500 ? 0 : 1)
JS
}

own_graph() {
	export_to "$WORK/own.svg" svg --value alloc && xmllint --noout "$WORK/own.svg" || return 1
	grep -q 'main\.even' "$WORK/own.svg" && drawn "$WORK/own.svg"
}
check "escprof's flame graph is well-formed, and a browser draws it" own_graph
blank_page() {
	echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >"$WORK/blank.svg"
	! drawn "$WORK/blank.svg" || { echo "an empty graph counts as drawn"; return 1; }
}
check "an empty one does not count as drawn" blank_page
