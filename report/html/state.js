'use strict';
/*
 * What the reader has chosen: a span of time, filters, a search, ticked sites. The parts of the page listen, and draw
 * what has changed.
 */
const State = (() => {
	const chosen = {
		span: null, /* [first, end) of the timeline's slices */
		typed: '', class: -1, category: -1, package: -1,
		ticked: new Set(), gogc: null,
	};
	const listeners = [];
	let fractions = null; /* of each site's bytes, those in the span; null: all */
	let allFraction = 1, match = null, matched = null;

	function listen(kinds, run) {
		listeners.push({ kinds, run });
	}

	function tell(kind) {
		for (const listener of listeners) if (listener.kinds.includes(kind)) listener.run(kind);
	}

	function setSpan(span) {
		const { timeline, count, slices } = Data;
		const same = (span && span.join()) === (chosen.span && chosen.span.join());
		if (same) return;
		chosen.span = span;
		fractions = span && new Float64Array(count);
		for (let site = 0; span && site < count; site++)
			for (let k = span[0]; k < span[1]; k++) fractions[site] += slices[site * timeline.count + k];
		const sum = (from, to) => timeline.bytes.slice(from, to).reduce((all, value) => all + (value || 0), 0);
		const all = sum(0, timeline.count);
		allFraction = span && all > 0 ? sum(span[0], span[1]) / all : 1;
		tell('span');
	}

	function setSearch(typed) {
		if (typed === chosen.typed) return;
		chosen.typed = typed;
		match = Base.matcher(typed);
		matched = match && Uint8Array.from({ length: Data.count }, (_, site) => (match.test(Data.siteText(site)) ? 1 : 0));
		tell('search');
	}

	/* KEY is class, category or package; NUMBER -1 for all. */
	function setFilter(key, number) {
		if (chosen[key] === number) return;
		chosen[key] = number;
		tell('filter');
	}

	function tick(site, on) {
		if (on) chosen.ticked.add(site);
		else chosen.ticked.delete(site);
		tell('tick');
	}

	function tickOnly(sites) {
		chosen.ticked = new Set(sites);
		tell('tick');
	}

	function setGogc(gogc) {
		if (chosen.gogc === gogc) return;
		chosen.gogc = gogc;
		tell('tick');
	}

	/* Whether the filters, without the search, let SITE pass. */
	function passes(site) {
		const sites = Data.sites;
		return (chosen.class < 0 || sites.class[site] === chosen.class) &&
			(chosen.category < 0 || sites.category[site] === chosen.category) &&
			(chosen.package < 0 || sites.package[site] === chosen.package);
	}

	const fraction = (site) => (fractions ? fractions[site] : 1);

	return {
		chosen, listen, setSpan, setSearch, setFilter, tick, tickOnly, setGogc, passes, fraction,
		isFiltered: () => chosen.class >= 0 || chosen.category >= 0 || chosen.package >= 0,
		isFound: (site) => !matched || matched[site] === 1,
		match: () => match,
		allFraction: () => allFraction,
		/* The seconds that the figures shown are of. */
		seconds: () => (chosen.span ? (chosen.span[1] - chosen.span[0]) * Data.timeline.slice_seconds : Data.run.selected_seconds),
	};
})();
