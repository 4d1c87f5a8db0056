/*
 * The profile for `go tool pprof`: builds the protobuf message, packs it, compresses it. Strings, functions and
 * locations are kept once each; their numbers in a strtab are their ids, since id 0 and number 0 are both taken.
 */
#include "base/memory.h"
#include "base/strtab.h"
#include "report/clean_text.h"
#include "report/report.h"
#include "report/report_write.h"
#include "report/stack_values.h"

#include "profile.pb-c.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VALUES      7 /* the last two where C is known */
#define SITE_LABELS 3

/* A list of messages as protobuf-c wants it: an array of pointers. */
struct message_list {
	void **items;
	size_t count, capacity;
};

struct builder {
	size_t nvalues;
	struct strtab *strings, *functions, *locations; /* the last two by keys made of numbers */
	struct message_list function_list, location_list, sample_list;
};

static void *add_message(struct message_list *list, size_t size)
{
	list->items = memory_reserve(list->items, list->count, &list->capacity, sizeof(*list->items));
	return list->items[list->count++] = memory_alloc(1, size);
}

static int64_t add_string(struct builder *builder, const char *text)
{
	struct buf clean = {0};
	uint32_t number;

	clean_text_append_utf8(&clean, text);
	number = strtab_add(builder->strings, buf_string(&clean));
	buf_free(&clean);
	return number;
}

static uint64_t add_function(struct builder *builder, const struct analysis_frame *frame)
{
	int64_t key[2] = {add_string(builder, frame->function && *frame->function ? frame->function : "?"),
			  add_string(builder, frame->file)};
	uint32_t known = strtab_count(builder->functions);
	uint32_t id = strtab_add_bytes(builder->functions, (const char *)key, sizeof(key));
	Pprof__Function *function;

	if (id < known)
		return id;
	function = add_message(&builder->function_list, sizeof(*function));
	pprof__function__init(function);
	function->id = id;
	function->name = function->system_name = key[0];
	function->filename = key[1];
	return id;
}

static void fill_location(Pprof__Location *location, uint64_t id, const uint64_t *key, size_t count)
{
	pprof__location__init(location);
	location->id = id;
	location->mapping_id = 1;
	location->n_line = count;
	location->line = memory_alloc(count, sizeof(*location->line));
	for (size_t i = 0; i < count; i++) {
		Pprof__Line *line = memory_alloc(1, sizeof(*line));

		pprof__line__init(line);
		line->function_id = key[2 * i];
		line->line = (int64_t)key[2 * i + 1];
		location->line[i] = line;
	}
}

