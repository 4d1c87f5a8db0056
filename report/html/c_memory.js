'use strict';
/* What C and C++ allocate: the lines of Go that pay for it, the sites, and a graph of their stacks. */
const CMemory = (() => {
	const { element, id, bytes, count, integer, seconds, percent, terms, shortFunction, baseName } = Base;
	const LIVES = ['100 µs', '1 ms', '10 ms', '0.1 s', '1 s', '10 s', '100 s', 'longer'];
	const VALUES = { bytes: 'Bytes', live: 'Live', kept: 'Not freed' };
	const FIRST = 25, LEAST = 0.002, LEVELS = 60;
	let c, sort = { key: 'bytes', down: true }, all = false, value = 'bytes', zoomed = null, stacks = null;
	const open = new Set();

	const per = () => (Data.run.selected_seconds >= 1 ? Data.run.selected_seconds : 1);
	const rates = () => Data.run.selected_seconds >= 1;
	const known = (number) => (number === null || !Number.isFinite(number) ? '–' : bytes(number));

	function place(fn, file, line) {
		const name = shortFunction(Data.text(fn)), at = Data.text(file);
		return [element('span', { class: 'fn', text: name }), element('span', { class: 'at', text: at && line ? `${baseName(at)}:${line}` : '' })];
	}

	const columns = () => [
		{ key: 'rank', label: 'rank', value: (site) => site, cell: (site) => String(site + 1) },
		{ key: 'bytes', label: rates() ? 'bytes/s' : 'bytes', down: true, value: (site) => c.bytes[site], cell: (site) => bytes(c.bytes[site] / per()) },
		{ key: 'share', label: 'share', down: true, value: (site) => c.bytes[site], cell: (site) => percent(c.bytes[site] / c.all_bytes) },
		{ key: 'objects', label: rates() ? 'allocs/s' : 'allocs', down: true, value: (site) => c.objects[site], cell: (site) => count(c.objects[site] / per()) },
		{ key: 'live', label: 'live', down: true, value: (site) => c.live[site] || 0, cell: (site) => known(c.live[site]) },
		{ key: 'kept', label: 'not freed', down: true, value: (site) => c.kept[site] || 0, cell: (site) => known(c.kept[site]) },
		{ key: 'where', label: 'where', left: true, value: (site) => Data.text(c.function[site]), cell: whereCell },
	];

	function whereCell(site) {
		const own = place(c.function[site], c.file[site], c.line[site]), caller = Data.text(c.caller_function[site]);
		if (!caller || caller === Data.text(c.function[site])) return own;
		return [element('span', { class: 'at', text: `${shortFunction(caller)}:${c.caller_line[site]} ›` }), ' ', ...own];
	}

	function unpack() {
		const reader = new Base.Reader(c.stacks), out = [];
		for (let site = 0; site < c.count; site++) {
			const list = [];
			for (let n = reader.next(); n > 0; n--) {
				const stack = { bytes: reader.next() / 4095 * c.bytes[site], live: reader.next() / 4095 * (c.live[site] || 0),
					kept: reader.next() / 4095 * (c.kept[site] || 0), depth: reader.next(), frames: [] };
				for (let k = reader.next(); k > 0; k--) stack.frames.push(reader.next());
				list.push(stack);
			}
			out.push(list);
		}
		return out;
	}

	function details(site) {
		const lives = c.lives[site].map((share, i) => (share >= 0.0005 ? `${LIVES[i]} ${percent(share)} %` : '')).filter(Boolean).join(', ');
		const first = stacks[site][0], more = c.stack_count[site] - 1;
		let cost = `${bytes(c.bytes[site])} (95 %: ${bytes(c.bytes_low[site])} to ${bytes(c.bytes_high[site])}) in ${count(c.objects[site])} allocations`;
		if (c.kept_objects[site] > 0) cost += `; ${bytes(c.kept[site])} in ${count(c.kept_objects[site])} objects not freed at the end`;
		return element('dl', {}, terms([
			['At', `${Data.text(c.function[site])} ${Data.place(Data.text(c.file[site]), c.line[site])}`],
			['Through', Data.text(c.through[site])],
			['From Go', Data.text(c.caller_function[site]) && `${Data.text(c.caller_function[site])} ${Data.place(Data.text(c.caller_file[site]), c.caller_line[site])}`],
			['Cost', `${cost}. ${integer(c.samples[site])} sample${c.samples[site] === 1 ? '' : 's'}.`],
			['Freed within', lives],
			['Called by', first && [element('div', { class: 'frames' }, Details.frameNodes(first.frames, first.depth)),
				more > 0 ? element('p', { class: 'fine', text: `${percent(first.bytes / c.bytes[site])} % of its bytes come this way, the rest on ${integer(more)} more.` }) : '']],
		]).flat());
	}

	/* A row that opens what DETAILS make. */
	function row(site, list) {
		const toggle = () => {
			if (open.has(site)) open.delete(site);
			else open.add(site);
			table();
			const again = id('c-table').querySelector(`tr[data-site="${site}"]`);
			if (again) again.focus();
		};
		const made = element('tr', { class: open.has(site) ? 'site open' : 'site', tabindex: '0', 'aria-expanded': String(open.has(site)), 'data-site': site,
			on: { click: toggle, keydown: (event) => {
				if (event.key !== 'Enter' && event.key !== ' ') return;
				event.preventDefault();
				event.stopPropagation();
				toggle();
			} } }, list.map((column) => element('td', { class: column.left ? 'left' : null }, column.cell(site))));
		if (!open.has(site)) return [made];
		return [made, element('tr', { class: 'details' }, element('td', { colspan: list.length, class: 'left' }, details(site)))];
	}

	function head(list) {
		return element('tr', {}, list.map((column) => {
			const own = sort.key === column.key;
			return element('th', { scope: 'col', class: column.left ? 'left' : null, 'aria-sort': own ? (sort.down ? 'descending' : 'ascending') : null },
				element('button', { type: 'button', text: column.label + (own ? (sort.down ? ' ↓' : ' ↑') : ''), 'data-sort': column.key, on: { click: () => {
					sort = { key: column.key, down: own ? !sort.down : Boolean(column.down) };
					table();
				} } }));
		}));
	}

	function found(site) {
		const match = State.match();
		return !match || match.test([c.function[site], c.file[site], c.through[site], c.caller_function[site], c.caller_file[site]].map(Data.text).join('\n'));
	}

	function table() {
		const list = columns(), column = list.find((one) => one.key === sort.key), sign = sort.down ? -1 : 1, order = [];
		for (let site = 0; site < c.count; site++) if (found(site)) order.push(site);
		order.sort((a, b) => {
			const x = column.value(a), y = column.value(b);
			return (x < y ? -sign : x > y ? sign : 0) || a - b;
		});
		const shown = all ? order : order.slice(0, FIRST), node = id('c-table');
		node.tHead.replaceChildren(head(list));
		node.tBodies[0].replaceChildren(...shown.map((site) => row(site, list)).flat());
		id('c-more').hidden = all || order.length <= FIRST;
		id('c-more').textContent = `All ${integer(order.length)}`;
		const left = c.all - c.count;
		id('c-note').textContent = `${integer(order.length)} of ${integer(c.all)} site${c.all === 1 ? '' : 's'}${left > 0 ? `; the last ${integer(left)} are not in this file` : ''}`;
	}

	function lines() {
		if (!c.lines.length) return;
		const rows = c.lines.map(([fn, file, line, sites, allocated, objects, live, kept]) => element('tr', {},
			[integer(sites), bytes(allocated / per()), percent(allocated / c.all_bytes), count(objects / per()), known(live), known(kept)].map((text) => element('td', { text })),
			element('td', { class: 'left' }, place(fn, file, line))));
		const labels = ['sites', rates() ? 'bytes/s' : 'bytes', 'share', rates() ? 'allocs/s' : 'allocs', 'live', 'not freed'];
		id('c-lines').append(element('h3', { text: 'Go lines that pay for it' }), element('table', {},
			element('thead', {}, element('tr', {}, labels.map((text) => element('th', { scope: 'col', text })), element('th', { scope: 'col', class: 'left', text: 'where' }))),
			element('tbody', {}, rows)));
	}

	/* The stacks as a tree: children by name under their callers. */
	function tree() {
		const make = (name, parent) => ({ name, parent, value: 0, children: new Map() });
		const root = make('all', null);
		stacks.forEach((list, site) => {
			if (!found(site)) return;
			for (const stack of list) {
				const amount = stack[value];
				if (!(amount > 0)) continue;
				let at = root;
				root.value += amount;
				for (let i = stack.frames.length - 1; i >= 0; i--) {
					const name = Data.frame(stack.frames[i]).function || '?';
					if (!at.children.has(name)) at.children.set(name, make(name, at));
					at = at.children.get(name);
					at.value += amount;
				}
			}
		});
		return root;
	}

	function pathOf(node) {
		return node.parent ? [...pathOf(node.parent), node.name] : [];
	}

	/* One frame: a button that zooms. */
	function frame(node, left, width, level, top) {
		const words = `${node.name}, ${bytes(node.value)}, ${percent(top.value > 0 ? node.value / top.value : 0)} %`;
		const made = element('button', { type: 'button', class: 'c-frame', title: words, 'aria-label': words, text: width > 0.02 ? shortFunction(node.name) : '',
			on: { click: () => {
				zoomed = pathOf(node);
				graph();
			} } });
		made.style.left = `${left * 100}%`;
		made.style.width = `${width * 100}%`;
		made.style.top = `${level * 20}px`;
		return made;
	}

	function graph() {
		const root = tree(), box = id('c-graph'), made = [];
		let at = root, level = 0;
		for (const name of zoomed || []) {
			made.push(frame(at, 0, 1, level++, root));
			at = at.children.get(name) || at;
		}
		let deepest = level;
		const put = (node, left, width, depth) => {
			if (width < LEAST || depth > LEVELS) return;
			deepest = Math.max(deepest, depth);
			made.push(frame(node, left, width, depth, root));
			let next = left;
			for (const child of [...node.children.values()].sort((a, b) => b.value - a.value)) {
				const part = width * child.value / node.value;
				put(child, next, part, depth + 1);
				next += part;
			}
		};
		if (root.value > 0) put(at, 0, 1, level);
		box.replaceChildren(...(made.length ? made : [element('p', { class: 'fine', text: 'Nothing to show.' })]));
		box.style.height = `${(deepest + 1) * 20 + 2}px`;
	}

	function choices() {
		const list = Object.entries(VALUES).filter(([key]) => key === 'bytes' || !c.of_moments);
		const buttons = list.map(([key, words]) => element('button', { type: 'button', role: 'radio', 'aria-checked': String(key === value), text: words, 'data-value': key, on: { click: () => {
			value = key;
			for (const one of buttons) one.setAttribute('aria-checked', String(one.dataset.value === key));
			graph();
		} } }));
		id('c-value').append(...buttons);
	}

	function lead() {
		const parts = [`${bytes(c.all_bytes)} in ${count(c.all_objects)} objects by malloc and its like`];
		if (!c.of_moments) parts.push(`${bytes(c.all_live)} alive on average`);
		if (c.peak !== null) parts.push(`${bytes(c.peak)} at most, after ${seconds(c.peak_seconds)}`);
		if (!c.of_moments) parts.push(`${bytes(c.all_kept)} in ${count(c.all_kept_objects)} objects not freed at the end`);
		parts.push(`${integer(c.all_samples)} allocations sampled, ${c.rate > 1 ? `one every ${bytes(c.rate)}` : 'every one that was made'}`);
		return `${parts.join('; ')}.`;
	}

	/* Without Go all else has nothing to show. */
	function alone() {
		for (const part of ['sites', 'flame', 'time', 'nav-time', 'top-fixes', 'classes', 'filter-class', 'filter-category', 'filter-package']) id(part).hidden = true;
		for (const link of document.querySelectorAll('nav a[href="#sites"], nav a[href="#flame"]')) link.hidden = true;
	}

	function start() {
		c = Data.raw.c;
		id('c-memory').hidden = id('nav-c').hidden = !c;
		if (!c) return;
		stacks = unpack();
		id('c-lead').textContent = lead();
		if (!Data.text(Data.run.go)) alone();
		lines();
		choices();
		table();
		graph();
		id('c-more').addEventListener('click', () => {
			all = true;
			table();
		});
		State.listen(['search'], () => {
			zoomed = null;
			table();
			graph();
		});
	}

	return { start };
})();
