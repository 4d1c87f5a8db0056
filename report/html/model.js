'use strict';
/*
 * The cost model of analyzer/gc_model.c, its point estimates, for any set of sites: a port, function by function, which
 * tests/browser holds against the original. Its constants and the run's figures come with the data.
 */
const Model = (() => {
	const SIZES = 65, STEP = 8; /* of small objects: GC_MODEL_SMALL */

	function nothing() {
		return {
			allocated: 0, live: 0, objects: 0, scan: 0, barriers: 0, spans: 0, allocObjects: 0, allocCpu: 0,
			smallLive: new Float64Array(SIZES), smallScattered: new Float64Array(SIZES),
		};
	}

	/* removal_add: all of SITE. C's memory is not the GC's. */
	function add(removal, sites, site, classes) {
		if (classes[sites.class[site]].name === 'c') return;
		const small = sites.small[site], bytes = sites.bytes[site];
		removal.allocated += bytes;
		removal.allocObjects += sites.objects[site];
		removal.allocCpu += sites.alloc_cpu[site] || 0;
		removal.live += sites.live[site];
		removal.objects += sites.mark_objects[site];
		removal.scan += sites.scan_bytes[site];
		removal.barriers += sites.barrier_share[site];
		removal.spans += sites.spans[site];
		for (let i = 0; i < small.length; i += 2) {
			removal.smallScattered[small[i]] += small[i + 1] * sites.scattered[site];
			removal.smallLive[small[i]] += bytes > 0 ? small[i + 1] * sites.live[site] / bytes : 0;
		}
	}

	function removalOf(sites, list, classes) {
		const removal = nothing();
		for (const site of list) add(removal, sites, site, classes);
		removal.barriers = Math.min(1, removal.barriers);
		return removal;
	}

	function spanBytes(run, size, live, garbage) {
		const spans = (live + garbage) / run.span_size;
		return spans > 0 ? (live + garbage) * (1 - Math.exp(-live / size / spans)) : 0;
	}

	function smallSpans(run, site, runway) {
		const left = run.allocated - site.allocated;
		let sum = 0;
		for (let i = 1; i < SIZES; i++) {
			const garbage = run.small_scattered[i] - site.smallScattered[i], live = run.small_live[i] - site.smallLive[i];
			if (live > 0 && left > 0) sum += spanBytes(run, STEP * i, live, Math.max(0, garbage) / left * runway);
		}
		return sum;
	}

	function heapWork(run, site, runway) {
		const scan = Math.max(run.sites_scan - site.scan, 0) + run.older_live;
		return run.cost_object * Math.max(run.sites_objects - site.objects, 0) + run.cost_scan_byte * scan +
			run.cost_span_byte * smallSpans(run, site, runway);
	}

	function isMeasured(run) {
		return run.part_rest + run.part_roots + run.part_heap + run.part_barriers + run.part_sweep > 0;
	}

	function partsOf(run, runway) {
		if (isMeasured(run))
			return { rest: run.part_rest, roots: run.part_roots, heap: run.part_heap, barriers: run.part_barriers, sweep: run.part_sweep };
		const rest = run.cost_cycle, roots = run.cost_root_byte * run.roots, heap = heapWork(run, nothing(), runway);
		const all = rest + roots + heap;
		return { rest: rest / all, roots: roots / all, heap: heap / all, barriers: 0, sweep: 0 };
	}

	function floatingOf(run) {
		return Math.max(0, run.live - run.sites_live - run.older_live);
	}

	function floatingRate(run) {
		const runway = run.goal - run.live;
		return runway > 0 ? floatingOf(run) / runway : 0;
	}

	function floatingIn(run, runway) {
		return Math.min(floatingRate(run) * runway, floatingOf(run));
	}

	function runwayBelow(run, goal, q) {
		return Math.max((goal - q) / (1 + floatingRate(run)), goal - q - floatingOf(run));
	}

	function runwayOf(run, q) {
		const g = run.gogc / 100, f = floatingRate(run), limit = runwayBelow(run, run.memory_goal, q);
		if (run.gogc < 0) return Math.max(limit, 1);
		let runway = g * (q + run.roots + floatingOf(run));
		if (g * f < 1) runway = Math.min(runway, g * (q + run.roots) / (1 - g * f));
		if (run.memory_goal > 0) runway = Math.min(runway, limit);
		return Math.max(runway, runwayBelow(run, run.heap_minimum, q), 1);
	}

	function runwayToGoal(run, q) {
		return Math.max(runwayBelow(run, run.goal, q), 1);
	}

	function runwayAsSet(run, q) {
		if (run.gogc >= 0 || run.memory_goal > 0) return runwayOf(run, q);
		return run.forced_every > 0 ? Infinity : runwayToGoal(run, q);
	}

	function thinnedBy(run, site) {
		return {
			left: Math.max(0, run.allocated - site.allocated) / run.allocated,
			q: run.older_live + run.sites_live,
			without: run.older_live + Math.max(0, run.sites_live - site.live),
			barriers: Math.max(0, 1 - site.barriers),
			site,
		};
	}

	function sweptSpans(run, site, q, runway) {
		const garbage = runway + floatingIn(run, runway), left = run.allocated - site.allocated;
		if (run.spans <= 0 || left <= 0) return q + garbage;
		const live = run.live_spans - (site.allocated > 0 ? site.spans * site.live / site.allocated : 0);
		return Math.max(0, live) + run.older_live / run.span_size + garbage * Math.max(0, run.spans - site.spans) / left;
	}

	function barriersLeft(run, heap, marking, after) {
		const f = floatingRate(run), paced = Math.min(1, f / run.paced);
		const share = f > 0 && after > 0 ? floatingIn(run, after) / after / f : 1;
		return heap.barriers * (paced * share + (1 - paced) * marking);
	}

	function betweenCycles(run, runway, left) {
		const every = run.forced_every * left;
		if (run.forced_every <= 0) return runway;
		return every > 0 ? -every * Math.expm1(-runway / every) : 0;
	}

	function cyclesLeft(run, left, before, after) {
		if (after > 0) return left * before / after;
		return run.forced_every > 0 ? before / run.forced_every : 0;
	}

	function savingOf(run, heap, before, after) {
		const none = nothing(), apart = betweenCycles(run, before, 1), apartAfter = betweenCycles(run, after, heap.left);
		const parts = partsOf(run, apart), cycles = cyclesLeft(run, heap.left, apart, apartAfter);
		const swept = sweptSpans(run, heap.site, heap.without, apartAfter) / sweptSpans(run, none, heap.q, apart);
		const idle = isMeasured(run) ? run.heap_idle : 0, work = idle + heapWork(run, none, apart);
		const locality = heap.q > 0 ? Math.pow(heap.without / heap.q, run.locality) : 1;
		const marked = work > 0 ? (idle + heapWork(run, heap.site, apartAfter)) / work * locality : 1;
		const marking = parts.roots + parts.heap, markingAfter = parts.roots + parts.heap * marked;
		const barriers = barriersLeft(run, heap, marking > 0 ? cycles * markingAfter / marking : cycles, apartAfter);
		return 1 - cycles * (parts.rest + markingAfter + parts.sweep * swept) - parts.barriers * barriers;
	}

	function heapMinimumAt(run, gogc) {
		if (run.gogc > 0 && gogc > 0 && run.heap_minimum > 0) return run.heap_minimum * (gogc / run.gogc);
		return Math.max(0, run.heap_minimum_at_100 * gogc / 100);
	}

	/* RUN at another GOGC (null: its own). */
	function withGogc(run, gogc) {
		if (gogc === null || gogc === undefined || gogc === run.gogc) return run;
		return Object.assign({}, run, { gogc, heap_minimum: heapMinimumAt(run, gogc) });
	}

	function savingAt(run, site, other) {
		if (run.allocated <= 0) return 0;
		const heap = thinnedBy(run, site);
		return savingOf(run, heap, runwayAsSet(run, heap.q), runwayAsSet(other, heap.without));
	}

	function savingEqualMemory(run, site) {
		if (run.allocated <= 0) return 0;
		const heap = thinnedBy(run, site);
		return savingOf(run, heap, runwayToGoal(run, heap.q), runwayToGoal(run, heap.without));
	}

	function savingReused(run, site, other) {
		const kept = nothing();
		kept.allocated = site.allocated;
		kept.smallScattered = site.smallScattered;
		kept.barriers = run.reused_barriers * site.barriers;
		kept.spans = site.spans;
		return savingAt(run, kept, other);
	}

	function goalAt(run, site, other) {
		if (run.allocated <= 0) return run.goal;
		const heap = thinnedBy(run, site);
		const peak = (q, apart) => q + floatingIn(run, apart) + apart;
		return run.goal * peak(heap.without, betweenCycles(run, runwayAsSet(other, heap.without), heap.left)) /
			peak(heap.q, betweenCycles(run, runwayAsSet(run, heap.q), 1));
	}

	/* analysis_knows_savings */
	function known(data) {
		return Boolean(data.gc.known && data.raw.model && data.raw.model.allocated !== undefined);
	}

	/*
	 * analysis_saving: what the GC would save without the sites of LIST at GOGC (null: as it was). Null where the model
	 * knows nothing.
	 */
	function saving(data, list, gogc) {
		const run = data.raw.model;
		if (!known(data)) return null;
		const site = removalOf(data.sites, list, data.classes), other = withGogc(run, gogc), set = other !== run;
		if (set && other.gogc < 0 && other.memory_goal <= 0 && run.forced_every <= 0)
			return { share: 1, equalMemory: NaN, reused: 1, goal: Infinity, removal: site };
		return {
			share: savingAt(run, site, other),
			equalMemory: set ? NaN : savingEqualMemory(run, site),
			reused: savingReused(run, site, other),
			goal: goalAt(run, site, other),
			removal: site,
		};
	}

	return { saving, known };
})();
