/*
 * Reading the counters of C allocations. In: the shared memory, a few times a second. Out: modules, contexts (each
 * once, however often the library had to name it anew) and what has been added since the last look.
 */
#include "collector/c_drain.h"

#include "base/clock.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "collector/preload/c_sum.h"
#include "collector/region.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <uthash.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8
#endif

#define READ_NS         250000000u /* between two looks at the counters, at most */
#define READ_SHARE      16         /* of the time so far: the first looks come closer together */
#define ASK_SHARE       50000      /* of a second: 20 µs, in which nothing is mapped, relocated and called */
#define ASK_SELDOM      200        /* the same where few are sampled: of these too few to matter come in between */
#define FINE_RATE       4096       /* below it more objects are followed at once, and unloading is seen at once */
#define POINTERS        (1ull << 20)
#define POINTERS_FINE   (1ull << 23)
#define UNKNOWN_CONTEXT UINT32_MAX
#define CHECK_VARIABLE  "ESCPROF_CHECK_WALKS" /* for tests of escprof itself: walks that were known are done again */

_Static_assert(C_LIVES == TRACE_C_LIVES && C_SIZES == TRACE_C_CLASSES && C_MODULES <= TRACE_MODULES_MAX,
	       "what the target counts is what the trace holds");
_Static_assert(C_MODULE_BASE(0) == TRACE_MODULE_BASE(0) && C_ANON == TRACE_PLACE_ANON && C_MARK == TRACE_PLACE_MARK,
	       "addresses stand in the trace as the target writes them");
_Static_assert(C_STACK_TRUNCATED == TRACE_C_TRUNCATED && C_STACK_GUESSED == TRACE_C_GUESSED && C_STACK_GO == TRACE_C_GO,
	       "and so do flags");

/* A context as the trace has it, found by its whole content. */
struct known_context {
	uint32_t number;
	UT_hash_handle hh;
	uint64_t content[]; /* flags and class, then the stack */
};

/* What was read of one of the target's contexts the last time. */
struct last_seen {
	uint32_t number; /* the trace's; UNKNOWN_CONTEXT: not defined yet */
	struct trace_c_counts counts;
};

struct c_drain {
	int fd;
	struct c_control *region;
	struct trace_writer *writer; /* NULL until it begins */
	uint64_t start_ns, read_ns, samples;
	struct known_context *known;
	struct last_seen *seen;
	struct c_counts *sums; /* what each context counts now, all threads together; as many as SEEN */
	size_t nseen;
	struct trace_module *modules;
	bool *replaced; /* by module, only once all is read */
	size_t nmodules, modules_capacity;
	uint64_t *addresses;
	size_t naddresses, addresses_capacity;
};

/* Contexts for what has no stack, one for each class of size: where there is no room for more, these count. */
static void reserve_contexts(struct c_control *region)
{
	struct c_context *contexts = c_contexts_of(region);
	uint32_t i;

	for (i = 0; i < C_SIZES; i++) {
		contexts[i].stack = UINT64_MAX;
		contexts[i].size = i;
		contexts[i].ready = 1;
	}
	region->ncontexts = C_SIZES;
}

static void lay_out(struct c_control *region, uint64_t rate, const struct c_go *go)
{
	uint64_t second = region_ticks_a_second(), life = second / 10000;
	size_t i;

	region->plan.rate = rate;
	region->plan.ask_ticks = second / (rate < FINE_RATE ? ASK_SHARE : ASK_SELDOM);
	region->plan.pointers = rate < FINE_RATE ? POINTERS_FINE : POINTERS;
	for (i = 0; i < C_LIVES - 1; i++, life *= 10)
		region->plan.lives[i] = life;
	if (go)
		region->plan.go = *go;
	region->plan.checks_walks = getenv(CHECK_VARIABLE) != NULL;
	reserve_contexts(region);
	region->magic = C_MAGIC;
}

