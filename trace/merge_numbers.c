/* In: definitions as they come out of the merged traces. Out: their numbers in the output. */
#include "trace/merge_numbers.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"

#include <stdlib.h>

void merge_numbers_add(struct merge_numbers *numbers, uint32_t number)
{
	numbers->numbers =
	    memory_reserve(numbers->numbers, numbers->count, &numbers->capacity, sizeof(*numbers->numbers));
	numbers->numbers[numbers->count++] = number;
}

void merge_numbers_free(struct merge_numbers *numbers)
{
	free(numbers->numbers);
	*numbers = (struct merge_numbers){0};
}

uint32_t merge_numbers_of(struct strtab *table, struct buf *key, bool *is_new)
{
	uint32_t before = strtab_count(table), number = strtab_add_bytes(table, (const char *)key->data, key->size);

	*is_new = number == before;
	buf_free(key);
	return number - 1; /* 0 is the empty string */
}

void merge_numbers_key_stack(struct buf *key, const uint64_t *stack, uint32_t depth)
{
	buf_append_u32(key, depth);
	buf_append(key, stack, depth * sizeof(*stack));
}
