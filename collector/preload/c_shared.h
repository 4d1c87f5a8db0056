/*
 * What libescprof.so in the target and the collector outside share about C allocations: a memfd that both have mapped.
 *
 *     +0                struct c_control
 *     +C_INDEX_OFFSET   uint32_t[C_INDEX]: by hash, a context's number and one, 0: free
 *     +C_CONTEXT_OFFSET struct c_context[C_CONTEXTS]
 *     +C_MODULE_OFFSET  struct c_module[C_MODULES]
 *     +C_SLOT_OFFSET    struct c_slot[C_SLOTS]
 *     +C_ARENA_OFFSET   stacks, each a struct c_stack and its frames
 *
 * There is no queue: what is sampled only adds to the counters of its context, and the collector takes differences
 * whenever it looks. So nothing waits, nothing is lost to a full ring, and what a killed target leaves behind is
 * complete. Where everything is recorded, a thread has counters of its own for the contexts that it meets, which nobody
 * else adds to (slots); to those of the context itself anybody adds, atomically. The sum is what counts. Everything is
 * append-only; a context and its stack are complete before the index names them. The file is sparse: only what is used
 * takes memory.
 *
 * Times are TSC ticks, sizes bytes as the program asked for them. docs/C_ALLOCATIONS.md tells why it is done this way.
 */
#ifndef COLLECTOR_PRELOAD_C_SHARED_H
#define COLLECTOR_PRELOAD_C_SHARED_H

#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define C_HASH_FACTOR  0x9fb21c651e98df25ull /* odd, and no pattern */
#define C_FRAMES       192                   /* of a stack, at most */
#define C_CONTEXTS     (1u << 17)
#define C_INDEX        (1u << 18)
#define C_INDEX_PROBES 32 /* places that are tried for a hash */
#define C_MODULES      2048
#define C_SLOTS        (1u << 17)
#define C_PATH         4096 /* as long as the kernel takes them */
#define C_ARENA        (256ull << 20)
#define C_SIZES        512 /* classes of sizes, eight to a doubling */
#define C_LIVES        8   /* classes of lifetimes */

/*
 * An address as it stands in stacks: of the program itself as it was linked, of module N at C_MODULE_BASE(N), of
 * memory that belongs to no file in C_ANON, and marks that are no addresses.
 */
#define C_PLACE_SHIFT     48
#define C_PLACE_MASK      ((1ull << C_PLACE_SHIFT) - 1)
#define C_MODULE_BASE(n)  ((0x4000ull + (n)) << C_PLACE_SHIFT)
#define C_ANON            (0x4fffull << C_PLACE_SHIFT)
#define C_MARK            (0x4ffeull << C_PLACE_SHIFT)
#define C_MARK_C_UNKNOWN  (C_MARK | 0x10) /* C frames between two runs of Go's, which are not known */
#define C_MARK_NO_STACK   (C_MARK | 0x20) /* the table of contexts is full */
#define C_MARK_LIBRARY    (C_MARK | 0x30) /* the loader's own allocation: its stack is not walked */
#define C_IS_PLACE(a)     ((a) >> 60 == 4)
#define C_PLACE_MODULE(a) ((uint32_t)((a) >> C_PLACE_SHIFT) & 0xfff)
#define C_PLACE_OFFSET(a) ((a)&C_PLACE_MASK)

#define C_STACK_TRUNCATED 1u /* deeper than C_FRAMES */
#define C_STACK_GUESSED   2u /* walked by frame pointers, without libunwind */
#define C_STACK_GO        4u /* Go frames are among them */

/*
 * Where C called Go back: from the stack pointer that runtime.cgocallback has noted in g0, FRAME bytes lead to its
 * return address, which is in runtime/cgo's crosscall2; from behind it DEPTH bytes to that one's, which is in C, and as
 * many as said to the registers of C that are saved. All 0: not known.
 */
struct c_callback {
	uint64_t crosscall_start, crosscall_end; /* absolute */
	uint32_t frame, depth;
	uint32_t rbx, rbp, r12, r13, r14, r15;
};

/* What the program's Go runtime is like, for the frames of the goroutine that called C; all 0: it has none. */
struct c_go {
	uint64_t text_start, text_end;         /* of Go's machine code, absolute */
	uint64_t call_start, call_end;         /* of runtime.asmcgocall */
	uint64_t callback_start, callback_end; /* of runtime.cgocallback */
	uint64_t tls_slot; /* where the offset of g from the thread pointer stands, absolute; 0: below */
	int64_t tls_offset;
	uint32_t g_m, m_curg, m_g0, g_sched_sp, g_sched_bp, callback_skip;
	struct c_callback callback;
};

/* Written by the collector before the library hears of it, then constant. */
struct c_plan {
	uint64_t rate;               /* mean bytes between two samples; 1: every allocation */
	uint64_t ask_ticks;          /* for so long no thread asks the loader again whether libraries were unloaded */
	uint64_t lives[C_LIVES - 1]; /* ticks: the upper ends of all classes of lifetimes but the last */
	uint64_t pointers;           /* sampled objects that can be followed at once, a power of two */
	uint64_t checks_walks;       /* not 0: walks that were done before are done again, and compared */
	struct c_go go;
};

