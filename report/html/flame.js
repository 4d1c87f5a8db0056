'use strict';
/* The flame graph, drawn on a canvas: from the program's start to its allocations, or from these to their callers. */
const Flame = (() => {
	const { element, bytes, count, seconds, percent, shortFunction, terms } = Base;
	const ROW = 19, LEAST = 0.4, FONT = 12; /* pixels */
	const FORMS = [['callees', 'Flame'], ['callers', 'Callers']];
	const WORDS = { gc: 'GC CPU', bytes: 'Bytes', objects: 'Objects', live: 'Live' };
	let canvas, box, context, measure, form = 'callees', layout, zoomed = 0, cursor = 0, hovered = -1;
	let width = 0, height = 0, letter = 7.2, colours = null, hits = null, share = 0, due = false;

	function nameOf(node) {
		const site = layout.site[node];
		if (node === 0) return 'all';
		if (site === Tree.NARROW) return '(too narrow to tell apart)';
		return site >= 0 ? Data.siteName(site) : Data.text(layout.name[node]);
	}

	function label(node) {
		return layout.site[node] === Tree.NO_SITE && node ? shortFunction(nameOf(node)) : nameOf(node);
	}

	function valueWords(value) {
		const all = layout.value[0], part = all > 0 ? `, ${percent(value / all)} % of the graph` : '';
		if (measure === 'gc') return `${percent(value)} % of the GC’s CPU, ${seconds(value * Data.gc.cpu_seconds)}${part}`;
		if (measure === 'objects') return `${count(value)} objects${part}`;
		return `${bytes(value)}${measure === 'live' ? ' live' : ''}${part}`;
	}

	/* Colours are the style sheet's. */
	function readColours() {
		const style = getComputedStyle(document.documentElement), read = (name) => style.getPropertyValue(name).trim();
		colours = { classes: [], function: read('--function'), ink: read('--function-ink'), dim: read('--dim'), edge: read('--edge'),
			match: read('--match'), soft: read('--soft'), accent: read('--accent'), narrow: read('--c12'), mono: read('--mono') };
		for (let i = 0; i < Data.classes.length; i++) colours.classes.push(read(`--c${i}`));
		context.font = `${FONT}px ${colours.mono}`;
		letter = context.measureText('MMMMMMMMMM').width / 10;
	}

	/* The path to NODE, to find it again in another layout. */
	function pathOf(node) {
		const path = [];
		for (; node; node = layout.parent[node]) path.unshift(layout.site[node] >= 0 ? `s${layout.site[node]}` : `n${layout.name[node]}`);
		return path;
	}

	function findPath(path) {
		let at = 0;
		for (const step of path) {
			const level = layout.levels[layout.depth[at] + 1] || [], parent = at;
			const found = level.find((node) => layout.parent[node] === parent && (layout.site[node] >= 0 ? `s${layout.site[node]}` : `n${layout.name[node]}`) === step);
			if (found === undefined) return at;
			at = found;
		}
		return at;
	}

	/* Work out the layout anew, when it is to be seen. */
	function refresh(keep) {
		const path = keep && layout ? pathOf(zoomed) : [], at = keep && layout ? pathOf(cursor) : [];
		layout = Tree.layout(measure, form);
		zoomed = findPath(path);
		cursor = findPath(at);
		hovered = -1;
		find();
		legend();
		box.style.minHeight = '0';
		resize(true);
		notes();
	}

	/* Which nodes the search hits, and the share that lies in or below them. */
	function find() {
		const match = State.match();
		hits = null;
		share = 0;
		if (!match) return;
		const names = new Map(), n = layout.n;
		hits = new Uint8Array(n); /* 1: itself, 2: below one */
		const test = (key, text) => {
			if (!names.has(key)) names.set(key, match.test(text()));
			return names.get(key);
		};
		/* A parent has a smaller number than its children. */
		for (let i = 1; i < n; i++) {
			const site = layout.site[i], below = hits[layout.parent[i]] !== 0;
			const hit = site >= 0 ? test(-1 - site, () => Data.siteText(site)) : site === Tree.NO_SITE && test(layout.name[i], () => Data.text(layout.name[i]));
			hits[i] = hit ? 1 : below ? 2 : 0;
			if (hit && !below) share += layout.value[i];
		}
	}

	function notes() {
		const all = layout.value[0];
		Base.id('flame-note').textContent = hits ? `matched: ${all > 0 ? percent(share / all) : 0} %` :
			State.chosen.span && measure !== 'live' ? 'of the span that is chosen' : '';
		const least = Data.raw.tree.least;
		const parts = [`Frames below ${percent(least) === '0' ? `${+(least * 100).toPrecision(2)}` : percent(least)} % of everything are summed up in grey ones.`];
		if (measure === 'gc') parts.push('Widths are each site’s own saving, divided among its stacks by bytes; sites whose removal would cost are left out, and savings of several sites do not add up.');
		if (measure === 'live' && State.chosen.span) parts.push('Live bytes are the whole run’s.');
		if (State.chosen.span && measure !== 'live') parts.push('Each stack has the part of its site’s bytes that the span has; GC cost goes with it.');
		Base.id('flame-fine').textContent = parts.join(' ');
		Base.id('flame-reset').disabled = zoomed === 0;
	}

	function legend() {
		const sums = Data.classes.map(() => 0), all = layout.value[0];
		for (let i = 1; i < layout.n; i++) if (layout.site[i] >= 0) sums[Data.sites.class[layout.site[i]]] += layout.value[i];
		const order = sums.map((_, i) => i).filter((i) => sums[i] > 0).sort((a, b) => sums[b] - sums[a]);
		Base.id('legend').replaceChildren(...order.map((i) =>
			element('li', {}, Summary.swatch(i), `${Data.classes[i].words}, ${percent(sums[i] / all)} %`)));
	}

	const left = (node) => (layout.start[node] - layout.start[zoomed]) / layout.value[zoomed] * width;
	const wide = (node) => layout.value[node] / layout.value[zoomed] * width;

	/* What is at DEPTH between the root and what is zoomed to. */
	function aboveZoom(depth) {
		let node = zoomed;
		while (layout.depth[node] > depth) node = layout.parent[node];
		return node;
	}

	/* The first of LEVEL's nodes that begins behind AT: its index. */
	function firstBehind(level, at) {
		let low = 0, high = level.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (layout.start[level[middle]] <= at) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/* Where NODE is drawn; callers of what is zoomed to take the whole width. */
	function span(node) {
		if (layout.depth[node] <= layout.depth[zoomed]) return aboveZoom(layout.depth[node]) === node ? [0, width] : null;
		const x = left(node), w = wide(node);
		return x + w <= 0.01 || x >= width - 0.01 ? null : [Math.max(0, x), Math.min(width, x + w) - Math.max(0, x)];
	}

	/* Wide enough to be pointed at. */
	function isSeen(node) {
		const place = span(node);
		return place !== null && place[1] >= LEAST;
	}

	const top = (depth) => (form === 'callers' ? depth * ROW : height - (depth + 1) * ROW);

	function deepest() {
		let depth = layout.depth[zoomed];
		const from = layout.start[zoomed], to = from + layout.value[zoomed];
		for (let level = depth + 1; level < layout.levels.length; level++) {
			const nodes = layout.levels[level];
			let at = Math.max(0, firstBehind(nodes, from) - 1);
			while (at < nodes.length && layout.start[nodes[at]] < to && !(wide(nodes[at]) >= LEAST && layout.start[nodes[at]] >= from)) at++;
			if (at === nodes.length || layout.start[nodes[at]] >= to) break;
			depth = level;
		}
		return depth;
	}

	function resize(whole) {
		const ratio = window.devicePixelRatio || 1;
		width = box.clientWidth;
		if (!width || !layout) return;
		height = (deepest() + 1) * ROW + 2;
		const scale = height * ratio > 16000 ? 1 : ratio;
		canvas.width = Math.round(width * scale);
		canvas.height = Math.round(height * scale);
		canvas.style.height = `${height}px`;
		context.setTransform(scale, 0, 0, scale, 0, 0);
		if (whole) box.style.minHeight = `${Math.min(height, window.innerHeight * 0.72)}px`;
		draw();
		if (whole) box.scrollTop = form === 'callers' ? 0 : box.scrollHeight;
	}

	function fit(text, room) {
		const letters = Math.floor((room - 8) / letter);
		if (letters < 3) return '';
		return text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
	}

	function fillOf(node) {
		const site = layout.site[node];
		if (hits && hits[node] === 0) return [colours.dim, colours.soft];
		if (site >= 0) return [colours.classes[Data.sites.class[site]], '#1d1c19'];
		if (site === Tree.NARROW) return [colours.narrow, '#1d1c19'];
		return [colours.function, colours.ink];
	}

	function drawNode(node, x, w, y) {
		const [fill, ink] = fillOf(node), gap = w > 3 ? 1 : 0;
		const above = layout.depth[node] < layout.depth[zoomed];
		context.globalAlpha = above ? 0.35 : 1;
		context.fillStyle = fill;
		context.fillRect(x, y, w - gap, ROW - 1);
		context.globalAlpha = 1;
		if (hits && hits[node] === 1 && w > 3) outline(x, w, y, colours.match);
		if (w > 28) {
			context.fillStyle = above ? colours.ink : ink;
			context.fillText(fit(label(node), w), x + 4, y + ROW / 2);
		}
	}

	function outline(x, w, y, colour) {
		context.strokeStyle = colour;
		context.lineWidth = 2;
		context.strokeRect(x + 1, y + 1, Math.max(1, w - 3), ROW - 3);
	}

	function drawLevel(depth) {
		const y = top(depth), level = layout.levels[depth], to = layout.start[zoomed] + layout.value[zoomed];
		let until = -1; /* nodes too narrow to stand apart share a pixel */
		if (depth <= layout.depth[zoomed]) {
			drawNode(aboveZoom(depth), 0, width, y);
			return;
		}
		for (let i = Math.max(0, firstBehind(level, layout.start[zoomed]) - 1); i < level.length && layout.start[level[i]] < to; i++) {
			const node = level[i], place = span(node);
			if (!place || (place[1] < 1 && place[0] < until)) continue;
			if (place[1] < 1) until = place[0] + 1;
			drawNode(node, place[0], Math.max(1, place[1]), y);
		}
	}

	function draw() {
		if (!colours) readColours();
		context.clearRect(0, 0, width, height);
		context.font = `${FONT}px ${colours.mono}`;
		context.textBaseline = 'middle';
		if (!(layout.value[0] > 0)) {
			context.fillStyle = colours.soft;
			context.fillText('Nothing to show.', 4, ROW / 2);
			return;
		}
		for (let depth = 0; depth < layout.levels.length && (depth + 1) * ROW <= height; depth++) drawLevel(depth);
		for (const [node, colour] of [[hovered, colours.soft], [document.activeElement === canvas ? cursor : -1, colours.accent]]) {
			const place = node >= 0 ? span(node) : null;
			if (place) outline(place[0], place[1], top(layout.depth[node]), colour);
		}
	}

	function drawSoon() {
		if (due || !layout) return;
		due = true;
		requestAnimationFrame(() => {
			due = false;
			draw();
		});
	}

	function nodeAt(event) {
		const area = canvas.getBoundingClientRect(), x = event.clientX - area.left, y = event.clientY - area.top;
		const depth = form === 'callers' ? Math.floor(y / ROW) : Math.floor((height - y) / ROW), level = layout.levels[depth];
		if (!level || !(layout.value[0] > 0)) return -1;
		if (depth <= layout.depth[zoomed]) return aboveZoom(depth);
		const at = layout.start[zoomed] + x / width * layout.value[zoomed];
		const node = level[firstBehind(level, at) - 1];
		return node !== undefined && at < layout.start[node] + layout.value[node] ? node : -1;
	}

	function tip(event, node) {
		const tip_ = Base.id('tip'), site = layout.site[node];
		const lines = [element('b', { text: nameOf(node) }), element('span', { text: valueWords(layout.value[node]) })];
		if (site >= 0) lines.push(element('span', { text: `${Data.classes[Data.sites.class[site]].words} · rank ${site + 1} · ${Base.baseName(Data.text(Data.sites.file[site]))}:${Data.sites.line[site]}` }),
			element('span', { text: Data.text(Data.sites.advice[site]) }));
		tip_.replaceChildren(...lines);
		tip_.hidden = false;
		const area = tip_.getBoundingClientRect();
		tip_.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - area.width - 8))}px`;
		tip_.style.top = `${event.clientY + 18 + area.height < window.innerHeight ? event.clientY + 18 : event.clientY - area.height - 10}px`;
	}

	function hover(event) {
		if (!layout) return;
		const node = nodeAt(event);
		if (node < 0) Base.id('tip').hidden = true;
		else tip(event, node);
		if (node !== hovered) {
			hovered = node;
			drawSoon();
		}
	}

	/* What the panel below says of NODE. */
	function tell(node) {
		const site = layout.site[node], told = Base.id('flame-told');
		const lines = [element('h3', { text: nameOf(node) }), element('p', { text: valueWords(layout.value[node]) })];
		if (site >= 0) {
			const button = (text, run) => element('button', { type: 'button', class: 'quiet', text, on: { click: run } });
			lines.push(element('div', { class: 'details' }, element('dl', {}, terms([['At', `${Data.text(Data.sites.function[site])} ${Data.place(Data.text(Data.sites.file[site]), Data.sites.line[site])}`]]
				.concat(Details.words(site), [['Cost', Details.costOf(site)]])).flat())));
			lines.push(element('div', { class: 'actions' }, button('Open in the table', () => Table.show(site)),
				Model.known(Data) ? button(State.chosen.ticked.has(site) ? 'Untick' : 'What if it were gone', () => {
					State.tick(site, !State.chosen.ticked.has(site));
					tell(node);
				}) : null));
		}
		told.replaceChildren(...lines);
	}

	/* The widest of NODE's children. */
	function widest(node) {
		let best = -1;
		for (const child of layout.levels[layout.depth[node] + 1] || [])
			if (layout.parent[child] === node && (best < 0 || layout.value[child] > layout.value[best])) best = child;
		return best;
	}

	function zoom(node) {
		zoomed = node;
		cursor = node;
		resize(false);
		scrollTo(node);
		notes();
	}

	function scrollTo(node) {
		const y = top(layout.depth[node]);
		if (y < box.scrollTop || y + ROW > box.scrollTop + box.clientHeight) box.scrollTop = y - box.clientHeight / 2;
	}

	/* An allocation has nothing further to show than itself: zoom to who calls it. */
	function choose(node) {
		const target = layout.site[node] >= 0 && form === 'callees' ? layout.parent[node] : node;
		zoom(target === zoomed && layout.site[node] < 0 ? layout.parent[target] : target);
		cursor = node;
		tell(node);
		draw();
	}

	/* The next that is drawn in NODE's row, to the left (-1) or right. */
	function beside(node, step) {
		const level = layout.levels[layout.depth[node]] || [];
		for (let at = level.indexOf(node) + step; at >= 0 && at < level.length; at += step) if (isSeen(level[at])) return level[at];
		return node;
	}

	function key(event) {
		if (!layout || event.ctrlKey || event.metaKey || event.altKey || !(layout.value[0] > 0)) return;
		const further = form === 'callers' ? 'ArrowDown' : 'ArrowUp', back = form === 'callers' ? 'ArrowUp' : 'ArrowDown';
		const move = { ArrowLeft: () => beside(cursor, -1), ArrowRight: () => beside(cursor, 1), Home: () => 0,
			[further]: () => { const next = widest(cursor); return next >= 0 && isSeen(next) ? next : cursor; }, [back]: () => layout.parent[cursor] }[event.key];
		if (move) cursor = move();
		else if (event.key === 'Enter' || event.key === ' ') choose(cursor);
		else if (event.key === 'Backspace') zoom(layout.parent[zoomed]);
		else if (event.key === 'Escape' && zoomed) zoom(0);
		else return;
		event.preventDefault();
		event.stopPropagation();
		scrollTo(cursor);
		tell(cursor);
		draw();
	}

	/* Buttons of which one is on. */
	function choice(node, list, current, run) {
		const buttons = list.map(([value, words]) => {
			const button = element('button', { type: 'button', role: 'radio', 'aria-checked': String(value === current), 'data-value': value, text: words });
			button.addEventListener('click', () => pick(value));
			return button;
		});
		function pick(value) {
			for (const button of buttons) {
				button.setAttribute('aria-checked', String(button.dataset.value === value));
				button.tabIndex = button.dataset.value === value ? 0 : -1;
			}
			run(value);
		}
		node.addEventListener('keydown', (event) => {
			const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key], at = buttons.indexOf(event.target);
			if (!step || at < 0) return;
			event.preventDefault();
			const next = buttons[(at + step + buttons.length) % buttons.length];
			pick(next.dataset.value);
			next.focus();
		});
		node.append(...buttons);
		buttons.forEach((button) => { button.tabIndex = button.getAttribute('aria-checked') === 'true' ? 0 : -1; });
	}

	/* Zoom to where SITE has most, and say all of it. */
	function showSite(site) {
		if (!State.passes(site)) Page.clear();
		ensure();
		let best = -1;
		for (let i = 1; i < layout.n; i++) if (layout.site[i] === site && (best < 0 || layout.value[i] > layout.value[best])) best = i;
		Base.id('flame').scrollIntoView({ block: 'start' });
		canvas.focus({ preventScroll: true });
		if (best >= 0 && layout.value[best] > 0) choose(best);
		else Base.id('flame-told').replaceChildren(element('p', { text: 'This site is too narrow to be in the flame graph, or has none of what the widths stand for.' }));
	}

	/* It is laid out behind the first picture of the page, unless it is asked for before. */
	function ensure() {
		if (!layout) refresh(false);
	}

	function start() {
		canvas = Base.id('flame-canvas');
		box = Base.id('flame-box');
		context = canvas.getContext('2d');
		/* What has no value anywhere (no cycle was seen, a heap profile) is not offered; bytes always are. */
		const units = { gc: Data.raw.tree.units[3], bytes: 1, objects: 1, live: Data.raw.tree.units[2] };
		const list = Tree.MEASURES.filter((one) => units[one] > 0);
		measure = list[0];
		canvas.setAttribute('aria-label', 'Flame graph of allocations. Arrow keys move, Enter zooms, Escape shows all.');
		choice(Base.id('flame-value'), list.map((one) => [one, WORDS[one]]), measure, (value) => {
			measure = value;
			refresh(true);
		});
		choice(Base.id('flame-form'), FORMS, form, (value) => {
			form = value;
			refresh(false);
		});
		Base.id('flame-reset').addEventListener('click', () => layout && zoom(0));
		canvas.addEventListener('mousemove', hover);
		canvas.addEventListener('mouseleave', () => {
			Base.id('tip').hidden = true;
			hovered = -1;
			drawSoon();
		});
		canvas.addEventListener('click', (event) => {
			ensure();
			const node = nodeAt(event);
			if (node >= 0) choose(node);
		});
		canvas.addEventListener('keydown', key);
		canvas.addEventListener('focus', drawSoon);
		canvas.addEventListener('blur', drawSoon);
		new ResizeObserver(() => layout && box.clientWidth !== width && resize(true)).observe(box);
		State.listen(['span', 'filter'], () => layout && refresh(true));
		State.listen(['search'], () => {
			if (!layout) return;
			find();
			notes();
			draw();
		});
		requestAnimationFrame(() => setTimeout(() => {
			ensure();
			document.documentElement.dataset.drawn = String(Math.round(performance.now()));
		}));
	}

	/* The colours have changed. */
	function recolour() {
		colours = null;
		if (layout) draw();
	}

	return {
		start, showSite, recolour, reset: () => layout && zoom(0), isZoomed: () => Boolean(layout) && zoomed !== 0,
		/* For tests: what is drawn, and where. */
		peek: () => {
			ensure();
			return { layout, zoomed, cursor, measure, form, width, height, share, span, top, nameOf, ROW };
		},
	};
})();
