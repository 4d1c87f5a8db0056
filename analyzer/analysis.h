/*
 * The result of an analysis: plain structs that report/ turns into formats. Names as in docs/REPORT_JSON.md.
 * Shares are fractions of 1, sizes bytes, times seconds. All memory belongs to the struct analysis.
 */
#ifndef ANALYZER_ANALYSIS_H
#define ANALYZER_ANALYSIS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum site_class {
	CLASS_ESCAPE,            /* the compiler says that it escapes */
	CLASS_HEAP_NOT_ESCAPING, /* the verdict says stack, the run says heap */
	CLASS_APPEND_GROWTH,     /* growslice without a verdict */
	CLASS_MAP_GROWTH,
	CLASS_STRING, /* string building and conversion without a verdict */
	CLASS_REFLECTION,
	CLASS_GOROUTINE,
	CLASS_CHANNEL,
	CLASS_RUNTIME, /* the runtime's own */
	CLASS_C,
	CLASS_AMBIGUOUS, /* several verdicts stay possible */
	CLASS_UNMATCHED,
	CLASS_COUNT,
};

enum site_category {
	CATEGORY_NONE,
	CATEGORY_POINTER_RETURNED,
	CATEGORY_INTERFACE_CONVERSION,
	CATEGORY_TOO_LARGE,
	CATEGORY_NON_CONSTANT_SIZE,
	CATEGORY_CLOSURE_CAPTURE,
	CATEGORY_LEAKING_PARAMETER,
	CATEGORY_STORED_ON_HEAP,
	CATEGORY_GO_OR_DEFER,
	CATEGORY_GROWTH,
	CATEGORY_COUNT,
};

/* "escape", "heap-not-escaping", …; "pointer-returned", …: the JSON contract's words. Static strings. */
const char *site_class_name(enum site_class class_);
const char *site_category_name(enum site_category category);

/*
 * Append the import path of FUNCTION's package: "gopkg.in/log.v2" of "gopkg.in/log%2ev2.(*Logger[a/b.T]).Print", since
 * in names of symbols the dots of a path's last element are written as %2e.
 */
void analysis_append_package(struct buf *out, const char *function);

/* Whether FUNCTION is of the package with the import path MODULE, or of one below it. */
bool analysis_is_in_module(const char *function, const char *module);

struct interval {
	double low, high; /* 95 % */
};

struct analysis_frame {
	const char *function, *file;
	uint32_t line;
};

struct site_verdict {
	const char *message; /* NULL: no verdict */
	const char *file;
	uint32_t line, column;
	const char **reason; /* the flow, one short sentence a step; the last step tells where it escapes */
	size_t nreason;
};

/* A profiler label of a goroutine (runtime/pprof.Labels), and all those that one has. */
struct label {
	const char *key, *value;
};

struct label_set {
	const struct label *labels; /* by key */
	size_t count;               /* 0: none, or not known */
	bool unknown;
};

/* Bytes allocated under the analysis' label set number SET. */
struct label_part {
	uint32_t set;
	double bytes;
};

/* A whole stack of a site: all levels with inlines opened, innermost first, the allocator's frames left out. */
struct analysis_stack {
	const struct analysis_frame *frames;
	size_t nframes;
	double alloc_bytes, alloc_objects, live_bytes; /* estimated, of this stack alone */
	double gc_saved_share;                         /* the site's share, divided by bytes */
	struct analysis_frame creator;      /* the go statement that made the goroutine; function "" when not known */
	const struct label_part *by_labels; /* of alloc_bytes, by set, those that have any */
	size_t nlabels;
	double kept_bytes; /* of C's: not freed at the end */
};

/* What is saved without something: shares of the GC CPU as it was, and of cycles and assists. NAN where nothing is
 * known. */
struct saving {
	double share;              /* negative: without it the GC would take more */
	double share_equal_memory; /* at the heap's peak of the run; NAN at another setting */
	double share_reused;       /* if what is removed were used again (a pool): nothing allocated, as much alive */
	struct interval share_ci, share_equal_memory_ci; /* 95 % */
	double cycles;                                   /* of the GC's cycles, and of the time that its pauses take */
	double assists;                                  /* of the assists' CPU; NAN where there were none */
	struct interval cycles_ci, assists_ci;
	double goal_bytes; /* the heap's goal then; infinite where nothing starts a cycle */
	bool does_not_fit; /* the memory limit leaves the heap less than is alive: nothing above is known */
};

