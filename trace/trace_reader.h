/*
 * Reading a trace, trusting nothing: definitions are collected in a struct trace, samples, deaths and GC figures are
 * handed to callbacks in the order they were written (definitions of contexts always come before their samples;
 * symbols come at the end).
 */
#ifndef TRACE_TRACE_READER_H
#define TRACE_TRACE_READER_H

#include "base/error.h"
#include "base/strtab.h"
#include "trace/trace_model.h"

struct trace {
	struct strtab *strings;
	struct trace_fact *facts;
	size_t nfacts;
	struct trace_context *contexts;
	size_t ncontexts;
	struct trace_cpu_stack *cpu_stacks;
	size_t ncpu_stacks;
	struct trace_symbol *symbols;
	size_t nsymbols; /* sorted by pc once trace_read returns */
	struct trace_type *types;
	size_t ntypes; /* sorted by address once trace_read returns */
	struct trace_order *orders;
	size_t norders; /* sorted by PC once trace_read returns */
	struct trace_function *functions;
	size_t nfunctions; /* sorted by entry once trace_read returns */
	struct trace_label_set *label_sets;
	size_t nlabel_sets;
	struct trace_module *modules;
	size_t nmodules;
	struct trace_c_context *c_contexts;
	size_t nc_contexts;
	struct trace_losses losses; /* the last ones seen */
	struct trace_ring *rings;   /* the last ones seen, by number; of merged runs, added up */
	size_t nrings;
	uint64_t ring_size; /* bytes of each; 0: not known, or not the same in all of the merged runs */
	uint64_t nsamples, ndeaths, ngcs, ncpu_samples;
	uint64_t nc_allocs; /* sampled */
	uint64_t run_ends;  /* merged runs but the last */
	uint64_t end_ns;    /* the latest time seen */
	bool complete;      /* the end record was there */
	uint64_t skipped;   /* records that named something undefined, and were left out */
	char damage[256];   /* "" or why reading stopped early: "cut at byte 1234", "checksum of the frame at …" */
	void *arena;        /* the reader's own memory */
};

/* Called while reading; any may be NULL. SAMPLE's context (or stack) and labels are always of TRACE. */
struct trace_callbacks {
	void (*sample)(void *user, const struct trace *trace, const struct trace_sample *sample);
	void (*death)(void *user, const struct trace *trace, const struct trace_death *death);
	void (*cpu_sample)(void *user, const struct trace *trace, const struct trace_cpu_sample *sample);
	void (*gc)(void *user, const struct trace *trace, const struct trace_gc *gc);
	/* One of several merged runs has ended, after CYCLE; not called for the last. */
	void (*run_end)(void *user, const struct trace *trace, uint32_t cycle);
	void (*c_counts)(void *user, const struct trace *trace, const struct trace_c_counts *counts);
	void *user;
};

/*
 * Read the file PATH. STATUS_ERROR only when nothing could be had: no such file, no trace, a newer format. A trace
 * that is cut or damaged gives STATUS_OK, what is before the damage, and `damage` set. Free with trace_free.
 */
enum status trace_read(struct trace *trace, const char *path, const struct trace_callbacks *callbacks,
		       struct error *error);

/* The same from SIZE bytes at DATA; NAME is for messages. */
enum status trace_read_memory(struct trace *trace, const void *data, size_t size, const char *name,
			      const struct trace_callbacks *callbacks, struct error *error);

/*
 * From now on have PROGRESS told, after each frame that is read, that DONE of TOTAL bytes are; NULL: nobody. For
 * whoever shows how far a large trace is: of the process, so not to be changed while another thread reads.
 */
void trace_read_tell(void (*progress)(size_t done, size_t total));

/* Whether the file PATH begins as a trace does. */
bool trace_is_trace(const char *path);

/* Free what the trace holds; a zeroed one is fine. */
void trace_free(struct trace *trace);

/* The value of the fact KEY (the last one written), borrowed, or NULL. *SIZE (may be NULL) its bytes. */
const char *trace_fact(const struct trace *trace, const char *key, size_t *size);

/* The symbols of PC, or NULL. The type at ADDRESS, or NULL. Only after trace_read has returned. */
const struct trace_symbol *trace_find_symbol(const struct trace *trace, uint64_t pc);
const struct trace_type *trace_find_type(const struct trace *trace, uint64_t address);

/* Which of several like calls the one that returns to PC is, or NULL. Only after trace_read has returned. */
const struct trace_order *trace_find_order(const struct trace *trace, uint64_t pc);

/* The function whose code holds PC, or NULL. Only after trace_read has returned. */
const struct trace_function *trace_find_function(const struct trace *trace, uint64_t pc);

#endif
