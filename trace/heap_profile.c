/*
 * Reads Go heap profiles. In comes a file that anybody may have written; out go samples with their stacks, checked:
 * every number that names a string, a function, a location or a mapping is looked up before it is used.
 *
 * What heap_profile_decode.c has decoded is copied into arrays; strings stay in the decoded message, which is kept.
 */
#include "trace/heap_profile.h"
#include "base/mapfile.h"
#include "base/memory.h"
#include "trace/heap_profile_decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What heap_profile.memory points to. */
struct keep {
	Pprof__Profile *message;
	struct heap_profile_frame *frames;
	uint32_t *stacks;
};

/* An id of the file and the place of its object in the message. */
struct id_place {
	uint64_t id;
	uint32_t place;
};

struct id_table {
	struct id_place *places; /* sorted by id */
	size_t count;
};

struct reading {
	struct heap_profile *profile;
	const Pprof__Profile *message;
	const char *name; /* for messages */
	struct error *error;
	struct id_table functions, locations, mappings;
	int alloc_objects, alloc_space, inuse_objects, inuse_space; /* places of the values, -1: none */
};

static const char *string_at(const struct reading *reading, int64_t number)
{
	const Pprof__Profile *message = reading->message;

	if (number < 0 || (uint64_t)number >= message->n_string_table || !message->string_table[number])
		return "";
	return message->string_table[number];
}

static int compare_ids(const void *a, const void *b)
{
	const struct id_place *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static void sort_ids(struct id_table *table)
{
	qsort(table->places, table->count, sizeof(*table->places), compare_ids);
}

/* The place of ID in *PLACE; false when there is none. */
static bool find_id(const struct id_table *table, uint64_t id, uint32_t *place)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->places[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->count || table->places[low].id != id)
		return false;
	*place = table->places[low].place;
	return true;
}

#define FILL_IDS(table, objects, n)                                                                                    \
	do {                                                                                                           \
		(table)->count = (n);                                                                                  \
		(table)->places = memory_alloc((n) + 1, sizeof(struct id_place));                                      \
		for (size_t at_ = 0; at_ < (n); at_++)                                                                 \
			(table)->places[at_] = (struct id_place){(objects)[at_]->id, (uint32_t)at_};                   \
		sort_ids(table);                                                                                       \
	} while (0)

static void index_ids(struct reading *reading)
{
	const Pprof__Profile *message = reading->message;

	FILL_IDS(&reading->functions, message->function, message->n_function);
	FILL_IDS(&reading->locations, message->location, message->n_location);
	FILL_IDS(&reading->mappings, message->mapping, message->n_mapping);
}

static void set_value_place(struct reading *reading, const char *type, int place)
{
	const struct {
		const char *type;
		int *place;
	} known[] = {
	    {"alloc_objects", &reading->alloc_objects}, {"alloc_space", &reading->alloc_space},
	    {"inuse_objects", &reading->inuse_objects}, {"inuse_space", &reading->inuse_space},
	    {"objects", &reading->inuse_objects},       {"space", &reading->inuse_space},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i].type) == 0 && *known[i].place < 0)
			*known[i].place = place;
}

