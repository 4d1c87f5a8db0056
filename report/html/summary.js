'use strict';
/* The head: what ran, what the collector took of it, what is worth doing first. */
const Summary = (() => {
	const { element, bytes, count, integer, seconds, percent, terms } = Base;
	const MOST_FIXES = 3;

	function runLine() {
		const { run, gc } = Data, parts = [Data.text(run.go) || (Data.raw.c ? 'C or C++' : 'Go version unknown')];
		parts.push(run.heap_profile ? 'from a heap profile' : seconds(run.seconds));
		if (gc.known) {
			parts.push(gc.gogc < 0 ? 'GOGC=off' : `GOGC=${gc.gogc}`);
			if (gc.memory_limit) parts.push(`memory limit ${bytes(gc.memory_limit)}`);
			if (gc.goroutines) parts.push(`up to ${integer(gc.goroutines)} goroutine${gc.goroutines === 1 ? '' : 's'}`);
		}
		if (!run.complete && !run.heap_profile) parts.push(`the trace was cut${Data.text(run.damage) ? ': ' + Data.text(run.damage) : ''}`);
		return parts.join(' · ');
	}

	function figures() {
		const { run, gc } = Data, c = Data.raw.c, list = [];
		const add = (number, unit, words) => list.push(element('div', {},
			element('dt', { text: words }), element('dd', {}, number, unit ? element('small', { text: '\u00a0' + unit }) : null)));
		if (gc.known) {
			add(percent(gc.cpu_share), '%', `of the CPU is GC: ${seconds(gc.cpu_seconds)} of ${seconds(gc.process_cpu_seconds)}`);
			add(integer(gc.cycles), '', gc.forced_cycles > 0 ? `GC cycles, ${integer(gc.forced_cycles)} of them asked for by the program` : 'GC cycles');
		}
		if (c && !Data.text(run.go)) {
			add(bytes(c.all_bytes), '', 'allocated by C');
			add(bytes(c.all_kept), '', 'not freed at the end');
			return list;
		}
		if (run.selected_seconds > 0 && !run.heap_profile) {
			add(bytes(run.alloc_bytes / run.selected_seconds), 'a second', `allocated, ${bytes(run.alloc_bytes)} in all`);
			add(count(run.alloc_objects / run.selected_seconds), 'a second', `objects, ${count(run.alloc_objects)} in all`);
		} else {
			add(bytes(run.alloc_bytes), '', 'allocated');
			add(count(run.alloc_objects), '', 'objects');
		}
		if (Model.known(Data)) add(bytes(gc.live_bytes), '', `live at a cycle’s end, goal ${bytes(gc.goal_bytes)}`);
		return list;
	}

	/* The best sites whose saving is sure to be one. */
	function sureFixes() {
		const sure = [];
		for (let site = 0; site < Data.count && sure.length < MOST_FIXES; site++)
			if (Data.sites.gc_low[site] > 0) sure.push(site);
		return sure;
	}

	function topFixes() {
		const node = Base.id('top-fixes');
		if (!Data.gc.known) {
			node.textContent = 'A heap profile knows nothing of the collector, so sites are ranked by bytes.';
			return;
		}
		if (!Model.known(Data)) {
			node.textContent = 'No GC cycle was seen, so nothing can be said of what the collector would save; sites are ranked by bytes.';
			return;
		}
		const sure = sureFixes(), saving = sure.length ? Model.saving(Data, sure, null) : null;
		if (!saving) {
			node.textContent = 'No single site is sure to save GC CPU: every interval reaches down to nothing.';
			return;
		}
		const names = sure.map((site) => Base.shortFunction(Data.text(Data.sites.function[site])));
		const which = sure.length === 1 ? 'the first sure site' : `the first ${sure.length} sure sites`;
		node.replaceChildren(`Without ${which} (${names.join(', ')}) the GC would take `,
			element('b', { text: `${percent(saving.share)} % less CPU` }),
			`${sure.length === 1 ? '' : ' together'}: ${seconds(Math.max(0, 1 - saving.share) * Data.gc.cpu_seconds)} instead of ${seconds(Data.gc.cpu_seconds)}.`,
			element('button', { type: 'button', class: 'quiet', text: sure.length === 1 ? 'Tick it' : 'Tick them', on: { click: () => State.tickOnly(sure) } }));
	}

	function sampled() {
		const { run } = Data, parts = [`${integer(run.samples)} allocations`];
		if (run.rate_high > 0 && run.rate_high <= 1) parts.push(', every one that was made');
		else if (run.rate_high > run.rate_low * 1.01 && run.rate_low > 0) parts.push(`, one every ${bytes(run.rate_low)} to ${bytes(run.rate_high)}`);
		else if (run.rate_high > 0) parts.push(`, one every ${bytes(run.rate_high)}`);
		if (run.lost > 0) parts.push(`; ${integer(run.lost)} more were lost (${percent(run.lost / (run.all_samples + run.lost))} %)`);
		else if (!run.heap_profile) parts.push('; none lost');
		return parts.join('');
	}

	function verdictState() {
		return {
			matched: 'the compiler’s own, of this very binary',
			proven: 'made from the source, and compared with this binary function by function',
			unproven: 'as they were given; nothing proves that they are of this binary',
		}[Data.run.verdicts] || 'none at hand for this binary; `escprof build` keeps them';
	}

	function selection() {
		const { run } = Data, parts = [];
		if (Data.text(run.focus)) parts.push(`stacks with “${Data.text(run.focus)}”`);
		if (Data.text(run.ignore)) parts.push(`stacks without “${Data.text(run.ignore)}”`);
		if (Data.text(run.when)) parts.push(`moments of “${Data.text(run.when)}” (${percent(run.time_share)} % of the time)`);
		return parts.length ? `only ${parts.join(', ')}: ${percent(run.bytes_share)} % of the bytes; the GC’s figures are the whole program’s` : '';
	}

	function facts() {
		const { run, gc } = Data;
		const cpu = gc.process_cpu_seconds > 0 ? `, ${percent(run.alloc_cpu / gc.process_cpu_seconds)} % of all` : '';
		return terms([
			['Shown', selection()],
			['GC CPU', gc.known ? `assists, which requests pay, ${seconds(gc.assist_seconds)}; pauses ${seconds(gc.pause_seconds)}; ` +
				(gc.sampled ? 'sampled by the kernel' : 'by the runtime’s own account') : ''],
			['Allocating', run.alloc_cpu > 0 ? `took about ${seconds(run.alloc_cpu)} of CPU${cpu}` : ''],
			['Sampled', Data.raw.c && !Data.text(run.go) ? '' : sampled()],
			['Verdicts', Data.raw.c && !Data.text(run.go) ? '' : verdictState()],
			['Model', Data.text(run.calibrated) ? `calibrated on such a machine, ${Data.text(run.calibrated)}` : ''],
		]);
	}

	/* A bar of the bytes by class; a click filters. */
	function classes() {
		const sums = Data.classes.map(() => 0);
		for (let site = 0; site < Data.count; site++) sums[Data.sites.class[site]] += Data.sites.bytes[site];
		const all = sums.reduce((a, b) => a + b, 0), order = sums.map((_, i) => i).filter((i) => sums[i] > 0).sort((a, b) => sums[b] - sums[a]);
		if (!(all > 0)) return;
		const bar = element('div', { class: 'stack', 'aria-hidden': 'true' }), list = element('ul', { class: 'legend', 'aria-label': 'Bytes by class' });
		for (const i of order) {
			const part = element('i');
			part.style.width = `${sums[i] / all * 100}%`;
			part.style.background = `var(--c${i})`;
			bar.append(part);
			list.append(element('li', {}, element('button', { type: 'button', class: 'quiet', title: 'Show only these', on: { click: () => State.setFilter('class', i) } },
				swatch(i), `${Data.classes[i].words}, ${percent(sums[i] / all)} %`)));
		}
		Base.id('classes').append(bar, list);
	}

	function swatch(number) {
		const made = element('span', { class: 'swatch' });
		made.style.background = `var(--c${number})`;
		return made;
	}

	function start() {
		const command = Data.run.command.map(Data.text).join(' ') || Data.text(Data.run.binary) || 'a Go program';
		Base.id('command').textContent = command;
		document.title = `${Base.baseName(command.split(' ')[0])} – escprof`;
		Base.id('run').textContent = runLine();
		Base.id('figures').append(...figures());
		topFixes();
		Base.id('facts').append(...facts().flat());
		classes();
		const notes = Base.id('notes');
		notes.hidden = !Data.run.notes.length;
		notes.querySelector('ul').append(...Data.run.notes.map((note) => element('li', { text: Data.text(note) })));
		Base.id('foot').textContent = `Made by escprof ${Data.raw.escprof}. This file asks nobody for anything; what it holds is in docs/HTML_REPORT.md.`;
	}

	return { start, swatch, sureFixes };
})();
