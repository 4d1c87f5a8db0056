/* Instruction by instruction: what depends on where things lie is left out, and what it means is put in. */
#include "binary/go_fingerprint.h"

#include "binary/elf_image.h"
#include "binary/go_pclntab.h"
#include "binary/go_types.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX      64
#define INSTANCES_MAX  256  /* functions of one name */
#define PADDING        0xcc /* INT3 up to the next function's alignment */
#define HASH_START     0xcbf29ce484222325ull
#define HASH_PRIME     0x100000001b3ull
#define DISPLACED_SIZE 4

struct fingerprint {
	struct elf_image *image;
	const struct go_pclntab *table;
	const struct go_func *func;
	uint64_t types_start, types_end;
	uint64_t hash; /* FNV-1a, 64 bits */
};

static void add_bytes(struct fingerprint *print, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		print->hash = (print->hash ^ bytes[i]) * HASH_PRIME;
}

static void add_text(struct fingerprint *print, const char *text)
{
	add_bytes(print, text, strlen(text) + 1);
}

/* The name of the function that begins at TARGET; what is none of Go's (a C function's stub) has no name here. */
static void add_callee(struct fingerprint *print, uint64_t target)
{
	struct go_func callee;

	if (go_pclntab_find(print->table, target, &callee) && callee.entry == target)
		add_text(print, callee.name);
}

static void add_type(struct fingerprint *print, uint64_t address)
{
	char *name;

	if (address < print->types_start || address >= print->types_end)
		return;
	name = go_type_name(print->image, print->table, address);
	if (name)
		add_text(print, name);
	free(name);
}

/* The inline chain at the call that returns to RETURN_PC. */
static void add_chain(struct fingerprint *print, uint64_t return_pc)
{
	struct go_frame frames[CHAIN_MAX];
	size_t count = go_pclntab_frames(print->table, return_pc - 1, frames, CHAIN_MAX);

	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(frames[i].file, '/');

		add_text(print, frames[i].function);
		add_text(print, slash ? slash + 1 : frames[i].file);
		add_bytes(print, &frames[i].line, sizeof(frames[i].line));
	}
}

/* The signed 32-bit displacement that stands at FIELD, from END. */
static uint64_t displaced(const uint8_t *field, uint64_t end)
{
	int32_t displacement;

	memcpy(&displacement, field, sizeof(displacement));
	return end + (uint64_t)(int64_t)displacement;
}

/* One instruction at PC, whose bytes are CODE. */
static void add_instruction(struct fingerprint *print, const ZydisDecodedInstruction *instruction, const uint8_t *code,
			    uint64_t pc)
{
	const struct ZydisDecodedInstructionRaw_ *raw = &instruction->raw;
	uint64_t end = pc + instruction->length, target;
	size_t hole = 0; /* where the displacement is that is left out; 0: none */

	if (raw->imm[0].is_relative && raw->imm[0].size == 8 * DISPLACED_SIZE) {
		target = displaced(code + raw->imm[0].offset, end);
		if (target < print->func->entry || target >= print->func->end) {
			hole = raw->imm[0].offset;
			add_callee(print, target);
		}
	} else if (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM && raw->modrm.mod == 0 && raw->modrm.rm == 5 &&
		   raw->disp.size == 8 * DISPLACED_SIZE) { /* relative to RIP */
		hole = raw->disp.offset;
		if (instruction->mnemonic == ZYDIS_MNEMONIC_LEA)
			add_type(print, displaced(code + hole, end));
	}
	add_bytes(print, code, hole ? hole : instruction->length);
	if (hole)
		add_bytes(print, code + hole + DISPLACED_SIZE, instruction->length - hole - DISPLACED_SIZE);
	if (instruction->meta.category == ZYDIS_CATEGORY_CALL)
		add_chain(print, end);
}

static void add_code(struct fingerprint *print, const uint8_t *code, size_t size)
{
	ZydisDecodedInstruction instruction;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t at = 0; at < size; at += instruction.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, code + at, size - at, &instruction))) {
			instruction.length = 1; /* data among the code; the same in both builds */
			add_bytes(print, code + at, 1);
			continue;
		}
		add_instruction(print, &instruction, code + at, print->func->entry + at);
	}
}

bool go_fingerprint(struct elf_image *image, const struct go_pclntab *table, const struct go_func *func,
		    uint64_t *fingerprint)
{
	struct fingerprint print = {.image = image, .table = table, .func = func, .hash = HASH_START};
	size_t size = (size_t)(func->end - func->entry), available;
	const uint8_t *code = elf_image_at(image, func->entry, &available);

	if (elf_image_machine(image) != EM_X86_64 || !code || available < size)
		return false;
	while (size && code[size - 1] == PADDING)
		size--;
	go_pclntab_types(table, &print.types_start, &print.types_end);
	add_code(&print, code, size);
	*fingerprint = print.hash;
	return true;
}

enum go_fingerprint_match go_fingerprint_match(struct elf_image *image, const struct go_pclntab *table,
					       const char *name, uint64_t fingerprint)
{
	struct go_func funcs[INSTANCES_MAX];
	size_t count = go_pclntab_all_by_name(table, name, funcs, INSTANCES_MAX);
	uint64_t found;

	for (size_t i = 0; i < count; i++) {
		if (go_fingerprint(image, table, &funcs[i], &found) && found == fingerprint)
			return FINGERPRINT_SAME;
	}
	return count ? FINGERPRINT_OTHER : FINGERPRINT_MISSING;
}
