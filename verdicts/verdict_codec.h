/* A set of verdicts as bytes: what the store and the sidecar keep. Compressed, with a checksum. */
#ifndef VERDICTS_VERDICT_CODEC_H
#define VERDICTS_VERDICT_CODEC_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define VERDICT_CODEC_MAGIC   0x56435345u /* "ESCV" */
#define VERDICT_CODEC_VERSION 2

struct verdict_set;

/* Append SET to BUF. */
void verdict_codec_write(struct buf *buf, const struct verdict_set *set);

/*
 * Add the verdicts in the SIZE bytes at DATA, from NAME (for messages), to SET. Errors: not such bytes, another
 * version, damage; then SET may hold part of them.
 */
enum status verdict_codec_read(struct verdict_set *set, const void *data, size_t size, const char *name,
			       struct error *error);

/* Whether the SIZE bytes at DATA are stored verdicts of this version whose checksum is right, without reading them. */
bool verdict_codec_is_sound(const void *data, size_t size);

#endif
