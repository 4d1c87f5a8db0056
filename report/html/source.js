'use strict';
/* The program's own files, with what each line costs beside it and the verdicts below; only where they were embedded. */
const Source = (() => {
	const { element, bytes, count, percent } = Base;
	let files = [], current = null, lines = [], at = -1;

	function wordsOf(file) {
		if (file.state === 'missing') return 'This file was not found: --source-path DIR says where sources are.';
		if (file.state === 'left out') return 'This file is too large to be embedded.';
		if (file.state === 'changed') return 'This file has changed since the program was built: its lines may not fit.';
		return 'What each line allocates, itself or by what it calls, over the whole run; below a line the sites that stand on it.';
	}

	function said(site) {
		const own = Data.verdict(Data.sites.verdict[site]), words = own ? own.message : Data.classes[Data.sites.class[site]].words;
		return element('div', { class: 'said' }, element('button', { type: 'button', text: `#${site + 1} ${words}`, on: { click: () => Table.show(site) } }));
	}

	function costly(file, k) {
		return Math.abs(file.gc[k] || 0) >= 0.0005 || file.bytes[k] >= 0.0005 * Data.run.alloc_bytes;
	}

	function lineNode(file, number, code, k) {
		const has = k !== undefined && costly(file, k);
		return element('div', { class: `line${has ? ' cost' : ''}`, 'data-line': number },
			element('span', { text: has && Model.known(Data) ? `${percent(file.gc[k])} %` : '' }), element('span', { text: has ? bytes(file.bytes[k]) : '' }),
			element('span', { class: 'objects', text: has ? count(file.objects[k]) : '' }), element('span', { class: 'number', text: String(number) }), element('code', { text: code }));
	}

	function show(file) {
		current = file;
		at = -1;
		lines = [];
		const places = new Map(file.line.map((line, k) => [line, k])), nodes = [];
		const text = file.text === undefined ? null : file.text.split(/\r?\n/);
		const numbers = text ? text.map((_, i) => i + 1) : file.line.filter((line) => line > 0);
		for (const number of numbers) {
			const k = places.get(number), node = lineNode(file, number, text ? text[number - 1] : '', k);
			nodes.push(node);
			if (k === undefined) continue;
			if (costly(file, k)) lines.push(node);
			for (const site of file.sites[k]) if (site < Data.count) nodes.push(said(site));
		}
		Base.id('source-note').textContent = wordsOf(file);
		Base.id('source-text').replaceChildren(...nodes);
		Base.id('source-file').value = String(files.indexOf(file));
		go(best(file), false);
	}

	/* The index among the costly lines of the one that saves most itself. */
	function best(file) {
		let most = -1, found = 0;
		lines.forEach((node, i) => {
			const k = file.line.indexOf(Number(node.dataset.line)), worth = file.sites[k].length ? (file.gc[k] || 0) + file.bytes[k] / Data.run.alloc_bytes / 1e3 : -1;
			if (worth > most) {
				most = worth;
				found = i;
			}
		});
		return found;
	}

	function mark(node) {
		const text = Base.id('source-text');
		for (const other of text.querySelectorAll('.at')) other.classList.remove('at');
		if (!node) return;
		node.classList.add('at');
		text.scrollTop = node.offsetTop - text.offsetTop - text.clientHeight / 3;
	}

	function go(to, marked) {
		if (!lines.length) return;
		at = (to + lines.length) % lines.length;
		mark(lines[at]);
		if (!marked) lines[at].classList.remove('at');
	}

	function has(file) {
		return files.some((one) => Data.text(one.file) === file);
	}

	function showLine(file, line) {
		const found = files.find((one) => Data.text(one.file) === file);
		if (!found) return;
		if (found !== current) show(found);
		Base.id('source').scrollIntoView({ block: 'start' });
		const node = Base.id('source-text').querySelector(`[data-line="${Number(line)}"]`);
		mark(node);
		at = Math.max(0, lines.indexOf(node));
		Base.id('source-text').focus({ preventScroll: true });
	}

	function start() {
		files = Data.raw.source;
		Base.id('nav-source').hidden = Base.id('source').hidden = !files.length;
		if (!files.length) return;
		const select = Base.id('source-file');
		select.append(...files.map((file, i) => element('option', { value: i, text: Data.text(file.file) })));
		select.addEventListener('change', () => show(files[Number(select.value)]));
		Base.id('source-before').addEventListener('click', () => go(at - 1, true));
		Base.id('source-next').addEventListener('click', () => go(at + 1, true));
		Base.id('source-text').addEventListener('keydown', (event) => {
			if (event.key !== 'n' && event.key !== 'p') return;
			event.preventDefault();
			go(at + (event.key === 'n' ? 1 : -1), true);
		});
		/* A file may have ten thousand lines: the first is only made when it comes near. */
		const near = new IntersectionObserver((seen) => {
			if (!seen.some((one) => one.isIntersecting)) return;
			near.disconnect();
			if (!current) show(files[0]);
		}, { rootMargin: '800px' });
		near.observe(Base.id('source'));
	}

	return { start, has, showLine };
})();
