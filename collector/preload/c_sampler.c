/*
 * What happens to a sample: its stack, its context in the shared memory, its place among the objects that are followed.
 * Whether there is anybody to sample for is asked of a page that the kernel wipes in a forked child: whatever way the
 * child came about, it is silent, and what it shares with its parent stays the parent's.
 */
#include "collector/preload/c_sampler.h"

#include "collector/agent/agent_math.h"
#include "collector/preload/c_contexts.h"
#include "collector/preload/c_modules.h"
#include "collector/preload/c_rooms.h"
#include "collector/preload/c_walks.h"
#include "collector/preload/quiet.h"
#include "collector/preload/side_stack.h"
#include "collector/preload/unwind.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#define FOREVER    (UINT64_MAX / 2)
#define OWN_FRAMES 1024 /* bytes of the library's frames between its entry and here, at most */
#define EVERY_RATE 16   /* up to it nearly every free is one of a sampled object */
#define KEYS       32   /* so many keys of thread-specific data the C library has room for without allocating */

_Static_assert(C_CONTEXTS <= 1u << 17, "a context's number has 17 bits in a struct c_pointer");

enum phase { PHASE_WAITING, PHASE_ON, PHASE_NEVER };

struct alive {
	uint32_t here; /* 0 in a forked child */
};

__thread struct c_thread c_thread;
__thread const void *c_sampler_in_loader;

static enum phase phase;
static struct alive *alive;
static struct c_control *shared;
static bool has_rooms; /* everything is recorded, and threads have counters and walks of their own */
static bool are_left;  /* by threads that end: a key of thread-specific data tells */
static pthread_key_t room_key;
static uint64_t unloaded;            /* as last asked */
static uint32_t unloading, nunloads; /* calls of dlclose: those that have not ended, those that have */

static inline uint64_t now(void)
{
	return __builtin_ia32_rdtsc();
}

static bool is_on(void)
{
	return __atomic_load_n(&phase, __ATOMIC_ACQUIRE) == PHASE_ON && alive->here;
}

/* A thread with a ROOM ends. What else it frees on its way is counted where all count. */
static void leave(void *room)
{
	c_thread.room = NULL;
	c_rooms_leave(room);
}

static void open_rooms(struct c_control *region)
{
	c_rooms_open(region);
	are_left = !pthread_key_create(&room_key, leave) && room_key < KEYS;
	has_rooms = true;
}

/* This thread's room; NULL: it has none. */
static struct c_room *room_of(struct c_thread *thread)
{
	if (thread->has_asked_for_room || !has_rooms)
		return thread->room;
	thread->has_asked_for_room = true;
	thread->room = c_rooms_take();
	if (thread->room && are_left)
		pthread_setspecific(room_key, thread->room);
	return thread->room;
}

