/* Instruction by instruction: what depends on where things lie is left out, and what it means is put in. */
#include "binary/go_fingerprint.h"

#include "binary/go_code.h"
#include "binary/go_pclntab.h"
#include "binary/go_types.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX      64
#define INSTANCES_MAX  256 /* functions of one name */
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

static void add_instruction(struct fingerprint *print, const struct go_code *code)
{
	const ZydisDecodedInstruction *instruction = &code->instruction;
	const struct ZydisDecodedInstructionRaw_ *raw = &instruction->raw;
	size_t hole = 0; /* where the displacement is that is left out; 0: none */
	uint64_t target;

	if (raw->imm[0].is_relative && raw->imm[0].size == 8 * DISPLACED_SIZE) {
		target = go_code_displaced(code, raw->imm[0].offset);
		if (target < print->func->entry || target >= print->func->end) {
			hole = raw->imm[0].offset;
			add_callee(print, target);
		}
	} else if (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM && raw->modrm.mod == 0 && raw->modrm.rm == 5 &&
		   raw->disp.size == 8 * DISPLACED_SIZE) { /* relative to RIP */
		hole = raw->disp.offset;
		if (instruction->mnemonic == ZYDIS_MNEMONIC_LEA)
			add_type(print, go_code_displaced(code, hole));
	}
	add_bytes(print, code->bytes, hole ? hole : instruction->length);
	if (hole)
		add_bytes(print, code->bytes + hole + DISPLACED_SIZE, instruction->length - hole - DISPLACED_SIZE);
	if (instruction->meta.category == ZYDIS_CATEGORY_CALL)
		add_chain(print, code->pc + instruction->length);
}

bool go_fingerprint(struct elf_image *image, const struct go_pclntab *table, const struct go_func *func,
		    uint64_t *fingerprint)
{
	struct fingerprint print = {.image = image, .table = table, .func = func, .hash = HASH_START};
	struct go_code code;

	if (!go_code_begin(&code, image, func))
		return false;
	go_pclntab_types(table, &print.types_start, &print.types_end);
	while (go_code_next(&code)) {
		if (code.decoded)
			add_instruction(&print, &code);
		else
			add_bytes(&print, code.bytes, 1);
	}
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
