'use strict';
/*
 * The stacks as one tree in typed arrays, and laid out for a picture: each node's value, and where it begins. Nodes
 * stand behind their parents, and those of a depth from left to right.
 */
const Tree = (() => {
	const NO_SITE = -1, NARROW = -2; /* a function; what was too narrow to be kept */
	const CALLERS_LEAST = 2e-5; /* of all: narrower nodes of the callers' tree are not made */
	const MEASURES = ['gc', 'bytes', 'objects', 'live'];
	let tree = null;

	function unpack() {
		const raw = Data.raw.tree, n = raw.count, reader = new Base.Reader(raw.data), [ub, uo, ul, ug] = raw.units;
		const made = {
			n, parent: new Int32Array(n), depth: new Uint16Array(n), name: new Int32Array(n), site: new Int32Array(n).fill(NO_SITE),
			bytes: new Float64Array(n), objects: new Float64Array(n), live: new Float64Array(n), gc: new Float64Array(n),
		};
		const above = [0]; /* the last node of each depth */
		let depth = 0;
		for (let i = 1; i < n; i++) {
			const head = reader.next();
			depth = depth + 1 - Math.floor(head / 2);
			made.depth[i] = depth;
			made.parent[i] = above[depth - 1];
			above[depth] = i;
			if (head % 2 === 0) {
				made.name[i] = reader.next();
				continue;
			}
			const site = reader.next() - 1;
			made.site[i] = site < 0 ? NARROW : site;
			made.bytes[i] = reader.next() * ub;
			made.objects[i] = reader.next() * uo;
			made.live[i] = reader.next() * ul;
			if (site < 0) made.gc[i] = reader.next() * ug;
			else if (Data.sites.bytes[site] > 0) made.gc[i] = Math.max(0, Data.sites.gc[site] || 0) * made.bytes[i] / Data.sites.bytes[site];
		}
		return made;
	}

	/* Each node's value of MEASURE: of the sites that the filters let pass, in the span that is chosen. */
	function values(measure) {
		const { n, parent, site } = tree, leaf = tree[measure], out = new Float64Array(n);
		const filtered = State.isFiltered(), live = measure === 'live', narrow = filtered ? 0 : live ? 1 : State.allFraction();
		const scale = new Float64Array(Data.count);
		for (let i = 0; i < Data.count; i++) scale[i] = State.passes(i) ? (live ? 1 : State.fraction(i)) : 0;
		for (let i = n - 1; i > 0; i--) {
			if (site[i] >= 0) out[i] = leaf[i] * scale[site[i]];
			else if (site[i] === NARROW) out[i] = leaf[i] * narrow;
			out[parent[i]] += out[i];
		}
		return out;
	}

	/* The nodes that have any value, by depth and from left to right. */
	function byDepth(layout, sorted) {
		const { n, depth, value, start } = layout, ends = [0];
		for (let i = 0; i < n; i++) if (value[i] > 0) ends[depth[i] + 1] = (ends[depth[i] + 1] || 0) + 1;
		for (let i = 1; i < ends.length; i++) ends[i] = ends[i - 1] + (ends[i] || 0);
		const next = ends.slice(), all = new Int32Array(ends[ends.length - 1]);
		for (let i = 0; i < n; i++) if (value[i] > 0) all[next[depth[i]]++] = i;
		layout.levels = [];
		for (let i = 0; i + 1 < ends.length; i++) {
			const level = all.subarray(ends[i], ends[i + 1]);
			layout.levels.push(sorted ? level : level.sort((a, b) => start[a] - start[b]));
		}
		return layout;
	}

	function callees(measure) {
		const value = values(measure), { n, parent, depth, name, site } = tree;
		const start = new Float64Array(n), next = new Float64Array(n);
		for (let i = 1; i < n; i++) {
			start[i] = next[parent[i]];
			next[i] = start[i];
			next[parent[i]] += value[i];
		}
		return byDepth({ n, parent, depth, name, site, value, start }, true);
	}

	/* The same stacks from the other end: sites first, then who calls them, as far as it is wide enough to be seen. */
	function callers(measure) {
		const value = values(measure), total = value[0], names = Data.raw.strings.length + 1;
		const out = { parent: [0], depth: [0], name: [0], site: [NO_SITE], value: [total] };
		let entries = [];
		const child = (at, parent, name, site) => {
			out.parent.push(parent);
			out.depth.push(out.depth[parent] + 1);
			out.name.push(name);
			out.site.push(site);
			out.value.push(0);
			return out.value.length - 1;
		};
		const sites = new Map();
		for (let i = 1; i < tree.n; i++) {
			if (tree.site[i] === NO_SITE || !(value[i] > 0)) continue;
			let node = sites.get(tree.site[i]);
			if (node === undefined) sites.set(tree.site[i], node = child(0, 0, 0, tree.site[i]));
			out.value[node] += value[i];
			entries.push([node, tree.parent[i], value[i]]);
		}
		while (entries.length) {
			const made = new Map(), kept = [];
			for (const entry of entries) {
				if (entry[1] === 0 || out.value[entry[0]] < total * CALLERS_LEAST) continue;
				const name = tree.name[entry[1]], key = entry[0] * names + name;
				let node = made.get(key);
				if (node === undefined) made.set(key, node = child(0, entry[0], name, NO_SITE));
				out.value[node] += entry[2];
				entry[0] = node;
				entry[1] = tree.parent[entry[1]];
				kept.push(entry);
			}
			entries = kept;
		}
		return place(out);
	}

	/* The widest child first. Nodes come by depth, so a parent is placed before its children. */
	function place(out) {
		const n = out.value.length, order = Array.from({ length: n }, (_, i) => i), next = new Float64Array(n), start = new Float64Array(n);
		order.sort((a, b) => out.depth[a] - out.depth[b] || out.value[b] - out.value[a] || a - b);
		for (const i of order) {
			if (i === 0) continue;
			start[i] = next[out.parent[i]];
			next[i] = start[i];
			next[out.parent[i]] += out.value[i];
		}
		return byDepth({
			n, parent: Int32Array.from(out.parent), depth: Uint16Array.from(out.depth), name: Int32Array.from(out.name),
			site: Int32Array.from(out.site), value: Float64Array.from(out.value), start,
		}, false);
	}

	function layout(measure, form) {
		if (!tree) tree = unpack();
		return form === 'callers' ? callers(measure) : callees(measure);
	}

	return { layout, MEASURES, NO_SITE, NARROW };
})();
