/*
 * Places in the machine code: direct calls are found by their displacement, which must lead exactly to the wanted
 * function's entry; nothing is disassembled.
 */
#include "binary/go_patch.h"

#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_layout_table.h"
#include "binary/go_pclntab.h"
#include "binary/go_types.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CALL_SIZE      5 /* E8 rel32 */
#define STUB_SPACE_MIN 256
#define TYPE_REACH     96 /* bytes before a call in which its type is loaded */

/* Where the displacement of the CALL or JMP at ADDRESS, whose bytes are CODE, leads. */
static uint64_t patch_target(uint64_t address, const uint8_t *code)
{
	int32_t displacement;

	memcpy(&displacement, code + 1, sizeof(displacement));
	return address + CALL_SIZE + (uint64_t)(int64_t)displacement;
}

/* Add the direct calls to TARGET within FUNC to CALLS; returns how many there are, counting those past CAPACITY. */
static size_t patch_calls_in(struct elf_image *image, const struct go_func *func, uint64_t target, uint64_t *calls,
			     size_t count, size_t capacity)
{
	size_t available, size, i;
	const uint8_t *code = elf_image_at(image, func->entry, &available);

	if (!code || func->end < func->entry)
		return count;
	size = func->end - func->entry < available ? func->end - func->entry : available;
	for (i = 0; i + CALL_SIZE <= size; i++) {
		if (code[i] != 0xe8 || patch_target(func->entry + i, code + i) != target)
			continue;
		if (count < capacity)
			calls[count] = func->entry + i;
		count++;
	}
	return count;
}

static enum status patch_missing(struct elf_image *image, const char *name, struct error *error)
{
	return error_set(error, "cannot profile %s: its runtime has no %s", elf_image_path(image), name);
}

static enum status patch_find_malloc(struct go_patch *patch, struct elf_image *image, const struct go_pclntab *table,
				     struct error *error)
{
	struct go_func profilealloc, target;
	size_t count;

	if (!go_pclntab_by_name(table, "runtime.profilealloc", &profilealloc))
		return patch_missing(image, "runtime.profilealloc", error);
	if (!go_pclntab_by_name(table, "runtime.mProf_Malloc", &target))
		return patch_missing(image, "runtime.mProf_Malloc", error);
	patch->malloc_target = target.entry;
	count = patch_calls_in(image, &profilealloc, target.entry, &patch->malloc_call, 0, 1);
	if (count == 1)
		return STATUS_OK;
	return error_set(error,
			 "cannot profile %s: runtime.profilealloc calls runtime.mProf_Malloc %zu times instead of "
			 "once",
			 elf_image_path(image), count);
}

/* The only call of CALLEE in CALLER, which is no error when it is not there. */
static void patch_find_one(struct elf_image *image, const struct go_pclntab *table, const char *caller,
			   const char *callee, uint64_t *call, uint64_t *target)
{
	struct go_func from, to;

	if (!go_pclntab_by_name(table, caller, &from) || !go_pclntab_by_name(table, callee, &to))
		return;
	*target = to.entry;
	if (patch_calls_in(image, &from, to.entry, call, 0, 1) != 1)
		*call = 0;
}

/* The draw of the next sampling point, which the agent does anew. */
static void patch_find_draw(struct go_patch *patch, struct elf_image *image, const struct go_pclntab *table)
{
	patch_find_one(image, table, "runtime.profilealloc", "runtime.fastexprand", &patch->draw_call,
		       &patch->draw_target);
}

/* Where the program becomes two, and where it becomes another. */
static void patch_find_processes(struct go_patch *patch, struct elf_image *image, const struct go_pclntab *table)
{
	patch_find_one(image, table, "syscall.forkAndExecInChild1", "syscall.runtime_AfterForkInChild",
		       &patch->fork_call, &patch->fork_target);
	patch_find_one(image, table, "syscall.Exec", "syscall.runtime_BeforeExec", &patch->exec_call,
		       &patch->exec_target);
}

static enum status patch_find_free(struct go_patch *patch, struct elf_image *image, const struct go_buildinfo *info,
				   const struct go_pclntab *table, struct error *error)
{
	size_t expected = go_layout_table_version(info->minor)->free_calls;
	struct go_func target, func;
	uint32_t i;

	if (!go_pclntab_by_name(table, "runtime.freeSpecial", &target))
		return patch_missing(image, "runtime.freeSpecial", error);
	patch->free_target = target.entry;
	for (i = 0; i < go_pclntab_count(table); i++)
		if (go_pclntab_func(table, i, &func) && !strncmp(func.name, "runtime.", 8))
			patch->nfree_calls = patch_calls_in(image, &func, target.entry, patch->free_calls,
							    patch->nfree_calls, GO_PATCH_MAX_FREE_SITES);
	if (patch->nfree_calls == expected)
		return STATUS_OK;
	return error_set(error,
			 "cannot profile %s: runtime.freeSpecial is called from %zu places instead of the %zu of %s",
			 elf_image_path(image), patch->nfree_calls, expected, info->go_version);
}

