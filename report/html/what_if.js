'use strict';
/* What the GC would take without the ticked sites, or at another GOGC: the model's answer, at the foot of the page. */
const WhatIf = (() => {
	const { element, bytes, count, seconds, percent } = Base;
	let answer, gogc, command;

	function figure(words, label) {
		return element('div', {}, element('span', { class: 'big', text: words }), element('span', { class: 'label', text: label }));
	}

	/* The same question to the command line, which knows the interval too. */
	function commandWords(list) {
		const ranks = list.map((site) => site + 1).join(',');
		return `escprof report TRACE${ranks ? ` --what-if ${ranks}` : ''}${State.chosen.gogc === null ? '' : ` --gogc ${State.chosen.gogc}`}`;
	}

	function update() {
		const list = [...State.chosen.ticked].sort((a, b) => a - b), asks = list.length > 0 || State.chosen.gogc !== null;
		Base.id('what-if').hidden = !asks;
		document.body.classList.toggle('has-what-if', asks);
		if (!asks) return;
		const saving = Model.saving(Data, list, State.chosen.gogc);
		const { removal } = saving, cpu = Data.gc.cpu_seconds, parts = [];
		parts.push(figure(`${percent(Math.abs(saving.share))} % ${saving.share < 0 ? 'more' : 'less'}`,
			`GC CPU: ${seconds(Math.max(0, 1 - saving.share) * cpu)} instead of ${seconds(cpu)}`));
		parts.push(figure(Number.isFinite(saving.goal) ? bytes(saving.goal) : 'without end', `heap goal instead of ${bytes(Data.gc.goal_bytes)}`));
		if (Number.isFinite(saving.equalMemory)) parts.push(figure(`${percent(Math.abs(saving.equalMemory))} % ${saving.equalMemory < 0 ? 'more' : 'less'}`, 'at equal peak memory'));
		if (list.length) parts.push(figure(`${percent(removal.allocated / Data.run.alloc_bytes)} %`, `of the bytes gone, ${count(removal.allocObjects)} objects; ${seconds(removal.allocCpu)} of CPU to allocate`));
		answer.replaceChildren(...parts);
		command.textContent = commandWords(list);
		Base.id('what-if-count').textContent = list.length === 1 ? 'Without 1 site' : `Without ${list.length} sites`;
	}

	function takeGogc() {
		const value = gogc.value.trim(), number = Number(value);
		if (value === '') State.setGogc(null);
		else if (Number.isInteger(number) && number >= 1 && number <= 100000) State.setGogc(number);
	}

	function start() {
		if (!Model.known(Data)) return;
		answer = element('output', { id: 'what-if-answer', 'aria-live': 'polite' });
		gogc = element('input', { type: 'number', id: 'what-if-gogc', min: 1, max: 100000, step: 1, placeholder: Data.gc.gogc < 0 ? 'off' : String(Data.gc.gogc) });
		command = element('code');
		gogc.addEventListener('input', takeGogc);
		Base.id('what-if').append(element('div', { class: 'inner' },
			element('b', { id: 'what-if-count' }), answer, element('label', {}, 'GOGC ', gogc),
			element('div', { class: 'grow' }, element('span', { class: 'label', text: 'with its interval:' }), command),
			element('button', { type: 'button', class: 'quiet', id: 'what-if-clear', text: 'Clear', on: { click: clear } })));
		State.listen(['tick'], update);
	}

	function clear() {
		gogc.value = '';
		State.chosen.gogc = null;
		State.tickOnly([]);
	}

	/* What the report was asked with. */
	function ask(asked) {
		if (!Model.known(Data)) return;
		if (asked.gogc !== null && asked.gogc > 0) {
			gogc.value = String(asked.gogc);
			State.chosen.gogc = asked.gogc;
		}
		State.tickOnly(asked.sites);
	}

	return { start, ask };
})();
