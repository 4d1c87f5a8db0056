/*
 * In: two analyses. Out: pairs of their sites. First by the whole key (site_key.h), and among sites of one key by their
 * order in the source; what is left over on both sides then by the short key, all of one short key together.
 *
 * Where one side has more sites of a key than the other, some were added or removed among their like: every one of the
 * fewer is given a partner such that the order stays, and that the pairs are as alike as can be in the compiler's
 * words, the objects' size and the share of the bytes.
 */
#include "analyzer/compare_match.h"

#include "analyzer/site_key.h"
#include "base/memory.h"
#include "base/strtab.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN_MAX    4000000 /* pairs that are weighed against each other for one key; else by order alone */
#define LIKE_SIZE    0.1
#define UNLIKE_WORDS 1.0 /* what counts against a pair, beside the logarithm of how far its shares are apart */
#define UNLIKE_SIZE  1.0

struct entry {
	const struct site *site;
	double share;
	uint32_t key;
	int side;
};

struct matching {
	struct site_matches *out;
	struct entry *entries;
	size_t count;
	size_t capacity; /* of the matches */
	size_t used;     /* of the room */
};

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->side != b->side)
		return a->side - b->side;
	return site_key_compare_places(a->site, b->site);
}

static void set_keys(struct matching *matching, void (*append)(struct buf *out, const struct site *site))
{
	struct strtab *keys = strtab_new();
	struct buf key = {0};

	for (size_t i = 0; i < matching->count; i++) {
		key.size = 0;
		append(&key, matching->entries[i].site);
		matching->entries[i].key = strtab_add_bytes(keys, (const char *)key.data, key.size);
	}
	buf_free(&key);
	strtab_free(keys);
	if (matching->count)
		qsort(matching->entries, matching->count, sizeof(*matching->entries), compare_entries);
}

static void add_match(struct matching *matching, const struct entry *const *sides, const size_t *counts, bool reshaped)
{
	struct site_matches *out = matching->out;
	struct site_match match = {.counts = {counts[0], counts[1]}, .reshaped = reshaped};

	for (int side = 0; side < 2; side++) {
		match.sites[side] = out->room + matching->used;
		for (size_t i = 0; i < counts[side]; i++)
			out->room[matching->used++] = sides[side][i].site;
	}
	out->matches = memory_reserve(out->matches, out->count, &matching->capacity, sizeof(match));
	out->matches[out->count++] = match;
}

static double unlikeness(const struct entry *a, const struct entry *b)
{
	const char *x = a->site->verdict.message, *y = b->site->verdict.message;
	double sizes = a->site->object_size + b->site->object_size;
	double cost = fabs(log((a->share + 1e-9) / (b->share + 1e-9)));

	if (!isfinite(cost))
		cost = 100;
	if (x && y && strcmp(x, y) != 0)
		cost += UNLIKE_WORDS;
	if (fabs(a->site->object_size - b->site->object_size) > LIKE_SIZE * sizes / 2)
		cost += UNLIKE_SIZE;
	return cost;
}

/*
 * The cheapest way to give each of FEW, in order, one of MANY: best[i][k] is that of the first i and k. PARTNER gets
 * the index for each of FEW.
 */
static void align(const struct entry *few, size_t nfew, const struct entry *many, size_t nmany, size_t *partner)
{
	size_t width = nmany + 1;
	double *best = memory_alloc((nfew + 1) * width, sizeof(*best));

	for (size_t i = 1; i <= nfew; i++) {
		for (size_t k = 0; k <= nmany; k++) {
			double pair, skip = k > i ? best[i * width + k - 1] : INFINITY;

			pair =
			    k >= i ? best[(i - 1) * width + k - 1] + unlikeness(&few[i - 1], &many[k - 1]) : INFINITY;
			best[i * width + k] = fmin(pair, skip);
		}
	}
	for (size_t i = nfew, k = nmany; i > 0; k--) {
		if (k > i && best[i * width + k - 1] <= best[i * width + k])
			continue;
		partner[--i] = k - 1;
	}
	free(best);
}

