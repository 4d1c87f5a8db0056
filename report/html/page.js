'use strict';
/* Starts all parts, and what goes across them: theme, keys, filters. */
const Page = (() => {
	const { element, id } = Base;

	function setTheme(dark) {
		document.documentElement.dataset.theme = dark ? 'dark' : 'light';
		id('theme').textContent = dark ? 'Light' : 'Dark';
		id('theme').setAttribute('aria-pressed', String(dark));
		Flame.recolour();
	}

	/* As the system has it, until it is chosen here. */
	function theme() {
		const media = window.matchMedia('(prefers-color-scheme: dark)');
		let chosen = false;
		setTheme(media.matches);
		media.addEventListener('change', () => chosen || setTheme(media.matches));
		id('theme').addEventListener('click', () => {
			chosen = true;
			setTheme(document.documentElement.dataset.theme !== 'dark');
		});
	}

	function options(select, all, list) {
		select.replaceChildren(element('option', { value: -1, text: all }), ...list.map(([value, text]) => element('option', { value, text })));
	}

	/* The values of COLUMN that sites have, by what they allocate. */
	function valuesOf(column) {
		const sums = new Map();
		for (let site = 0; site < Data.count; site++) sums.set(column[site], (sums.get(column[site]) || 0) + Data.sites.bytes[site]);
		return [...sums.keys()].sort((a, b) => sums.get(b) - sums.get(a));
	}

	function filters() {
		const selects = { class: id('filter-class'), category: id('filter-category'), package: id('filter-package') };
		options(selects.class, 'every class', valuesOf(Data.sites.class).map((i) => [i, Data.classes[i].words]));
		options(selects.category, 'every category', valuesOf(Data.sites.category).map((i) => [i, Data.raw.categories[i]]));
		options(selects.package, 'every package', valuesOf(Data.sites.package).map((i) => [i, Data.text(i) || '?']));
		for (const [key, select] of Object.entries(selects)) select.addEventListener('change', () => State.setFilter(key, Number(select.value)));
		State.listen(['filter'], () => {
			for (const [key, select] of Object.entries(selects)) select.value = String(State.chosen[key]);
		});
		let due = 0;
		id('search').addEventListener('input', () => {
			clearTimeout(due);
			due = setTimeout(() => State.setSearch(id('search').value), 80);
		});
		id('filter-clear').addEventListener('click', clear);
	}

	/* No filter, no search. */
	function clear() {
		id('search').value = '';
		State.setSearch('');
		for (const key of ['class', 'category', 'package']) State.setFilter(key, -1);
	}

	function makeHelp() {
		const list = [['/', 'search'], ['?', 'these keys'], ['Esc', 'clears the search, then the zoom, then the span'], ['t', 'to the table'], ['g', 'to the flame graph'], ['o', 'to the timeline'], ['d', 'dark or light'],
			['table', '↑ ↓ move, Enter opens, Space ticks for what-if, f shows in the flame graph'],
			['flame graph', '← → within a row, ↑ ↓ to callers and callees, Enter zooms, Backspace a step out, Esc all'],
			['timeline', '← → move, Shift widens the span, Esc the whole run'], ['source', 'n and p: the next and the last costly line']];
		id('keys').append(element('h2', { id: 'keys-title', text: 'Keys' }), element('dl', {}, list.map(([key, words]) => [element('dt', {}, element('kbd', { text: key })), element('dd', { text: words })]).flat()),
			element('button', { type: 'button', class: 'quiet', text: 'Close', on: { click: () => id('keys').close() } }));
		id('help').addEventListener('click', () => id('keys').showModal());
	}

	function escape() {
		if (State.chosen.typed || id('search').value) {
			id('search').value = '';
			State.setSearch('');
		} else if (Flame.isZoomed()) {
			Flame.reset();
		} else {
			State.setSpan(null);
		}
	}

	function focusTable() {
		const row = id('table').querySelector('tr.site[tabindex="0"]');
		if (row) row.focus();
	}

	function key(event) {
		const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== 'checkbox';
		if (event.ctrlKey || event.metaKey || event.altKey || id('keys').open) return;
		if (event.key === 'Escape') {
			escape();
			if (typing) event.target.blur();
			return;
		}
		if (typing) return;
		const run = { '/': () => id('search').focus(), '?': () => id('keys').showModal(), t: focusTable, g: () => id('flame-canvas').focus(),
			o: () => id('time-chart').focus(), d: () => id('theme').click() }[event.key];
		if (!run) return;
		event.preventDefault();
		run();
	}

	function start() {
		Data.load();
		Summary.start();
		Timeline.start();
		Table.start();
		Flame.start();
		Source.start();
		WhatIf.start();
		CMemory.start();
		filters();
		theme();
		makeHelp();
		document.addEventListener('keydown', key);
		WhatIf.ask(Data.raw.asked);
		document.documentElement.dataset.ready = String(Math.round(performance.now()));
	}

	document.addEventListener('DOMContentLoaded', start);
	return { clear };
})();
