/*
 * Reading an ordinary Go heap profile (pprof's protobuf, plain or gzip-compressed), as /debug/pprof/heap, /allocs and
 * the tools that collect these write it. Nothing in the file is trusted.
 *
 * Strings and arrays belong to the struct heap_profile. Values are those of the file: already scaled up by whoever
 * wrote it, so `samples` of an escprof trace has no counterpart here.
 */
#ifndef TRACE_HEAP_PROFILE_H
#define TRACE_HEAP_PROFILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_profile_frame {
	const char *function; /* "" when the profile has no symbols */
	const char *file;
	uint32_t line; /* 0 when unknown */
	uint32_t start_line;
};

struct heap_profile_mapping {
	uint64_t start, limit; /* where it lay in the process */
	uint64_t offset;       /* in the file */
	const char *file;
	const char *build_id; /* Go's profiles leave it "" unless the program has a GNU build ID */
};

/* One place in the code. */
struct heap_profile_location {
	/*
	 * In the process until heap_profile_relocate. It lies within the call instruction: Go writes the return address
	 * minus one, so one more gives what a stack of a trace holds. 0 when the profile has no addresses.
	 */
	uint64_t address;
	const struct heap_profile_mapping *mapping; /* NULL: unknown */
	const struct heap_profile_frame *frames;    /* inline chain, innermost first; may be none */
	size_t nframes;
};

struct heap_profile_sample {
	const uint32_t *stack; /* numbers of locations, innermost first */
	size_t depth;
	double alloc_objects, alloc_space; /* since the program's start (or over the seconds, for a delta profile) */
	double inuse_objects, inuse_space; /* at the profile's time */
	uint64_t object_size; /* bytes of the heap slot (the label "bytes"), else the mean; 0: no objects */
};

struct heap_profile {
	struct heap_profile_location *locations;
	size_t nlocations;
	struct heap_profile_sample *samples;
	size_t nsamples;
	struct heap_profile_mapping *mappings;
	size_t nmappings;
	uint64_t period;     /* MemProfileRate, bytes; 0 when not said */
	int64_t time_ns;     /* Unix time, 0 when not said */
	int64_t duration_ns; /* 0 unless it is a delta profile */
	bool has_alloc;      /* false: no allocation figures, only what is in use */
	bool has_symbols;    /* at least one location has frames with a name */
	void *memory;        /* the reader's own */
};

/*
 * Read the file PATH. STATUS_ERROR when there is no such file, it is no profile, it is damaged or beyond the limits
 * (512 MB uncompressed), or when it is a profile of something else (the message says of what). PROFILE need not be
 * initialised and is to be freed with heap_profile_free, also after an error.
 */
enum status heap_profile_read(struct heap_profile *profile, const char *path, struct error *error);

/* The same from SIZE bytes at DATA, which need not live on; NAME is for messages. */
enum status heap_profile_read_memory(struct heap_profile *profile, const void *data, size_t size, const char *name,
				     struct error *error);

/* Whether the file PATH begins as a gzip file or as a profile's protobuf: worth a heap_profile_read. */
bool heap_profile_is_likely(const char *path);

/* A loadable segment of the program file, from its program headers. */
struct heap_profile_segment {
	uint64_t offset, vaddr, size; /* p_offset, p_vaddr, p_filesz */
};

/*
 * Turn the addresses of the locations from those in the process to those of the link, for a position-independent
 * program too: an address in a mapping stands for a place in the file (address - start + offset), and the segment that
 * holds it tells its vaddr. Only mapping 0, the program itself, is moved; a mapping that says nothing (no offset and
 * start known, as in profiles of other systems) leaves addresses alone. Returns how many addresses of that mapping lie
 * in no segment (they become 0): more than a few mean that the file is another program. Call it once.
 */
size_t heap_profile_relocate(struct heap_profile *profile, const struct heap_profile_segment *segments,
			     size_t nsegments);

/* Free all of it; a zeroed one is fine. */
void heap_profile_free(struct heap_profile *profile);

#endif
