/*
 * The file of speedscope (https://www.speedscope.app/file-format-schema.json): one sampled profile for each value, all
 * of them on the same frames. In comes an analysis, out goes compact JSON, written as it is made: no document is kept.
 */
#include "base/memory.h"
#include "base/strtab.h"
#include "report/clean_text.h"
#include "report/report.h"
#include "report/report_write.h"
#include "report/stack_values.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_SIZE ((size_t)1 << 16)

/* The profiles, in the order of enum report_value, and what speedscope calls their units. */
static const struct speedscope_value {
	const char *name, *unit;
} speedscope_values[] = {
    [REPORT_VALUE_GC] = {"GC CPU that would be saved", "nanoseconds"},
    [REPORT_VALUE_ALLOC] = {"allocated bytes", "bytes"},
    [REPORT_VALUE_OBJECTS] = {"allocated objects", "none"},
    [REPORT_VALUE_LIVE] = {"live bytes, mean over the GC cycles", "bytes"},
    [REPORT_VALUE_KEPT] = {"bytes of C not freed at the end", "bytes"},
};

#define VALUE_COUNT (sizeof(speedscope_values) / sizeof(speedscope_values[0]))

struct speedscope_writer {
	FILE *stream;
	const struct analysis *analysis;
	struct strtab *places; /* frames by function, file and line; number 0 is none of them */
	uint32_t *frames;      /* of all stacks one after another, outermost first: indexes into the shared list */
	size_t nframes, capacity;
	struct buf out;
	enum status status;
	struct error *error;
};

/* Hand on what was put together, when it is much; after a failure all else is dropped. */
static void speedscope_flush(struct speedscope_writer *writer, size_t at_least)
{
	if (writer->out.size < at_least)
		return;
	if (writer->status == STATUS_OK)
		writer->status = report_write(writer->stream, &writer->out, writer->error);
	writer->out.size = 0;
}

/* Names come from the trace: escaping is jansson's. */
static void speedscope_put_string(struct speedscope_writer *writer, const char *text)
{
	struct buf clean = {0};
	json_t *string;
	char *quoted;

	clean_text_append(&clean, text);
	string = json_string(buf_string(&clean));
	quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	buf_append_string(&writer->out, quoted ? quoted : "\"\"");
	free(quoted);
	json_decref(string);
	buf_free(&clean);
}

static void speedscope_put_frame(struct speedscope_writer *writer, const struct analysis_frame *frame, bool first)
{
	buf_append_string(&writer->out, first ? "{\"name\":" : ",\n{\"name\":");
	speedscope_put_string(writer, frame->function && *frame->function ? frame->function : "?");
	if (frame->file && *frame->file) {
		buf_append_string(&writer->out, ",\"file\":");
		speedscope_put_string(writer, frame->file);
	}
	if (frame->line)
		buf_append_format(&writer->out, ",\"line\":%u", frame->line);
	buf_append_u8(&writer->out, '}');
	speedscope_flush(writer, WRITE_SIZE);
}

/* Put FRAME into the shared list unless it is there, and its index after those of the stack. */
static void speedscope_add_frame(struct speedscope_writer *writer, const struct analysis_frame *frame)
{
	uint32_t known = strtab_count(writer->places), number;
	struct buf key = {0};

	buf_append_string(&key, frame->function ? frame->function : "");
	buf_append_u8(&key, 0);
	buf_append_string(&key, frame->file ? frame->file : "");
	buf_append_u8(&key, 0);
	buf_append_u32(&key, frame->line);
	number = strtab_add_bytes(writer->places, (const char *)key.data, key.size);
	buf_free(&key);
	if (number >= known)
		speedscope_put_frame(writer, frame, number == 1);
	writer->frames = memory_reserve(writer->frames, writer->nframes, &writer->capacity, sizeof(*writer->frames));
	writer->frames[writer->nframes++] = number - 1;
}

typedef void speedscope_visit(struct speedscope_writer *writer, const struct analysis_stack *stack, void *user);

/* Every stack, always in the same order. */
static void speedscope_each_stack(struct speedscope_writer *writer, speedscope_visit *visit, void *user)
{
	for (size_t i = 0; i < writer->analysis->nsites; i++) {
		const struct site *site = &writer->analysis->sites[i];

		for (size_t j = 0; j < stack_values_count(site); j++) {
			struct analysis_stack stack = stack_values_at(site, j);

			visit(writer, &stack, user);
		}
	}
}

static void speedscope_add_stack(struct speedscope_writer *writer, const struct analysis_stack *stack, void *user)
{
	(void)user;
	for (size_t i = stack->nframes; i-- > 0;)
		speedscope_add_frame(writer, &stack->frames[i]);
}

