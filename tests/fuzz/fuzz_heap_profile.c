/* Heap profiles of any bytes, and what a caller does with one: relocate, walk all stacks. */
#include "trace/heap_profile.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct heap_profile_segment segments[] = {{0, 0x400000, 0x100000}, {0x100000, 0x501000, 0x1000}};
	static volatile size_t seen;
	struct heap_profile profile;
	struct error error;

	if (heap_profile_read_memory(&profile, data, size, "fuzz", &error) == STATUS_OK) {
		heap_profile_relocate(&profile, segments, 2);
		for (size_t i = 0; i < profile.nsamples; i++) {
			for (size_t j = 0; j < profile.samples[i].depth; j++) {
				const struct heap_profile_location *location =
				    &profile.locations[profile.samples[i].stack[j]];

				for (size_t k = 0; k < location->nframes; k++)
					seen += strlen(location->frames[k].function) + strlen(location->frames[k].file);
			}
		}
	}
	heap_profile_free(&profile);
	return 0;
}