/* The location of COUNT frames that are one place: an inline chain, innermost first. */
static uint64_t add_location(struct builder *builder, const struct analysis_frame *frames, size_t count)
{
	uint64_t *key = memory_alloc(count, 2 * sizeof(*key));
	uint32_t known = strtab_count(builder->locations), id;

	for (size_t i = 0; i < count; i++) {
		key[2 * i] = add_function(builder, &frames[i]);
		key[2 * i + 1] = frames[i].line;
	}
	id = strtab_add_bytes(builder->locations, (const char *)key, count * 2 * sizeof(*key));
	if (id >= known)
		fill_location(add_message(&builder->location_list, sizeof(Pprof__Location)), id, key, count);
	free(key);
	return id;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* How many of the innermost frames are SITE's inline chain; at least 1. Further out, stacks don't tell calls from
 * inlines. */
static size_t count_inlined(const struct site *site, const struct analysis_stack *stack)
{
	if (site->ninline > stack->nframes)
		return 1;
	for (size_t i = 0; i < site->ninline; i++) {
		const struct analysis_frame *a = &site->inline_chain[i], *b = &stack->frames[i];

		if (a->line != b->line || !same_text(a->function, b->function))
			return 1;
	}
	return site->ninline > 0 ? site->ninline : 1;
}

static void add_locations(struct builder *builder, Pprof__Sample *sample, const struct site *site,
			  const struct analysis_stack *stack)
{
	size_t inlined = stack->nframes > 0 ? count_inlined(site, stack) : 0;

	sample->location_id = memory_alloc(stack->nframes + 1, sizeof(*sample->location_id));
	for (size_t i = 0; i < stack->nframes; i += i == 0 ? inlined : 1)
		sample->location_id[sample->n_location_id++] =
		    add_location(builder, &stack->frames[i], i == 0 ? inlined : 1);
}

static void add_label(struct builder *builder, Pprof__Sample *sample, const char *key, const char *value)
{
	Pprof__Label *label;

	if (!value || !*value)
		return;
	label = memory_alloc(1, sizeof(*label));
	pprof__label__init(label);
	label->key = add_string(builder, key);
	label->str = add_string(builder, value);
	sample->label[sample->n_label++] = label;
}

/* The site's words, and the goroutine's own labels; LABELS may be NULL. */
static void add_labels(struct builder *builder, Pprof__Sample *sample, const struct site *site,
		       const struct label_set *labels)
{
	size_t own = labels ? labels->count : 0;

	sample->label = memory_alloc(SITE_LABELS + own, sizeof(*sample->label));
	add_label(builder, sample, "class", site_class_name(site->class_));
	add_label(builder, sample, "category", site_category_name(site->category));
	add_label(builder, sample, "verdict", site->verdict.message);
	for (size_t i = 0; i < own; i++)
		add_label(builder, sample, labels->labels[i].key, labels->labels[i].value);
}

static void add_sample(struct builder *builder, const struct site *site, const struct analysis_stack *stack,
		       const int64_t *values, const struct label_set *labels)
{
	Pprof__Sample *sample = add_message(&builder->sample_list, sizeof(*sample));

	pprof__sample__init(sample);
	sample->n_value = builder->nvalues;
	sample->value = memory_alloc(VALUES, sizeof(*sample->value));
	memcpy(sample->value, values, builder->nvalues * sizeof(*values));
	add_locations(builder, sample, site, stack);
	add_labels(builder, sample, site, labels);
}

/* Part of VALUE, between two shares of it: such parts add up to it. */
static int64_t part_of(int64_t value, double from, double to)
{
	return llround((double)value * to) - llround((double)value * from);
}

/* STACK as one sample for each set of labels that its goroutines had; all values are divided as its bytes are. */
static void add_stack(struct builder *builder, const struct analysis *analysis, const struct site *site,
		      const struct analysis_stack *stack)
{
	const int64_t values[VALUES] = {
	    stack_values_get(analysis, stack, REPORT_VALUE_OBJECTS),
	    stack_values_get(analysis, stack, REPORT_VALUE_ALLOC),
	    stack_values_live_objects(site, stack),
	    stack_values_get(analysis, stack, REPORT_VALUE_LIVE),
	    stack_values_get(analysis, stack, REPORT_VALUE_GC),
	    stack_values_kept_objects(site, stack),
	    stack_values_get(analysis, stack, REPORT_VALUE_KEPT),
	};
	double total = 0, sum = 0;

	for (size_t i = 0; i < stack->nlabels; i++)
		total += stack->by_labels[i].bytes;
	if (!(total > 0)) {
		add_sample(builder, site, stack, values, NULL);
		return;
	}
	for (size_t i = 0; i < stack->nlabels; i++) {
		const struct label_part *part = &stack->by_labels[i];
		int64_t parts[VALUES];

		for (size_t k = 0; k < VALUES; k++)
			parts[k] = part_of(values[k], sum / total, (sum + part->bytes) / total);
		sum += part->bytes;
		add_sample(builder, site, stack, parts,
			   part->set < analysis->nlabel_sets ? &analysis->label_sets[part->set] : NULL);
	}
}

static Pprof__ValueType *make_value_type(struct builder *builder, const char *type, const char *unit)
{
	Pprof__ValueType *value_type = memory_alloc(1, sizeof(*value_type));

	pprof__value_type__init(value_type);
	value_type->type = add_string(builder, type);
	value_type->unit = add_string(builder, unit);
	return value_type;
}

static void set_sample_types(struct builder *builder, Pprof__Profile *profile)
{
	static const char *const types[VALUES][2] = {
	    {"alloc_objects", "count"}, {"alloc_space", "bytes"},  {"inuse_objects", "count"}, {"inuse_space", "bytes"},
	    {"gc_cpu", "nanoseconds"},  {"kept_objects", "count"}, {"kept_space", "bytes"},
	};

	profile->n_sample_type = builder->nvalues;
	profile->sample_type = memory_alloc(VALUES, sizeof(*profile->sample_type));
	for (size_t i = 0; i < builder->nvalues; i++)
		profile->sample_type[i] = make_value_type(builder, types[i][0], types[i][1]);
}

/* One mapping, the program; it says that symbols are here, so that nobody looks for them. */
static void set_mapping(struct builder *builder, Pprof__Profile *profile, const struct analysis *analysis)
{
	Pprof__Mapping *mapping = memory_alloc(1, sizeof(*mapping));

	pprof__mapping__init(mapping);
	mapping->id = 1;
	mapping->filename = add_string(builder, analysis->binary);
	mapping->build_id = add_string(builder, analysis->build_id);
	mapping->has_functions = mapping->has_filenames = mapping->has_line_numbers = mapping->has_inline_frames = 1;
	profile->n_mapping = 1;
	profile->mapping = memory_alloc(1, sizeof(*profile->mapping));
	profile->mapping[0] = mapping;
}

/* Stands above every text of `go tool pprof`: what the numbers are, where they are not those of a heap profile. */
static void set_comment(struct builder *builder, Pprof__Profile *profile, bool gc_is_known)
{
	static const char *const comments[] = {
	    [false] = "escprof " ESCPROF_VERSION,
	    [true] = "escprof " ESCPROF_VERSION ": gc_cpu is what the GC would save; inuse, means over its cycles"};

	profile->n_comment = 1;
	profile->comment = memory_alloc(1, sizeof(*profile->comment));
	profile->comment[0] = add_string(builder, comments[gc_is_known]);
}

static void set_lists(struct builder *builder, Pprof__Profile *profile)
{
	profile->sample = (Pprof__Sample **)builder->sample_list.items;
	profile->n_sample = builder->sample_list.count;
	profile->location = (Pprof__Location **)builder->location_list.items;
	profile->n_location = builder->location_list.count;
	profile->function = (Pprof__Function **)builder->function_list.items;
	profile->n_function = builder->function_list.count;
	profile->n_string_table = strtab_count(builder->strings);
	profile->string_table = memory_alloc(profile->n_string_table, sizeof(*profile->string_table));
	for (uint32_t i = 0; i < profile->n_string_table; i++)
		profile->string_table[i] = memory_copy_string(strtab_get(builder->strings, i));
}

/* The whole message, on the heap as protobuf-c frees it. */
static Pprof__Profile *build_profile(const struct analysis *analysis)
{
	struct builder builder = {.nvalues = analysis->c.known ? VALUES : VALUES - 2,
				  .strings = strtab_new(),
				  .functions = strtab_new(),
				  .locations = strtab_new()};
	Pprof__Profile *profile = memory_alloc(1, sizeof(*profile));

	pprof__profile__init(profile);
	set_sample_types(&builder, profile);
	set_mapping(&builder, profile, analysis);
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t j = 0; j < stack_values_count(site); j++) {
			struct analysis_stack stack = stack_values_at(site, j);

			add_stack(&builder, analysis, site, &stack);
		}
	}
	profile->period_type = make_value_type(&builder, "space", "bytes");
	profile->period = analysis->rate_high > 0 && analysis->rate_high < 0x1p52 ? (int64_t)analysis->rate_high : 0;
	if (analysis->duration_seconds > 0 && analysis->duration_seconds < 1e9)
		profile->duration_nanos = (int64_t)(analysis->duration_seconds * 1e9);
	profile->time_nanos = analysis->start_nanoseconds;
	set_comment(&builder, profile, analysis_knows_savings(analysis));
	profile->default_sample_type =
	    add_string(&builder, analysis_knows_savings(analysis) ? "gc_cpu" : "alloc_space");
	set_lists(&builder, profile);
	strtab_free(builder.strings);
	strtab_free(builder.functions);
	strtab_free(builder.locations);
	return profile;
}

