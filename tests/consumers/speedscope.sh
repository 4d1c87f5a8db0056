#!/usr/bin/env bash
# The speedscope export, read by speedscope itself in a headless browser, and held against its published schema.
source "$(dirname "$0")/common.bash"
APP=$CONSUMERS/npm/node_modules/speedscope/dist/release

missing "speedscope reads the export" node && exit
missing "speedscope reads the export" chromium && exit
[ -e "$APP/index.html" ] || { echo "skip speedscope reads the export: bash tests/consumers/install.sh"; exit; }

schema() {
	export_to "$WORK/s.json" speedscope || return 1
	NODE_PATH=$CONSUMERS/npm/node_modules node - "$APP/file-format-schema.json" "$WORK/s.json" <<'JS'
const fs = require('fs')
const [schema, file] = process.argv.slice(2).map(path => JSON.parse(fs.readFileSync(path)))
const Ajv = require('ajv').default
const ajv = new Ajv({ strict: false })
require('ajv-formats')(ajv)
const validate = ajv.compile(schema)
if (!validate(file)) {
	console.log(validate.errors)
	process.exit(1)
}
const broken = structuredClone(file)
broken.profiles[0].weights[0] = 'much'
if (validate(broken)) {
	console.log('the schema takes anything')
	process.exit(1)
}
JS
}
check "the export is what speedscope's schema says" schema

# dom VALUE: what speedscope shows of the export with VALUE first, as a table: its page, ready, in $WORK/dom.
dom() {
	export_to "$WORK/s.json" speedscope --value "$1" || return 1
	echo "speedscope.loadFileFromBase64('s.json', '$(base64 -w0 "$WORK/s.json")')" >"$WORK/s.js"
	timeout 50 chromium --headless --no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader \
		--allow-file-access-from-files --window-size=1400,900 --virtual-time-budget=5000 \
		--user-data-dir="$WORK/browser" --dump-dom \
		"file://$APP/index.html#localProfilePath=$WORK/s.js&view=sandwich" 2>/dev/null >"$WORK/dom"
}

# The functions' own values, in nanoseconds, bytes or objects, added up: "VALUE (SHARE%)" in every second column.
shown_total() {
	node - "$WORK/dom" <<'JS'
const text = require('fs').readFileSync(process.argv[2], 'utf8').replace(/<[^>]*>/g, '\n').replace(/&lt;/g, '<')
const units = { ns: 1, 'µs': 1e3, ms: 1e6, s: 1e9, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, '': 1 }
const cells = [...text.matchAll(/^\s*([\d,.]+(?:e\+\d+)?) ?(ns|µs|ms|s|[KMG]?B|) \(<?[\d.]+%\)\s*$/gm)]
let sum = 0
cells.forEach((cell, i) => { if (i % 2) sum += Number(cell[1].replace(/,/g, '')) * units[cell[2]] })
console.log(sum)
JS
}

# most VALUE: the innermost function of the widest stack.
most() {
	"$ESCPROF" export --value "$1" "$TRACE" | awk '$NF > max { max = $NF; sub(/ [0-9]+$/, ""); sub(/.*;/, ""); name = $0 }
		END { print name }'
}

# read_by_speedscope VALUE PROFILE
read_by_speedscope() {
	dom "$1" || return 1
	local wanted
	for wanted in '/labels 1 1000 - speedscope</title>' "$2" "$(most "$1")"; do
		grep -qF "$wanted" "$WORK/dom" || { echo "not shown: $wanted"; return 1; }
	done
	near "$(shown_total)" "$(folded_total "$1")" 0.02
}
check "speedscope shows the GC's CPU of the folded stacks" read_by_speedscope gc 'GC CPU that would be saved'
check "speedscope shows their bytes" read_by_speedscope alloc 'allocated bytes'
check "speedscope shows their objects" read_by_speedscope objects 'allocated objects'
check "speedscope shows what is live of them" read_by_speedscope live 'live bytes, mean over the GC cycles'
