/*
 * The ELF layer and everything that reads a Go program through it, on a real program with bytes changed: the input is a
 * list of changes, each a 4-byte offset and a byte. The program is the file that ESCPROF_FUZZ_PROGRAM names (run.sh
 * builds one); without it the input itself is taken for the program.
 */
#include "base/mapfile.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_layout.h"
#include "binary/go_patch.h"
#include "binary/go_pclntab.h"
#include "binary/go_types.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_functions(struct elf_image *image, const struct go_pclntab *table)
{
	struct go_frame frames[16];
	uint64_t types_start, types_end, at;
	struct go_func func;
	struct go_type type;
	uint32_t i;

	for (i = 0; i < go_pclntab_count(table) && i < 3000; i += 37) {
		if (!go_pclntab_func(table, i, &func))
			continue;
		go_pclntab_frames(table, func.entry + 20, frames, 16);
		go_pclntab_find(table, func.entry + 3, &func);
		go_patch_call_target(image, func.entry + 40);
		go_patch_call_type(image, table, func.entry + 40, "runtime.newobject");
	}
	go_pclntab_by_name(table, "main.main", &func);
	go_pclntab_types(table, &types_start, &types_end);
	for (i = 0, at = types_start; i < 200 && at < types_end; i++, at += 48) {
		go_type_read(image, table, at, &type);
		free(go_type_name(image, table, at));
	}
}

static void read_program(const uint8_t *data, size_t size)
{
	struct go_buildinfo info = {0};
	struct go_pclntab *table = NULL;
	struct elf_image *image;
	struct go_layout layout;
	struct go_patch patch;
	struct error error;
	const char *name;
	uint64_t start;

	if (elf_image_open_memory(&image, data, size, "fuzz", &error) != STATUS_OK)
		return;
	elf_image_symbol_at(image, 0x401000, &name, &start);
	if (go_buildinfo_read(&info, image, &error) == STATUS_OK &&
	    go_pclntab_open(&table, image, info.minor, &error) == STATUS_OK) {
		walk_functions(image, table);
		go_layout_find(&layout, image, &info, table, &error);
		go_patch_find(&patch, image, &info, table, &error);
	}
	go_pclntab_close(table);
	go_buildinfo_free(&info);
	elf_image_close(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mapfile program;
	static uint8_t *copy;
	struct error error;
	uint32_t offset;
	size_t i;

	if (!copy && getenv("ESCPROF_FUZZ_PROGRAM") &&
	    mapfile_open(&program, getenv("ESCPROF_FUZZ_PROGRAM"), &error) == STATUS_OK) {
		copy = malloc(program.size);
		memcpy(copy, program.data, program.size);
	}
	if (!copy) {
		read_program(data, size);
		return 0;
	}
	for (i = 0; i + 5 <= size; i += 5) {
		memcpy(&offset, data + i, sizeof(offset));
		copy[offset % program.size] = data[i + 4];
	}
	read_program(copy, program.size);
	for (i = 0; i + 5 <= size; i += 5) {
		memcpy(&offset, data + i, sizeof(offset));
		copy[offset % program.size] = program.data[offset % program.size];
	}
	return 0;
}