#define TINY_WITH_MAX 3

/* A site whose objects may be in the same blocks. */
struct tiny_company {
	uint32_t rank;
	double share; /* of the tiny objects that other sites make */
};

/* One allocation site: one inline chain at one call into the allocator, one type. Ranked by saving.share, less for
 * what of its interval lies on the other side of 0; then by bytes. */
struct site {
	uint32_t rank;               /* from 1 */
	const char *function, *file; /* of the chain's innermost level */
	uint32_t line;
	const struct analysis_frame *inline_chain; /* innermost first; at least 1 */
	size_t ninline;
	struct analysis_frame
	    shown;         /* first frame of the user's own module on the hottest stack (else the site's own) */
	bool shown_is_own; /* it is the user's */
	const char *entry; /* "runtime.newobject" */
	const char *type;  /* "" when unknown */
	enum site_class class_;
	enum site_category category;
	struct site_verdict verdict;
	struct site_verdict *candidates; /* when several stay possible */
	size_t ncandidates;
	bool refused;                   /* the verdicts are of another version of the function: none is shown */
	bool tiny;                      /* shares blocks of 16 bytes with others: its counts are not exact */
	struct tiny_company *tiny_with; /* those others, the likeliest first */
	size_t ntiny_with;
	uint64_t samples;
	double object_size; /* mean bytes of a slot */
	double alloc_bytes, alloc_objects;
	struct interval alloc_bytes_ci, alloc_objects_ci;
	/* For comparisons, all of allocated bytes: the variance that sampling gives alloc_bytes; the squares of the
	 * objects' sizes, over all that were allocated; the most that one sample may stand for. */
	double sampling_variance, squared_bytes, sample_bytes;
	double live_bytes, live_objects, scan_bytes; /* means over the cycles; scan_bytes: of objects over 512 bytes */
	double mark_objects; /* the live ones by what marking them takes: one of a list or tree counts as several */
	double kept_bytes, kept_objects; /* of C's sites: not freed at the end; else 0 */
	struct interval live_bytes_ci;
	struct interval live_by_life, live_black; /* parts of that doubt, as struct live_estimate has them */
	double spans;                             /* allocated */
	double scattered;                         /* of the bytes, the share that dies among objects that live on */
	const double *small_bytes;                /* allocated, by size: struct gc_model_small; NULL where not known */
	double barrier_share;                     /* of the CPU of write barriers, what goes with it */
	double scan_share;                        /* of its bytes, what the GC scans in objects over 512 bytes */
	double lifetime_cycles;   /* mean GC cycles survived; NAN when no death or censored life was told */
	uint64_t lifetimes;       /* samples whose lives were followed */
	struct saving saving;     /* without it; all of it 0 where the GC made no cycle */
	double alloc_cpu_seconds; /* cost of allocating itself */
	struct interval alloc_cpu_seconds_ci;
	double miss_cpu_seconds;       /* what the program waits for its objects' memory, an estimate; NAN unknown */
	double assist_cpu_seconds;     /* what its allocations had to help the GC; NAN without samples of CPU */
	const char *advice;            /* a sentence or two */
	struct analysis_stack *stacks; /* most bytes first */
	size_t nstacks;
	const char *difference; /* why the run is not what the verdict says; "" where they agree */
	const char *root;       /* what the flow ends at, the same for sites of one cause; "" when unknown */
	const char **root_path; /* the leaking parameters on the way there, a sentence each, the nearest first */
	size_t nroot_path;
	/* Its bytes in each slice of the timeline, and in each of the analysis' buckets; NULL where there are none. */
	const double *slices, *by_goroutines, *by_procs;
	const struct label_part *by_labels; /* by set, those that have any */
	size_t nlabels;
};

/* The run in COUNT slices of equal length, each of the program as a whole; 0: it has no length. NAN: not known. */
struct timeline {
	size_t count;
	double slice_seconds;
	const double *alloc_bytes;
	const double *gc_share;              /* of the CPU */
	const double *goroutines, *procs;    /* alive; Ps running: means */
	const uint64_t *gc_cycles;           /* that ended in it */
	const double *heap_live, *heap_goal; /* bytes: means; NULL: not known */
};

/* What bytes are divided by, in words. */
struct buckets {
	const char **names;
	size_t count;
};

struct class_share {
	enum site_class class_;
	double bytes_share, objects_share;
	double bytes, objects;
	uint64_t samples;
};

