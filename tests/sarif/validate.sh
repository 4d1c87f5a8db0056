#!/usr/bin/env bash
# validate.sh FOLDER FILE…: holds SARIF files against the official schema of SARIF 2.1.0, which comes in an npm package, as
# does the validator; both are kept in FOLDER. Ends with 77 where there is no npm, or nothing can be fetched.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
schema=$folder/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json

if [ ! -s "$schema" ] || [ ! -d "$folder/node_modules/ajv-draft-04" ]; then
	command -v npm >/dev/null || { echo "npm is missing: apt-get install npm"; exit 77; }
	mkdir -p "$folder"
	# Its matchers are not used, so what they need is not fetched.
	(cd "$folder" && npm install --silent --no-audit --no-fund --legacy-peer-deps --no-save @microsoft/jest-sarif@1.0.0-beta.0 \
		ajv@8 ajv-draft-04@1 ajv-formats@3 >npm.log 2>&1) || { echo "npm could not fetch the schema: $(tail -n 3 "$folder/npm.log")"; exit 77; }
fi
NODE_PATH=$folder/node_modules node "$here/validate.js" "$schema" "$@"
