/*
 * Each distinct address once. Files are opened as they come up, addresses being sorted, so that one is open at a time:
 * a program may have hundreds.
 */
#include "cli/embed_c_symbols.h"

#include "base/memory.h"
#include "binary/elf_image.h"
#include "collector/preload/c_shared.h"
#include "symbolizer/symbolizer.h"
#include "trace/trace_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX    64
#define LONGEST_NAME 512

/* The library that the addresses at hand are of. */
struct open_module {
	uint32_t number;               /* UINT32_MAX: none */
	struct symbolizer *symbolizer; /* NULL: it cannot be had */
};

/* Marks that stand in stacks where there is no address (collector/preload/c_shared.h). */
static const struct {
	uint64_t mark;
	const char *name;
} marks[] = {
    {C_MARK_C_UNKNOWN, "[C frames: not known]"},
    {C_MARK_NO_STACK, "[stack: no room was left for it]"},
    {C_MARK_LIBRARY, "[callers of the loader: not walked]"},
};

static const char *name_of_mark(uint64_t address)
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].mark == address)
			return marks[i].name;
	return "[?]";
}

static void write_name(const struct session_end *end, uint64_t address, const char *name)
{
	struct trace_frame_text text = {.function = name, .file = ""};

	trace_writer_symbol(end->writer, address, &text, 1, "", 0);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Write the chain at RETURN_PC of the file PATH; where it has no name, the file's and the offset. */
static void write_frames(const struct session_end *end, struct symbolizer *symbolizer, const char *path,
			 uint64_t address, uint64_t return_pc)
{
	struct trace_frame_text texts[CHAIN_MAX];
	struct symbol_frame frames[CHAIN_MAX];
	size_t count = symbolizer ? symbolizer_frames(symbolizer, return_pc - 1, frames, CHAIN_MAX) : 0, i;
	char name[LONGEST_NAME];

	snprintf(name, sizeof(name), "%.400s+%#llx", base_name(path), (unsigned long long)return_pc - 1);
	if (!count || (count == 1 && !strcmp(frames[0].function, "?"))) {
		write_name(end, address, name);
		return;
	}
	for (i = 0; i < count; i++) {
		texts[i].function = frames[i].function;
		texts[i].file = frames[i].file;
		texts[i].line = frames[i].line > 0 ? (uint32_t)frames[i].line : 0;
		texts[i].start_line = frames[i].start_line > 0 ? (uint32_t)frames[i].start_line : 0;
	}
	trace_writer_symbol(end->writer, address, texts, (uint32_t)count, "", 0);
}

/* The file of MODULE, if it is still the one that was loaded. */
static struct symbolizer *open_file(const struct trace_module *module)
{
	struct symbolizer *symbolizer;

	if (symbolizer_open(&symbolizer, module->path, NULL) != STATUS_OK)
		return NULL;
	if (!strcmp(elf_image_build_id(symbolizer_image(symbolizer)), module->build_id))
		return symbolizer;
	symbolizer_close(symbolizer);
	return NULL;
}

static void name_in_module(const struct session_end *end, struct open_module *open, uint64_t address)
{
	uint32_t number = C_PLACE_MODULE(address);
	const struct trace_module *module;

	if (number >= end->nmodules) {
		write_name(end, address, "[?]");
		return;
	}
	module = &end->modules[number];
	if (!strncmp(module->path, "linux-vdso", 10)) {
		write_name(end, address, "[vdso]");
		return;
	}
	if (open->number != number) {
		symbolizer_close(open->symbolizer);
		open->symbolizer = end->replaced && end->replaced[number] ? NULL : open_file(module);
		open->number = number;
	}
	write_frames(end, open->symbolizer, module->path, address, C_PLACE_OFFSET(address));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void name_one(const struct session_end *end, struct symbolizer *program, struct open_module *open,
		     uint64_t address)
{
	if ((address & ~C_PLACE_MASK) == C_ANON)
		write_name(end, address, "[anon]");
	else if ((address & ~C_PLACE_MASK) == C_MARK)
		write_name(end, address, name_of_mark(address));
	else if (C_IS_PLACE(address))
		name_in_module(end, open, address);
	else if (!end->naddresses || !bsearch(&address, end->addresses, end->naddresses, sizeof(address), compare))
		write_frames(end, program, end->program, address, address);
}

void embed_c_symbols(const struct session_end *end, struct symbolizer *program)
{
	uint64_t *addresses = memory_alloc(end->nc_addresses + 1, sizeof(*addresses));
	struct open_module open = {.number = UINT32_MAX};
	size_t i;

	if (end->nc_addresses)
		memcpy(addresses, end->c_addresses, end->nc_addresses * sizeof(*addresses));
	qsort(addresses, end->nc_addresses, sizeof(*addresses), compare);
	for (i = 0; i < end->nc_addresses; i++)
		if (!i || addresses[i] != addresses[i - 1])
			name_one(end, program, &open, addresses[i]);
	symbolizer_close(open.symbolizer);
	free(addresses);
}
