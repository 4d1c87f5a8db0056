/*
 * Folded stacks: a line a stack, outermost frame first, then its value. What flame graph tools of all kinds read. Of a
 * comparison there are two values, before and after, as those tools' own differences have them.
 */
#include "base/memory.h"
#include "base/strtab.h"
#include "report/clean_text.h"
#include "report/flame_tree.h"
#include "report/report.h"
#include "report/report_compare.h"
#include "report/report_write.h"
#include "report/stack_values.h"

#include <stdlib.h>

/* A frame's name; ';' and line ends part frames and stacks, so a name may not hold them. */
static void append_name(struct buf *out, const char *name)
{
	size_t start = out->size;

	clean_text_append(out, name && *name ? name : "?");
	for (size_t i = start; i < out->size; i++)
		if (out->data[i] == ';')
			out->data[i] = ':';
}

static void append_frames(struct buf *out, const struct analysis_stack *stack)
{
	for (size_t i = stack->nframes; i-- > 0;) {
		append_name(out, stack->frames[i].function);
		if (i > 0)
			buf_append_u8(out, ';');
	}
}

static void append_stack(struct buf *out, const struct analysis_stack *stack, int64_t value)
{
	append_frames(out, stack);
	buf_append_format(out, " %lld\n", (long long)value);
}

enum status report_folded(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			  struct error *error)
{
	enum report_value value = options ? options->value : report_options_default().value;
	enum status status = stack_values_check(analysis, value, error);
	struct buf out = {0};

	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t j = 0; j < stack_values_count(site); j++) {
			struct analysis_stack stack = stack_values_at(site, j);
			int64_t number = stack_values_get(analysis, &stack, value);

			if (number > 0 && stack.nframes > 0)
				append_stack(&out, &stack, number);
		}
	}
	status = report_write(stream, &out, error);
	buf_free(&out);
	return status;
}

/* Stacks with what they have on both sides. */
struct folded {
	struct strtab *stacks; /* number 0 is none */
	int64_t (*values)[2];
	size_t count, capacity;
};

static void fold(struct folded *folded, const struct analysis *analysis, enum report_value value, int side,
		 double scale)
{
	struct buf text = {0};

	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t j = 0; j < stack_values_count(site); j++) {
			struct analysis_stack stack = stack_values_at(site, j);
			int64_t number = stack_values_scale(stack_values_get(analysis, &stack, value), scale);
			uint32_t at;

			if (number <= 0 || stack.nframes == 0)
				continue;
			text.size = 0;
			append_frames(&text, &stack);
			at = strtab_add(folded->stacks, buf_string(&text));
			for (; folded->count <= at; folded->count++) {
				folded->values = memory_reserve(folded->values, folded->count, &folded->capacity,
								sizeof(*folded->values));
				folded->values[folded->count][0] = folded->values[folded->count][1] = 0;
			}
			folded->values[at][side] += number;
		}
	}
	buf_free(&text);
}

enum status report_folded_difference(FILE *stream, const struct comparison *comparison,
				     const struct report_options *options, struct error *error)
{
	struct folded folded = {0};
	struct buf out = {0};
	enum status status;

	if (stack_values_check(comparison->before, options->value, error) != STATUS_OK ||
	    stack_values_check(comparison->after, options->value, error) != STATUS_OK)
		return STATUS_ERROR;
	folded.stacks = strtab_new();
	fold(&folded, comparison->before, options->value, 0, flame_tree_scale(comparison));
	fold(&folded, comparison->after, options->value, 1, 1);
	for (uint32_t i = 1; i < folded.count; i++)
		buf_append_format(&out, "%s %lld %lld\n", strtab_get(folded.stacks, i), (long long)folded.values[i][0],
				  (long long)folded.values[i][1]);
	status = report_write(stream, &out, error);
	strtab_free(folded.stacks);
	free(folded.values);
	buf_free(&out);
	return status;
}
