/*
 * The ELF layer: libelf finds the headers, and every offset that comes out of them is checked here before use.
 */
#include "binary/elf_image.h"

#include "base/mapfile.h"
#include "base/memory.h"
#include "binary/elf_symbols.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define INFLATED_MAX (4ull << 30) /* bytes of one section, at most */

struct elf_image_section {
	struct elf_section public;
	const uint8_t *raw;
	uint64_t raw_size, flags, offset;
	uint32_t type, link;
	uint32_t compression; /* ELFCOMPRESS_*, where header_size is not 0 */
	uint64_t header_size; /* bytes before the compressed ones; 0: not compressed */
	uint8_t *inflated;    /* owned */
	char *name;           /* owned */
};

struct elf_image {
	char *path;
	struct mapfile file;
	bool mapped;
	const uint8_t *data;
	size_t size;
	Elf *elf;
	GElf_Ehdr header;
	GElf_Phdr *segments;
	size_t nsegments;
	struct elf_image_section *sections;
	size_t nsections;
	char build_id[2 * 64 + 1];
	char *go_build_id;
	Elf64_Rela *sorted;
	size_t nsorted;
	bool relas_read;
	struct elf_functions *functions; /* made by the first look-up */
};

static bool elf_image_range(const struct elf_image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static enum status elf_image_read_segments(struct elf_image *image, struct error *error)
{
	size_t count, i;

	if (elf_getphdrnum(image->elf, &count))
		return error_set(error, "damaged program headers: %s: %s", image->path, elf_errmsg(-1));
	image->segments = memory_alloc(count, sizeof(*image->segments));
	for (i = 0; i < count; i++) {
		GElf_Phdr *segment = &image->segments[image->nsegments];

		if (!gelf_getphdr(image->elf, (int)i, segment))
			return error_set(error, "damaged program headers: %s: %s", image->path, elf_errmsg(-1));
		if (segment->p_type == PT_LOAD && !elf_image_range(image, segment->p_offset, segment->p_filesz))
			return error_set(error, "cut: %s: a segment points outside the file", image->path);
		image->nsegments++;
	}
	return STATUS_OK;
}

static void elf_image_name_section(struct elf_image_section *section, const char *name)
{
	if (!strncmp(name, ".zdebug_", 8))
		section->name = memory_format(".debug_%s", name + 8);
	else
		section->name = memory_copy_string(name);
	section->public.name = section->name;
}

/* How SECTION is compressed: by an ELF compression header, or in GNU's older way by the name .zdebug_*. */
static void elf_image_find_compression(struct elf_image_section *section)
{
	Elf64_Chdr header;
	uint64_t size;

	section->public.data = section->raw;
	if (!section->raw)
		return;
	if (section->flags & SHF_COMPRESSED && section->raw_size > sizeof(header)) {
		memcpy(&header, section->raw, sizeof(header));
		section->compression = header.ch_type;
		section->header_size = sizeof(header);
		section->public.size = header.ch_size;
	} else if (section->raw_size > 12 && !strncmp(section->name, ".debug_", 7) &&
		   !memcmp(section->raw, "ZLIB", 4)) {
		memcpy(&size, section->raw + 4, sizeof(size));
		section->compression = ELFCOMPRESS_ZLIB;
		section->header_size = 12;
		section->public.size = __builtin_bswap64(size);
	}
	if (section->header_size)
		section->public.data = NULL;
}

static enum status elf_image_read_sections(struct elf_image *image, struct error *error)
{
	size_t count, names, i;

	if (elf_getshdrnum(image->elf, &count) || elf_getshdrstrndx(image->elf, &names))
		return error_set(error, "damaged section headers: %s: %s", image->path, elf_errmsg(-1));
	image->sections = memory_alloc(count, sizeof(*image->sections));
	for (i = 0; i < count; i++) {
		struct elf_image_section *section = &image->sections[image->nsections];
		Elf_Scn *scn = elf_getscn(image->elf, i);
		const char *name;
		GElf_Shdr header;

		if (!scn || !gelf_getshdr(scn, &header))
			return error_set(error, "damaged section headers: %s: %s", image->path, elf_errmsg(-1));
		name = elf_strptr(image->elf, names, header.sh_name);
		elf_image_name_section(section, name ? name : "");
		section->public.address = header.sh_addr;
		section->public.size = header.sh_size;
		section->flags = header.sh_flags;
		section->type = header.sh_type;
		section->link = header.sh_link;
		section->offset = header.sh_offset;
		if (header.sh_type != SHT_NOBITS && elf_image_range(image, header.sh_offset, header.sh_size)) {
			section->raw = image->data + header.sh_offset;
			section->raw_size = header.sh_size;
		}
		elf_image_find_compression(section);
		image->nsections++;
	}
	if (names && (names >= count || !image->sections[names].raw))
		return error_set(error, "cut: %s: the names of its sections lie outside the file", image->path);
	return STATUS_OK;
}

static struct elf_image_section *elf_image_find(const struct elf_image *image, const char *name)
{
	size_t i;

	for (i = 0; i < image->nsections; i++)
		if (!strcmp(image->sections[i].name, name))
			return &image->sections[i];
	return NULL;
}

static void elf_image_read_build_ids(struct elf_image *image)
{
	struct elf_image_section *gnu = elf_image_find(image, ".note.gnu.build-id");
	struct elf_image_section *go = elf_image_find(image, ".note.go.buildid");
	size_t i, size;
	uint32_t words[3];

	image->go_build_id = memory_copy_string("");
	if (gnu && gnu->raw && gnu->raw_size >= 16) {
		memcpy(words, gnu->raw, sizeof(words));
		for (i = 0; i < words[1] && i < 64 && 16 + i < gnu->raw_size; i++)
			snprintf(image->build_id + 2 * i, 3, "%02x", gnu->raw[16 + i]);
	}
	if (go && go->raw && go->raw_size >= 16) {
		memcpy(words, go->raw, sizeof(words));
		size = words[1] < go->raw_size - 16 ? words[1] : go->raw_size - 16;
		free(image->go_build_id);
		image->go_build_id = memory_copy_bytes(go->raw + 16, size);
	}
}

static enum status elf_image_load(struct elf_image *image, struct error *error)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_set(error, "libelf is too old: %s", elf_errmsg(-1));
	if (image->size < sizeof(Elf64_Ehdr) || memcmp(image->data, ELFMAG, SELFMAG) != 0)
		return error_set(error, "not an ELF file: %s", image->path);
	if (image->data[EI_CLASS] != ELFCLASS64 || image->data[EI_DATA] != ELFDATA2LSB)
		return error_set(error, "not a 64-bit little-endian ELF file: %s", image->path);
	image->elf = elf_memory((char *)image->data, image->size);
	if (!image->elf || !gelf_getehdr(image->elf, &image->header))
		return error_set(error, "damaged ELF file: %s: %s", image->path, elf_errmsg(-1));
	if (elf_image_read_segments(image, error) != STATUS_OK || elf_image_read_sections(image, error) != STATUS_OK)
		return STATUS_ERROR;
	elf_image_read_build_ids(image);
	return STATUS_OK;
}

