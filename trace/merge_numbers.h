/*
 * The numbers of definitions (stacks, label sets, modules) in a merge: what is alike in several traces has one in the
 * output.
 */
#ifndef TRACE_MERGE_NUMBERS_H
#define TRACE_MERGE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct strtab;

/* From the numbers of one trace's definitions of one kind, which are in turn, to the output's. Zero-initialise it. */
struct merge_numbers {
	uint32_t *numbers; /* owned */
	size_t count, capacity;
};

/* The next definition has NUMBER in the output. */
void merge_numbers_add(struct merge_numbers *numbers, uint32_t number);

/* Free what it holds; it is empty and usable again. */
void merge_numbers_free(struct merge_numbers *numbers);

/*
 * The number, from 0, of the definition that KEY says all of, among those in TABLE, which holds nothing else. *IS_NEW:
 * it has come for the first time and has to be written. KEY is freed.
 */
uint32_t merge_numbers_of(struct strtab *table, struct buf *key, bool *is_new);

/* Put a stack of DEPTH frames into KEY. */
void merge_numbers_key_stack(struct buf *key, const uint64_t *stack, uint32_t depth);

#endif
