/* Direct calls among a function's instructions. */
#include "binary/go_calls.h"

#include "base/memory.h"
#include "binary/go_code.h"

#define CALL_SIZE 5 /* E8 rel32 */
#define CALL      0xe8

struct go_call *go_calls(const struct elf_image *image, const struct go_func *func, size_t *count)
{
	struct go_call *calls = NULL;
	struct go_code code;
	size_t capacity = 0;

	*count = 0;
	if (!go_code_begin(&code, image, func))
		return NULL;
	while (go_code_next(&code)) {
		if (!code.decoded || code.bytes[0] != CALL || code.instruction.length != CALL_SIZE)
			continue;
		calls = memory_reserve(calls, *count, &capacity, sizeof(*calls));
		calls[*count].return_pc = code.pc + CALL_SIZE;
		calls[(*count)++].target = go_code_displaced(&code, 1);
	}
	return calls;
}
