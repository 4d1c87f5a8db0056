'use strict';
/* All that is known of one site: verdict, reasons, advice, cost, times, stacks. */
const Details = (() => {
	const { element, svg, bytes, count, integer, seconds, percent, terms } = Base;

	function placeOf(verdict) {
		if (!verdict.file) return '';
		return ` (${Base.baseName(verdict.file)}:${verdict.line}${verdict.column > 0 ? ':' + verdict.column : ''})`;
	}

	function verdictWords(verdict) {
		return element('span', {}, element('code', { text: verdict.message }), placeOf(verdict));
	}

	/* The compiler's words, or why there are none. */
	function verdictOf(site) {
		const { sites } = Data, candidates = sites.candidates[site].map(Data.verdict).filter(Boolean), own = Data.verdict(sites.verdict[site]);
		if (candidates.length)
			return [own ? 'All of' : 'One of', element('ul', {}, candidates.map((one) => element('li', {}, verdictWords(one))))];
		if (own) return ['Verdict', verdictWords(own)];
		if (sites.flags[site] & 2) return ['Verdict', 'none: the verdicts at hand are of another version of this function'];
		if (Data.run.verdicts === 'missing') return ['Verdict', 'none at hand: build with `escprof build` to have the compiler’s own'];
		return ['Verdict', Data.classes[sites.class[site]].name === 'unmatched' ? 'none was found for this place' :
			'none; the compiler says nothing of such allocations'];
	}

	function reasonsOf(site) {
		const own = Data.verdict(Data.sites.verdict[site]);
		return own && own.reasons.length ? element('ol', { class: 'reasons' }, own.reasons.map((step) => element('li', { text: step }))) : null;
	}

	function rootOf(site) {
		const path = Data.sites.root_path[site].map(Data.text);
		return path.length ? element('ol', {}, path.map((step) => element('li', { text: step }))) : null;
	}

	function objectOf(site) {
		const { sites } = Data, type = Data.text(sites.type[site]), entry = Data.text(sites.entry[site]);
		return element('span', {}, type ? [sites.flags[site] & 8 ? 'elements of ' : '', element('code', { text: type }), ', '] : '',
			`${bytes(sites.size[site])} each`, entry ? [', made by ', element('code', { text: entry })] : '');
	}

	const lessOrMore = (saved) => `${percent(Math.abs(saved))} % ${saved < 0 ? 'more' : 'less'}`;

	/* "−34", "+12": words_change of the text report. */
	function change(saved) {
		const text = percent(-saved);
		return saved < 0 && text !== '0' ? `+${text}` : text;
	}

	function savingWords(site) {
		const { sites } = Data, share = sites.gc[site], low = sites.gc_low[site], high = sites.gc_high[site], equal = sites.gc_equal_memory[site];
		let words = `Without it the GC would take about ${lessOrMore(share)} CPU`;
		if (low <= 0 && high >= 0) words += ', which can’t be told from nothing';
		words += ` (95 %: ${share < 0 ? `${percent(-high)} to ${percent(-low)}` : `${percent(low)} to ${percent(high)}`} %)`;
		if (Number.isFinite(equal) && equal !== null) words += `; at equal peak memory, ${lessOrMore(equal)}`;
		if (Number.isFinite(sites.gc_reused[site]) && sites.gc_reused[site] !== null)
			words += `; with its objects used again (a pool), ${lessOrMore(sites.gc_reused[site])}`;
		return `${words}. ${cycleWords(site)}`;
	}

	/* How often the GC would run without it; and why it would take more, where it would. */
	function cycleWords(site) {
		const { sites } = Data, share = sites.gc[site], saved = sites.gc_cycles[site], goal = sites.goal[site];
		if (!Number.isFinite(saved)) return '';
		const words = `Cycles ${change(saved)} %, pauses with them. `;
		if (!(share < 0 && saved < 0 && Number.isFinite(goal) && goal < Data.gc.goal_bytes)) return words;
		const dearer = (1 - share) / (1 - saved) - 1;
		return `${words}Its ${bytes(sites.live[site])} alive hold the heap’s goal up: without them it would be ${bytes(goal)} instead of ` +
			`${bytes(Data.gc.goal_bytes)}, so that each cycle comes sooner and takes ${percent(Math.abs(dearer))} % ${dearer > 0 ? 'more' : 'less'} CPU. `;
	}

	function costOf(site) {
		const { sites } = Data;
		let words = Model.known(Data) ? savingWords(site) : '';
		words += `${bytes(sites.bytes[site])} (95 %: ${bytes(sites.bytes_low[site])} to ${bytes(sites.bytes_high[site])}) in ${count(sites.objects[site])} objects`;
		if (sites.alloc_cpu[site] > 0) words += `, about ${seconds(sites.alloc_cpu[site])} of CPU to allocate`;
		if (sites.assist_cpu[site] > 0) words += `, ${seconds(sites.assist_cpu[site])} of assists`;
		if (sites.lifetime[site] !== null) words += `, surviving ${count(sites.lifetime[site])} GC cycles on average`;
		if (!Data.run.heap_profile) words += `. ${integer(sites.samples[site])} sample${sites.samples[site] === 1 ? '' : 's'}`;
		return `${words}.`;
	}

	function tinyOf(site) {
		const list = Data.sites.tiny_with[site];
		if (!(Data.sites.flags[site] & 4)) return '';
		const others = [];
		for (let i = 0; i < list.length; i += 2) others.push(`#${list[i]} (${percent(list[i + 1])} % of the others’ tiny objects)`);
		return 'tiny objects share blocks of 16 bytes, so other sites may have a part in these figures' + (others.length ? `, first of all ${others.join(', ')}` : '');
	}

	function timeOf(site) {
		const n = Data.timeline.count;
		if (!n) return null;
		const values = Data.slices.subarray(site * n, (site + 1) * n), top = Math.max(...values) || 1;
		const picture = svg('svg', { class: 'spark', viewBox: `0 0 ${n} 100`, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'its bytes over time' });
		values.forEach((value, i) => picture.append(svg('rect', { x: i + 0.06, width: 0.88, y: 100 - value / top * 100, height: value / top * 100 })));
		return [picture, element('span', { class: 'fine', text: `to ${bytes(top * Data.sites.bytes[site] / Data.timeline.slice_seconds)}/s` })];
	}

	function frameNodes(frames, depth) {
		const nodes = [];
		let folded = 0;
		const flush = () => {
			if (folded) nodes.push(element('span', { class: 'fold', text: `… ${folded} runtime frame${folded === 1 ? '' : 's'}` }), element('span'));
			folded = 0;
		};
		for (const number of frames) {
			const frame = Data.frame(number);
			if (frame.function.startsWith('runtime.')) {
				folded++;
				continue;
			}
			flush();
			nodes.push(element('span', { text: Base.shortFunction(frame.function), title: frame.function }),
				element('span', { text: frame.file ? Data.place(Base.baseName(frame.file), frame.line) : '', title: Data.place(frame.file, frame.line) }));
		}
		flush();
		if (depth > frames.length) nodes.push(element('span', { class: 'fold', text: `… ${depth - frames.length} more frames` }), element('span'));
		return nodes;
	}

	function stacksOf(site) {
		const stacks = Data.stacks(site), all = Data.sites.stack_count[site];
		if (!stacks.length) return null;
		return stacks.map((stack, i) => {
			const box = element('details', { open: i === 0 }, element('summary', { text: `${percent(stack.share)} % of its bytes come this way` }),
				element('div', { class: 'frames' }, frameNodes(stack.frames, stack.depth)));
			return box;
		}).concat(all > stacks.length ? element('p', { class: 'fine', text: `${integer(all - stacks.length)} more stacks: the flame graph has them.` }) : []);
	}

	function actions(site) {
		const button = (text, run) => element('button', { type: 'button', class: 'quiet', text, on: { click: run } });
		const file = Data.text(Data.sites.file[site]);
		return element('div', { class: 'actions' }, button('Show in flame graph', () => Flame.showSite(site)),
			Source.has(file) ? button('Show in source', () => Source.showLine(file, Data.sites.line[site])) : null);
	}

	/* The site's own place, and what leads there from the user's code. */
	function placeOfSite(site) {
		const { sites } = Data;
		return Data.place(Data.text(sites.file[site]), sites.line[site]);
	}

	function shownBy(site) {
		const { sites } = Data;
		return sites.flags[site] & 1 ? '' : `${Base.shortFunction(Data.text(sites.shown_function[site]))} ${Data.place(Data.text(sites.shown_file[site]), sites.shown_line[site])}`;
	}

	/* Verdict, reasons, root and advice: what the flame graph tells of a site too. */
	function words(site) {
		const [term, verdict] = verdictOf(site);
		return [[term, verdict], ['Because', reasonsOf(site)], ['How so', Data.text(Data.sites.difference[site])], ['Root', rootOf(site)],
			['What to do', Data.text(Data.sites.advice[site]) && element('p', { class: 'advice', text: Data.text(Data.sites.advice[site]) })]];
	}

	function make(site) {
		const list = [['Function', Data.text(Data.sites.function[site])], ['At', placeOfSite(site)], ['In your code', shownBy(site)], ['Object', objectOf(site)]]
			.concat(words(site), [['Cost', costOf(site)], ['Tiny', tinyOf(site)], ['Over time', timeOf(site)], ['Called by', stacksOf(site)]]);
		return element('div', { class: 'details' }, actions(site), element('dl', {}, terms(list).flat()));
	}

	return { frameNodes, make, words, costOf };
})();
