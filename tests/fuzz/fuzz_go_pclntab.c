/*
 * Go's function table, types and patch sites on any bytes. The input is cut into machine code, type descriptors, inline
 * trees and the table itself; a small well-formed ELF file with a moduledata is made around them, so that nothing but
 * Go's own structures is damaged. corpus/make_go_seeds.py writes inputs of this form.
 */
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_layout.h"
#include "binary/go_patch.h"
#include "binary/go_pclntab.h"
#include "binary/go_types.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 8 /* Go minor, flags, sizes of three parts (uint16 each) */
#define FLAG_PIE     1 /* moduledata's pointers stand in relocations */
#define FLAG_BEYOND  2 /* the text range goes on behind the file's bytes */

#define MODULE_WORDS  64
#define BEYOND_BYTES  0x40000
#define FILE_MAX      (1u << 20)
#define SECTION_NAMES "\0.text\0.types\0.gofunc\0.gopclntab\0.noptrdata\0.rela.dyn\0.shstrtab"

enum part { PART_TEXT, PART_TYPES, PART_GOFUNC, PART_TABLE, PART_MODULE, PART_RELAS, PART_NAMES, PARTS };

/* Far enough from each other that every part keeps its address whatever the sizes. */
static const uint64_t part_address[PARTS] = {0x401000, 0x500000, 0x600000, 0x700000, 0x800000, 0x900000, 0};
static const uint32_t part_name[PARTS] = {1, 7, 14, 22, 33, 44, 54};

struct program {
	const uint8_t *bytes[PARTS];
	size_t size[PARTS];
	uint64_t module[MODULE_WORDS];
	Elf64_Rela relas[MODULE_WORDS];
	unsigned minor;
	uint8_t flags;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What moduledata says of the parts (runtime/symtab.go); the words' places as in go_pclntab.c. */
static void make_module(struct program *program)
{
	bool is_118 = program->size[PART_TABLE] && program->bytes[PART_TABLE][0] == 0xf0, is_127 = program->minor >= 27;
	uint64_t beyond = program->flags & FLAG_BEYOND ? BEYOND_BYTES : 0;
	size_t i, count = 0;

	program->module[0] = part_address[PART_TABLE];
	program->module[22] = part_address[PART_TEXT];
	program->module[23] = part_address[PART_TEXT] + program->size[PART_TEXT] + beyond;
	program->module[is_118 ? 35 : 37] = part_address[PART_TYPES];
	program->module[is_118 ? 36 : is_127 ? 39 : 38] = part_address[PART_TYPES] + program->size[PART_TYPES];
	program->module[is_118 ? 38 : is_127 ? 43 : 40] = part_address[PART_GOFUNC];
	if (program->flags & FLAG_PIE)
		for (i = 0; i < MODULE_WORDS; i++) {
			if (!program->module[i])
				continue;
			program->relas[count++] =
			    (Elf64_Rela){part_address[PART_MODULE] + 8 * i, ELF64_R_INFO(0, R_X86_64_RELATIVE),
					 (int64_t)program->module[i]};
			program->module[i] = 0;
		}
	program->bytes[PART_MODULE] = (const uint8_t *)program->module;
	program->size[PART_MODULE] = sizeof(program->module);
	program->bytes[PART_RELAS] = (const uint8_t *)program->relas;
	program->size[PART_RELAS] = count * sizeof(program->relas[0]);
	program->bytes[PART_NAMES] = (const uint8_t *)SECTION_NAMES;
	program->size[PART_NAMES] = sizeof(SECTION_NAMES);
}

/* Cut DATA into PROGRAM's parts; false when it is too short or too long. */
static bool cut_input(struct program *program, const uint8_t *data, size_t size)
{
	uint16_t sizes[3];
	size_t i, at = HEADER_BYTES;

	if (size < HEADER_BYTES || size > FILE_MAX / 2)
		return false;
	memcpy(sizes, data + 2, sizeof(sizes));
	program->minor = 18 + data[0] % 10;
	program->flags = data[1];
	for (i = 0; i < 3; i++) {
		program->bytes[i] = data + at;
		program->size[i] = sizes[i] < size - at ? sizes[i] : size - at;
		at += program->size[i];
	}
	program->bytes[PART_TABLE] = data + at;
	program->size[PART_TABLE] = size - at;
	return true;
}

/* The ELF file of PROGRAM into FILE; returns its size. */
static size_t make_file(const struct program *program, uint8_t *file)
{
	Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			     .e_type = program->flags & FLAG_PIE ? ET_DYN : ET_EXEC,
			     .e_machine = EM_X86_64,
			     .e_version = EV_CURRENT,
			     .e_phoff = sizeof(header),
			     .e_ehsize = sizeof(header),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = PART_NAMES,
			     .e_shentsize = sizeof(Elf64_Shdr),
			     .e_shnum = PARTS + 1,
			     .e_shstrndx = PART_NAMES + 1};
	Elf64_Phdr segments[PART_NAMES] = {0};
	Elf64_Shdr sections[PARTS + 1] = {0};
	size_t at = sizeof(header) + sizeof(segments), i;

