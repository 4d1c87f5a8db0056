/* From a profile's bytes to its protobuf message; of use to heap_profile.c alone. */
#ifndef TRACE_HEAP_PROFILE_DECODE_H
#define TRACE_HEAP_PROFILE_DECODE_H

#include "base/error.h"

#include "profile.pb-c.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Decode the SIZE bytes at DATA, gzip-compressed or not, into *MESSAGE, to be freed with pprof__profile__free_unpacked
 * (and no allocator). STATUS_ERROR, *MESSAGE unchanged or NULL, when they are no profile or beyond the limits. Nothing
 * in the message is checked but its encoding. NAME is for messages.
 */
enum status heap_profile_decode(Pprof__Profile **message, const uint8_t *data, size_t size, const char *name,
				struct error *error);

#endif
