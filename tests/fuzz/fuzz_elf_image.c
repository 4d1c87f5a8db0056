/*
 * The ELF layer on any bytes, and what is read through it: build information, DWARF by the layout, symbols. The seeds
 * (corpus/make_go_seeds.py) are small complete programs with a function table and the runtime's structs in their DWARF.
 */
#include "binary/dwarf_object.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_layout.h"
#include "binary/go_patch.h"
#include "binary/go_pclntab.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was handed out is read to its ends, so that a range that is not ours is seen. */
static void use_bytes(const uint8_t *bytes, uint64_t size)
{
	static volatile uint8_t sum;

	if (bytes && size)
		sum += bytes[0] + bytes[size / 2] + bytes[size - 1];
}

static void use_sections(struct elf_image *image)
{
	struct elf_section section, inflated;
	struct error error;
	size_t i, pass;

	/* Twice: what a section says of itself must still be so once it is inflated. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; elf_image_section_at(image, i, &section) == STATUS_OK; i++) {
			use_bytes(section.data, section.size);
			if (elf_image_section(image, section.name, &inflated, &error) == STATUS_OK)
				use_bytes(inflated.data, inflated.size);
		}
}

static void use_addresses(struct elf_image *image)
{
	struct elf_segment segment;
	uint64_t address, value;
	size_t i, available;

	for (i = 0; elf_image_segment_at(image, i, &segment) == STATUS_OK; i++)
		for (address = segment.address; address - segment.address < 4096; address += 509) {
			const uint8_t *bytes = elf_image_at(image, address, &available);

			if (bytes)
				use_bytes(bytes, available);
			elf_image_pointer(image, address, &value);
		}
	elf_image_pointer(image, UINT64_MAX - 3, &value);
	elf_image_executable(image, &address, &value);
}

static void use_symbols(struct elf_image *image)
{
	static volatile size_t sum;
	uint64_t address, size, start;
	const char *name;

	sum += strlen(elf_image_build_id(image)) + strlen(elf_image_go_build_id(image));
	elf_image_symbol(image, "no such symbol", &address, &size);
	if (elf_image_symbol(image, "runtime.MemProfileRate", &address, &size) == STATUS_OK)
		elf_image_symbol_at(image, address, &name, &start);
	for (address = 0x401000; address < 0x401400; address += 64)
		if (elf_image_symbol_at(image, address, &name, &start) == STATUS_OK)
			sum += strlen(name);
}

static void use_build_information(const struct go_buildinfo *info)
{
	static volatile size_t sum;
	size_t i;

	sum += strlen(info->go_version) + strlen(info->path) + strlen(info->main.path);
	for (i = 0; i < info->ndeps; i++)
		sum += strlen(info->deps[i].path) + strlen(info->deps[i].sum) + strlen(info->deps[i].replace_version);
	if (go_buildinfo_setting(info, "CGO_ENABLED"))
		sum += strlen(go_buildinfo_setting(info, "CGO_ENABLED"));
}

static void use_go(struct elf_image *image)
{
	struct go_buildinfo info = {0};
	struct go_pclntab *table;
	struct go_layout layout;
	struct go_patch patch;
	struct error error;
	bool known = go_buildinfo_read(&info, image, &error) == STATUS_OK;

	if (known)
		use_build_information(&info);
	/* Damaged build information is no reason not to come to the rest. */
	if (!known || info.major != 1 || info.minor < 22 || info.minor > 27) {
		go_buildinfo_free(&info);
		info = (struct go_buildinfo){.go_version = strdup("go1.26"), .major = 1, .minor = 26};
	}
	if (go_pclntab_open(&table, image, info.minor, &error) == STATUS_OK) {
		go_layout_find(&layout, image, &info, table, &error);
		go_patch_find(&patch, image, &info, table, &error);
		go_pclntab_close(table);
	}
	go_buildinfo_free(&info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwarf_object *object;
	struct elf_image *image;
	struct error error;

	if (size > INPUT_MAX || elf_image_open_memory(&image, data, size, "fuzz", &error) != STATUS_OK)
		return 0;
	use_sections(image);
	use_addresses(image);
	use_symbols(image);
	if (dwarf_object_open(&object, image, &error) == STATUS_OK)
		dwarf_object_close(object);
	use_go(image);
	elf_image_close(image);
	return 0;
}