static bool is_alone(const struct site_match *match)
{
	return !match->counts[0] || !match->counts[1];
}

/* The sites of one key, COUNTS of each side. */
static void match_key(struct matching *matching, const struct entry *const *sides, const size_t *counts)
{
	int few = counts[0] <= counts[1] ? 0 : 1, many = !few;
	size_t *partner = memory_alloc(counts[few] + 1, sizeof(*partner)), next = 0;

	for (size_t i = 0; i < counts[few]; i++)
		partner[i] = i;
	if (counts[few] && counts[few] < counts[many] && counts[many] <= ALIGN_MAX / counts[few])
		align(sides[few], counts[few], sides[many], counts[many], partner);
	for (size_t k = 0; k < counts[many]; k++) {
		bool paired = next < counts[few] && partner[next] == k;
		const struct entry *ends[2];
		size_t ones[2] = {1, 1};

		ends[few] = sides[few] + (paired ? next : 0);
		ends[many] = sides[many] + k;
		ones[few] = paired;
		add_match(matching, ends, ones, false);
		next += paired;
	}
	free(partner);
}

static void match_together(struct matching *matching, const struct entry *const *sides, const size_t *counts)
{
	static const size_t only[2][2] = {{1, 0}, {0, 1}};

	if (counts[0] && counts[1]) {
		add_match(matching, sides, counts, true);
		return;
	}
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < counts[side]; i++) {
			const struct entry *ends[2] = {sides[side] + i, sides[side] + i};

			add_match(matching, ends, only[side], false);
		}
	}
}

/* Call MATCH for the entries of each key. */
static void for_each_key(struct matching *matching,
			 void (*match)(struct matching *matching, const struct entry *const *sides,
				       const size_t *counts))
{
	const struct entry *entries = matching->entries;

	for (size_t i = 0, end; i < matching->count; i = end) {
		size_t middle = i;
		const struct entry *sides[2];
		size_t counts[2];

		for (end = i; end < matching->count && entries[end].key == entries[i].key; end++)
			middle += entries[end].side == 0;
		sides[0] = entries + i;
		sides[1] = entries + middle;
		counts[0] = middle - i;
		counts[1] = end - middle;
		match(matching, sides, counts);
	}
}

/* Take what is alone out of the matches and back into the entries, to be matched once more. */
static void take_back(struct matching *matching)
{
	struct site_matches *out = matching->out;
	struct entry *left = memory_alloc(matching->count + 1, sizeof(*left));
	size_t kept = 0, nleft = 0;

	for (size_t i = 0; i < out->count; i++) {
		const struct site_match *match = &out->matches[i];
		int side = match->counts[0] ? 0 : 1;

		if (is_alone(match))
			left[nleft++] = (struct entry){.site = match->sites[side][0], .side = side};
		else
			out->matches[kept++] = *match;
	}
	out->count = kept;
	free(matching->entries);
	matching->entries = left;
	matching->count = nleft;
}

static void add_entries(struct matching *matching, const struct analysis *analysis, int side)
{
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];
		double share = analysis->alloc_bytes > 0 ? site->alloc_bytes / analysis->alloc_bytes : 0;

		matching->entries[matching->count++] = (struct entry){.site = site, .share = share, .side = side};
	}
}

void compare_match(struct site_matches *out, const struct analysis *before, const struct analysis *after)
{
	size_t all = before->nsites + after->nsites;
	struct matching matching = {.out = out, .entries = memory_alloc(all + 1, sizeof(struct entry))};

	*out = (struct site_matches){.room = memory_alloc(2 * all + 1, sizeof(*out->room))};
	add_entries(&matching, before, 0);
	add_entries(&matching, after, 1);
	set_keys(&matching, site_key_append);
	for_each_key(&matching, match_key);
	take_back(&matching);
	set_keys(&matching, site_key_append_short);
	for_each_key(&matching, match_together);
	free(matching.entries);
}

void compare_match_free(struct site_matches *matches)
{
	free(matches->matches);
	free(matches->room);
	*matches = (struct site_matches){0};
}
