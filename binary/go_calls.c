/* One decoding of the function from its first instruction on, so that no byte in the middle is taken for a call. */
#include "binary/go_calls.h"

#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_pclntab.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <string.h>

#define CALL_SIZE 5 /* E8 rel32 */
#define CALL      0xe8

struct go_call *go_calls(const struct elf_image *image, const struct go_func *func, size_t *count)
{
	size_t size = (size_t)(func->end - func->entry), available, capacity = 0;
	const uint8_t *code = elf_image_at(image, func->entry, &available);
	struct go_call *calls = NULL;
	ZydisDecodedInstruction instruction;
	ZydisDecoder decoder;

	*count = 0;
	if (elf_image_machine(image) != EM_X86_64 || !code || available < size)
		return NULL;
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t at = 0; at < size; at += instruction.length) {
		int32_t displacement;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, code + at, size - at, &instruction))) {
			instruction.length = 1;
			continue;
		}
		if (code[at] != CALL || instruction.length != CALL_SIZE)
			continue;
		memcpy(&displacement, code + at + 1, sizeof(displacement));
		calls = memory_reserve(calls, *count, &capacity, sizeof(*calls));
		calls[*count].return_pc = func->entry + at + CALL_SIZE;
		calls[*count].target = calls[*count].return_pc + (uint64_t)(int64_t)displacement;
		(*count)++;
	}
	return calls;
}