/* Where a walk through the stacks of one profile is. */
struct speedscope_walk {
	enum report_value value;
	size_t frame; /* the stack's first in the writer's frames */
	bool some;
	int64_t total;
};

/* The value of STACK, 0 where it has no width: as in folded stacks, what is below 1 is left out. */
static int64_t speedscope_weight(const struct speedscope_writer *writer, const struct analysis_stack *stack,
				 enum report_value value)
{
	int64_t weight = stack_values_get(writer->analysis, stack, value);

	return weight > 0 && stack->nframes > 0 ? weight : 0;
}

static void speedscope_put_sample(struct speedscope_writer *writer, const struct analysis_stack *stack, void *user)
{
	struct speedscope_walk *walk = user;
	size_t first = walk->frame;

	walk->frame += stack->nframes;
	if (!speedscope_weight(writer, stack, walk->value))
		return;
	buf_append_string(&writer->out, walk->some ? ",[" : "[");
	for (size_t i = 0; i < stack->nframes; i++)
		buf_append_format(&writer->out, i ? ",%u" : "%u", writer->frames[first + i]);
	buf_append_u8(&writer->out, ']');
	walk->some = true;
	speedscope_flush(writer, WRITE_SIZE);
}

static void speedscope_put_weight(struct speedscope_writer *writer, const struct analysis_stack *stack, void *user)
{
	struct speedscope_walk *walk = user;
	int64_t weight = speedscope_weight(writer, stack, walk->value);

	if (!weight)
		return;
	buf_append_format(&writer->out, walk->some ? ",%lld" : "%lld", (long long)weight);
	if (__builtin_add_overflow(walk->total, weight, &walk->total))
		walk->total = INT64_MAX;
	walk->some = true;
	speedscope_flush(writer, WRITE_SIZE);
}

static void speedscope_put_profile(struct speedscope_writer *writer, enum report_value value)
{
	struct speedscope_walk samples = {.value = value}, weights = {.value = value};

	buf_append_format(&writer->out, "{\"type\":\"sampled\",\"name\":\"%s\",\"unit\":\"%s\",\n\"samples\":[",
			  speedscope_values[value].name, speedscope_values[value].unit);
	speedscope_each_stack(writer, speedscope_put_sample, &samples);
	buf_append_string(&writer->out, "],\n\"weights\":[");
	speedscope_each_stack(writer, speedscope_put_weight, &weights);
	buf_append_format(&writer->out, "],\n\"startValue\":0,\"endValue\":%lld}", (long long)weights.total);
}

/* What speedscope shows as the title: the command, else the program. */
static void speedscope_put_title(struct speedscope_writer *writer)
{
	const struct analysis *analysis = writer->analysis;
	struct buf title = {0};

	for (size_t i = 0; i < analysis->ncommand; i++) {
		if (i)
			buf_append_u8(&title, ' ');
		buf_append_string(&title, analysis->command[i] ? analysis->command[i] : "");
	}
	if (!title.size)
		buf_append_string(&title, analysis->binary && *analysis->binary ? analysis->binary : "escprof");
	speedscope_put_string(writer, buf_string(&title));
	buf_free(&title);
}

static void speedscope_put_file(struct speedscope_writer *writer, enum report_value shown)
{
	enum report_value first = analysis_knows_savings(writer->analysis) ? REPORT_VALUE_GC : REPORT_VALUE_ALLOC;

	buf_append_string(&writer->out,
			  "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n\"name\":");
	speedscope_put_title(writer);
	buf_append_format(&writer->out,
			  ",\"exporter\":\"escprof %s\",\"activeProfileIndex\":%d,\n\"shared\":{\"frames\":[",
			  ESCPROF_VERSION, shown > first ? (int)shown - (int)first : 0);
	speedscope_each_stack(writer, speedscope_add_stack, NULL);
	buf_append_string(&writer->out, "]},\n\"profiles\":[");
	for (size_t value = first; value < VALUE_COUNT - !writer->analysis->c.known; value++) {
		if (value > first)
			buf_append_string(&writer->out, ",\n");
		speedscope_put_profile(writer, (enum report_value)value);
	}
	buf_append_string(&writer->out, "]}\n");
}

enum status report_speedscope(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			      struct error *error)
{
	struct speedscope_writer writer = {
	    .stream = stream, .analysis = analysis, .places = strtab_new(), .status = STATUS_OK, .error = error};

	speedscope_put_file(&writer, options ? options->value : report_options_default().value);
	speedscope_flush(&writer, 0);
	buf_free(&writer.out);
	strtab_free(writer.places);
	free(writer.frames);
	return writer.status;
}
