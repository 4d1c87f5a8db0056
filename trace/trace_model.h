/*
 * What a trace holds, as plain structs: the writer is given these, the reader hands them back.
 * docs/TRACE_FORMAT.md tells how they lie in the file.
 */
#ifndef TRACE_TRACE_MODEL_H
#define TRACE_TRACE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where an allocation came from, stored once: the stack, the size and the type. Samples name it by number, from 0 up.
 */
struct trace_context {
	uint32_t stack_depth;
	const uint64_t *stack; /* return addresses, innermost first, link-time; the runtime's own frames included */
	uint64_t size;         /* bytes of the heap slot (span.elemsize), as the runtime's own profile counts */
	uint64_t type;         /* link-time address of the type descriptor, 0 when none or unknown */
	uint64_t creator_pc;   /* g.gopc: the go statement that made the goroutine, link-time; 0 for none */
	bool type_known;       /* false: the agent could not tell; the call site may (trace_call_site) */
	bool truncated;        /* the stack was deeper than the agent records */
};

/* What a sample's labels may be besides a set, and the first set. */
#define TRACE_LABELS_NONE    0u
#define TRACE_LABELS_UNKNOWN 1u
#define TRACE_LABELS_FIRST   2u

/* A profiler label (runtime/pprof.Labels). */
struct trace_label {
	const char *key, *value;
};

/* The labels of a goroutine, by key; stored once. */
struct trace_label_set {
	const struct trace_label *labels;
	uint32_t count;
};

/* A sampled allocation, or several alike that were only counted. */
struct trace_sample {
	uint64_t time_ns; /* CLOCK_MONOTONIC, from the trace's start; of several: when their count was read */
	uint64_t count;   /* allocations, at least 1; exactly 1 where there is an address */
	uint32_t context;
	uint32_t processor; /* P's id */
	uint64_t rate;      /* mean bytes of the sampling interval it ended; 1: every allocation was seen */
	uint64_t goroutine; /* goid; 0 when not known, as of those that were counted */
	uint64_t address;   /* of the object; 0 when its death will not be told */
	uint64_t live_rate; /* mean bytes of the thinned sampling by which the death is told; 0 when it is not */
	uint32_t cycle;     /* memstats.numgc at the time */
	uint32_t labels; /* of the goroutine: TRACE_LABELS_NONE, _UNKNOWN, or TRACE_LABELS_FIRST and the set's number */
};

/* Where a thread used its CPU, stored once; CPU samples name it by number, from 0 up. */
struct trace_cpu_stack {
	uint32_t depth;
	const uint64_t *stack; /* innermost first, link-time; the first is 1 more than where it was, as if a return */
};

/* A period of CPU (fact cpu_period_ns) that a thread used. */
struct trace_cpu_sample {
	uint64_t time_ns; /* as in trace_sample */
	uint32_t stack;
};

/* The sweep freed an object whose allocation was a sample with this address. */
struct trace_death {
	uint64_t time_ns;
	uint64_t address;
	uint32_t cycle; /* numgc at the time: it was found unmarked in that cycle */
};

/* The collector's figures at the end of a GC cycle, and whenever else they were looked at. Bytes and nanoseconds;
 * UINT64_MAX: unknown.
 */
struct trace_gc {
	uint64_t time_ns;
	uint32_t cycle;     /* memstats.numgc */
	int32_t gc_percent; /* GOGC; negative: off */
	uint64_t memory_limit;
	uint64_t heap_live, heap_marked, heap_goal, heap_minimum;
	uint64_t heap_scan, stack_scan, globals_scan; /* scanned in the last cycle */
	uint64_t total_alloc, total_free;             /* cumulative; what runtime/metrics calls /gc/heap/allocs:bytes */
	uint64_t pause_total_ns;
	uint64_t goroutines; /* len(allgs): also the dead ones kept for reuse */
	uint64_t cpu_gc_assist_ns, cpu_gc_dedicated_ns, cpu_gc_idle_ns, cpu_gc_pause_ns, cpu_gc_total_ns;
	uint64_t cpu_scavenge_ns, cpu_idle_ns, cpu_user_ns, cpu_total_ns; /* as of the cycle's end */
	uint64_t process_cpu_ns;                                          /* user + system CPU of the process */
	uint64_t mem_profile_rate; /* the program's own MemProfileRate at the time */
	uint64_t goroutines_live;  /* without dead ones and without the runtime's own, as runtime.NumGoroutine counts */
	uint64_t procs_running;    /* Ps that are not idle */
	uint64_t procs;            /* GOMAXPROCS */
	uint64_t forced_cycles;    /* cumulative: of the cycles, those that the program asked for (runtime.GC) */
};

/* What could not be recorded, cumulative. */
struct trace_losses {
	uint64_t samples;      /* allocations that found no room */
	uint64_t sample_bytes; /* what they stand for, but those that found every shard busy */
	uint64_t deaths;
	uint64_t contended; /* every shard was busy */
	uint64_t throttled; /* draws made with a raised mean since the ring filled up */
};

/* Of the above what one of the rings between the program and the collector has lost, cumulative. */
struct trace_ring {
	uint64_t samples, sample_bytes, deaths, throttled; /* as in trace_losses */
	uint64_t peak; /* bytes: the most that was found in it, which is not all that was ever there */
};

