/*
 * In: differences of counters, each with the time of its reading. Out: sums, and integrals over the time. A context's
 * sizes differ by an eighth at most, so that its objects are weighted by their mean size.
 */
#include "analyzer/c_accumulate.h"

#include "analyzer/weights.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct c_totals *totals_of(struct c_accumulation *sums, size_t context)
{
	if (context >= sums->ncontexts) {
		size_t count = context + 1 > sums->ncontexts * 2 ? context + 1 : sums->ncontexts * 2;

		sums->contexts = memory_resize(sums->contexts, count, sizeof(*sums->contexts));
		memset(sums->contexts + sums->ncontexts, 0, (count - sums->ncontexts) * sizeof(*sums->contexts));
		sums->ncontexts = count;
	}
	return &sums->contexts[context];
}

/* A without B, and not below 0: a damaged trace may say more were freed than made. */
static uint64_t without(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t c_totals_alive(const struct c_totals *totals)
{
	return without(without(totals->allocs, totals->frees), totals->untracked);
}

uint64_t c_totals_alive_bytes(const struct c_totals *totals)
{
	return without(without(totals->bytes, totals->freed_bytes), totals->untracked_bytes);
}

double c_totals_weight(const struct c_totals *totals, double rate)
{
	double mean = totals->allocs ? (double)totals->bytes / (double)totals->allocs : 0;

	if (rate <= 1)
		return 1;
	return -1 / expm1(-fmax(mean, 1) / rate); /* one of no bytes counts as one of a byte */
}

/* Up to TIME_NS it was as it stood. */
static void hold(struct c_totals *totals, uint64_t time_ns)
{
	double time = (double)without(time_ns, totals->last_ns);

	totals->held_objects += (double)without(c_totals_alive(totals), totals->left) * time;
	totals->held_bytes += (double)without(c_totals_alive_bytes(totals), totals->left_bytes) * time;
	totals->last_ns = time_ns;
}

/* A reading is over when the next one begins: what was alive then may have been the most. */
static void end_reading(struct c_accumulation *sums)
{
	if (sums->live <= sums->peak)
		return;
	sums->peak = sums->live;
	sums->peak_ns = sums->now_ns;
}

static double rate_of(const struct trace *trace)
{
	const char *text = trace_fact(trace, "c_rate", NULL);
	double rate = text ? strtod(text, NULL) : 1;

	return rate >= 1 && rate < 1e15 ? rate : 1;
}

void c_accumulate(struct c_accumulation *sums, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct c_totals *totals = totals_of(sums, counts->context);
	double before = (double)c_totals_alive_bytes(totals);
	size_t i;

	if (sums->rate <= 0)
		sums->rate = rate_of(trace);
	if (counts->time_ns != sums->now_ns)
		end_reading(sums);
	sums->now_ns = counts->time_ns;
	hold(totals, counts->time_ns);
	totals->allocs += counts->allocs;
	totals->bytes += counts->bytes;
	totals->frees += counts->frees;
	totals->freed_bytes += counts->freed_bytes;
	totals->untracked += counts->untracked;
	totals->untracked_bytes += counts->untracked_bytes;
	for (i = 0; i < TRACE_C_LIVES; i++)
		totals->lives[i] += counts->lives[i];
	sums->live += ((double)c_totals_alive_bytes(totals) - before) * c_totals_weight(totals, sums->rate);
}

void c_accumulate_run_end(struct c_accumulation *sums, uint64_t time_ns)
{
	size_t i;

	for (i = 0; i < sums->ncontexts; i++) {
		hold(&sums->contexts[i], time_ns);
		sums->contexts[i].left = c_totals_alive(&sums->contexts[i]);
		sums->contexts[i].left_bytes = c_totals_alive_bytes(&sums->contexts[i]);
	}
	end_reading(sums);
	sums->live = 0;
}

void c_accumulate_finish(struct c_accumulation *sums, size_t ncontexts, uint64_t end_ns)
{
	size_t i;

	if (ncontexts)
		totals_of(sums, ncontexts - 1);
	for (i = 0; i < ncontexts; i++)
		hold(&sums->contexts[i], end_ns);
	end_reading(sums);
}

void c_accumulate_free(struct c_accumulation *sums)
{
	free(sums->contexts);
	*sums = (struct c_accumulation){0};
}