static enum status elf_image_finish_open(struct elf_image **out, struct elf_image *image, struct error *error)
{
	if (elf_image_load(image, error) != STATUS_OK) {
		elf_image_close(image);
		return STATUS_ERROR;
	}
	*out = image;
	return STATUS_OK;
}

enum status elf_image_open(struct elf_image **out, const char *path, struct error *error)
{
	struct elf_image *image = memory_alloc(1, sizeof(*image));

	image->path = memory_copy_string(path);
	if (mapfile_open(&image->file, path, error) != STATUS_OK) {
		elf_image_close(image);
		return STATUS_ERROR;
	}
	image->mapped = true;
	image->data = image->file.data;
	image->size = image->file.size;
	return elf_image_finish_open(out, image, error);
}

enum status elf_image_open_memory(struct elf_image **out, const void *data, size_t size, const char *name,
				  struct error *error)
{
	struct elf_image *image = memory_alloc(1, sizeof(*image));

	image->path = memory_copy_string(name);
	image->data = data;
	image->size = size;
	return elf_image_finish_open(out, image, error);
}

void elf_image_close(struct elf_image *image)
{
	size_t i;

	if (!image)
		return;
	for (i = 0; i < image->nsections; i++) {
		free(image->sections[i].inflated);
		free(image->sections[i].name);
	}
	free(image->sections);
	free(image->segments);
	free(image->sorted);
	elf_functions_free(image->functions);
	free(image->go_build_id);
	if (image->elf)
		elf_end(image->elf);
	if (image->mapped)
		mapfile_close(&image->file);
	free(image->path);
	free(image);
}