/* Only added to. What is seldom needed comes last, in another cache line. */
struct c_counts {
	uint64_t allocs, bytes;
	uint64_t freed_bytes;
	uint64_t lives[C_LIVES];             /* of those freed, which together are all of them */
	uint64_t untracked, untracked_bytes; /* allocated, but their end will not be seen */
};

struct c_context {
	uint64_t hash;
	uint64_t stack; /* bytes from the arena's start; UINT64_MAX: none */
	uint32_t size;  /* class */
	uint32_t ready; /* stored with release when all above is there */
	struct c_counts counts;
} __attribute__((aligned(64)));

/* A thread's own counters of one context. */
struct c_slot {
	uint64_t context; /* its number and one; 0: not known yet */
	struct c_counts counts;
} __attribute__((aligned(64)));

struct c_stack {
	uint32_t depth, flags;
	uint64_t frames[]; /* places; return addresses, innermost first */
};

struct c_module {
	uint64_t start, end; /* absolute */
	uint64_t bias;
	uint32_t ready;
	uint32_t build_id_size;
	uint8_t build_id[32];
	uint64_t sum;      /* without a build ID: of its bytes, as c_sum.h says; 0: not known */
	char path[C_PATH]; /* "" : the program; cut when longer */
};

struct c_control {
	uint64_t magic; /* C_MAGIC; always the first */
	struct c_plan plan;
	/*
	 * A robust lock of the collector's, held as long as it lives. However that ends, the kernel writes
	 * FUTEX_OWNER_DIED into its first word, which is all that the library looks at: a collector that is only slow
	 * misses nothing.
	 */
	pthread_mutex_t lives __attribute__((aligned(64)));
	/* The library's. */
	uint32_t ncontexts __attribute__((aligned(64))); /* taken; may be more than there are */
	uint32_t nmodules;                               /* those that are complete */
	uint32_t nslots;                                 /* taken; may be more than there are */
	uint64_t arena_used;
	uint64_t nested;                   /* allocations while a stack was being walked: not the program's */
	uint64_t no_room;                  /* samples whose stack found no room */
	uint64_t walks_found, walks_wrong; /* of walks that were done before; counted where they are checked */
};

#define C_ROUND(n)       (((n) + 4095) & ~4095ull)
#define C_INDEX_OFFSET   C_ROUND(sizeof(struct c_control))
#define C_CONTEXT_OFFSET (C_INDEX_OFFSET + C_ROUND(C_INDEX * sizeof(uint32_t)))
#define C_MODULE_OFFSET  (C_CONTEXT_OFFSET + C_ROUND(C_CONTEXTS * sizeof(struct c_context)))
#define C_SLOT_OFFSET    (C_MODULE_OFFSET + C_ROUND(C_MODULES * sizeof(struct c_module)))
#define C_ARENA_OFFSET   (C_SLOT_OFFSET + C_ROUND(C_SLOTS * sizeof(struct c_slot)))
#define C_REGION_SIZE    (C_ARENA_OFFSET + C_ARENA)

/*
 * Other sizes make another one, so that library and collector of two versions do nothing with each other. To be changed
 * where something else comes to mean another thing.
 */
#define C_MAGIC ((0x33696c6c6f636365ull + C_REGION_SIZE) ^ sizeof(struct c_control) * C_HASH_FACTOR)

/* The parts of a region that begins at REGION. */
static inline uint32_t *c_index_of(const struct c_control *region)
{
	return (uint32_t *)((uint8_t *)(uintptr_t)region + C_INDEX_OFFSET);
}

static inline struct c_context *c_contexts_of(const struct c_control *region)
{
	return (struct c_context *)((uint8_t *)(uintptr_t)region + C_CONTEXT_OFFSET);
}

static inline struct c_module *c_modules_of(const struct c_control *region)
{
	return (struct c_module *)((uint8_t *)(uintptr_t)region + C_MODULE_OFFSET);
}

static inline struct c_slot *c_slots_of(const struct c_control *region)
{
	return (struct c_slot *)((uint8_t *)(uintptr_t)region + C_SLOT_OFFSET);
}

static inline uint8_t *c_arena_of(const struct c_control *region)
{
	return (uint8_t *)(uintptr_t)region + C_ARENA_OFFSET;
}

/* Whether the collector has gone, in any way. */
static inline bool c_collector_is_gone(const struct c_control *region)
{
	return __atomic_load_n((const uint32_t *)&region->lives, __ATOMIC_RELAXED) & FUTEX_OWNER_DIED;
}

/* The class of SIZE: exact below 16 bytes, then eight to a doubling. Below C_SIZES. */
static inline uint32_t c_size_class(uint64_t size)
{
	unsigned top;

	if (size < 8)
		return (uint32_t)size;
	top = 63u - (unsigned)__builtin_clzll(size);
	return ((top - 2) << 3) + (uint32_t)(size >> (top - 3) & 7);
}

#endif
