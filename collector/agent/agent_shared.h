/*
 * What the agent inside the target and the collector outside share: the region of memory that both see, the plan that
 * the collector puts there, and the records that the agent leaves.
 *
 * The region lies in the target within 2 GiB of the program's machine code:
 *
 *     +0                       the agent's code, read and execute, private
 *     +AGENT_CODE_SIZE         struct agent_control, shared with the collector (a memfd), and from its start
 *     +plan.tallies_offset     one struct agent_tally for each of the first `ntallies` Ps
 *     +plan.shards_offset      one struct agent_shard with its ring behind it for each of `nshards`
 *
 * A child that C code in the target forks has the same code and, shared, the same region. The last word of the code, in
 * a page that is wiped at a fork, tells it from its parent: there the agent does nothing.
 *
 * Code and control block stay in the target for good once they have been there: a thread may be anywhere in the code.
 * What lies behind the control block is unmapped when a collector lets go of a program that runs on.
 *
 * Times are TSC ticks, addresses absolute in the target, sizes bytes. Everything is freestanding: no libc.
 */
#ifndef COLLECTOR_AGENT_AGENT_SHARED_H
#define COLLECTOR_AGENT_AGENT_SHARED_H

#include "collector/agent/agent_numbers.h"

#include <stdint.h>

/* For what is on the shortest way through the agent, where a call would cost much of the whole. */
#define AGENT_INLINE static inline __attribute__((always_inline))

#define AGENT_MAGIC       0x35746e6567616365ull /* "ecagent5" */
#define AGENT_CODE_SIZE   0x5000
#define AGENT_HERE_PAGE   0x4000 /* of that: a page that the kernel wipes in a forked child (MADV_WIPEONFORK) */
#define AGENT_HERE_SIZE   (AGENT_CODE_SIZE - AGENT_HERE_PAGE)
#define AGENT_MAX_SHARDS  64
#define AGENT_PROCESSORS  1024 /* Ps with a state of their own; higher ids share */
#define AGENT_MAX_FIGURES 32
#define AGENT_SEEN_BITS   13                     /* of a hash, the upper ones */
#define AGENT_SEEN        (1 << AGENT_SEEN_BITS) /* stacks that a shard remembers to have sent */
#define AGENT_COUNTERS    8192                   /* contexts that one P counts, at most */
#define AGENT_SLOTS       (1 << AGENT_SLOT_BITS) /* of a table of counters, at most half full */
#define AGENT_SPENT_MAX   32768                  /* ticks that a sample takes at most */
#define AGENT_SPENT_USUAL 1024
#define AGENT_LOOK_EVERY  64        /* samples of a fine mean to each that looks at the clock */
#define AGENT_RATE_MAX    0x7000000 /* bytes: the coarsest mean, 112 MiB */
#define AGENT_NAME_MAX    48        /* bytes of a socket's name */
#define AGENT_COUNT_BELOW 4096 /* bytes: samples of a finer mean are counted where they need no record of their own */

/* The agent's code begins with this, as offsets from its own start. */
struct agent_entries {
	uint32_t malloc_entry, free_entry, draw_entry, fork_entry, exec_entry;
	uint32_t old_malloc_entry; /* instead of malloc_entry to Go 1.22, whose call has other registers */
};

/* Written by the collector before the program is patched, then constant. */
struct agent_plan {
	uint64_t malloc_target; /* runtime.mProf_Malloc */
	uint64_t free_target;   /* runtime.freeSpecial */
	uint64_t fork_target;   /* syscall.runtime_AfterForkInChild */
	uint64_t exec_target;   /* syscall.runtime_BeforeExec */
	uint32_t g_m;           /* to here agent.ld knows the places */
	uint32_t m_vdso;        /* m.vdsoSP, vdsoPC behind it; 0: unknown */

	/* What every sample needs, on two lines with the above. */
	uint32_t m_curg, m_p, p_id, p_mcache, next_sample, g_gopc;
	uint32_t next_sample_add; /* 1 to Go 1.23, where an object of exactly nextSample bytes is sampled; else 0 */
	uint32_t type_hops; /* frames from profilealloc's caller to mallocgc (0: none); UINT32_MAX: types unknown */
	uint32_t nshards, ntallies;
	uint64_t types_start, types_end;
	uint64_t mem_profile_rate; /* &runtime.MemProfileRate */
	uint64_t numgc;            /* &memstats.numgc, 0 when unknown */
	uint64_t tallies_offset;   /* bytes from the control block */