const char *elf_image_path(const struct elf_image *image)
{
	return image->path;
}

unsigned elf_image_machine(const struct elf_image *image)
{
	return image->header.e_machine;
}

static const Elf64_Phdr *elf_image_segment_of(const struct elf_image *image, uint32_t type)
{
	size_t i;

	for (i = 0; i < image->nsegments; i++)
		if (image->segments[i].p_type == type)
			return &image->segments[i];
	return NULL;
}

bool elf_image_is_dynamic(const struct elf_image *image)
{
	return elf_image_segment_of(image, PT_INTERP) != NULL;
}

const char *elf_image_interpreter(const struct elf_image *image)
{
	const Elf64_Phdr *segment = elf_image_segment_of(image, PT_INTERP);
	const char *path;

	if (!segment || segment->p_offset > image->size || segment->p_filesz > image->size - segment->p_offset)
		return "";
	path = (const char *)image->data + segment->p_offset;
	return memchr(path, 0, segment->p_filesz) ? path : "";
}

bool elf_image_is_glibc(const struct elf_image *image)
{
	const char *path = elf_image_interpreter(image), *slash = strrchr(path, '/');

	return !strncmp(slash ? slash + 1 : path, "ld-linux", 8);
}

bool elf_image_is_pie(const struct elf_image *image)
{
	return image->header.e_type == ET_DYN;
}

const char *elf_image_build_id(const struct elf_image *image)
{
	return image->build_id;
}

const char *elf_image_go_build_id(const struct elf_image *image)
{
	return image->go_build_id;
}

/* Inflate SIZE bytes at FROM into a new block of INFLATED bytes; NULL when they are not what they claim to be. */
static uint8_t *elf_image_inflate(uint32_t kind, const uint8_t *from, size_t size, uint64_t inflated)
{
	uLongf length = inflated;
	uint8_t *block;

	if (kind != ELFCOMPRESS_ZLIB && kind != 2 /* ELFCOMPRESS_ZSTD */)
		return NULL;
	/* zlib shrinks 1032-fold at most; a zstd frame that claims more than 10,000-fold is not believed. */
	if (inflated > INFLATED_MAX || inflated / (kind == ELFCOMPRESS_ZLIB ? 1033 : 10000) > size)
		return NULL;
	block = memory_alloc(1, inflated);
	if (kind == ELFCOMPRESS_ZLIB ? uncompress(block, &length, from, size) == Z_OK && length == inflated
				     : ZSTD_decompress(block, inflated, from, size) == inflated)
		return block;
	free(block);
	return NULL;
}

static enum status elf_image_inflate_section(struct elf_image *image, struct elf_image_section *section,
					     struct error *error)
{
	section->inflated = elf_image_inflate(section->compression, section->raw + section->header_size,
					      section->raw_size - section->header_size, section->public.size);
	if (!section->inflated)
		return error_set(error, "cannot inflate the section %s of %s", section->name, image->path);
	section->public.data = section->inflated;
	return STATUS_OK;
}

enum status elf_image_section(struct elf_image *image, const char *name, struct elf_section *out, struct error *error)
{
	struct elf_image_section *section = elf_image_find(image, name);

	if (!section)
		return STATUS_NO_ENTRY;
	if (section->type != SHT_NOBITS && !section->raw)
		return error_set(error, "cut: the section %s of %s points outside the file", name, image->path);
	if (section->header_size && !section->inflated && elf_image_inflate_section(image, section, error) != STATUS_OK)
		return STATUS_ERROR;
	*out = section->public;
	return STATUS_OK;
}

enum status elf_image_section_at(struct elf_image *image, size_t index, struct elf_section *out)
{
	if (index >= image->nsections)
		return STATUS_NO_ENTRY;
	*out = image->sections[index].public;
	return STATUS_OK;
}

enum status elf_image_segment_at(const struct elf_image *image, size_t index, struct elf_segment *out)
{
	size_t i;

	for (i = 0; i < image->nsegments; i++) {
		const GElf_Phdr *segment = &image->segments[i];

		if (segment->p_type != PT_LOAD || index--)
			continue;
		*out = (struct elf_segment){segment->p_offset, segment->p_vaddr, segment->p_filesz};
		return STATUS_OK;
	}
	return STATUS_NO_ENTRY;
}

