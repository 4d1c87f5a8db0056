'use strict';
/* The ranked table: sorted, filtered, paged; a row opens its details. */
const Table = (() => {
	const { element, bytes, count, integer, percent, percentRange } = Base;
	const PAGE = 50;
	const open = new Set();
	let order = [], page = 0, sort = { key: 'rank', down: false }, sortedBySpan = false, cursor = 0, columns = [], top = 1;

	const per = () => (Data.run.heap_profile || Data.run.selected_seconds < 1 ? 1 : State.seconds());
	const rates = () => !Data.run.heap_profile && Data.run.selected_seconds >= 1;
	const gc = (site) => Data.sites.gc[site] * State.fraction(site);
	const allocated = (site) => Data.sites.bytes[site] * State.fraction(site);
	const objects = (site) => Data.sites.objects[site] * State.fraction(site);

	function rankWords(site) {
		const first = Data.sites.first[site], last = Data.sites.last[site], all = Data.sites.all;
		if (first === last) return String(first);
		return last > 99 || (last === all && last - first >= 10) ? `${first}+` : `${first}–${last}`;
	}

	function gcCell(site) {
		const share = gc(site), bar = element('i');
		bar.style.width = `${Math.max(0, Math.min(1, share / top)) * 82}px`;
		return [share > 0 ? bar : null, element('b', { text: percent(share) })];
	}

	function whyCell(site) {
		return [Summary.swatch(Data.sites.class[site]), `${Data.text(Data.sites.why[site])} ${Data.mark(site)}${Data.sites.flags[site] & 4 ? '~' : ''}`];
	}

	/* The function that allocates; in somebody else's code behind the user's own line that leads there. */
	function whereCell(site) {
		const { sites } = Data, own = Base.shortFunction(Data.text(sites.function[site]));
		const at = Data.place(Base.baseName(Data.text(sites.file[site])), sites.line[site]);
		const why = element('span', { class: 'narrow-why' }, ...whyCell(site), `, ${bytes(allocated(site) / per())}${rates() ? '/s' : ''}`);
		if (sites.flags[site] & 1) return [element('span', { class: 'fn', text: own }), element('span', { class: 'at', text: at }), why];
		const shown = `${Base.shortFunction(Data.text(sites.shown_function[site]))}:${sites.shown_line[site]}`;
		return [element('span', { class: 'fn', text: shown }), element('span', { class: 'at', text: `› ${own}` }), why];
	}

	function tickCell(site) {
		const place = `${Base.shortFunction(Data.text(Data.sites.function[site]))}, rank ${site + 1}`;
		const box = element('input', { type: 'checkbox', tabindex: '-1', 'aria-label': `What if ${place} were gone` });
		box.checked = State.chosen.ticked.has(site);
		box.addEventListener('click', (event) => event.stopPropagation());
		box.addEventListener('change', () => State.tick(site, box.checked));
		return box;
	}

	function makeColumns() {
		const second = rates() ? '/s' : '', known = Model.known(Data), sites = Data.sites;
		const all = () => Data.run.alloc_bytes * (State.chosen.span ? State.allFraction() : 1);
		columns = [
			known && { key: 'tick', label: '', name: 'what if', cell: tickCell },
			{ key: 'rank', label: 'rank', value: (site) => site, cell: rankWords, title: 'A range: the intervals overlap, so the order is not certain' },
			known && { key: 'gc', label: 'GC CPU saved %', value: gc, down: true, cell: gcCell, title: 'Of the GC’s CPU, what would be gone without it' },
			known && { key: 'ci', label: '95 %', value: (site) => sites.gc_low[site] * State.fraction(site), down: true,
				cell: (site) => percentRange(sites.gc_low[site] * State.fraction(site), sites.gc_high[site] * State.fraction(site)), title: 'Its interval; sorted by the lower end' },
			{ key: 'bytes', label: `bytes${second}`, value: allocated, down: true, cell: (site) => bytes(allocated(site) / per()) },
			{ key: 'share', label: 'share', value: allocated, down: true, cell: (site) => percent(allocated(site) / all()), title: 'Of all bytes, %' },
			{ key: 'objects', label: `obj${second}`, value: objects, down: true, cell: (site) => count(objects(site) / per()) },
			known && { key: 'live', label: 'live', value: (site) => sites.live[site], down: true, cell: (site) => bytes(sites.live[site]), title: 'Bytes alive, mean over the cycles of the whole run' },
			{ key: 'why', label: 'why', left: true, value: (site) => Data.text(sites.why[site]), cell: whyCell },
			{ key: 'where', label: 'where', left: true, value: (site) => Data.text(sites.function[site]), cell: whereCell },
		].filter(Boolean);
		if (!known) sort = { key: 'rank', down: false };
	}

	function head() {
		const row = element('tr');
		for (const column of columns) {
			const cell = element('th', { scope: 'col', class: `col-${column.key}${column.left ? ' left' : ''}`, title: column.title });
			if (column.value) {
				if (sort.key === column.key) cell.setAttribute('aria-sort', sort.down ? 'descending' : 'ascending');
				const arrow = sort.key === column.key ? (sort.down ? ' ↓' : ' ↑') : '';
				cell.append(element('button', { type: 'button', text: column.label + arrow, 'data-sort': column.key, on: { click: () => sortBy(column) } }));
			} else {
				cell.append(element('span', { class: 'hidden', text: column.name }));
			}
			row.append(cell);
		}
		Base.id('table').tHead.replaceChildren(row);
	}

	function sortBy(column) {
		sort = { key: column.key, down: sort.key === column.key ? !sort.down : Boolean(column.down) };
		sortedBySpan = false;
		page = 0;
		update();
		const button = Base.id('table').tHead.querySelector(`button[data-sort="${column.key}"]`);
		if (button) button.focus();
	}

	function choose() {
		const column = columns.find((one) => one.key === sort.key), sign = sort.down ? -1 : 1;
		order = [];
		for (let site = 0; site < Data.count; site++)
			if (State.passes(site) && State.isFound(site) && State.fraction(site) > 0) order.push(site);
		const keys = new Map(order.map((site) => [site, column.value(site)]));
		order.sort((a, b) => {
			const x = keys.get(a), y = keys.get(b);
			return (x < y ? -sign : x > y ? sign : 0) || a - b;
		});
		top = 0;
		for (let site = 0; Model.known(Data) && site < Data.count; site++) top = Math.max(top, gc(site));
	}

	function toggle(site, on) {
		if (on) open.add(site);
		else open.delete(site);
		const row = rowOf(site), after = row && row.nextElementSibling;
		if (!row) return;
		row.setAttribute('aria-expanded', String(on));
		row.classList.toggle('open', on);
		if (on && !(after && after.classList.contains('details'))) row.after(detailsRow(site));
		if (!on && after && after.classList.contains('details')) after.remove();
	}

	function detailsRow(site) {
		return element('tr', { class: 'details' }, element('td', { colspan: shownColumns() }, Details.make(site)));
	}

	/* A narrow window hides some; a cell over more than there are would bring them back, empty. */
	function shownColumns() {
		return Math.max(1, [...Base.id('table').tHead.rows[0].cells].filter((cell) => cell.offsetWidth > 0).length);
	}

	function fitDetails() {
		for (const cell of Base.id('table').querySelectorAll('td[colspan]')) cell.colSpan = shownColumns();
	}

	const rowOf = (site) => Base.id('table').querySelector(`tr.site[data-site="${site}"]`);

	function row(site) {
		const node = element('tr', { class: `site${open.has(site) ? ' open' : ''}`, 'data-site': site, tabindex: '-1', 'aria-level': '1',
			'aria-expanded': String(open.has(site)) });
		for (const column of columns) {
			const negative = column.key === 'gc' && gc(site) < 0 ? ' negative' : '';
			node.append(element('td', { class: `col-${column.key}${column.left ? ' left' : ''}${negative}` }, column.cell(site)));
		}
		node.addEventListener('click', () => {
			cursor = order.indexOf(site);
			toggle(site, !open.has(site));
		});
		return node;
	}

	function body() {
		const nodes = [], had = Base.id('table').tBodies[0].contains(document.activeElement);
		for (const site of order.slice(page * PAGE, (page + 1) * PAGE)) {
			nodes.push(row(site));
			if (open.has(site)) nodes.push(detailsRow(site));
		}
		if (!order.length) nodes.push(element('tr', {}, element('td', { colspan: shownColumns(), class: 'empty', text: Data.count ? 'No site is left by these filters.' : 'No allocation was sampled.' })));
		Base.id('table').tBodies[0].replaceChildren(...nodes);
		focusable(had);
	}

	/* One row can be reached by Tab; arrows lead to the others. */
	function focusable(focus) {
		cursor = Math.max(0, Math.min(order.length - 1, cursor));
		if (order.length && Math.floor(cursor / PAGE) !== page) cursor = page * PAGE;
		for (const other of Base.id('table').querySelectorAll('tr.site[tabindex="0"]')) other.tabIndex = -1;
		const node = rowOf(order[cursor]);
		if (!node) return;
		node.tabIndex = 0;
		if (focus) node.focus({ preventScroll: false });
	}

	function pager() {
		const pages = Math.ceil(order.length / PAGE);
		Base.id('page-at').textContent = pages > 1 ? `${page * PAGE + 1}–${Math.min(order.length, (page + 1) * PAGE)} of ${integer(order.length)}` : '';
		Base.id('page-before').hidden = Base.id('page-after').hidden = pages < 2;
		Base.id('page-before').disabled = page === 0;
		Base.id('page-after').disabled = page + 1 >= pages;
	}

	function note() {
		const { sites, run } = Data, shown = order.length;
		let words = shown === Data.count ? `${integer(Data.count)} sites` : `${integer(shown)} of ${integer(Data.count)} sites`;
		if (sites.all > sites.count)
			words += `; ${integer(sites.all - sites.count)} more, with ${percent(sites.rest_bytes / run.alloc_bytes)} % of the bytes, are only in the flame graph`;
		Base.id('sites-note').textContent = words;
		const sum = order.reduce((all, site) => all + allocated(site), 0), filtered = State.isFiltered() || State.chosen.typed;
		Base.id('found').textContent = filtered ? `${integer(shown)} sites, ${percent(sum / (run.alloc_bytes * State.allFraction()))} % of the bytes${State.match() && State.match().literal ? '; searched as it stands: no regular expression' : ''}` : '';
		Base.id('filter-clear').hidden = !filtered;
	}

	function update() {
		choose();
		page = Math.min(page, Math.max(0, Math.ceil(order.length / PAGE) - 1));
		head();
		body();
		pager();
		note();
	}

	/* In a span the order is by what is shown of it, unless another was chosen. */
	function followSpan() {
		const key = Model.known(Data) ? 'gc' : 'bytes';
		if (State.chosen.span && sort.key === 'rank') {
			sort = { key, down: true };
			sortedBySpan = true;
		} else if (!State.chosen.span && sortedBySpan) {
			sort = { key: 'rank', down: false };
			sortedBySpan = false;
		}
	}

	function turn(pages) {
		page += pages;
		cursor = page * PAGE;
		body();
		pager();
		Base.id('sites').scrollIntoView({ block: 'start' });
	}

	function moveTo(at) {
		cursor = Math.max(0, Math.min(order.length - 1, at));
		if (Math.floor(cursor / PAGE) !== page) {
			page = Math.floor(cursor / PAGE);
			body();
			pager();
		}
		focusable(true);
	}

	function key(event) {
		const row_ = event.target.closest('tr.site');
		if (!row_ || event.target !== row_ || event.ctrlKey || event.metaKey || event.altKey) return;
		const site = Number(row_.dataset.site), at = order.indexOf(site);
		const run = {
			ArrowDown: () => moveTo(at + 1), ArrowUp: () => moveTo(at - 1), Home: () => moveTo(0), End: () => moveTo(order.length - 1),
			PageDown: () => moveTo(at + 10), PageUp: () => moveTo(at - 10),
			Enter: () => toggle(site, !open.has(site)), ArrowRight: () => toggle(site, true), ArrowLeft: () => toggle(site, false),
			' ': () => Model.known(Data) && State.tick(site, !State.chosen.ticked.has(site)),
			f: () => Flame.showSite(site),
		}[event.key];
		if (!run) return;
		event.preventDefault();
		run();
	}

	/* Bring SITE into view and open it, past whatever filters hide it. */
	function show(site) {
		if (order.indexOf(site) < 0) Page.clear();
		const at = order.indexOf(site);
		if (at < 0) return;
		moveTo(at);
		toggle(site, true);
		rowOf(site).scrollIntoView({ block: 'center' });
	}

	function legend() {
		const parts = ['✓ the compiler’s verdict is known; ! it says stack, the run says heap; ? several fit; · none.'];
		if (Model.known(Data)) parts.push('Below zero: without it the heap goal shrinks, cycles come more often, and the GC would take more CPU.',
			'Savings of several sites do not add up: tick them to have them taken together.');
		parts.push('A range of ranks: the intervals (95 %) overlap. f:8 › g: line 8 of your function f leads to g, which allocates. ~ tiny objects share blocks.');
		Base.id('sites-legend').textContent = parts.join(' ');
	}

	function syncTicks() {
		for (const row_ of Base.id('table').querySelectorAll('tr.site')) {
			const box = row_.querySelector('input[type="checkbox"]');
			if (box) box.checked = State.chosen.ticked.has(Number(row_.dataset.site));
		}
	}

	function start() {
		makeColumns();
		const table = Base.id('table');
		table.setAttribute('role', 'treegrid');
		Base.id('sites-title').textContent = Model.known(Data) ? 'What removing each allocation would save' : 'The largest allocation sites';
		table.tBodies[0].addEventListener('keydown', key);
		table.tBodies[0].addEventListener('focusin', (event) => {
			const row_ = event.target.closest('tr.site');
			if (row_) cursor = order.indexOf(Number(row_.dataset.site));
		});
		Base.id('page-before').addEventListener('click', () => turn(-1));
		Base.id('page-after').addEventListener('click', () => turn(1));
		legend();
		new ResizeObserver(fitDetails).observe(table);
		State.listen(['span'], followSpan);
		State.listen(['span', 'filter', 'search'], () => {
			page = 0;
			update();
		});
		State.listen(['tick'], syncTicks);
		update();
	}

	return { start, show, order: () => order };
})();
