/* Small traces in memory for the analyzer's tests: symbols and types from literal tables. */
#ifndef TESTS_UNIT_ANALYZER_FIXTURE_H
#define TESTS_UNIT_ANALYZER_FIXTURE_H

#include "trace/trace_reader.h"

#include <stdint.h>

#define FIXTURE_LEVELS  4
#define FIXTURE_SYMBOLS 32

struct fixture_frame {
	const char *function, *file;
	uint32_t line;
};

/* One PC; unused levels have no function. */
struct fixture_symbol {
	uint64_t pc;
	const char *entry;
	struct fixture_frame levels[FIXTURE_LEVELS]; /* innermost first */
	uint64_t call_type;
};

struct fixture {
	struct trace trace;
	struct trace_symbol symbols[FIXTURE_SYMBOLS];
	struct trace_frame frames[FIXTURE_SYMBOLS][FIXTURE_LEVELS];
};

/* Fill FIXTURE's trace with COUNT symbols, sorted by pc. Release with fixture_end. */
static inline void fixture_begin(struct fixture *fixture, const struct fixture_symbol *symbols, size_t count)
{
	struct strtab *strings = strtab_new();

	*fixture = (struct fixture){.trace = {.strings = strings, .nsymbols = count, .complete = true}};
	fixture->trace.symbols = fixture->symbols;
	for (size_t i = 0; i < count; i++) {
		struct trace_symbol *symbol = &fixture->symbols[i];

		symbol->pc = symbols[i].pc;
		symbol->entry = strtab_add(strings, symbols[i].entry);
		symbol->call_type = symbols[i].call_type;
		symbol->frames = fixture->frames[i];
		while (symbol->nframes < FIXTURE_LEVELS && symbols[i].levels[symbol->nframes].function) {
			const struct fixture_frame *level = &symbols[i].levels[symbol->nframes];

			fixture->frames[i][symbol->nframes++] = (struct trace_frame){
			    strtab_add(strings, level->function), strtab_add(strings, level->file), level->line, 0};
		}
	}
}

static inline void fixture_end(struct fixture *fixture)
{
	strtab_free(fixture->trace.strings);
}

#endif