const uint8_t *elf_image_at(const struct elf_image *image, uint64_t address, size_t *available)
{
	size_t i;

	for (i = 0; i < image->nsegments; i++) {
		const GElf_Phdr *segment = &image->segments[i];

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    address - segment->p_vaddr >= segment->p_filesz)
			continue;
		*available = segment->p_filesz - (address - segment->p_vaddr);
		return image->data + segment->p_offset + (address - segment->p_vaddr);
	}
	return NULL;
}

static int elf_image_compare_relas(const void *a, const void *b)
{
	const Elf64_Rela *x = a, *y = b;

	return x->r_offset < y->r_offset ? -1 : x->r_offset > y->r_offset;
}

static void elf_image_read_relas(struct elf_image *image)
{
	struct elf_image_section *section = elf_image_find(image, ".rela.dyn");
	size_t count, i;

	image->relas_read = true;
	if (!section)
		section = elf_image_find(image, ".rela");
	if (!section || !section->raw)
		return;
	count = section->raw_size / sizeof(Elf64_Rela);
	image->sorted = memory_alloc(count, sizeof(*image->sorted));
	for (i = 0; i < count; i++) {
		Elf64_Rela rela;

		memcpy(&rela, section->raw + i * sizeof(rela), sizeof(rela));
		if (ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE)
			image->sorted[image->nsorted++] = rela;
	}
	qsort(image->sorted, image->nsorted, sizeof(*image->sorted), elf_image_compare_relas);
}

bool elf_image_pointer(const struct elf_image *image, uint64_t address, uint64_t *value)
{
	Elf64_Rela key = {.r_offset = address}, *rela;
	const uint8_t *bytes;
	size_t available;

	if (elf_image_is_pie(image)) {
		if (!image->relas_read)
			elf_image_read_relas((struct elf_image *)image); /* a cache: nothing observable changes */
		rela = image->nsorted
			   ? bsearch(&key, image->sorted, image->nsorted, sizeof(key), elf_image_compare_relas)
			   : NULL;
		if (rela) {
			*value = (uint64_t)rela->r_addend;
			return true;
		}
	}
	bytes = elf_image_at(image, address, &available);
	if (!bytes || available < sizeof(*value))
		return false;
	memcpy(value, bytes, sizeof(*value));
	return true;
}

bool elf_image_executable(const struct elf_image *image, uint64_t *address, uint64_t *size)
{
	struct elf_image_section *text = elf_image_find(image, ".text");
	size_t i;

	for (i = 0; i < image->nsegments; i++) {
		const GElf_Phdr *segment = &image->segments[i];

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		if (text && (text->public.address < segment->p_vaddr ||
			     text->public.address - segment->p_vaddr >= segment->p_memsz))
			continue;
		*address = segment->p_vaddr;
		*size = segment->p_memsz;
		return true;
	}
	return false;
}

/* The table of symbols called NAME; zeroes when there is none. */
static struct elf_symbol_table elf_image_symbols(const struct elf_image *image, const char *name)
{
	const struct elf_image_section *section = elf_image_find(image, name), *strings;

	if (!section || !section->raw || section->link >= image->nsections)
		return (struct elf_symbol_table){0};
	strings = &image->sections[section->link];
	if (!strings->raw)
		return (struct elf_symbol_table){0};
	return (struct elf_symbol_table){section->raw, strings->raw, section->raw_size, strings->raw_size};
}

enum status elf_image_symbol(struct elf_image *image, const char *name, uint64_t *address, uint64_t *size)
{
	struct elf_symbol_table own = elf_image_symbols(image, ".symtab");
	struct elf_symbol_table dynamic = elf_image_symbols(image, ".dynsym");

	return elf_symbols_find(&own, name, address, size) || elf_symbols_find(&dynamic, name, address, size)
		   ? STATUS_OK
		   : STATUS_NO_ENTRY;
}

enum status elf_image_symbol_at(struct elf_image *image, uint64_t address, const char **name, uint64_t *start)
{
	if (!image->functions) {
		struct elf_symbol_table tables[] = {elf_image_symbols(image, ".symtab"),
						    elf_image_symbols(image, ".dynsym")};

		image->functions = elf_functions_new(tables, 2);
	}
	return elf_functions_at(image->functions, address, name, start);
}