	uint64_t mcache0;       /* &runtime.mcache0, which serves before there is a P; 0 when unknown */
	uint64_t figures_ticks; /* the GC's figures are copied at least this often, as long as samples come */
	uint64_t figures[AGENT_MAX_FIGURES]; /* addresses of 8-byte words to copy when numgc has changed or it is time;
						0: unknown */
	uint32_t nfigures;
	uint32_t g_goid, m_g0;
	uint32_t g_labels; /* 0: labels are not wanted */
	uint32_t special_kind, special_kind_profile;
	uint32_t rate_one_is_all; /* to Go 1.23 MemProfileRate 1 brings every allocation, whatever nextSample says */
	uint32_t switched_on;     /* the program has no profile of its own: what the runtime keeps is ours alone */
	uint64_t shards_offset;   /* bytes from the control block */
	uint64_t shard_size;      /* bytes from one shard to the next: struct and ring */
	uint64_t ring_size;       /* bytes, a power of two */
	uint64_t ring_reserve;    /* of these, what allocations leave free for deaths and GC figures */
	int64_t
	    first_rate; /* to Go 1.23: MemProfileRate is 1 until the first P is there, then becomes this; 0: leave it */
	int64_t init_rate; /* to Go 1.19: what runtime.init puts there later, to become first_rate again; 0: leave it */
	uint32_t follower_size; /* bytes of it; 0: nobody follows the program into its children */
	char
	    follower[AGENT_NAME_MAX]; /* abstract socket of the collector that is told of them, without its first NUL */
};

/* Of one P, which only one thread holds at a time: on a cache line of its own, for it is written at every sample. */
struct agent_processor {
	uint64_t random __attribute__((aligned(64)));
	int64_t countdown; /* bytes to the next sample where the runtime does not count (rate_one_is_all) */
	uint32_t mean;     /* bytes: the mean its running interval was drawn with; 0: the runtime drew it */
	uint32_t quick;    /* the same where samples are usually only counted; else no rate */
	uint32_t inside;   /* how often the agent runs for this P now: not 0 while it may touch tallies and rings */
	uint32_t alone;    /* what was seen at the last look at the clock: the collector is gone */
	uint64_t spent;    /* ticks that samples have taken, by those for which it looked */
};

/* Who collects: for another collector that finds the agent here. Times and names are of the collector's own /proc. */
struct agent_collector {
	uint64_t token;      /* random: which session the control block is of */
	uint64_t start_time; /* field 22 of /proc/PID/stat, by which a process is told from a later one of its number */
	uint64_t namespace;  /* inode of its PID namespace */
	uint32_t pid;
	uint32_t rate_was_put; /* MemProfileRate was RATE_BEFORE and is RATE_PUT now: to be undone */
	int64_t rate_before, rate_put;
};

/*
 * What one P has counted: at a mean of 1 every allocation comes, and a record for each would cost more than the
 * allocation. The first sample of a context and mean goes through a ring, with its stack; later ones only add to a
 * counter. Whoever holds the P is the only writer and counts never fall, so that the collector takes differences at
 * any time, without a lock.
 */
struct agent_counter {
	uint64_t hash;  /* of the context, as in struct agent_alloc */
	uint64_t count; /* allocations, the first not among them */
	uint32_t rate;  /* mean in bytes; 0: a free slot */
	uint32_t unused[3];
};

/* One frame on a stack: the two words at its address. */
struct agent_link {
	uint64_t next, pc; /* the frame outside it, and the return address into that one's function */
};

/* What a frame and all outside it come to in the hash of a stack. */
struct agent_rest {
	uint64_t power; /* of the hash's factor, by which what is inside is multiplied */
	uint64_t hash;  /* of these frames alone */
};

/* A walk of a stack that one P has kept, outermost frame first, without the innermost ones. The agent's alone. */
struct agent_chain {
	uint32_t count;
	int32_t paid; /* frames that walks may have of their own, beyond AGENT_CHAIN_LEFT, until one is kept again */
	/* links[i] stands at the address links[i + 1].next; links[0].next is 0 */
	struct agent_link links[AGENT_MAX_FRAMES + 1] __attribute__((aligned(16)));
	struct agent_rest rests[AGENT_MAX_FRAMES];
	struct agent_link walked[AGENT_MAX_FRAMES]; /* the frames of a walk that is being kept, innermost first */
};

struct agent_tally {
	struct agent_chain chain;
	uint32_t used;                  /* entries of `order`; stored with release after the counter is complete */
	uint16_t order[AGENT_COUNTERS]; /* slots in the order in which they were taken */
	struct agent_counter slots[AGENT_SLOTS] __attribute__((aligned(64))); /* by hash and rate */
};

struct agent_control {
	uint64_t magic; /* AGENT_MAGIC once the plan is complete */
	struct agent_plan plan;

