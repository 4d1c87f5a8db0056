/* A Go heap profile dressed as a trace with totals, which is what the analyzer takes. */
#ifndef CLI_HEAP_PROFILE_INPUT_H
#define CLI_HEAP_PROFILE_INPUT_H

#include "analyzer/accumulate.h"
#include "base/error.h"
#include "trace/heap_profile.h"
#include "trace/trace_reader.h"

struct heap_profile_input;

/*
 * Read the profile PATH of the program file BINARY. Errors: no heap profile, no Go program, or a profile whose
 * addresses are not in that program. Free with heap_profile_input_free.
 */
enum status heap_profile_input_read(struct heap_profile_input **input, const char *path, const char *binary,
				    struct error *error);

/* Free; NULL is ignored. */
void heap_profile_input_free(struct heap_profile_input *input);

/* Contexts and facts, without symbols; and one entry of totals for each context. Borrowed. */
const struct trace *heap_profile_input_trace(const struct heap_profile_input *input);
const struct context_totals *heap_profile_input_totals(const struct heap_profile_input *input);

#endif