	for (i = 0; i < PARTS; i++) {
		size_t part = program->size[i];

		if (part)
			memcpy(file + at, program->bytes[i], part);
		sections[i + 1] = (Elf64_Shdr){part_name[i],
					       i == PART_NAMES ? SHT_STRTAB : SHT_PROGBITS,
					       SHF_ALLOC,
					       part_address[i],
					       at,
					       part,
					       0,
					       0,
					       8,
					       0};
		if (i < PART_NAMES)
			segments[i] = (Elf64_Phdr){PT_LOAD,
						   i == PART_TEXT ? PF_R | PF_X : PF_R,
						   at,
						   part_address[i],
						   part_address[i],
						   part,
						   part,
						   8};
		at += (part + 7) & ~(size_t)7;
	}
	segments[PART_TEXT].p_memsz += BEYOND_BYTES;
	header.e_shoff = at;
	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), segments, sizeof(segments));
	memcpy(file + at, sections, sizeof(sections));
	return at + sizeof(sections);
}

/* Reads every byte of what was handed out: a string that does not end or is not ours must not pass. */
static void use_frames(const struct go_pclntab *table, uint64_t pc)
{
	static volatile size_t sum;
	struct go_frame frames[40];
	size_t count = go_pclntab_frames(table, pc, frames, 40);
	struct go_func func;

	while (count-- > 0)
		sum += strlen(frames[count].function) + strlen(frames[count].file);
	if (go_pclntab_find(table, pc, &func))
		sum += strlen(func.name);
	if (go_pclntab_by_name(table, "runtime.profilealloc", &func))
		sum += func.index;
}

static void use_functions(struct elf_image *image, const struct go_pclntab *table, size_t text)
{
	static const char *const callees[] = {"runtime.newobject", "runtime.growslice", "runtime.mallocgc"};
	struct go_func func;
	uint32_t i;
	size_t at;

	for (i = 0; i <= go_pclntab_count(table) && i < 64; i++)
		if (go_pclntab_func(table, i, &func) && go_pclntab_by_name(table, func.name, &func)) {
			use_frames(table, func.entry);
			use_frames(table, func.end - 1);
		}
	for (at = 0; at < text + 16 && at < 1024; at++) {
		uint64_t pc = part_address[PART_TEXT] + at;

		if (at % 8 == 0)
			use_frames(table, pc);
		go_patch_call_target(image, pc);
		go_patch_call_type(image, table, pc, callees[at % 3]);
	}
	use_frames(table, part_address[PART_TEXT] + text + BEYOND_BYTES - 1);
	go_patch_call_type(image, table, 0, "runtime.newobject");
	go_patch_call_target(image, 2);
}

static void use_types(struct elf_image *image, const struct go_pclntab *table)
{
	uint64_t start, end, at;
	struct go_type type;

	go_pclntab_types(table, &start, &end);
	for (at = start - 8; at < end && at < start + 2048; at += 8) {
		if (go_type_read(image, table, at, &type) && type.elem)
			go_type_read(image, table, type.elem, &type);
		free(go_type_name(image, table, at));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct program program = {0};
	struct go_pclntab *table;
	struct elf_image *image;
	struct go_layout layout;
	struct go_patch patch;
	struct error error;
	uint8_t *file, *exact;
	size_t file_size;

	if (!cut_input(&program, data, size))
		return 0;
	make_module(&program);
	file = malloc(FILE_MAX);
	file_size = make_file(&program, file);
	exact = malloc(file_size); /* a read past its end is seen */
	memcpy(exact, file, file_size);
	free(file);
	if (elf_image_open_memory(&image, exact, file_size, "fuzz", &error) != STATUS_OK)
		abort(); /* the file around the input is well-formed */
	if (go_pclntab_open(&table, image, program.minor, &error) == STATUS_OK) {
		char version[] = "go1.fuzz";
		struct go_buildinfo info = {.go_version = version, .major = 1, .minor = program.minor};

		use_functions(image, table, program.size[PART_TEXT]);
		use_types(image, table);
		go_patch_find(&patch, image, &info, table, &error);
		go_layout_find(&layout, image, &info, table, &error);
		go_pclntab_close(table);
	}
	elf_image_close(image);
	free(exact);
	return 0;
}