	/* Changed by the collector at any time. */
	uint64_t rate __attribute__((aligned(64))); /* mean bytes between samples, from 1 */
	uint64_t live_rate; /* of a profile that is ours alone: a mean that is coarser than MemProfileRate; 0: none */
	uint64_t heartbeat; /* TSC of the collector's last look */
	uint64_t heartbeat_ticks; /* without one for so long the agent goes quiet */
	uint32_t
	    enabled; /* 0: tallies and rings may be gone. Changed only while every thread of the target is stopped */

	struct agent_collector collector __attribute__((aligned(64)));

	/* The agent's own. */
	uint32_t last_numgc __attribute__((aligned(64)));
	uint32_t rate_restored;
	uint32_t inside;    /* as a processor's: of Ps without a state of their own, and of threads without a P */
	uint64_t contended; /* allocations that found every shard busy */
	uint64_t contended_deaths;
	uint64_t last_figures; /* time */
	struct agent_processor processors[AGENT_PROCESSORS];
};

struct agent_shard {
	uint64_t head __attribute__((aligned(64))); /* bytes ever written; stored with release by the agent */
	uint32_t lock;                              /* tried, never waited for */
	uint32_t unused;
	uint64_t lost_samples, lost_bytes, lost_deaths, throttled;
	uint64_t tail __attribute__((aligned(64))); /* bytes ever read; stored with release by the collector */
	uint64_t seen[AGENT_SEEN] __attribute__((aligned(64)));
	uint8_t ring[] __attribute__((aligned(4096)));
};

/* What one P writes at every sample, and what the collector writes meanwhile, share no cache line with another's. */
#define AGENT_LINE 64
_Static_assert(sizeof(struct agent_processor) % AGENT_LINE == 0, "each P's state has cache lines of its own");
_Static_assert(sizeof(struct agent_tally) % AGENT_LINE == 0, "each P's counters have cache lines of their own");
_Static_assert(__builtin_offsetof(struct agent_control, processors) % AGENT_LINE == 0, "the Ps' state begins a line");
_Static_assert(AGENT_LINE % sizeof(struct agent_counter) == 0, "a counter is on one line");
_Static_assert(__builtin_offsetof(struct agent_control, rate) / AGENT_LINE !=
		   __builtin_offsetof(struct agent_control, last_numgc) / AGENT_LINE,
	       "what the collector writes is not on a line that agents write");
_Static_assert(__builtin_offsetof(struct agent_control, last_figures) / AGENT_LINE !=
		   __builtin_offsetof(struct agent_control, processors) / AGENT_LINE,
	       "what all Ps may write is not on a line that one has");
_Static_assert(__builtin_offsetof(struct agent_shard, tail) / AGENT_LINE !=
		   __builtin_offsetof(struct agent_shard, throttled) / AGENT_LINE,
	       "the reader's position is not on the writer's line");
_Static_assert(__builtin_offsetof(struct agent_shard, seen) / AGENT_LINE !=
		   __builtin_offsetof(struct agent_shard, tail) / AGENT_LINE,
	       "nor on that of what the writer remembers");

enum agent_record_kind {
	AGENT_PAD = 1, /* nothing, up to the ring's end */
	AGENT_ALLOC,
	AGENT_DEATH,
	AGENT_GC,
};

#define AGENT_FLAG_STACK     1u /* a struct agent_stack and its frames follow: the first time this shard sends the hash */
#define AGENT_FLAG_TYPE      2u /* the type is known (0: no type) */
#define AGENT_FLAG_TRUNCATED 4u /* deeper than AGENT_MAX_FRAMES */

/* The head of every record. Records are multiples of 8 bytes and never wrap. */
struct agent_record {
	uint32_t size; /* bytes with this head */
	uint16_t kind, flags;
	uint64_t time;
};

struct agent_alloc {
	struct agent_record record;
	uint64_t hash; /* of stack, size, type and creator */
	uint64_t address;
	uint64_t goroutine;
	uint64_t labels;          /* the goroutine's, a pointer; 0: none */
	uint32_t rate, live_rate; /* means in bytes; live_rate 0: the runtime will not tell of its death */
	uint32_t cycle;
	uint16_t processor, depth; /* frames that follow, 0 without AGENT_FLAG_STACK */
};

struct agent_stack {
	uint64_t size, type, creator;
	uint64_t frames[]; /* return addresses, innermost first */
};

struct agent_death {
	struct agent_record record;
	uint64_t address;
	uint32_t cycle, unused;
};

struct agent_gc {
	struct agent_record record;
	uint32_t cycle, count;
	uint64_t words[]; /* of plan.figures */
};

#define AGENT_ALLOC_MAX (sizeof(struct agent_alloc) + sizeof(struct agent_stack) + 8 * AGENT_MAX_FRAMES)

#endif
