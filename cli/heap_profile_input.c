/* From a profile's locations and values to contexts and totals; addresses become link-time by the program's segments.
 */
#include "cli/heap_profile_input.h"

#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX      64
#define FOREIGN_SHARE_MAX 0.05 /* of a profile's addresses may lie outside its program (shared libraries) */

struct heap_profile_input {
	struct heap_profile profile;
	struct trace trace;
	struct context_totals *totals;
	struct go_buildinfo info;
	char *build_id;
	struct trace_fact facts[8];
};

static enum status heap_input_relocate(struct heap_profile_input *input, const struct elf_image *image,
				       const char *path, struct error *error)
{
	struct heap_profile_segment segments[SEGMENTS_MAX];
	struct elf_segment segment;
	size_t count = 0, foreign;

	while (count < SEGMENTS_MAX && elf_image_segment_at(image, count, &segment) == STATUS_OK) {
		segments[count] = (struct heap_profile_segment){segment.offset, segment.address, segment.file_size};
		count++;
	}
	foreign = heap_profile_relocate(&input->profile, segments, count);
	if ((double)foreign <= FOREIGN_SHARE_MAX * (double)input->profile.nlocations + 1)
		return STATUS_OK;
	return error_set(
	    error,
	    "not the profiled program: %s: %zu of the profile's %zu addresses are not in it: give the very file that ran",
	    path, foreign, input->profile.nlocations);
}

static void heap_input_fact(struct heap_profile_input *input, const char *key, const char *value)
{
	struct trace *trace = &input->trace;

	input->facts[trace->nfacts++] = (struct trace_fact){key, value, strlen(value)};
	trace->facts = input->facts;
}

static enum status heap_input_read_program(struct heap_profile_input *input, const char *path, struct error *error)
{
	struct elf_image *image;
	enum status status = elf_image_open(&image, path, error);

	if (status != STATUS_OK)
		return status;
	status = go_buildinfo_read(&input->info, image, error);
	if (status == STATUS_NO_ENTRY)
		status = error_set(error, "not a Go program: %s", path);
	if (status == STATUS_OK)
		status = heap_input_relocate(input, image, path, error);
	if (status == STATUS_OK) {
		input->build_id = memory_copy_string(elf_image_go_build_id(image));
		heap_input_fact(input, "binary", path);
		heap_input_fact(input, "go_version", input->info.go_version);
		heap_input_fact(input, "go_build_id", input->build_id);
		heap_input_fact(input, "main_module", input->info.main.path);
		heap_input_fact(input, "main_path", input->info.path);
		heap_input_fact(input, "build_info", input->info.text);
	}
	elf_image_close(image);
	return status;
}

/*
 * The totals of one sample of the profile. Its values are scaled up already; how many samples they were made of, and so
 * how sure they are, follows from the rate: a scaled count c of objects of s bytes came from about c·p samples.
 */
static void heap_input_totals(struct context_totals *totals, const struct heap_profile_sample *sample, uint64_t rate,
			      uint64_t size)
{
	double weight = weights_of(size, rate ? rate : 1);
	double objects = sample->alloc_objects > 0 ? sample->alloc_objects : sample->inuse_objects;
	uint64_t count = (uint64_t)llround(objects / weight);

	if (objects > 0)
		weights_add(&totals->objects, 1, weight, count ? count : 1);
	totals->rate_low = totals->rate_high = rate ? rate : 1;
	totals->live_objects = sample->inuse_objects;
}

static void heap_input_contexts(struct heap_profile_input *input)
{
	const struct heap_profile *profile = &input->profile;
	struct trace_context *contexts = memory_alloc(profile->nsamples, sizeof(*contexts));
	size_t i, j;

	input->totals = memory_alloc(profile->nsamples, sizeof(*input->totals));
	for (i = 0; i < profile->nsamples; i++) {
		const struct heap_profile_sample *sample = &profile->samples[i];
		uint64_t *stack = memory_alloc(sample->depth, sizeof(*stack));

		for (j = 0; j < sample->depth; j++) {
			uint64_t address = profile->locations[sample->stack[j]].address;

			stack[j] = address ? address + 1 : 0; /* the return address, as in a trace */
		}
		contexts[i].stack = stack;
		contexts[i].stack_depth = (uint32_t)sample->depth;
		contexts[i].size = sample->object_size;
		heap_input_totals(&input->totals[i], sample, profile->period, sample->object_size);
	}
	input->trace.contexts = contexts;
	input->trace.ncontexts = profile->nsamples;
	input->trace.nsamples = profile->nsamples;
	input->trace.complete = true;
	input->trace.strings = strtab_new();
}

enum status heap_profile_input_read(struct heap_profile_input **out, const char *path, const char *binary,
				    struct error *error)
{
	struct heap_profile_input *input = memory_alloc(1, sizeof(*input));

	if (heap_profile_read(&input->profile, path, error) != STATUS_OK ||
	    heap_input_read_program(input, binary, error) != STATUS_OK) {
		heap_profile_input_free(input);
		return STATUS_ERROR;
	}
	heap_input_contexts(input);
	*out = input;
	return STATUS_OK;
}

void heap_profile_input_free(struct heap_profile_input *input)
{
	size_t i;

	if (!input)
		return;
	for (i = 0; i < input->trace.ncontexts; i++)
		free((void *)input->trace.contexts[i].stack);
	free(input->trace.contexts);
	strtab_free(input->trace.strings);
	free(input->totals);
	free(input->build_id);
	go_buildinfo_free(&input->info);
	heap_profile_free(&input->profile);
	free(input);
}

const struct trace *heap_profile_input_trace(const struct heap_profile_input *input)
{
	return &input->trace;
}

const struct context_totals *heap_profile_input_totals(const struct heap_profile_input *input)
{
	return input->totals;
}
