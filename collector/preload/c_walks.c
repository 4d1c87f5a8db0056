/*
 * A table for each thread, in which a walk has one place, by where it starts. Only the thread itself uses it, and one
 * sample at a time, so that there is nothing to be locked.
 */
#include "collector/preload/c_walks.h"

#include <stddef.h>
#include <sys/mman.h>

#define THREADS 512
#define PLACES  64
#define FREE    32 /* walks that a thread may keep at once; later one for HITS that were found */
#define HITS    128

struct walk {
	struct unwind_start start;
	uint32_t size_class, context;
	uint32_t nwords; /* 0: not kept; only seen, at its start */
	struct unwind_word words[C_WALKS_WORDS];
};

struct c_walks {
	uint64_t found, kept, changes;
	struct walk walks[PLACES];
};

static struct c_walks *all;
static uint32_t taken;

void c_walks_open(void)
{
	void *memory = mmap(NULL, THREADS * sizeof(*all), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	all = memory == MAP_FAILED ? NULL : memory;
}

struct c_walks *c_walks_new(void)
{
	uint32_t number;

	if (!all || __atomic_load_n(&taken, __ATOMIC_RELAXED) >= THREADS)
		return NULL;
	number = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	return number < THREADS ? &all[number] : NULL;
}

static struct walk *place_of(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class)
{
	uint64_t hash = (start->caller ^ start->cfa << 17 ^ (uint64_t)size_class << 40) * 0x9fb21c651e98df25ull;

	return &walks->walks[hash >> 58];
}

_Static_assert(PLACES == 64, "place_of takes six bits");

static bool is_it(const struct walk *walk, const struct unwind_start *start, uint32_t size_class)
{
	return walk->start.caller == start->caller && walk->start.cfa == start->cfa && walk->start.rbp == start->rbp &&
	       walk->size_class == size_class;
}

/*
 * Words are compared in the order in which the walk read them: each is read again only when all before it are the same,
 * so that the walk would now read it too. A signal handler that allocates meanwhile may put another walk in the place.
 */
bool c_walks_find(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class, uint32_t *context)
{
	const struct walk *walk = place_of(walks, start, size_class);
	uint64_t changes = __atomic_load_n(&walks->changes, __ATOMIC_RELAXED);
	uint32_t i;

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (!walk->nwords || !is_it(walk, start, size_class))
		return false;
	for (i = 0; i < walk->nwords; i++)
		if (*(const volatile uint64_t *)walk->words[i].address != walk->words[i].value)
			return false;
	*context = walk->context;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&walks->changes, __ATOMIC_RELAXED) != changes)
		return false;
	walks->found++;
	return true;
}

/* What starts there is looked at the second time that it comes by. */
void c_walks_keep(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class, uint32_t context,
		  const uint64_t *frames, uint32_t depth)
{
	struct walk *walk = place_of(walks, start, size_class);
	bool is_second = is_it(walk, start, size_class);

	if (walks->kept > FREE + walks->found / HITS)
		return;
	walks->changes++;
	walk->start = *start;
	walk->size_class = size_class;
	walk->context = context;
	walk->nwords = 0;
	if (!is_second)
		return;
	walks->kept++;
	walk->nwords = unwind_words(start, frames, depth, walk->words, C_WALKS_WORDS);
}
