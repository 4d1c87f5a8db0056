'use strict';
/*
 * What all other scripts use: elements, numbers in words, packed numbers. Texts only ever become text nodes; nothing
 * here or elsewhere parses markup.
 */
const Base = (() => {
	const MINUS = '−';

	function id(name) {
		return document.getElementById(name);
	}

	/* An element of this TAG with PROPERTIES (class, text, on: {event: function}, else attributes) and CHILDREN. */
	function element(tag, properties, ...children) {
		const made = document.createElement(tag);
		for (const [key, value] of Object.entries(properties || {})) {
			if (value === undefined || value === null || value === false) continue;
			if (key === 'class') made.className = value;
			else if (key === 'text') made.textContent = value;
			else if (key === 'on') for (const [event, run] of Object.entries(value)) made.addEventListener(event, run);
			else made.setAttribute(key, value === true ? '' : String(value));
		}
		for (const child of children.flat()) {
			if (child === null || child === undefined || child === false) continue;
			made.append(child);
		}
		return made;
	}

	function svg(tag, attributes) {
		const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
		for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, String(value));
		return made;
	}

	/* Elements put one after the other as {term: [what…]}, left out where there is nothing to say. */
	function terms(list) {
		return list.filter(([, what]) => what !== null && what !== undefined && what !== '').map(([term, what]) =>
			[element('dt', { text: term }), element('dd', {}, what)]);
	}

	/* VALUE with three digits at most, as report/words.c writes them. */
	function prefixed(value, units) {
		if (!Number.isFinite(value)) return '?';
		let at = 0;
		while (Math.abs(value) >= 999.5 && at + 1 < units.length) {
			value /= 1000;
			at++;
		}
		if (at === 0 && Math.abs(value) >= 10) value = Math.round(value);
		const size = Math.abs(value), digits = size < 9.95 && size !== Math.floor(size) ? 1 : 0;
		return (value < 0 ? MINUS : '') + size.toFixed(digits) + (units[at] ? '\u00a0' + units[at] : '');
	}

	function bytes(value) {
		return prefixed(Math.abs(value) < 999.5 ? Math.round(value) : value, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']);
	}

	function count(value) {
		return prefixed(value, ['', 'k', 'M', 'G', 'T', 'P', 'E']);
	}

	function integer(value) {
		if (!(Math.abs(value) < 1e15)) return count(value);
		return (value <= -0.5 ? MINUS : '') + Math.round(Math.abs(value)).toString().replace(/\B(?=(\d{3})+$)/g, ',');
	}

	function seconds(value) {
		if (!Number.isFinite(value)) return '?';
		const size = Math.abs(value), sign = value < 0 ? MINUS : '';
		if (size >= 119.5) return `${sign}${Math.floor(Math.round(size) / 60)} min ${Math.round(size) % 60} s`;
		if (size >= 9.95) return `${sign}${size.toFixed(1)}\u00a0s`;
		for (const [scale, unit] of [[1, 's'], [1e3, 'ms'], [1e6, 'µs']])
			if (size * scale >= 0.995 || unit === 'µs' || size === 0)
				return `${sign}${Number((size * scale).toPrecision(3))}\u00a0${unit}`;
		return '?';
	}

	/* Hundredths of SHARE, without the sign for per cent. */
	function percent(share) {
		if (!Number.isFinite(share)) return '?';
		const hundredths = Math.abs(share) * 100, digits = hundredths < 99.95 ? 1 : 0;
		return hundredths < 0.05 ? '0' : (share < 0 ? MINUS : '') + hundredths.toFixed(digits);
	}

	function percentRange(low, high) {
		if (!Number.isFinite(low) || !Number.isFinite(high)) return '';
		const digits = Math.abs(low) < 0.0995 && Math.abs(high) < 0.0995 ? 1 : 0;
		const end = (share) => (Math.abs(share) * 100 < (digits ? 0.05 : 0.5) ? '0' :
			(share < 0 ? MINUS : '') + (Math.abs(share) * 100).toFixed(digits));
		const a = end(low), b = end(high);
		return a + (a.includes(MINUS) || b.includes(MINUS) ? '…' : '–') + b;
	}

	/* NAME with type arguments as "[...]"; brackets of C++ (operator new[], to_string[abi:cxx11]) stay. */
	function hideTypeArguments(name) {
		let text = '', depth = 0;
		for (let i = 0; i < name.length; i++) {
			const opens = name[i] === '[' && !/^\[(\]|abi:)/.test(name.slice(i, i + 5)) && /\w$/.test(text);
			if (depth || opens) {
				depth += (name[i] === '[') - (name[i] === ']');
				if (!depth) text += '[...]';
			} else {
				text += name[i];
			}
		}
		return depth ? `${text}[...]` : text;
	}

	/* A Go function without the folders of its import path: words_append_function. */
	function shortFunction(name) {
		return hideTypeArguments(withoutFolders(name));
	}

	function withoutFolders(name) {
		const stop = name.search(/[[(]/), head = stop < 0 ? name : name.slice(0, stop);
		const slash = head.lastIndexOf('/');
		if (slash < 0) return name;
		const element_ = head.slice(slash + 1).split('.', 1)[0];
		const before = /^v[0-9]+$/.test(element_) ? head.lastIndexOf('/', slash - 1) : slash;
		return name.slice(before + 1);
	}

	function baseName(file) {
		return file.slice(file.lastIndexOf('/') + 1);
	}

	/* Reads unsigned LEB128 numbers out of base64. */
	class Reader {
		constructor(text) {
			const raw = atob(text), size = raw.length;
			this.data = new Uint8Array(size);
			for (let i = 0; i < size; i++) this.data[i] = raw.charCodeAt(i);
			this.at = 0;
		}

		next() {
			const data = this.data;
			let byte = data[this.at++], value = byte & 127, scale = 128;
			while (byte > 127) {
				byte = data[this.at++];
				value += (byte & 127) * scale; /* may have more bits than shifts know */
				scale *= 128;
			}
			return value;
		}

		get done() {
			return this.at >= this.data.length;
		}
	}

	/* A test of texts for what was typed: a regular expression, or, where it is none, just those letters. */
	function matcher(typed) {
		if (!typed) return null;
		try {
			const pattern = new RegExp(typed, 'i');
			return { test: (text) => pattern.test(text), literal: false };
		} catch (error) {
			const small = typed.toLowerCase();
			return { test: (text) => text.toLowerCase().includes(small), literal: true };
		}
	}

	return { id, element, svg, terms, bytes, count, integer, seconds, percent, percentRange, shortFunction, baseName, Reader, matcher, MINUS };
})();
