/*
 * In: a joined site's facts. Out: a sentence. The compiler's verdict is about an expression; what the run-time code of
 * that expression then does depends on sizes that only the run knows.
 */
#include "analyzer/difference.h"

#include "analyzer/arena.h"

#include <stdbool.h>
#include <string.h>

/* What moveSlice copies: the verdict, where there is one, is of the buffer that it copies from. */
static bool is_copied_at_the_end(const char *entry)
{
	return strncmp(entry, "runtime.moveSlice", 17) == 0;
}

static const char *explain_heap(struct arena *arena, const struct site_facts *facts)
{
	switch (facts->operation) {
	case OPERATION_MAKE_SLICE:
		return arena_format(
		    arena,
		    "A make whose size only the run knows has 32 bytes of the stack (Go 1.25 and later; before, "
		    "every such make escapes); what does not fit is made on the heap, here %.0f bytes on average.",
		    facts->object_size);
	case OPERATION_APPEND:
		return arena_format(
		    arena,
		    "append that does not escape has 32 bytes of the stack for its first array (Go 1.25 and later); a "
		    "slice that outgrows them goes on in the heap, here with arrays of %.0f bytes on average.",
		    facts->object_size);
	case OPERATION_CONCAT:
		return arena_format(
		    arena,
		    "A string put together that does not escape has a buffer of 32 bytes on the stack; a longer "
		    "one is made on the heap, here %.0f bytes on average (Go 1.18 to 1.27).",
		    facts->object_size);
	case OPERATION_TO_STRING:
		return arena_format(
		    arena,
		    "A string converted from bytes or runes that does not escape has a buffer of 32 bytes on the "
		    "stack; a longer one is made on the heap, here %.0f bytes on average (Go 1.18 to 1.27).",
		    facts->object_size);
	case OPERATION_FROM_STRING:
		return arena_format(
		    arena,
		    "A []byte converted from a string that does not escape has a buffer of 32 bytes on the stack, "
		    "a []rune one of 32 runes; what is longer is made on the heap, here %.0f bytes on average (Go "
		    "1.18 to 1.27).",
		    facts->object_size);
	default:
		return "";
	}
}

const char *difference_for(struct arena *arena, const struct site_facts *facts, const char *entry, size_t nverdicts)
{
	if (is_copied_at_the_end(entry))
		return "The slice is built in a buffer on the stack, which does not escape, and copied to the heap once, where "
		       "it leaves the function: this is the copy (Go 1.26 and later).";
	if (facts->class_ == CLASS_HEAP_NOT_ESCAPING)
		return arena_string(arena, explain_heap(arena, facts));
	if (facts->class_ == CLASS_ESCAPE && nverdicts > 1)
		return arena_format(arena,
				    "One block of %.0f bytes is for all %zu variables: those without pointers that are "
				    "declared together share up to 16 bytes (Go 1.25 and later).",
				    facts->object_size, nverdicts);
	return "";
}