/* From here on until the end of this thread, whatever ends it, REGION says that the collector lives. */
static int say_alive(struct c_control *region)
{
	pthread_mutexattr_t attributes;
	int failed;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	failed = pthread_mutex_init(&region->lives, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return failed ? failed : pthread_mutex_lock(&region->lives);
}

/*
 * The same as the kernel would at this thread's end. The lock is not given back: for that the C library follows
 * pointers in it, which the target may have overwritten. So the lock stays mapped, as it stays in this thread's list.
 */
static void say_gone(struct c_control *region)
{
	__atomic_store_n((uint32_t *)&region->lives, FUTEX_OWNER_DIED, __ATOMIC_RELEASE);
	munmap((uint8_t *)region + C_INDEX_OFFSET, C_REGION_SIZE - C_INDEX_OFFSET);
}

enum status c_drain_new(struct c_drain **out, uint64_t rate, const struct c_go *go, struct error *error)
{
	struct c_drain *drain = memory_alloc(1, sizeof(*drain));

	drain->fd = memfd_create("escprof-c", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (drain->fd < 0 && errno == EINVAL)
		drain->fd = memfd_create("escprof-c", MFD_CLOEXEC);
	drain->region = MAP_FAILED;
	if (drain->fd >= 0 && !ftruncate(drain->fd, C_REGION_SIZE))
		drain->region = mmap(NULL, C_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, drain->fd, 0);
	if (drain->region != MAP_FAILED && (errno = say_alive(drain->region))) {
		munmap(drain->region, C_REGION_SIZE);
		drain->region = MAP_FAILED;
	}
	if (drain->region == MAP_FAILED) {
		error_set_errno(error, "cannot make a shared memory for C allocations");
		c_drain_free(drain);
		return STATUS_ERROR;
	}
	lay_out(drain->region, rate, go);
	*out = drain;
	return STATUS_OK;
}

void c_drain_free(struct c_drain *drain)
{
	struct known_context *known, *next;
	size_t i;

	if (!drain)
		return;
	known = drain->known;
	HASH_CLEAR(hh, drain->known); /* the table alone: what was in it is still a list */
	for (; known; known = next) {
		next = known->hh.next;
		free(known);
	}
	for (i = 0; i < drain->nmodules; i++) {
		free((char *)(uintptr_t)drain->modules[i].path);
		free((char *)(uintptr_t)drain->modules[i].build_id);
	}
	free(drain->modules);
	free(drain->replaced);
	free(drain->addresses);
	free(drain->seen);
	free(drain->sums);
	if (drain->region != MAP_FAILED) {
		say_gone(drain->region);
	}
	if (drain->fd >= 0)
		close(drain->fd);
	free(drain);
}

int c_drain_fd(const struct c_drain *drain)
{
	return drain->fd;
}

static void write_fact(struct c_drain *drain, const char *key, const char *value)
{
	trace_writer_fact(drain->writer, key, value, strlen(value));
}

static void write_number(struct c_drain *drain, const char *key, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	write_fact(drain, key, text);
}

void c_drain_begin(struct c_drain *drain, struct trace_writer *writer, uint64_t start_ns, const char *unwinder,
		   int own_malloc)
{
	drain->writer = writer;
	drain->start_ns = start_ns ? start_ns : clock_ns(CLOCK_MONOTONIC);
	write_number(drain, "c_rate", drain->region->plan.rate);
	write_fact(drain, "c_unwinder", unwinder);
	if (own_malloc)
		write_fact(drain, "c_malloc", "own");
}

static void take_module(struct c_drain *drain, const struct c_module *from)
{
	char path[C_PATH + 1] = "", id[2 * sizeof(from->build_id) + 1] = "";
	uint32_t size = from->build_id_size, i;
	struct trace_module module;

	memcpy(path, from->path, C_PATH);
	for (i = 0; size <= sizeof(from->build_id) && i < size; i++)
		snprintf(id + 2 * i, 3, "%02x", from->build_id[i]);
	module = (struct trace_module){memory_copy_string(path), memory_copy_string(id)};
	drain->modules =
	    memory_reserve(drain->modules, drain->nmodules, &drain->modules_capacity, sizeof(*drain->modules));
	drain->modules[drain->nmodules++] = module;
	trace_writer_module(drain->writer, &module);
}

static void take_modules(struct c_drain *drain)
{
	uint32_t count = __atomic_load_n(&drain->region->nmodules, __ATOMIC_ACQUIRE);

	while (drain->nmodules < count && drain->nmodules < C_MODULES)
		take_module(drain, &c_modules_of(drain->region)[drain->nmodules]);
}

static void keep_address(struct c_drain *drain, uint64_t address)
{
	drain->addresses =
	    memory_reserve(drain->addresses, drain->naddresses, &drain->addresses_capacity, sizeof(address));
	drain->addresses[drain->naddresses++] = address;
}

/* A context's content: its flags and class, then the stack, of which *DEPTH is how many. */
static void read_content(const struct c_drain *drain, const struct c_context *context, uint64_t *content,
			 uint32_t *depth)
{
	const struct c_stack *stack;
	uint64_t at = context->stack;

	content[0] = context->size % C_SIZES;
	content[1] = C_MARK_NO_STACK;
	*depth = 1;
	if (at > C_ARENA - sizeof(*stack) || at & 7)
		return;
	stack = (const struct c_stack *)(c_arena_of(drain->region) + at);
	*depth = stack->depth;
	if (!*depth || *depth > C_FRAMES || *depth * sizeof(uint64_t) > C_ARENA - at - sizeof(*stack)) {
		*depth = 1;
		return;
	}
	content[0] |= (uint64_t)stack->flags << 32;
	memcpy(content + 1, stack->frames, *depth * sizeof(uint64_t));
}

/* The trace's number of CONTEXT, defined there when it is new. */
static uint32_t define(struct c_drain *drain, const struct c_context *context)
{
	uint64_t content[C_FRAMES + 1] = {0};
	struct known_context *known;
	struct trace_c_context out;
	uint32_t depth, i;

	take_modules(drain); /* those that the stack names are there already */
	read_content(drain, context, content, &depth);
	HASH_FIND(hh, drain->known, content, (depth + 1) * sizeof(*content), known);
	if (known)
		return known->number;
	known = memory_alloc(1, sizeof(*known) + (depth + 1) * sizeof(*content));
	memcpy(known->content, content, (depth + 1) * sizeof(*content));
	out = (struct trace_c_context){depth, content + 1, (uint32_t)content[0], (uint32_t)(content[0] >> 32)};
	known->number = trace_writer_c_context(drain->writer, &out);
	HASH_ADD_KEYPTR(hh, drain->known, known->content, (depth + 1) * sizeof(*content), known);
	for (i = 0; i < depth; i++)
		keep_address(drain, content[i + 1]);
	return known->number;
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void add_freed(struct c_counts *sum, const struct c_counts *counts)
{
	size_t i;

	sum->freed_bytes += load(&counts->freed_bytes);
	for (i = 0; i < C_LIVES; i++)
		sum->lives[i] += load(&counts->lives[i]);
}

static void add_allocated(struct c_counts *sum, const struct c_counts *counts)
{
	sum->untracked += load(&counts->untracked);
	sum->untracked_bytes += load(&counts->untracked_bytes);
	sum->allocs += load(&counts->allocs);
	sum->bytes += load(&counts->bytes);
}

/* ADD to the sums what is counted in the contexts themselves, and by threads. */
static void sum_by(struct c_drain *drain, void (*add)(struct c_counts *sum, const struct c_counts *counts))
{
	const struct c_context *contexts = c_contexts_of(drain->region);
	const struct c_slot *slots = c_slots_of(drain->region);
	uint32_t count = __atomic_load_n(&drain->region->nslots, __ATOMIC_ACQUIRE), i;

	for (i = 0; i < drain->nseen; i++)
		add(&drain->sums[i], &contexts[i].counts);
	for (i = 0; i < count && i < C_SLOTS; i++) {
		uint64_t context = __atomic_load_n(&slots[i].context, __ATOMIC_ACQUIRE) - 1;

		if (context < drain->nseen)
			add(&drain->sums[context], &slots[i].counts);
	}
}

/*
 * What all contexts count now. Frees are read before allocations, of all threads, so that there are never more of them:
 * what one thread has allocated another one may free.
 */
static void sum_up(struct c_drain *drain)
{
	memset(drain->sums, 0, drain->nseen * sizeof(*drain->sums));
	sum_by(drain, add_freed);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	sum_by(drain, add_allocated);
}

static void convert(const struct c_counts *sum, struct trace_c_counts *counts)
{
	size_t i;

	counts->allocs = sum->allocs;
	counts->bytes = sum->bytes;
	counts->freed_bytes = sum->freed_bytes;
	counts->untracked = sum->untracked;
	counts->untracked_bytes = sum->untracked_bytes;
	for (i = 0; i < C_LIVES; i++) {
		counts->lives[i] = sum->lives[i];
		counts->frees += sum->lives[i];
	}
}

/* NOW becomes the difference to *LAST, which becomes NOW; false when there is none. Counts never fall. */
static bool subtract(struct trace_c_counts *now, struct trace_c_counts *last)
{
	uint64_t *const words[] = {&now->allocs,      &now->bytes,     &now->frees,
				   &now->freed_bytes, &now->untracked, &now->untracked_bytes};
	uint64_t *const before[] = {&last->allocs,      &last->bytes,     &last->frees,
				    &last->freed_bytes, &last->untracked, &last->untracked_bytes};
	struct trace_c_counts all = *now;
	bool changed = false;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*words[i] = *words[i] > *before[i] ? *words[i] - *before[i] : 0;
		changed |= *words[i] != 0;
	}
	for (i = 0; i < C_LIVES; i++)
		now->lives[i] = now->lives[i] > last->lives[i] ? now->lives[i] - last->lives[i] : 0;
	*last = all;
	return changed;
}

static void take_context(struct c_drain *drain, uint32_t number, uint64_t time)
{
	const struct c_context *context = &c_contexts_of(drain->region)[number];
	struct last_seen *seen = &drain->seen[number];
	struct trace_c_counts counts = {0};

	if (!__atomic_load_n(&context->ready, __ATOMIC_ACQUIRE))
		return;
	convert(&drain->sums[number], &counts);
	if (!subtract(&counts, &seen->counts))
		return;
	if (seen->number == UNKNOWN_CONTEXT)
		seen->number = define(drain, context);
	counts.time_ns = time;
	counts.context = seen->number;
	drain->samples += counts.allocs;
	trace_writer_c_counts(drain->writer, &counts);
}

/* Make room for the COUNT contexts that there are now. */
static void make_room(struct c_drain *drain, uint32_t count)
{
	size_t i;

	if (count <= drain->nseen)
		return;
	drain->sums = memory_resize(drain->sums, count, sizeof(*drain->sums));
	drain->seen = memory_resize(drain->seen, count, sizeof(*drain->seen));
	memset(drain->seen + drain->nseen, 0, (count - drain->nseen) * sizeof(*drain->seen));
	for (i = drain->nseen; i < count; i++)
		drain->seen[i].number = UNKNOWN_CONTEXT;
	drain->nseen = count;
}

static void read_all(struct c_drain *drain, uint64_t time_ns)
{
	uint32_t count = __atomic_load_n(&drain->region->ncontexts, __ATOMIC_ACQUIRE), i;

	make_room(drain, count < C_CONTEXTS ? count : C_CONTEXTS);
	sum_up(drain);
	for (i = 0; i < drain->nseen; i++)
		take_context(drain, i, time_ns - drain->start_ns);
}

void c_drain_run(struct c_drain *drain)
{
	uint64_t time = clock_ns(CLOCK_MONOTONIC), wait = (time - drain->start_ns) / READ_SHARE;

	if (!drain->writer || time - drain->read_ns < (wait < READ_NS ? wait : READ_NS))
		return;
	drain->read_ns = time;
	read_all(drain, time);
}

/* The sum of the file's bytes that the target has taken of what is loaded; 0: of none. */
static uint64_t sum_of(struct elf_image *image)
{
	struct elf_segment segment;
	struct elf_section table;
	struct error error;
	const uint8_t *bytes;
	size_t index, size = 0;
	uint64_t sum = 0;

	for (index = 0; elf_image_segment_at(image, index, &segment) == STATUS_OK; index++)
		if (!segment.offset && (bytes = elf_image_at(image, segment.address, &size)))
			sum = c_sum_add(C_SUM_EMPTY, bytes, size < C_SUM_HEADERS ? size : C_SUM_HEADERS);
	if (sum && elf_image_section(image, ".eh_frame_hdr", &table, &error) == STATUS_OK && table.data)
		sum = c_sum_add(sum, table.data, table.size < C_SUM_TABLE ? table.size : C_SUM_TABLE);
	return sum;
}

/* Whether another file lies where MODULE's did, as far as can be told of one without a build ID. */
static bool is_replaced(const struct c_module *module, const char *path)
{
	struct elf_image *image;
	struct error error;
	uint64_t sum;

	if (module->build_id_size || !module->sum)
		return false;
	if (elf_image_open(&image, path, &error) != STATUS_OK)
		return true;
	sum = sum_of(image);
	elf_image_close(image);
	return sum != module->sum;
}

static void find_replaced(struct c_drain *drain)
{
	size_t i;

	drain->replaced = memory_alloc(drain->nmodules + 1, sizeof(*drain->replaced));
	for (i = 0; i < drain->nmodules; i++)
		drain->replaced[i] = is_replaced(&c_modules_of(drain->region)[i], drain->modules[i].path);
}

void c_drain_rest(struct c_drain *drain)
{
	read_all(drain, clock_ns(CLOCK_MONOTONIC));
	find_replaced(drain);
	write_number(drain, "c_no_room", drain->region->no_room);
	if (drain->region->plan.checks_walks) {
		write_number(drain, "c_walks_found", drain->region->walks_found);
		write_number(drain, "c_walks_wrong", drain->region->walks_wrong);
	}
}

uint64_t c_drain_samples(const struct c_drain *drain)
{
	return drain ? drain->samples : 0;
}

const uint64_t *c_drain_addresses(const struct c_drain *drain, size_t *count)
{
	*count = drain ? drain->naddresses : 0;
	return drain ? drain->addresses : NULL;
}

const struct trace_module *c_drain_modules(const struct c_drain *drain, size_t *count)
{
	*count = drain ? drain->nmodules : 0;
	return drain ? drain->modules : NULL;
}

const bool *c_drain_replaced(const struct c_drain *drain)
{
	return drain ? drain->replaced : NULL;
}