/* Compress the SIZE bytes at DATA as a gzip file. */
static enum status compress_gzip(struct buf *out, uint8_t *data, size_t size, struct error *error)
{
	z_stream stream = {.next_in = data};
	size_t left = size;
	int result = Z_OK;

	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return error_set(error, "the profile could not be compressed");
	while (result != Z_STREAM_END) {
		if (stream.avail_in == 0) {
			stream.avail_in = left < 1u << 30 ? (uInt)left : 1u << 30;
			left -= stream.avail_in;
		}
		stream.next_out = buf_reserve(out, 1 << 16);
		stream.avail_out = 1 << 16;
		result = deflate(&stream, left > 0 ? Z_NO_FLUSH : Z_FINISH);
		if (result == Z_STREAM_ERROR)
			break;
		out->size += (1 << 16) - stream.avail_out;
	}
	deflateEnd(&stream);
	return result == Z_STREAM_END ? STATUS_OK : error_set(error, "the profile could not be compressed");
}

enum status report_pprof(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			 struct error *error)
{
	Pprof__Profile *profile = build_profile(analysis);
	size_t size = pprof__profile__get_packed_size(profile);
	uint8_t *packed = memory_alloc(size + 1, 1);
	struct buf out = {0};
	enum status status;

	(void)options;
	pprof__profile__pack(profile, packed);
	pprof__profile__free_unpacked(profile, NULL);
	status = compress_gzip(&out, packed, size, error);
	if (status == STATUS_OK)
		status = report_write(stream, &out, error);
	buf_free(&out);
	free(packed);
	return status;
}
