/*
 * The bytes of a trace file, for the writer and the reader alone. docs/TRACE_FORMAT.md describes them.
 */
#ifndef TRACE_TRACE_FORMAT_H
#define TRACE_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC       "ESCPTRC\n"
#define TRACE_VERSION     1
#define TRACE_HEADER_SIZE 16 /* magic, u32 version, u32 CRC-32 of both */

#define TRACE_FRAME_MAGIC       0x52465345u /* "ESFR" */
#define TRACE_FRAME_HEADER_SIZE 16 /* u32 magic, u32 stored bytes, u32 raw bytes, u32 CRC-32 of those and the bytes */
#define TRACE_FRAME_MAX         (64u << 20) /* raw bytes of a frame, at most */

#define TRACE_STACK_MAX  4096         /* frames of a stack, at most */
#define TRACE_CHAIN_MAX  256          /* levels of an inline chain, at most */
#define TRACE_LABELS_MAX 256          /* labels of a set, at most */
#define TRACE_COUNT_MAX  (1ull << 48) /* samples of one record, at most */
#define TRACE_RINGS_MAX  1024         /* rings that one record tells of, at most */

/* The first byte of a record. Numbers are LEB128, signed ones zigzag; deltas start from 0 in every frame. */
enum trace_tag {
	TRACE_TAG_FACT = 1,
	TRACE_TAG_CONTEXT,
	TRACE_TAG_STATE,   /* what the samples after it share: processor, rate, live rate, cycle */
	TRACE_TAG_SAMPLE,  /* one whose death will not be told */
	TRACE_TAG_TRACKED, /* one with an address */
	TRACE_TAG_DEATH,
	TRACE_TAG_GC,
	TRACE_TAG_LOSSES,
	TRACE_TAG_STRING, /* numbered from 1 in order; 0 is "" */
	TRACE_TAG_SYMBOL,
	TRACE_TAG_TYPE,
	TRACE_TAG_END,
	TRACE_TAG_COUNTED, /* several samples alike, without goroutine and address */
	TRACE_TAG_FUNCTION,
	TRACE_TAG_ORDER,
	TRACE_TAG_CPU_STACK, /* numbered from 0 in order */
	TRACE_TAG_CPU_SAMPLE,
	TRACE_TAG_LABELS = 20,  /* a set of labels, numbered in order */
	TRACE_TAG_LABELLED,     /* which set the samples after it have */
	TRACE_TAG_RUN_END = 24, /* of one of several merged runs: what lives then does not live on */
	/* From here on a record's bytes are counted before it, so that a reader can pass over what it does not know. */
	TRACE_TAG_COUNTED_FROM = 32,
	TRACE_TAG_MODULE = 32, /* numbered in order */
	TRACE_TAG_C_CONTEXT,   /* numbered in order */
	TRACE_TAG_C_COUNTS,
	TRACE_TAG_RINGS,
};

#define TRACE_CONTEXT_TYPE_KNOWN 1u
#define TRACE_CONTEXT_TRUNCATED  2u

#endif