static enum status patch_find_stub_space(struct go_patch *patch, struct elf_image *image,
					 const struct go_pclntab *table, struct error *error)
{
	/* These run only while the program prints why it dies. */
	static const char *const names[] = {"runtime.tracebackothers", "runtime.printpanics", "runtime.dopanic_m"};
	struct go_func func;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!go_pclntab_by_name(table, names[i], &func) || func.end - func.entry < STUB_SPACE_MIN)
			continue;
		patch->stub_space = func.entry;
		patch->stub_space_size = func.end - func.entry;
		return STATUS_OK;
	}
	return patch_missing(image, "function that only runs when the program dies", error);
}

/* What is over once main.main runs. An ABI0 wrapper of the same name is smaller. */
static void patch_find_start_spaces(struct go_patch *patch, const struct go_pclntab *table)
{
	/* Of the first two the bigger: schedinit is small up to Go 1.21. */
	static const struct {
		const char *name;
		size_t space;
	} functions[] = {{"runtime.schedinit", 0}, {"runtime.check", 0}, {"runtime.mallocinit", 1}};
	struct go_func func;
	uint32_t i;
	size_t j;

	for (i = 0; i < go_pclntab_count(table); i++) {
		if (!go_pclntab_func(table, i, &func))
			continue;
		for (j = 0; j < sizeof(functions) / sizeof(functions[0]); j++) {
			size_t space = functions[j].space;

			if (strcmp(func.name, functions[j].name) != 0 ||
			    func.end - func.entry <= patch->start_space_sizes[space])
				continue;
			patch->start_spaces[space] = func.entry;
			patch->start_space_sizes[space] = func.end - func.entry;
		}
	}
}

enum status go_patch_find(struct go_patch *patch, struct elf_image *image, const struct go_buildinfo *info,
			  const struct go_pclntab *table, struct error *error)
{
	enum status status;

	*patch = (struct go_patch){0};
	status = patch_find_malloc(patch, image, table, error);
	if (status == STATUS_OK)
		status = patch_find_free(patch, image, info, table, error);
	patch_find_draw(patch, image, table);
	patch_find_processes(patch, image, table);
	patch_find_start_spaces(patch, table);
	if (status == STATUS_OK)
		status = patch_find_stub_space(patch, image, table, error);
	return status;
}

uint64_t go_patch_call_target(struct elf_image *image, uint64_t return_pc)
{
	size_t available;
	const uint8_t *code = elf_image_at(image, return_pc - CALL_SIZE, &available);

	if (!code || available < CALL_SIZE || code[0] != 0xe8)
		return 0;
	return patch_target(return_pc - CALL_SIZE, code);
}

/* The ModRM byte of `lea d(%rip), REG` for the register in which FUNCTION takes its type; 0 when it takes none. */
static uint8_t patch_type_register(const char *function)
{
	static const struct {
		const char *prefix;
		uint8_t modrm;
	} table[] = {
	    {"runtime.newobject", 0x05}, {"runtime.makeslice", 0x05}, {"runtime.mapassign", 0x05},
	    {"runtime.makemap", 0x05},   {"runtime.makechan", 0x05},  {"runtime.growslice", 0x35},
	    {"runtime.mallocgc", 0x1d},  {"runtime.newarray", 0x05},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(function, table[i].prefix, strlen(table[i].prefix)))
			return table[i].modrm;
	/* convTstring, convT64 and their like take no type. */
	return !strcmp(function, "runtime.convT") || !strcmp(function, "runtime.convTnoptr") ? 0x05 : 0;
}

uint64_t go_patch_call_type(struct elf_image *image, const struct go_pclntab *table, uint64_t return_pc,
			    const char *runtime_function)
{
	uint8_t modrm = patch_type_register(runtime_function);
	uint64_t call = return_pc - CALL_SIZE, at, low;
	struct go_func func, callee;
	struct go_type type;
	size_t available;

	if (!modrm || !go_pclntab_find(table, call, &func))
		return 0;
	low = call - func.entry > TYPE_REACH ? call - TYPE_REACH : func.entry;
	for (at = call - CALL_SIZE; at >= low && at < call; at--) {
		const uint8_t *code = elf_image_at(image, at, &available);
		uint64_t target;

		if (!code || available < 7)
			return 0;
		if (code[0] == 0xe8 && go_pclntab_find(table, patch_target(at, code), &callee) &&
		    callee.entry == patch_target(at, code))
			return 0; /* the call before this one */
		if (at + 7 > call || code[0] != 0x48 || code[1] != 0x8d || code[2] != modrm)
			continue;
		target = patch_target(at + 2, code + 2); /* lea's displacement ends where a CALL's at +2 would */
		if (go_type_read(image, table, target, &type))
			return target;
	}
	return 0;
}
