/*
 * In: GC records and the bytes of samples, each with its time. Out: what was so at a time. Records of the target and of
 * the collector's own looks come interleaved, so they are sorted once all are there. Bytes are summed in slots of equal
 * width, which doubles when there would be too many: a trace's length is not known before its end.
 */
#include "analyzer/moments.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define SLOT_NS   100000000u
#define SLOTS_MAX 65536

/* One look; NAN: not known. */
struct look {
	uint64_t time_ns;
	double goroutines, running;
	double heap_live, heap_goal;
	uint32_t cycle;
};

/* The CPU of the GC and of all, cumulative, as of a cycle's end that was seen at a time. */
struct account {
	uint64_t time_ns, gc_ns, all_ns;
};

struct moments {
	struct look *looks;
	struct account *accounts;
	size_t nlooks, looks_capacity, naccounts, accounts_capacity;
	double *slots; /* bytes */
	uint64_t slot_ns;
	uint64_t end_ns;
};

struct moments *moments_new(void)
{
	struct moments *moments = memory_alloc(1, sizeof(*moments));

	moments->slots = memory_alloc(SLOTS_MAX, sizeof(*moments->slots));
	moments->slot_ns = SLOT_NS;
	return moments;
}

void moments_free(struct moments *moments)
{
	if (!moments)
		return;
	free(moments->looks);
	free(moments->accounts);
	free(moments->slots);
	free(moments);
}

static double known(uint64_t value)
{
	return value == UINT64_MAX ? NAN : (double)value;
}

/* Before the first cycle nothing has been marked; without GC the goal has no end. */
static double known_heap(const struct trace_gc *gc, uint64_t bytes)
{
	return gc->cycle > 0 && bytes > 0 && bytes <= INT64_MAX ? (double)bytes : NAN;
}

static void add_account(struct moments *moments, const struct trace_gc *gc)
{
	uint64_t scavenged = gc->cpu_scavenge_ns == UINT64_MAX ? 0 : gc->cpu_scavenge_ns;

	if (gc->cpu_gc_total_ns == UINT64_MAX || gc->cpu_user_ns == UINT64_MAX)
		return;
	moments->accounts = memory_reserve(moments->accounts, moments->naccounts, &moments->accounts_capacity,
					   sizeof(*moments->accounts));
	moments->accounts[moments->naccounts++] =
	    (struct account){gc->time_ns, gc->cpu_gc_total_ns, gc->cpu_gc_total_ns + gc->cpu_user_ns + scavenged};
}

void moments_add_gc(struct moments *moments, const struct trace_gc *gc)
{
	moments->looks =
	    memory_reserve(moments->looks, moments->nlooks, &moments->looks_capacity, sizeof(*moments->looks));
	moments->looks[moments->nlooks++] = (struct look){.time_ns = gc->time_ns,
							  .goroutines = known(gc->goroutines_live),
							  .running = known(gc->procs_running),
							  .heap_live = known_heap(gc, gc->heap_marked),
							  .heap_goal = known_heap(gc, gc->heap_goal),
							  .cycle = gc->cycle};
	add_account(moments, gc);
}

/* Slots of twice the width: each takes two. */
static void widen_slots(struct moments *moments)
{
	for (size_t i = 0; i < SLOTS_MAX; i++)
		moments->slots[i] = i < SLOTS_MAX / 2 ? moments->slots[2 * i] + moments->slots[2 * i + 1] : 0;
	moments->slot_ns *= 2;
}

void moments_add_bytes(struct moments *moments, uint64_t time_ns, double bytes)
{
	while (time_ns / moments->slot_ns >= SLOTS_MAX)
		widen_slots(moments);
	moments->slots[time_ns / moments->slot_ns] += bytes;
}

