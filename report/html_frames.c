/* In: frames. Out: their numbers, and at the end what each of these is. */
#include "report/html_frames.h"

#include "base/strtab.h"

#include <string.h>

uint64_t html_frames_number(struct strtab *frames, struct strtab *strings, const struct analysis_frame *frame)
{
	uint32_t key[3] = {strtab_add(strings, frame->function), strtab_add(strings, frame->file), frame->line};

	return strtab_add_bytes(frames, (const char *)key, sizeof(key)) - 1;
}

size_t html_frames_append(struct buf *out, struct strtab *frames, struct strtab *strings,
			  const struct analysis_stack *stack, size_t most)
{
	size_t count = stack->nframes < most ? stack->nframes : most;

	buf_append_uleb(out, stack->nframes);
	buf_append_uleb(out, count);
	for (size_t i = 0; i < count; i++)
		buf_append_uleb(out, html_frames_number(frames, strings, &stack->frames[i]));
	return count;
}

void html_frames_write(struct html_json *json, const struct strtab *frames)
{
	struct buf out = {0};

	for (uint32_t i = 1; i < strtab_count(frames); i++) {
		uint32_t key[3];

		memcpy(key, strtab_get(frames, i), sizeof(key));
		for (int k = 0; k < 3; k++)
			buf_append_uleb(&out, key[k]);
	}
	html_json_bytes(json, "frames", &out);
	buf_free(&out);
}
