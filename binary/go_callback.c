/*
 * Both functions move the stack pointer by constants alone before what matters, so that running through their first
 * instructions and adding up tells where everything lies, whatever the assembler of that Go version has put in front
 * (from 1.21 on a frame pointer even for a function without a frame).
 */
#include "binary/go_callback.h"

#include "binary/go_code.h"
#include "binary/go_pclntab.h"

#include <string.h>

#define NOT_SAVED  UINT32_MAX
#define FARTHEST   4096 /* bytes of a frame; it has some hundred */
#define RSP_NUMBER 4

/* The numbers that instructions have for the registers. */
static const uint8_t register_numbers[GO_CALLBACK_REGISTERS] = {3, 5, 12, 13, 14, 15};

/* How far a function has come. */
struct prologue {
	uint32_t depth; /* bytes from the stack pointer to the return address */
	uint32_t
	    above[GO_CALLBACK_REGISTERS]; /* bytes from where a register was first saved up to the return address */
};

/* The displacement of 8 or 32 bits, as MOD says, that stands at BYTES. */
static int32_t displacement_at(const uint8_t *bytes, unsigned mod)
{
	int32_t wide;

	if (mod == 0)
		return 0;
	if (mod == 1)
		return (int8_t)*bytes;
	memcpy(&wide, bytes, sizeof(wide));
	return wide;
}

static void note_saved(struct prologue *prologue, unsigned number, int64_t above)
{
	unsigned i;

	for (i = 0; i < GO_CALLBACK_REGISTERS; i++)
		if (register_numbers[i] == number && prologue->above[i] == NOT_SAVED && above > 0 && above < FARTHEST)
			prologue->above[i] = (uint32_t)above;
}

/* `mov %r, d(%rsp)` of 64 bits: a register is saved, unless it was before. */
static void take_move(struct prologue *prologue, const uint8_t *code, size_t length)
{
	unsigned mod = code[2] >> 6, number = (code[2] >> 3 & 7) | (code[0] & 4) << 1;

	if (length < 4 || (code[0] != 0x48 && code[0] != 0x4c) || code[1] != 0x89 || mod == 3 ||
	    (code[2] & 7) != RSP_NUMBER || code[3] != 0x24)
		return;
	note_saved(prologue, number, (int64_t)prologue->depth - displacement_at(code + 4, mod));
}

static void take_push(struct prologue *prologue, const uint8_t *code)
{
	prologue->depth += 8;
	if (code[0] >= 0x50 && code[0] <= 0x57)
		note_saved(prologue, code[0] - 0x50u, prologue->depth);
	else if (code[0] == 0x41)
		note_saved(prologue, code[1] - 0x50u + 8, prologue->depth);
}

/* `sub $n, %rsp`, `add $n, %rsp`, `lea d(%rsp), %rsp`: bytes that the stack grows by; 0 for any other. */
static int32_t growth(const uint8_t *code, size_t length)
{
	if (length < 4 || code[0] != 0x48)
		return 0;
	if ((code[1] == 0x83 || code[1] == 0x81) && code[2] == 0xec)
		return displacement_at(code + 3, code[1] == 0x83 ? 1 : 2);
	if ((code[1] == 0x83 || code[1] == 0x81) && code[2] == 0xc4)
		return -displacement_at(code + 3, code[1] == 0x83 ? 1 : 2);
	if (code[1] == 0x8d && (code[2] == 0x64 || code[2] == 0xa4) && code[3] == 0x24)
		return -displacement_at(code + 4, code[2] >> 6);
	return 0;
}

/* Add the instruction to PROLOGUE; false when it is none that a beginning is made of. */
static bool take_instruction(struct prologue *prologue, const struct go_code *code)
{
	switch (code->instruction.mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
	case ZYDIS_MNEMONIC_PUSHFQ:
		take_push(prologue, code->bytes);
		return true;
	case ZYDIS_MNEMONIC_MOV:
		take_move(prologue, code->bytes, code->instruction.length);
		return true;
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_LEA:
		prologue->depth += (uint32_t)growth(code->bytes, code->instruction.length);
		return true;
	case ZYDIS_MNEMONIC_CLD:
	case ZYDIS_MNEMONIC_MOVUPS:
		return true;
	default:
		return false;
	}
}

/* Run through the beginning of FUNC; CODE then stands at the instruction behind it. */
static bool run_through(struct prologue *prologue, struct go_code *code, const struct elf_image *image,
			const struct go_func *func)
{
	memset(prologue->above, 0xff, sizeof(prologue->above));
	prologue->depth = 0;
	if (!go_code_begin(code, image, func))
		return false;
	while (go_code_next(code) && code->decoded && code->instruction.length >= 1)
		if (!take_instruction(prologue, code))
			return prologue->depth < FARTHEST;
	return false;
}

bool go_callback_find(const struct elf_image *image, const struct go_pclntab *table, struct go_callback *callback)
{
	struct go_func inner, outer;
	struct prologue prologue;
	struct go_code code;
	unsigned i;

	memset(callback, 0, sizeof(*callback));
	if (!go_pclntab_by_name(table, "runtime.cgocallback", &inner) ||
	    !go_pclntab_by_name(table, "crosscall2", &outer) || !run_through(&prologue, &code, image, &inner))
		return false;
	callback->frame = prologue.depth;
	if (!run_through(&prologue, &code, image, &outer) || code.instruction.mnemonic != ZYDIS_MNEMONIC_CALL ||
	    code.bytes[0] != 0xe8 || go_code_displaced(&code, 1) != inner.entry)
		goto unknown;
	for (i = 0; i < GO_CALLBACK_REGISTERS; i++) {
		if (prologue.above[i] == NOT_SAVED || prologue.above[i] > prologue.depth)
			goto unknown;
		callback->saved[i] = prologue.depth - prologue.above[i];
	}
	callback->depth = prologue.depth;
	callback->crosscall_start = outer.entry;
	callback->crosscall_end = outer.end;
	return true;
unknown:
	memset(callback, 0, sizeof(*callback));
	return false;
}