/* Of the GC's CPU, as sampled; shares of 1. All 0: not known. */
struct gc_parts {
	double rest, roots, heap, barriers, sweep;
};

struct gc_summary {
	bool known;           /* false for a heap profile: nothing below is */
	double cpu_seconds;   /* GC CPU */
	double cpu_share;     /* of the process's CPU */
	bool sampled;         /* by samples of CPU; else by the runtime's account (cpuStats: metered by wall clock) */
	bool sees_kernel;     /* the samples hold what was spent in the kernel too */
	uint64_t cpu_samples; /* of the program, the agent's own left out */
	bool has_few_samples; /* CPU was sampled, but there are too few samples to tell the GC's part */
	struct gc_parts parts;
	double process_cpu_seconds;
	double assist_seconds, pause_seconds;
	uint64_t cycles;
	double forced_cycles;          /* of these, those that the program asked for; NAN: not known */
	int gogc;                      /* negative: off */
	uint64_t memory_limit;         /* UINT64_MAX: none */
	double live_bytes, goal_bytes; /* means at the cycles' ends; NAN where no cycle was seen */
	uint64_t goroutines_max;       /* dead ones that are kept for reuse counted too */
	uint64_t goroutines_live_max;  /* 0: not known */
	uint64_t total_alloc;          /* by the runtime's own count, over the trace */
};

enum verdicts_state {
	VERDICTS_MISSING,  /* no verdicts for this binary were found */
	VERDICTS_MATCHED,  /* they carry this binary's build ID */
	VERDICTS_PROVEN,   /* made from source, and compared with this binary function by function */
	VERDICTS_UNPROVEN, /* given by the user, not proven to be this binary's */
};

/* One of which nothing is known. */
struct saving saving_unknown(void);

/* Which part of the program's stacks an analysis is about: its sites, classes and totals hold only that. */
struct selection {
	const char *focus, *ignore; /* the expressions, "" for none; both "": everything */
	const char *when;           /* "" for all the time */
	double bytes_share;         /* of all the program's allocated bytes; 1 for everything */
	double time_share;          /* of the time, that WHEN holds for; 1 for all */
	uint64_t all_samples;       /* those of stacks left out too */
	struct saving saving;       /* without any of it; NAN for everything */
	double alloc_cpu_seconds;   /* of all of it */
	struct interval alloc_cpu_seconds_ci;
	double miss_cpu_seconds;
};

#define C_LIFE_CLASSES 8

/*
 * A place in C or C++ that allocates by malloc and the like; of what Go code calls, one for each place in Go. Its
 * memory is not the GC's. By alloc_bytes.
 */
struct c_site {
	uint32_t rank;                             /* from 1 */
	const char *function, *file;               /* of the chain's innermost level */
	uint32_t line;                             /* 0: not known */
	const struct analysis_frame *inline_chain; /* innermost first, without the allocators' levels; at least 1 */
	size_t ninline;
	const char
	    *through; /* what it calls to get memory, as "strdup" or "std::vector<…>::push_back"; "": malloc itself */
	struct analysis_frame go_caller; /* function "" where no Go code called */
	uint64_t samples;
	double alloc_bytes, alloc_objects; /* as asked for */
	struct interval alloc_bytes_ci, alloc_objects_ci;
	double live_bytes, live_objects; /* means over the time */
	double kept_bytes,
	    kept_objects; /* not freed when the trace ended: leaks, and what a program leaves to its end */
	struct interval kept_bytes_ci;
	double lives[C_LIFE_CLASSES]; /* shares of its objects that were freed within 100 µs, 1 ms, …, 100 s, later */
	/* As of struct site. */
	double sampling_variance, squared_bytes, sample_bytes;
	struct analysis_stack *stacks; /* most bytes first */
	size_t nstacks;
};

/* C allocations. */
struct c_part {
	bool known;      /* some were sampled */
	bool of_moments; /* of those that --when asked for: what is alive or kept is NAN, and so is how long it lived */
	bool was_looked_for; /* where none is known, there were none */
	bool is_guessed;     /* stacks, or some of them, were walked by frame pointers alone */
	bool has_own_malloc; /* the program's own calls go to a malloc of its own, and are not seen */
	double rate;         /* mean bytes between two samples; 1: all */
	double alloc_bytes, alloc_objects, live_bytes, kept_bytes, kept_objects;
	double untracked_objects;        /* whose end could not be told */
	double peak_bytes, peak_seconds; /* the most alive at a reading, and when; NAN where not known */
	uint64_t samples;
	struct c_site *sites;
	size_t nsites; /* by rank */
};

