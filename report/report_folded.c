/*
 * Folded stacks: a line a stack, outermost frame first, then its value. What flame graph tools of all kinds read.
 */
#include "report/clean_text.h"
#include "report/report.h"
#include "report/report_write.h"
#include "report/stack_values.h"

/* A frame's name; ';' and line ends part frames and stacks, so a name may not hold them. */
static void append_name(struct buf *out, const char *name)
{
	size_t start = out->size;

	clean_text_append(out, name && *name ? name : "?");
	for (size_t i = start; i < out->size; i++)
		if (out->data[i] == ';')
			out->data[i] = ':';
}

static void append_stack(struct buf *out, const struct analysis_stack *stack, int64_t value)
{
	for (size_t i = stack->nframes; i-- > 0;) {
		append_name(out, stack->frames[i].function);
		buf_append_u8(out, i > 0 ? ';' : ' ');
	}
	buf_append_format(out, "%lld\n", (long long)value);
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
