/*
 * The reader of traces: frame after frame of a file that is there. What is damaged ends the reading; what came before
 * it stands. And looking things up in what was read.
 */
#include "trace/trace_reader.h"

#include "base/cursor.h"
#include "base/mapfile.h"
#include "trace/trace_definitions.h"
#include "trace/trace_format.h"
#include "trace/trace_frames.h"
#include "trace/trace_records.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*reader_progress)(size_t done, size_t total);

void trace_read_tell(void (*progress)(size_t done, size_t total))
{
	reader_progress = progress;
}

enum status trace_read_memory(struct trace *trace, const void *data, size_t size, const char *name,
			      const struct trace_callbacks *callbacks, struct error *error)
{
	struct cursor file = cursor_make(data, size);
	struct trace_records records = {.trace = trace, .callbacks = callbacks};
	const uint8_t *start = file.at;
	uint8_t *raw = NULL;

	*trace = (struct trace){0};
	if (trace_frames_header(&file, name, error) != STATUS_OK)
		return STATUS_ERROR;
	trace->strings = strtab_new();
	while (file.at < file.end && trace_frames_read(&records, &file, (size_t)(file.at - start), &raw))
		if (reader_progress)
			reader_progress((size_t)(file.at - start), size);
	free(raw);
	if (!trace->complete && !trace->damage[0])
		snprintf(trace->damage, sizeof(trace->damage), "cut: no end record; its writer was killed");
	if (trace->damage[0])
		trace->complete = false;
	trace_frames_sort(trace);
	return STATUS_OK;
}

enum status trace_read(struct trace *trace, const char *path, const struct trace_callbacks *callbacks,
		       struct error *error)
{
	struct mapfile file;
	enum status status = mapfile_open(&file, path, error);

	*trace = (struct trace){0};
	if (status != STATUS_OK)
		return status;
	status = trace_read_memory(trace, file.data, file.size, path, callbacks, error);
	mapfile_close(&file);
	return status;
}

bool trace_is_trace(const char *path)
{
	char magic[8];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_trace;

	if (fd < 0)
		return false;
	is_trace = read(fd, magic, sizeof(magic)) == sizeof(magic) && !memcmp(magic, TRACE_MAGIC, sizeof(magic));
	close(fd);
	return is_trace;
}

void trace_free(struct trace *trace)
{
	trace_definitions_free(trace);
	free(trace->facts);
	free(trace->contexts);
	free(trace->cpu_stacks);
	free(trace->modules);
	free(trace->c_contexts);
	free(trace->rings);
	free(trace->symbols);
	free(trace->types);
	free(trace->functions);
	free(trace->orders);
	free(trace->label_sets);
	strtab_free(trace->strings);
	*trace = (struct trace){0};
}

/* Symbols, types, orders and functions are sorted by the address with which their structs begin. */
static int reader_compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

const char *trace_fact(const struct trace *trace, const char *key, size_t *size)
{
	size_t i;

	for (i = trace->nfacts; i-- > 0;) {
		if (strcmp(trace->facts[i].key, key) != 0)
			continue;
		if (size)
			*size = trace->facts[i].value_size;
		return trace->facts[i].value;
	}
	return NULL;
}

const struct trace_symbol *trace_find_symbol(const struct trace *trace, uint64_t pc)
{
	struct trace_symbol key = {.pc = pc};

	return trace->nsymbols ? bsearch(&key, trace->symbols, trace->nsymbols, sizeof(key), reader_compare_addresses)
			       : NULL;
}

const struct trace_type *trace_find_type(const struct trace *trace, uint64_t address)
{
	struct trace_type key = {.address = address};

	return trace->ntypes ? bsearch(&key, trace->types, trace->ntypes, sizeof(key), reader_compare_addresses) : NULL;
}

const struct trace_order *trace_find_order(const struct trace *trace, uint64_t pc)
{
	struct trace_order key = {.pc = pc};

	return trace->norders ? bsearch(&key, trace->orders, trace->norders, sizeof(key), reader_compare_addresses)
			      : NULL;
}

/* Orders a PC, which stands in KEY's entry, against a function's range. */
static int reader_compare_range(const void *key, const void *member)
{
	const struct trace_function *wanted = key, *function = member;

	if (wanted->entry < function->entry)
		return -1;
	return wanted->entry - function->entry >= function->size;
}

const struct trace_function *trace_find_function(const struct trace *trace, uint64_t pc)
{
	struct trace_function key = {.entry = pc};

	return trace->nfunctions ? bsearch(&key, trace->functions, trace->nfunctions, sizeof(key), reader_compare_range)
				 : NULL;
}