struct gc_model_run;
struct saving_doubts;

struct analysis {
	const char **command;
	size_t ncommand;
	const char *go_version, *build_id, *binary;
	const char *main_module; /* "example.com/shop"; "" when unknown */
	const char
	    *calibrated; /* "2026-11-24": then were the model's constants measured on such a machine; "": never */
	double duration_seconds;
	int64_t start_nanoseconds; /* Unix time; 0: not known */
	bool complete;             /* the trace ended as it should */
	bool is_heap_profile;      /* an ordinary Go profile: no lifetimes, no cycles */
	const char *damage;        /* "" or why it was cut */
	enum verdicts_state verdicts;
	struct gc_summary gc;
	double alloc_bytes, alloc_objects, alloc_cpu_seconds;
	uint64_t samples, lost_samples;
	double rate_low, rate_high; /* smallest and largest mean in the samples */
	struct selection selection;
	struct timeline timeline;
	struct buckets goroutine_buckets, proc_buckets; /* how many there were at the time */
	const struct label_set *label_sets;             /* the first: no labels; the second: not known */
	size_t nlabel_sets;
	struct class_share classes[CLASS_COUNT]; /* shares of all that was allocated, C's included where it is known */
	struct c_part c;
	struct site *sites;
	size_t nsites; /* by rank */
	const char **notes;
	size_t nnotes;                         /* what is uncertain, in sentences */
	const struct saving_doubts *gc_doubts; /* of gc_run's sums; NULL: none */
	const struct gc_model_run *gc_run;     /* what analysis_saving asks; NULL where no cycle was seen */
	void *arena;
};

#define SMALL_SIZES 65 /* GC_MODEL_SMALL */
/* The seconds that ANALYSIS' totals are of: the run, or those of it that were asked for. */
double analysis_seconds(const struct analysis *analysis);

/* Whether it is known what the GC would save: a cycle of it was seen to end. Else all savings are 0, and mean nothing.
 */
bool analysis_knows_savings(const struct analysis *analysis);

/* Sites, or shares of them, that are thought away together; zeroed: none. Bytes and objects over the run, or alive. */
struct removal {
	double alloc_bytes, alloc_objects, live_bytes, mark_objects;
	double barrier_share;
	/* as struct gc_model_small has them */
	double small_allocated[SMALL_SIZES], small_live[SMALL_SIZES], small_scattered[SMALL_SIZES];
	double spans;
	double scan_bytes, scannable_bytes; /* live, and allocated, in objects over 512 bytes */
	double alloc_cpu_seconds, miss_cpu_seconds;
	/* Squares of what the bytes and seconds may be off by. */
	double alloc_below, alloc_above, live_below, live_above, cpu_below, cpu_above;
	double more_black, less_black; /* what live_bytes would differ by (struct site, live_black) */
	double objects_off;            /* a square too: what mark_objects may be off by in as many bytes */
};

/* Add SHARE (0 to 1) of SITE. C's memory is not the GC's, and counts for nothing. */
void removal_add(struct removal *removal, const struct site *site, double share);

/* The 95 % interval of REMOVAL's alloc_cpu_seconds. */
struct interval removal_cpu_interval(const struct removal *removal);

/* Another setting of the GC; zeroed: as it was. */
struct gc_wish {
	bool set_gogc, set_memory_limit;
	int gogc;            /* negative: off */
	double memory_limit; /* bytes; 0: none */
};

/* What part of a memory limit the heap can have: stacks, globals and the runtime's own memory count too. */
#define LIMIT_FOR_HEAP 0.9

/*
 * What the GC would save without REMOVAL, at the setting WANTED (NULL: the run's). Savings of several sites do not add
 * up: this takes them together. docs/ESTIMATOR.md has the model.
 */
struct saving analysis_saving(const struct analysis *analysis, const struct removal *removal,
			      const struct gc_wish *wanted);

/*
 * Hand all that the model knows of the run, and its constants, to TAKE: COUNT numbers a name. With them and the fields
 * of struct site anyone can work out what analysis_saving does (the HTML report's page has its own such function).
 * Nothing is handed over where no cycle was seen.
 */
void analysis_model_each(const struct analysis *analysis,
			 void (*take)(void *user, const char *name, const double *values, size_t count), void *user);

/* Free all of it; a zeroed one is fine. */
void analysis_free(struct analysis *analysis);

#endif