/* One level of an inline chain; numbers of trace strings. */
struct trace_frame {
	uint32_t function, file;
	uint32_t line, start_line;
};

/* The symbols of one PC of a stack: the chain at the call, innermost first. */
struct trace_symbol {
	uint64_t pc; /* as it stands in the stacks */
	const struct trace_frame *frames;
	uint32_t nframes;
	uint32_t entry;     /* string: the function its direct call goes to, "" when unknown */
	uint64_t call_type; /* type that the instructions before the call load, 0 when unknown */
};

/*
 * Which of several like calls (symbolizer/call_order.h) the one that returns to PC is: number NUMBER, from 0, of COUNT;
 * NUMBER is COUNT where their order tells nothing.
 */
struct trace_order {
	uint64_t pc;
	uint32_t number, count;
};

/*
 * A type's kind: abi.Kind, and for a struct that holds pointers to its own type one bit, as of a list, or for more than
 * one pointer both, as of a tree.
 */
#define TRACE_KIND_MASK         0x3f
#define TRACE_KIND_LINKS_ITSELF 0x80
#define TRACE_KIND_LINKS_MORE   0x40

/* The kind of a type with KIND and so many LINKS, 0, 1, or 2 for more; and the links of such a kind. */
static inline uint8_t trace_kind_with_links(uint8_t kind, unsigned links)
{
	return (uint8_t)(kind | (links > 0 ? TRACE_KIND_LINKS_ITSELF : 0) | (links > 1 ? TRACE_KIND_LINKS_MORE : 0));
}

static inline uint8_t trace_kind_links(uint8_t kind)
{
	return (uint8_t)(!!(kind & TRACE_KIND_LINKS_ITSELF) + !!(kind & TRACE_KIND_LINKS_MORE));
}

struct trace_type {
	uint64_t address;
	uint32_t name; /* string */
	uint8_t kind;  /* as above */
	uint64_t size, ptr_bytes;
};

/* A function of the program that stands in the stacks, to be told from the same one of another build. */
struct trace_function {
	uint64_t entry;       /* link-time address */
	uint64_t size;        /* bytes, up to the next function */
	uint64_t fingerprint; /* binary/go_fingerprint.h */
};

/*
 * C allocations. Their stacks hold addresses of the program itself as it was linked, and of other files by the number
 * of their module: TRACE_MODULE_BASE(n) and the file's own address. Memory of no file is TRACE_PLACE_ANON and the low
 * bits of the address; TRACE_PLACE_MARK stands for what is no address at all, of which symbols tell the name.
 */
#define TRACE_PLACE_SHIFT    48
#define TRACE_MODULE_BASE(n) ((0x4000ull + (n)) << TRACE_PLACE_SHIFT)
#define TRACE_PLACE_ANON     (0x4fffull << TRACE_PLACE_SHIFT)
#define TRACE_PLACE_MARK     (0x4ffeull << TRACE_PLACE_SHIFT)
#define TRACE_MODULES_MAX    4000 /* numbers are below it */

#define TRACE_C_LIVES   8
#define TRACE_C_CLASSES 512 /* of sizes: exact below 16 bytes, then eight to a doubling */

#define TRACE_C_TRUNCATED 1u /* deeper than was recorded */
#define TRACE_C_GUESSED   2u /* walked by frame pointers alone */
#define TRACE_C_GO        4u /* a goroutine's frames are among it */

/* A file whose code stands in stacks of C allocations. */
struct trace_module {
	const char *path;     /* "" for the program itself */
	const char *build_id; /* GNU's, in hex; "" when it has none */
};

/* Where C allocations came from, stored once: a stack and a class of sizes. */
struct trace_c_context {
	uint32_t stack_depth;
	const uint64_t *stack; /* return addresses, innermost first; the first is that of the call into the allocator */
	uint32_t size_class;
	uint32_t flags; /* TRACE_C_… */
};

/* What has been added to one context's counts since it was last told of; every sample is in these. */
struct trace_c_counts {
	uint64_t time_ns; /* when they were read */
	uint32_t context;
	uint64_t allocs, bytes;              /* as asked for, not rounded up */
	uint64_t frees, freed_bytes;         /* realloc frees the old and allocates the new */
	uint64_t untracked, untracked_bytes; /* of the allocations, those whose end cannot be told */
	uint64_t
	    lives[TRACE_C_LIVES]; /* of those freed, by how long they lived: up to 100 µs, 1 ms, …, 100 s, longer */
};

/*
 * Named facts about the run, as strings. Keys: command (arguments joined by NUL), binary, go_version, go_build_id,
 * gnu_build_id, main_module, main_path, build_info (the whole text), rate, pid, start_time (Unix ns), exit_status,
 * cpus, way ("preload", "inject", "attach"), escprof_version; cpu_period_ns (between two samples of CPU; missing: none
 * were taken), cpu_sampled ("all", "user": without the kernel's, or why there are none), cpu_lost; of an attached
 * program attached_after_ns (for how long it had run), attach_stop_ns and detach_stop_ns (for how long it was stopped
 * at most, tries that failed among them); where C allocations were sampled: c_rate (mean bytes between two), c_unwinder
 * ("libunwind" or "frame pointers"), c_malloc ("own": the program has a malloc that its calls go to directly),
 * c_no_room (samples whose stack found no room).
 */
struct trace_fact {
	const char *key, *value;
	size_t value_size; /* bytes without the NUL after them */
};

#endif