/* Looks and accounts begin with their time. */
static int compare_times(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/*
 * Keep the first account and those in which the GC's CPU and the rest have grown since: the runtime adds up at a
 * cycle's end only, the rest last, and may be seen in between.
 */
static void keep_cycle_ends(struct moments *moments)
{
	size_t kept = 0;

	for (size_t i = 0; i < moments->naccounts; i++) {
		const struct account *last = kept ? &moments->accounts[kept - 1] : NULL, *next = &moments->accounts[i];

		if (!last || (next->gc_ns > last->gc_ns && next->all_ns - next->gc_ns > last->all_ns - last->gc_ns))
			moments->accounts[kept++] = *next;
	}
	moments->naccounts = kept;
}

void moments_finish(struct moments *moments, uint64_t end_ns)
{
	moments->end_ns = end_ns;
	if (moments->nlooks)
		qsort(moments->looks, moments->nlooks, sizeof(*moments->looks), compare_times);
	if (moments->naccounts)
		qsort(moments->accounts, moments->naccounts, sizeof(*moments->accounts), compare_times);
	keep_cycle_ends(moments);
}

/* How many looks there are up to TIME_NS. */
static size_t looks_until(const struct moments *moments, uint64_t time_ns)
{
	size_t low = 0, high = moments->nlooks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (moments->looks[middle].time_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first account at TIME_NS or later; the number of them when there is none. */
static size_t account_from(const struct moments *moments, uint64_t time_ns)
{
	size_t low = 0, high = moments->naccounts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (moments->accounts[middle].time_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static double gc_share_at(const struct moments *moments, uint64_t time_ns)
{
	size_t at = account_from(moments, time_ns);
	const struct account *before, *after;

	if (at == 0)
		at = 1;
	if (at >= moments->naccounts)
		return NAN;
	before = &moments->accounts[at - 1];
	after = &moments->accounts[at];
	return (double)(after->gc_ns - before->gc_ns) / (double)(after->all_ns - before->all_ns);
}

/* Bytes a second around TIME_NS; the last slot may be shorter than others. */
static double alloc_rate_at(const struct moments *moments, uint64_t time_ns)
{
	uint64_t slot = time_ns / moments->slot_ns, width = moments->slot_ns;

	if (slot >= SLOTS_MAX)
		return 0;
	if (moments->end_ns > slot * width && moments->end_ns < (slot + 1) * width && slot)
		width = moments->end_ns - slot * width;
	if (width < SLOT_NS / 10) /* too short to tell */
		return alloc_rate_at(moments, slot * moments->slot_ns - 1);
	return moments->slots[slot] * 1e9 / (double)width;
}

struct moment moments_at(const struct moments *moments, uint64_t time_ns)
{
	struct moment moment = {{NAN, NAN, NAN, NAN, (double)time_ns * 1e-9}};
	size_t count = looks_until(moments, time_ns);
	const struct look *look = count ? &moments->looks[count - 1] : moments->looks;

	if (moments->nlooks) {
		moment.values[MOMENT_GOROUTINES] = look->goroutines;
		moment.values[MOMENT_RUNNING] = look->running;
	}
	moment.values[MOMENT_GC_SHARE] = gc_share_at(moments, time_ns);
	moment.values[MOMENT_ALLOC_RATE] = alloc_rate_at(moments, time_ns);
	return moment;
}

/* A mean over time, as it is added up. */
struct mean {
	double sum, weight;
};

static void mean_add(struct mean *mean, double value, double weight)
{
	if (!isfinite(value))
		return;
	mean->sum += value * weight;
	mean->weight += weight;
}

static double mean_of(const struct mean *mean)
{
	return mean->weight > 0 ? mean->sum / mean->weight : NAN;
}

/* Add the looks that hold at some time from FROM_NS to TO_NS, each by how long it does. */
static void add_looks(const struct moments *moments, struct moments_span *span, uint64_t from_ns, uint64_t to_ns)
{
	struct mean goroutines = {0, 0}, running = {0, 0}, live = {0, 0}, goal = {0, 0};
	size_t at = looks_until(moments, from_ns), first = at ? at - 1 : 0;
	uint32_t cycle = moments->nlooks ? moments->looks[first].cycle : 0;

	for (size_t i = first; i < moments->nlooks && moments->looks[i].time_ns < to_ns; i++) {
		const struct look *look = &moments->looks[i];
		uint64_t begin = look->time_ns > from_ns ? look->time_ns : from_ns, end = to_ns;

		if (i + 1 < moments->nlooks && look[1].time_ns < to_ns)
			end = look[1].time_ns;
		if (end > begin) {
			mean_add(&goroutines, look->goroutines, (double)(end - begin));
			mean_add(&running, look->running, (double)(end - begin));
			mean_add(&live, look->heap_live, (double)(end - begin));
			mean_add(&goal, look->heap_goal, (double)(end - begin));
		}
		if (look->cycle > cycle) {
			span->cycles += look->cycle - cycle;
			cycle = look->cycle;
		}
	}
	span->goroutines = mean_of(&goroutines);
	span->running = mean_of(&running);
	span->heap_live = mean_of(&live);
	span->heap_goal = mean_of(&goal);
}

/* The share of the CPU, where each cycle's is spread evenly over its time. */
static double share_between(const struct moments *moments, uint64_t from_ns, uint64_t to_ns)
{
	double gc = 0, all = 0;
	size_t at = account_from(moments, from_ns);

	for (size_t i = at ? at : 1; i < moments->naccounts; i++) {
		const struct account *before = &moments->accounts[i - 1], *after = &moments->accounts[i];
		uint64_t begin = before->time_ns > from_ns ? before->time_ns : from_ns;
		uint64_t end = after->time_ns < to_ns ? after->time_ns : to_ns;
		double part;

		if (before->time_ns >= to_ns)
			break;
		if (end <= begin)
			continue;
		part = (double)(end - begin) / (double)(after->time_ns - before->time_ns);
		gc += part * (double)(after->gc_ns - before->gc_ns);
		all += part * (double)(after->all_ns - before->all_ns);
	}
	return all > 0 ? gc / all : NAN;
}

struct moments_span moments_between(const struct moments *moments, uint64_t from_ns, uint64_t to_ns)
{
	struct moments_span span = {0};

	add_looks(moments, &span, from_ns, to_ns);
	span.gc_share = share_between(moments, from_ns, to_ns);
	return span;
}

uint64_t moments_end(const struct moments *moments)
{
	return moments->end_ns;
}
