// validate.js SCHEMA FILE…: each FILE held against the JSON schema (draft 4), by ajv.
'use strict';
const fs = require('fs');
const load = (path) => JSON.parse(fs.readFileSync(path, 'utf8'));
const Ajv = require('ajv-draft-04').default;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
require('ajv-formats')(ajv);
const validate = ajv.compile(load(process.argv[2]));
for (const file of process.argv.slice(3)) {
	const log = load(file);
	const results = log.runs ? log.runs.reduce((sum, run) => sum + run.results.length, 0) : 0;
	if (!validate(log)) {
		console.log(`${file}: ${JSON.stringify(validate.errors, null, 1)}`);
		process.exitCode = 1;
	} else {
		console.log(`${file}: ${results} results, valid`);
	}
}