int c_sampler_begin(struct c_control *region)
{
	void *page = mmap(NULL, sizeof(*alive), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return errno;
	alive = page;
	if (madvise(page, 4096, MADV_WIPEONFORK))
		return errno;
	if (!c_pointers_open(region->plan.pointers, region->plan.rate <= EVERY_RATE))
		return errno ? errno : ENOMEM;
	if (!side_stack_open())
		return errno;
	shared = region;
	alive->here = 1;
	c_thread.busy = true;
	quiet_open();
	unwind_open(&region->plan.go);
	if (region->plan.rate <= EVERY_RATE)
		open_rooms(region);
	c_modules_open(region);
	unloaded = c_modules_unloaded();
	c_thread.busy = false;
	c_thread.left = 0; /* the main thread begins to count here */
	__atomic_store_n(&phase, PHASE_ON, __ATOMIC_RELEASE);
	return 0;
}

void c_sampler_never(void)
{
	__atomic_store_n(&phase, PHASE_NEVER, __ATOMIC_RELEASE);
}

static void draw(struct c_thread *thread)
{
	uint64_t rate = shared->plan.rate;

	thread->left = rate <= 1 ? 1 : (uint64_t)agent_draw(&thread->random, (double)rate) + 1;
}

/* Whether the thread counts already; if not it begins, and what is left of BYTES says whether it samples at once. */
static bool begins(struct c_thread *thread, uint64_t bytes)
{
	if (thread->left)
		return true;
	thread->random = now() ^ (uint64_t)(uintptr_t)thread * 0x9e3779b97f4a7c15ull;
	draw(thread);
	if (bytes >= thread->left)
		return true;
	thread->left -= bytes;
	return false;
}

void c_sampler_unloading(bool begins)
{
	if (begins) {
		__atomic_fetch_add(&unloading, 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_fetch_add(&nunloads, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&unloading, 1, __ATOMIC_SEQ_CST);
}

bool c_sampler_unloads(uint32_t *count)
{
	bool is_at_rest = !__atomic_load_n(&unloading, __ATOMIC_SEQ_CST);

	*count = __atomic_load_n(&nunloads, __ATOMIC_SEQ_CST);
	return is_at_rest;
}

/* Whether to ask the loader: after each dlclose at once; and as the C library unloads by itself too, now and then. */
static bool is_to_ask(struct c_thread *thread, uint64_t time)
{
	uint32_t ended = __atomic_load_n(&nunloads, __ATOMIC_ACQUIRE);

	if (thread->unloads == ended && !__atomic_load_n(&unloading, __ATOMIC_RELAXED) &&
	    time - thread->asked < shared->plan.ask_ticks)
		return false;
	thread->unloads = ended;
	thread->asked = time;
	return true;
}

/* Where libraries have been unloaded, what was known of addresses is looked at anew. */
static void ask_unloaded(void)
{
	uint64_t before = __atomic_load_n(&unloaded, __ATOMIC_ACQUIRE), count;

	count = c_modules_unloaded();
	if (count == before)
		return;
	unwind_forget(); /* before others hear that it is done; that some do it at once is no harm */
	c_modules_look_again();
	__atomic_compare_exchange_n(&unloaded, &before, count, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* This thread's earlier walks, where everything is recorded; NULL: there are none, or they may be wrong. */
static struct c_walks *walks_of(struct c_thread *thread)
{
	struct c_room *room = room_of(thread);

	return room && unwind_is_steady() ? room->walks : NULL;
}

/* What this thread allocates until the end is not the program's, and nothing of the program interrupts it. */
static void begin_apart(struct c_thread *thread, struct quiet *quiet)
{
	quiet_begin(quiet);
	thread->busy = true;
}

static void end_apart(struct c_thread *thread, const struct quiet *quiet)
{
	thread->busy = false;
	quiet_end(quiet);
}

/*
 * Where the loader may hold its locks, which libunwind would ask for too, or be about to make room for libunwind's own
 * thread-local data; or there is no stack to walk on.
 */
static uint32_t name_caller(const struct unwind_start *start, uint32_t size_class)
{
	uint64_t frames[] = {start->caller, C_MARK_LIBRARY};

	return c_contexts_find(shared, frames, 2, 0, size_class);
}

/* A walk, which is done on another stack than the thread's. */
struct walk {
	const struct unwind_start *start;
	const void *frame; /* one of ours on the thread's stack */
	struct c_walks *walks;
	uint32_t size_class, context, depth, flags;
	uint64_t frames[UNWIND_ROOM];
};

_Static_assert(sizeof(struct walk) <= SIDE_STACK_ROOM, "there is room for it");

static void take_walk(void *user)
{
	struct walk *walk = user;

	walk->depth = unwind_stack(walk->frames, walk->start->caller, walk->frame, &walk->flags);
}

static void keep_walk(void *user)
{
	const struct walk *walk = user;

	c_walks_keep(walk->walks, walk->start, walk->size_class, walk->context, walk->frames, walk->depth);
}

static uint32_t walk_on(struct side_stack *stack, const struct unwind_start *start, uint32_t size_class,
			struct c_walks *walks)
{
	struct walk *walk = side_stack_room(stack);

	walk->start = start;
	walk->frame = __builtin_frame_address(0);
	walk->walks = walks;
	walk->size_class = size_class;
	side_stack_call(stack, take_walk, walk);
	walk->context = c_contexts_find(shared, walk->frames, walk->depth, walk->flags, size_class);
	if (walks && start->cfa && !walk->flags && walk->context >= C_SIZES)
		side_stack_call(stack, keep_walk, walk);
	return walk->context;
}

static uint32_t walk(const struct unwind_start *start, uint32_t size_class, struct c_walks *walks)
{
	struct side_stack *stack = side_stack_take();
	uint32_t context;

	if (!stack)
		return name_caller(start, size_class);
	context = walk_on(stack, start, size_class, walks);
	side_stack_give(stack);
	return context;
}

/* What was FOUND to be known is compared with what a walk has WALKED to. */
static void check_walk(uint32_t found, uint32_t walked)
{
	__atomic_fetch_add(&shared->walks_found, 1, __ATOMIC_RELAXED);
	if (walked >= C_SIZES && !c_contexts_are_same(shared, found, walked))
		__atomic_fetch_add(&shared->walks_wrong, 1, __ATOMIC_RELAXED);
}

static uint32_t find_context(const struct unwind_start *start, uint32_t size_class, uint64_t time)
{
	struct c_thread *thread = &c_thread;
	bool is_in_loader =
	    (uint64_t)__builtin_frame_address(0) < (uint64_t)c_sampler_in_loader || c_modules_is_loader(start->caller);
	struct c_walks *walks = NULL;
	bool is_apart = !is_in_loader && is_to_ask(thread, time);
	struct quiet quiet;
	uint32_t context;
	bool is_found;

	if (is_apart) {
		begin_apart(thread, &quiet);
		ask_unloaded();
	}
	if (!is_in_loader)
		walks = walks_of(thread);
	is_found = walks && start->cfa && c_walks_find(walks, start, size_class, &context);
	if (!is_found || shared->plan.checks_walks) {
		if (!is_apart)
			begin_apart(thread, &quiet);
		is_apart = true;
		if (is_found)
			check_walk(context, walk(start, size_class, NULL));
		else
			context = is_in_loader ? name_caller(start, size_class) : walk(start, size_class, walks);
	}
	if (is_apart)
		end_apart(thread, &quiet);
	return context;
}

/*
 * Where the walk starts. FRAME is that of the function which calls c_sampler_allocated, one of ours, that the program
 * has called from CALLER, by way of nothing that has a frame; cfa is 0 when it is another's.
 */
static struct unwind_start start_at(const uint64_t *frame, const uint64_t *below, uint64_t caller)
{
	uint64_t above = (uint64_t)frame - (uint64_t)below;

	if (above % sizeof(*frame) || above > OWN_FRAMES || frame[1] != caller)
		return (struct unwind_start){.caller = caller};
	return (struct unwind_start){caller, (uint64_t)(frame + 2), frame[0]};
}

/* Where this thread counts what happens in a context. */
struct tally {
	struct c_counts *counts;
	bool is_own; /* nobody else adds to them */
};

static inline struct tally tally_of(uint32_t context)
{
	struct c_room *room = room_of(&c_thread);
	struct c_counts *own = room ? c_rooms_counts(room, context) : NULL;

	return own ? (struct tally){own, true} : (struct tally){&c_contexts_of(shared)[context].counts, false};
}

static inline void add(const struct tally *tally, uint64_t *counter, uint64_t value)
{
	if (tally->is_own)
		c_rooms_add(counter, value);
	else
		__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static void record(const void *pointer, size_t size, const struct unwind_start *start, uint64_t time)
{
	uint32_t context = find_context(start, c_size_class(size), time);
	struct tally tally = tally_of(context);
	struct c_pointer stale;

	switch (c_pointers_put(pointer, (struct c_pointer){.birth = time, .size = size, .context = context}, &stale)) {
	case C_PUT_IN:
		break;
	case C_PUT_FOR_STALE:
		c_sampler_gone(&stale);
		break;
	case C_PUT_NOWHERE:
		add(&tally, &tally.counts->untracked, 1);
		add(&tally, &tally.counts->untracked_bytes, size);
		break;
	}
	add(&tally, &tally.counts->allocs, 1);
	add(&tally, &tally.counts->bytes, size);
}

bool c_sampler_listen(const void *frame)
{
	if ((uint64_t)frame < (uint64_t)c_thread.listener)
		return false;
	c_thread.left = 0; /* so that nothing passes; it is drawn anew, which is the same to an exponential */
	c_thread.heard = NULL;
	c_thread.listener = frame;
	return true;
}

bool c_sampler_has_heard(const void *pointer)
{
	const struct c_thread *thread = &c_thread;

	c_thread.listener = NULL;
	return thread->heard && (uint64_t)pointer - (uint64_t)thread->heard <= thread->heard_size;
}

/* Whether the allocation of SIZE at POINTER is one that somebody only wants to hear of: the last one is what he gets.
 */
static bool is_heard(struct c_thread *thread, const void *pointer, size_t size)
{
	if ((uint64_t)__builtin_frame_address(0) >= (uint64_t)thread->listener) {
		thread->listener = NULL;
		return false;
	}
	thread->heard = pointer;
	thread->heard_size = size;
	return true;
}

void c_sampler_allocated(const void *pointer, size_t size, uint64_t caller)
{
	struct c_thread *thread = &c_thread;
	int saved = errno;
	uint64_t time;

	if (thread->listener && is_heard(thread, pointer, size))
		return;
	if (!is_on()) {
		if (__atomic_load_n(&phase, __ATOMIC_RELAXED) != PHASE_WAITING)
			thread->left = FOREVER;
		return;
	}
	if (thread->busy) {
		__atomic_fetch_add(&shared->nested, 1, __ATOMIC_RELAXED);
		return;
	}
	if (!begins(thread, c_sampler_bytes(size)))
		return;
	time = now();
	if (c_collector_is_gone(shared)) {
		thread->left = FOREVER;
	} else {
		if (pointer) {
			const uint64_t *frame = __builtin_frame_address(0);
			struct unwind_start start = start_at((const uint64_t *)frame[0], frame, caller);

			record(pointer, size, &start, time);
		}
		draw(thread);
	}
	errno = saved;
}

bool c_sampler_take(const void *pointer, struct c_pointer *taken)
{
	return is_on() && c_pointers_take(pointer, taken);
}

/* The class of a LIFE, in ticks: added up rather than searched for, since which it is nobody can foresee. */
static uint32_t life_class(uint64_t life)
{
	uint32_t class = 0, i;

#pragma GCC unroll 8
	for (i = 0; i < C_LIVES - 1; i++)
		class += life >= shared->plan.lives[i];
	return class;
}

void c_sampler_gone(const struct c_pointer *taken)
{
	struct tally tally = tally_of(taken->context);

	add(&tally, &tally.counts->lives[life_class(now() - taken->birth)], 1);
	add(&tally, &tally.counts->freed_bytes, taken->size);
}

void c_sampler_stays(const void *pointer, const struct c_pointer *taken)
{
	struct tally tally = tally_of(taken->context);
	struct c_pointer stale;

	if (c_pointers_put(pointer, *taken, &stale) != C_PUT_NOWHERE)
		return;
	add(&tally, &tally.counts->untracked, 1);
	add(&tally, &tally.counts->untracked_bytes, taken->size);
}

void c_sampler_freed(const void *pointer)
{
	struct c_pointer taken;

	if (c_sampler_take(pointer, &taken))
		c_sampler_gone(&taken);
}
