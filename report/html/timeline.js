'use strict';
/* The run over time, a row of bars for each figure; a span is chosen by pointer or keys. */
const Timeline = (() => {
	const { element, svg, bytes, count, integer, percent, seconds } = Base;
	let chart, rows = [], mark, anchor = null, cursor = null;

	function figures() {
		const t = Data.timeline;
		return [
			{ name: 'GC’s CPU', values: t.gc_share, words: (value) => `${percent(value)} %` },
			{ name: 'allocated', values: t.bytes.map((value) => value / t.slice_seconds), words: (value) => `${bytes(value)}/s` },
			{ name: 'heap', values: t.live, line: t.goal, words: bytes, most: 'goal to', title: 'bars: live after a cycle; line: the goal' },
			{ name: 'goroutines', values: t.goroutines, words: integer },
			{ name: 'running Ps', values: t.procs, words: count },
			{ name: 'GC cycles', values: t.cycles, words: (value) => `${integer(value)} a slice`, sum: true },
		].filter((figure) => figure.values.some((value) => value > 0));
	}

	function most(values) {
		return Math.max(0, ...values.filter((value) => Number.isFinite(value)));
	}

	function row(figure) {
		const n = Data.timeline.count, top = Math.max(most(figure.values), figure.line ? most(figure.line) : 0) || 1;
		const picture = svg('svg', { viewBox: `0 0 ${n} 100`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
		const bars = figure.values.map((value, i) => {
			const height = Number.isFinite(value) && value > 0 ? Math.max(1.5, value / top * 96) : 0;
			const bar = svg('rect', { x: i + 0.06, width: 0.88, y: 100 - height, height });
			picture.append(bar);
			return bar;
		});
		if (figure.line && figure.line.length) {
			let path = '';
			figure.line.forEach((value, i) => {
				if (Number.isFinite(value)) path += `${path ? 'L' : 'M'}${i} ${100 - value / top * 96}L${i + 1} ${100 - value / top * 96}`;
			});
			picture.append(svg('path', { d: path }));
		}
		const told = element('span', { text: mostWords(figure, top) });
		const node = element('div', { class: 'row', title: figure.title }, element('span', { text: figure.name }), picture, told);
		chart.append(node);
		return { figure, bars, told, top, picture };
	}

	function axis() {
		chart.append(element('div', { class: 'row axis', 'aria-hidden': 'true' }, element('span'),
			element('span', {}, element('span', { text: '0 s' }), element('span', { text: seconds(Data.run.seconds) })), element('span')));
	}

	const mostWords = (figure, top) => `${figure.most || 'to'} ${figure.words(top)}`;

	function spanWords(figure, span) {
		if (figure.sum) return `${integer(figure.values.slice(span[0], span[1]).reduce((all, value) => all + value, 0))} in it`;
		return `ø ${figure.words(mean(figure.values, span))}`;
	}

	function mean(values, span) {
		let sum = 0, n = 0;
		for (let i = span[0]; i < span[1]; i++) {
			if (!Number.isFinite(values[i]) || values[i] === null) continue;
			sum += values[i];
			n++;
		}
		return n ? sum / n : NaN;
	}

	/* SPAN as it would be: drawn, and told, without the rest of the page. */
	function show(span) {
		const box = rows.length && rows[0].picture.getBoundingClientRect(), outer = chart.getBoundingClientRect();
		for (const { bars } of rows) bars.forEach((bar, i) => bar.classList.toggle('in', Boolean(span) && i >= span[0] && i < span[1]));
		for (const { figure, told, top } of rows)
			told.textContent = span ? spanWords(figure, span) : mostWords(figure, top);
		mark.hidden = !span;
		if (span && box) {
			const width = box.width / Data.timeline.count;
			mark.style.left = `${box.left - outer.left + span[0] * width}px`;
			mark.style.width = `${(span[1] - span[0]) * width}px`;
		}
		const length = Data.timeline.slice_seconds;
		Base.id('time-span').textContent = span ? `${(span[0] * length).toFixed(2)} to ${(span[1] * length).toFixed(2)} s: bytes and objects below are of this span, GC cost the site’s by its share of bytes in it` : '';
		Base.id('time-clear').hidden = !span;
	}

	function sliceAt(event) {
		const box = rows[0].picture.getBoundingClientRect(), n = Data.timeline.count;
		return Math.max(0, Math.min(n - 1, Math.floor((event.clientX - box.left) / box.width * n)));
	}

	const between = (a, b) => [Math.min(a, b), Math.max(a, b) + 1];

	function drag() {
		let moved = false, pending = null;
		chart.addEventListener('pointerdown', (event) => {
			if (event.button !== 0) return;
			anchor = cursor = sliceAt(event);
			moved = false;
			pending = null;
			chart.setPointerCapture(event.pointerId);
		});
		chart.addEventListener('pointermove', (event) => {
			if (!chart.hasPointerCapture(event.pointerId)) return;
			const at = sliceAt(event);
			moved = moved || at !== anchor;
			cursor = at;
			pending = between(anchor, at);
			if (moved) show(pending);
		});
		chart.addEventListener('pointerup', (event) => {
			if (!chart.hasPointerCapture(event.pointerId)) return;
			chart.releasePointerCapture(event.pointerId);
			State.setSpan(moved ? pending : null);
			show(State.chosen.span);
		});
		chart.addEventListener('pointercancel', () => show(State.chosen.span));
	}

	/* Left and right move a slice, with Shift they widen the span; Home and End go to the ends. */
	function key(event) {
		const n = Data.timeline.count, steps = { ArrowLeft: -1, ArrowRight: 1, Home: -n, End: n };
		if (event.key === 'Escape' && State.chosen.span) {
			anchor = cursor = null;
			State.setSpan(null);
		} else if (event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
			const from = cursor === null ? (steps[event.key] > 0 ? -1 : n) : cursor;
			cursor = Math.max(0, Math.min(n - 1, from + steps[event.key]));
			if (!event.shiftKey || anchor === null) anchor = cursor;
			State.setSpan(between(anchor, cursor));
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	function start() {
		chart = Base.id('time-chart');
		if (!Data.timeline.count) {
			Base.id('time').hidden = Base.id('nav-time').hidden = true;
			return;
		}
		chart.setAttribute('aria-label', `The run in ${Data.timeline.count} slices of ${seconds(Data.timeline.slice_seconds)}`);
		rows = figures().map(row);
		axis();
		mark = element('div', { id: 'time-mark', hidden: true });
		chart.append(mark);
		drag();
		chart.addEventListener('keydown', key);
		Base.id('time-clear').addEventListener('click', () => State.setSpan(null));
		State.listen(['span'], () => show(State.chosen.span));
		new ResizeObserver(() => show(State.chosen.span)).observe(chart);
	}

	return { start };
})();
