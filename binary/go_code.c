/* One decoding from the first instruction on, so that no byte in the middle of one is taken for another. */
#include "binary/go_code.h"

#include "binary/elf_image.h"
#include "binary/go_pclntab.h"

#include <elf.h>
#include <string.h>

#define PADDING 0xcc /* INT3 up to the next function's alignment */

bool go_code_begin(struct go_code *code, const struct elf_image *image, const struct go_func *func)
{
	size_t size = (size_t)(func->end - func->entry), available;

	*code = (struct go_code){.bytes = elf_image_at(image, func->entry, &available), .pc = func->entry};
	if (elf_image_machine(image) != EM_X86_64 || !code->bytes || available < size)
		return false;
	while (size && code->bytes[size - 1] == PADDING)
		size--;
	code->rest = size;
	ZydisDecoderInit(&code->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return true;
}

bool go_code_next(struct go_code *code)
{
	code->bytes += code->instruction.length;
	code->pc += code->instruction.length;
	code->rest -= code->instruction.length;
	if (!code->rest)
		return false;
	code->decoded = ZYAN_SUCCESS(
	    ZydisDecoderDecodeInstruction(&code->decoder, NULL, code->bytes, code->rest, &code->instruction));
	if (!code->decoded)
		code->instruction.length = 1; /* data among the code */
	return true;
}

uint64_t go_code_displaced(const struct go_code *code, size_t offset)
{
	int32_t displacement;

	memcpy(&displacement, code->bytes + offset, sizeof(displacement));
	return code->pc + code->instruction.length + (uint64_t)(int64_t)displacement;
}
