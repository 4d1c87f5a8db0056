/*
 * A table for each thread, in which a walk has one of a few places, by where it starts: so that those that come in turn
 * don't drive each other out, as when a function that allocates for others is called from several of them. Only the
 * thread itself uses it, and one sample at a time, so that there is nothing to be locked.
 */
#include "collector/preload/c_walks.h"

#include <stddef.h>
#include <sys/mman.h>

#define SETS 16
#define WAYS 4
#define FREE 32 /* walks that a thread may keep at once; later one for HITS that were found */
#define HITS 128

struct walk {
	struct unwind_start start;
	uint32_t size_class, context;
	uint32_t nwords; /* 0: not kept; only seen, at its start */
	uint64_t last;   /* when it was found last, or seen: the table's turn then */
	struct unwind_word words[C_WALKS_WORDS];
};

struct c_walks {
	uint64_t found, kept, changes, turn;
	struct walk walks[SETS][WAYS];
};

static struct c_walks *all;
static bool is_eager;

void c_walks_open(uint32_t count, bool eager)
{
	void *memory = mmap(NULL, count * sizeof(*all), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	is_eager = eager;
	all = memory == MAP_FAILED ? NULL : memory;
}

struct c_walks *c_walks_of(uint32_t number)
{
	return all ? &all[number] : NULL;
}

/* The WAYS places of a walk. */
static struct walk *places_of(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class)
{
	uint64_t hash = (start->caller ^ start->cfa << 17 ^ (uint64_t)size_class << 40) * C_HASH_FACTOR;

	return walks->walks[hash >> 60];
}

_Static_assert(SETS == 16, "places_of takes four bits");

static bool is_it(const struct walk *walk, const struct unwind_start *start, uint32_t size_class)
{
	return walk->start.caller == start->caller && walk->start.cfa == start->cfa && walk->start.rbp == start->rbp &&
	       walk->size_class == size_class;
}

/*
 * Words are compared in the order in which the walk read them: each is read again only when all before it are the same,
 * so that the walk would now read it too.
 */
static bool is_right(const struct walk *walk)
{
	uint32_t i;

	for (i = 0; i < walk->nwords; i++)
		if (*(const volatile uint64_t *)walk->words[i].address != walk->words[i].value)
			return false;
	return walk->nwords;
}

/* A signal handler that allocates meanwhile may put another walk in the place. */
bool c_walks_find(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class, uint32_t *context)
{
	struct walk *walk = places_of(walks, start, size_class), *end = walk + WAYS;
	uint64_t changes = __atomic_load_n(&walks->changes, __ATOMIC_RELAXED);

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	for (; walk < end; walk++) {
		if (!is_it(walk, start, size_class) || !is_right(walk))
			continue;
		*context = walk->context;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(&walks->changes, __ATOMIC_RELAXED) != changes)
			return false;
		walk->last = ++walks->turn;
		walks->found++;
		return true;
	}
	return false;
}

/* Of PLACES that of the walk from START to CONTEXT; where it has none, the one that was of no use for longest. */
static struct walk *place_for(struct walk *places, const struct unwind_start *start, uint32_t size_class,
			      uint32_t context)
{
	struct walk *place = places;
	int i;

	for (i = 0; i < WAYS; i++) {
		if (is_it(&places[i], start, size_class) && places[i].context == context)
			return &places[i];
		if (places[i].last < place->last)
			place = &places[i];
	}
	return place;
}

/* What starts there and comes to that is looked at the second time that it comes by. */
void c_walks_keep(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class, uint32_t context,
		  const uint64_t *frames, uint32_t depth)
{
	struct walk *walk = place_for(places_of(walks, start, size_class), start, size_class, context);
	bool is_second = is_it(walk, start, size_class) && walk->context == context;

	if (!is_eager && walks->kept > FREE + walks->found / HITS)
		return;
	walks->changes++;
	walk->start = *start;
	walk->size_class = size_class;
	walk->context = context;
	walk->last = ++walks->turn;
	walk->nwords = 0;
	if (!is_second)
		return;
	walks->kept++;
	walk->nwords = unwind_words(start, frames, depth, walk->words, C_WALKS_WORDS);
}
