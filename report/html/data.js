'use strict';
/* The analysis, as report/html_data.c has packed it: unpacked into typed arrays and plain lists. */
const Data = (() => {
	const raw = {}; /* what the file holds */
	const out = { raw };

	function text(number) {
		return raw.strings[number] || '';
	}

	function unpackSlices() {
		const count = raw.timeline.count, sites = raw.sites.count, reader = new Base.Reader(raw.sites.slices);
		const slices = new Float32Array(sites * count);
		for (let i = 0; i < slices.length; i++) slices[i] = reader.next();
		/* To shares of the site's bytes: what rounding took or gave is spread. */
		for (let site = 0; site < sites; site++) {
			let sum = 0;
			for (let k = 0; k < count; k++) sum += slices[site * count + k];
			for (let k = 0; k < count && sum > 0; k++) slices[site * count + k] /= sum;
		}
		return slices;
	}

	function unpackStacks() {
		const reader = new Base.Reader(raw.sites.stacks), all = [];
		for (let site = 0; site < raw.sites.count; site++) {
			const stacks = [];
			for (let n = reader.next(); n > 0; n--) {
				const share = reader.next() / 4095, depth = reader.next(), frames = [];
				for (let k = reader.next(); k > 0; k--) frames.push(reader.next());
				stacks.push({ share, depth, frames });
			}
			all.push(stacks);
		}
		return all;
	}

	function unpackFrames() {
		const reader = new Base.Reader(raw.frames), frames = [];
		while (!reader.done) frames.push([reader.next(), reader.next(), reader.next()]);
		return frames;
	}

	function load() {
		/* The scripts stand before the data, so that nothing in the data can stand before them. */
		const node = Base.id('data');
		Object.assign(raw, JSON.parse(node.textContent));
		node.remove();
		out.run = raw.run;
		out.gc = raw.gc;
		out.sites = raw.sites;
		out.timeline = raw.timeline;
		out.classes = raw.classes;
		out.count = raw.sites.count;
		out.slices = unpackSlices();
		let stacks = null, frames = null;
		out.stacks = (site) => (stacks || (stacks = unpackStacks()))[site];
		out.frame = (number) => {
			const [fn, file, line] = (frames || (frames = unpackFrames()))[number];
			return { function: text(fn), file: text(file), line };
		};
	}

	/* A verdict as [message, file, line, column, reason…] of numbers. */
	function verdict(list) {
		if (!list.length) return null;
		return { message: text(list[0]), file: text(list[1]), line: list[2], column: list[3], reasons: list.slice(4).map(text) };
	}

	function place(file, line) {
		return file ? `${file}:${line}` : '';
	}

	/* What stands in a site's box of a flame graph. */
	function siteName(site) {
		const said = raw.sites.verdict[site];
		return (said.length && text(said[0])) || text(raw.sites.type[site]) || text(raw.sites.entry[site]) || '?';
	}

	/* All that a search of SITE looks at. */
	function siteText(site) {
		const sites = raw.sites;
		return [sites.function[site], sites.file[site], sites.shown_function[site], sites.type[site], sites.advice[site], sites.root[site]]
			.map(text).concat(siteName(site), `${Base.baseName(text(sites.file[site]))}:${sites.line[site]}`, text(sites.why[site]),
				raw.classes[sites.class[site]].words).join('\n');
	}

	/* The ✓, !, ? or · of the text report. */
	function mark(site) {
		const name = raw.classes[raw.sites.class[site]].name;
		if (name === 'ambiguous') return '?';
		if (name === 'heap-not-escaping') return '!';
		return raw.sites.verdict[site].length ? '✓' : '·';
	}

	return Object.assign(out, { load, text, verdict, place, siteName, siteText, mark });
})();
