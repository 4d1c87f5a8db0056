/*
 * By what a library is told that has no build ID: a sum over its headers, with the sizes and places of all that is
 * loaded of it, and over the table of its functions' places (.eh_frame_hdr). The target takes it from its own memory,
 * without a system call that a filter might forbid; the collector takes it from the file.
 */
#ifndef COLLECTOR_PRELOAD_C_SUM_H
#define COLLECTOR_PRELOAD_C_SUM_H

#include <stdint.h>
#include <string.h>

#define C_SUM_HEADERS 4096  /* bytes from the file's start, at most */
#define C_SUM_TABLE   65536 /* bytes of the table, at most */
#define C_SUM_EMPTY   0x9fb21c651e98df25ull

/* SUM goes on with the SIZE BYTES; those that are no whole word at the end are left out. */
static inline uint64_t c_sum_add(uint64_t sum, const uint8_t *bytes, uint64_t size)
{
	uint64_t at, word;

	for (at = 0; at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		sum = (sum ^ word) * 0xbf58476d1ce4e5b9ull;
		sum ^= sum >> 29;
	}
	return sum | 1; /* 0 says that there is none */
}

#endif