/* What kind of profile a sample type tells of, in words. */
static const char *other_kind(const char *type)
{
	static const char *const kinds[][2] = {
	    {"cpu", "a CPU profile"},
	    {"samples", "a CPU profile"},
	    {"contentions", "a mutex or block profile"},
	    {"delay", "a mutex or block profile"},
	    {"goroutine", "a goroutine profile"},
	    {"threadcreate", "a profile of threads"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(type, kinds[i][0]) == 0)
			return kinds[i][1];
	return NULL;
}

/* Where the values are; an error that says what else it is a profile of. */
static enum status find_values(struct reading *reading)
{
	const Pprof__Profile *message = reading->message;
	const char *first = "";

	reading->alloc_objects = reading->alloc_space = reading->inuse_objects = reading->inuse_space = -1;
	for (size_t i = 0; i < message->n_sample_type && i < 64; i++) {
		const char *type = string_at(reading, message->sample_type[i]->type);

		set_value_place(reading, type, (int)i);
		if (i == 0)
			first = type;
	}
	if ((reading->alloc_objects >= 0 && reading->alloc_space >= 0) ||
	    (reading->inuse_objects >= 0 && reading->inuse_space >= 0))
		return STATUS_OK;
	if (other_kind(first))
		return error_set(reading->error, "%s: not a heap profile but %s: fetch /debug/pprof/heap or /allocs",
				 reading->name, other_kind(first));
	return error_set(reading->error, "%s: not a Go heap profile: its samples have no allocated or used space",
			 reading->name);
}

static void read_mappings(struct reading *reading)
{
	const Pprof__Profile *message = reading->message;
	struct heap_profile *profile = reading->profile;

	profile->nmappings = message->n_mapping;
	profile->mappings = memory_alloc(message->n_mapping + 1, sizeof(*profile->mappings));
	for (size_t i = 0; i < message->n_mapping; i++) {
		const Pprof__Mapping *mapping = message->mapping[i];

		profile->mappings[i] = (struct heap_profile_mapping){
		    .start = mapping->memory_start,
		    .limit = mapping->memory_limit,
		    .offset = mapping->file_offset,
		    .file = string_at(reading, mapping->filename),
		    .build_id = string_at(reading, mapping->build_id),
		};
	}
}

static uint32_t line_number(int64_t line)
{
	return line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
}

static enum status read_frame(struct reading *reading, struct heap_profile_frame *frame, const Pprof__Line *line)
{
	const Pprof__Function *function;
	uint32_t place;

	if (!find_id(&reading->functions, line->function_id, &place))
		return error_set(reading->error, "%s: damaged: there is no function %llu", reading->name,
				 (unsigned long long)line->function_id);
	function = reading->message->function[place];
	frame->function = string_at(reading, function->name);
	if (!*frame->function)
		frame->function = string_at(reading, function->system_name);
	frame->file = string_at(reading, function->filename);
	frame->line = line_number(line->line);
	frame->start_line = line_number(function->start_line);
	if (*frame->function)
		reading->profile->has_symbols = true;
	return STATUS_OK;
}

static enum status read_location(struct reading *reading, struct heap_profile_location *location,
				 const Pprof__Location *from, struct heap_profile_frame *frames)
{
	uint32_t place;

	location->address = from->address;
	if (from->mapping_id != 0) {
		if (!find_id(&reading->mappings, from->mapping_id, &place))
			return error_set(reading->error, "%s: damaged: there is no mapping %llu", reading->name,
					 (unsigned long long)from->mapping_id);
		location->mapping = &reading->profile->mappings[place];
	}
	location->frames = frames;
	location->nframes = from->n_line;
	for (size_t i = 0; i < from->n_line; i++)
		if (read_frame(reading, &frames[i], from->line[i]) != STATUS_OK)
			return STATUS_ERROR;
	return STATUS_OK;
}

static enum status read_locations(struct reading *reading)
{
	const Pprof__Profile *message = reading->message;
	struct heap_profile *profile = reading->profile;
	struct keep *keep = profile->memory;
	size_t nframes = 0, used = 0;

	for (size_t i = 0; i < message->n_location; i++)
		nframes += message->location[i]->n_line;
	keep->frames = memory_alloc(nframes + 1, sizeof(*keep->frames));
	profile->locations = memory_alloc(message->n_location + 1, sizeof(*profile->locations));
	profile->nlocations = message->n_location;
	for (size_t i = 0; i < message->n_location; i++) {
		if (read_location(reading, &profile->locations[i], message->location[i], &keep->frames[used]) !=
		    STATUS_OK)
			return STATUS_ERROR;
		used += message->location[i]->n_line;
	}
	return STATUS_OK;
}

/* Differences of two profiles have negative values; for us there is nothing below nothing. */
static double value_at(const Pprof__Sample *sample, int place)
{
	return place >= 0 && sample->value[place] > 0 ? (double)sample->value[place] : 0;
}

/* The label "bytes", or else the mean; 0 when there are no objects. */
static uint64_t object_size(const struct reading *reading, const Pprof__Sample *from,
			    const struct heap_profile_sample *sample)
{
	double mean;

	for (size_t i = 0; i < from->n_label; i++)
		if (from->label[i]->num > 0 && strcmp(string_at(reading, from->label[i]->key), "bytes") == 0)
			return (uint64_t)from->label[i]->num;
	if (sample->alloc_objects > 0)
		mean = sample->alloc_space / sample->alloc_objects;
	else
		mean = sample->inuse_objects > 0 ? sample->inuse_space / sample->inuse_objects : 0;
	return (uint64_t)llround(mean < 0x1p62 ? mean : 0x1p62);
}

static enum status read_sample(struct reading *reading, struct heap_profile_sample *sample, const Pprof__Sample *from,
			       uint32_t *stack)
{
	if (from->n_value != reading->message->n_sample_type)
		return error_set(reading->error, "%s: damaged: a sample has %zu values instead of %zu", reading->name,
				 from->n_value, reading->message->n_sample_type);
	for (size_t i = 0; i < from->n_location_id; i++)
		if (!find_id(&reading->locations, from->location_id[i], &stack[i]))
			return error_set(reading->error, "%s: damaged: there is no location %llu", reading->name,
					 (unsigned long long)from->location_id[i]);
	sample->stack = stack;
	sample->depth = from->n_location_id;
	sample->alloc_objects = value_at(from, reading->alloc_objects);
	sample->alloc_space = value_at(from, reading->alloc_space);
	sample->inuse_objects = value_at(from, reading->inuse_objects);
	sample->inuse_space = value_at(from, reading->inuse_space);
	sample->object_size = object_size(reading, from, sample);
	return STATUS_OK;
}

static enum status read_samples(struct reading *reading)
{
	const Pprof__Profile *message = reading->message;
	struct heap_profile *profile = reading->profile;
	struct keep *keep = profile->memory;
	size_t depth = 0, used = 0;

	for (size_t i = 0; i < message->n_sample; i++)
		depth += message->sample[i]->n_location_id;
	keep->stacks = memory_alloc(depth + 1, sizeof(*keep->stacks));
	profile->samples = memory_alloc(message->n_sample + 1, sizeof(*profile->samples));
	profile->nsamples = message->n_sample;
	for (size_t i = 0; i < message->n_sample; i++) {
		if (read_sample(reading, &profile->samples[i], message->sample[i], &keep->stacks[used]) != STATUS_OK)
			return STATUS_ERROR;
		used += message->sample[i]->n_location_id;
	}
	return STATUS_OK;
}

static enum status read_message(struct reading *reading)
{
	const Pprof__Profile *message = reading->message;
	struct heap_profile *profile = reading->profile;
	enum status status = find_values(reading);

	if (status != STATUS_OK)
		return status;
	index_ids(reading);
	profile->period = message->period > 0 ? (uint64_t)message->period : 0;
	profile->time_ns = message->time_nanos;
	profile->duration_ns = message->duration_nanos > 0 ? message->duration_nanos : 0;
	profile->has_alloc = reading->alloc_space >= 0 && reading->alloc_objects >= 0;
	read_mappings(reading);
	status = read_locations(reading);
	if (status == STATUS_OK)
		status = read_samples(reading);
	free(reading->functions.places);
	free(reading->locations.places);
	free(reading->mappings.places);
	return status;
}

enum status heap_profile_read_memory(struct heap_profile *profile, const void *data, size_t size, const char *name,
				     struct error *error)
{
	struct keep *keep;
	struct reading reading = {.profile = profile, .name = name, .error = error};

	*profile = (struct heap_profile){.memory = keep = memory_alloc(1, sizeof(*keep))};
	if (heap_profile_decode(&keep->message, data, size, name, error) != STATUS_OK)
		return STATUS_ERROR;
	reading.message = keep->message;
	return read_message(&reading);
}

enum status heap_profile_read(struct heap_profile *profile, const char *path, struct error *error)
{
	struct mapfile file;
	enum status status;

	*profile = (struct heap_profile){.nsamples = 0};
	status = mapfile_open(&file, path, error);
	if (status != STATUS_OK)
		return status;
	status = heap_profile_read_memory(profile, file.data, file.size, path, error);
	mapfile_close(&file);
	return status;
}

bool heap_profile_is_likely(const char *path)
{
	struct mapfile file;
	bool likely;

	if (mapfile_open(&file, path, NULL) != STATUS_OK)
		return false;
	/* gzip's magic; or the first sample type, a message of two small numbers. */
	likely = file.size >= 2 &&
		 ((file.data[0] == 0x1f && file.data[1] == 0x8b) || (file.data[0] == 0x0a && file.data[1] <= 22));
	mapfile_close(&file);
	return likely;
}

/* The link-time address of the file's OFFSET, 0 when no segment holds it. */
static uint64_t link_address(const struct heap_profile_segment *segments, size_t nsegments, uint64_t offset)
{
	for (size_t i = 0; i < nsegments; i++)
		if (offset >= segments[i].offset && offset - segments[i].offset < segments[i].size)
			return segments[i].vaddr + (offset - segments[i].offset);
	return 0;
}

size_t heap_profile_relocate(struct heap_profile *profile, const struct heap_profile_segment *segments,
			     size_t nsegments)
{
	const struct heap_profile_mapping *program = profile->nmappings > 0 ? &profile->mappings[0] : NULL;
	size_t lost = 0;

	if (!program || (program->start == 0 && program->offset == 0))
		return 0;
	for (size_t i = 0; i < profile->nlocations; i++) {
		struct heap_profile_location *location = &profile->locations[i];

		if (location->mapping != program || location->address == 0)
			continue;
		if (location->address < program->start || location->address >= program->limit)
			location->address = 0;
		else
			location->address =
			    link_address(segments, nsegments, location->address - program->start + program->offset);
		lost += location->address == 0;
	}
	return lost;
}

void heap_profile_free(struct heap_profile *profile)
{
	struct keep *keep = profile->memory;

	if (keep) {
		pprof__profile__free_unpacked(keep->message, NULL);
		free(keep->frames);
		free(keep->stacks);
		free(keep);
	}
	free(profile->locations);
	free(profile->samples);
	free(profile->mappings);
	*profile = (struct heap_profile){.nsamples = 0};
}
