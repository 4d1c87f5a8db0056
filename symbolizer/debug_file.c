/* The places where debuggers look (GDB's manual, "Debugging Information in Separate Files"). */
#include "symbolizer/debug_file.h"

#include "base/mapfile.h"
#include "base/memory.h"
#include "binary/elf_image.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ROOT       "/usr/lib/debug"
#define LONGEST_ID 64

/* PATH opened; NULL when it is not there or no ELF file. PATH is freed. */
static struct elf_image *open_path(char *path)
{
	struct elf_image *opened = NULL;
	struct stat file;

	/* Whoever wrote a link may have named a pipe, which would not even open. */
	if (stat(path, &file) || !S_ISREG(file.st_mode) || elf_image_open(&opened, path, NULL) != STATUS_OK)
		opened = NULL;
	free(path);
	return opened;
}

/* PATH opened, when its build ID is ID. PATH is freed. */
static struct elf_image *open_with_id(char *path, const char *id)
{
	struct elf_image *opened = open_path(path);

	if (opened && strcmp(elf_image_build_id(opened), id) != 0) {
		elf_image_close(opened);
		opened = NULL;
	}
	return opened;
}

static struct elf_image *open_by_build_id(const char *id)
{
	if (strlen(id) < 4)
		return NULL;
	return open_with_id(memory_format(ROOT "/.build-id/%.2s/%s.debug", id, id + 2), id);
}

/* Whether the file PATH has the checksum CRC. */
static bool has_checksum(const char *path, uint32_t crc)
{
	struct mapfile file;
	bool same;

	if (access(path, R_OK) || mapfile_open(&file, path, NULL) != STATUS_OK)
		return false;
	same = (uint32_t)crc32_z(0, file.data, file.size) == crc;
	mapfile_close(&file);
	return same;
}

static struct elf_image *open_linked(char *path, uint32_t crc)
{
	if (has_checksum(path, crc))
		return open_path(path);
	free(path);
	return NULL;
}

/* By the file name and checksum of .gnu_debuglink. */
static struct elf_image *open_by_link(struct elf_image *image)
{
	const char *path = elf_image_path(image), *slash = strrchr(path, '/'), *name;
	int directory = slash ? (int)(slash - path) : 0;
	struct elf_image *opened = NULL;
	struct elf_section section;
	uint32_t crc;
	size_t length;

	if (elf_image_section(image, ".gnu_debuglink", &section, NULL) != STATUS_OK || !section.data)
		return NULL;
	name = (const char *)section.data;
	length = strnlen(name, section.size);
	length = (length + 4) & ~(size_t)3; /* its NUL and padding */
	if (!slash || length + sizeof(crc) > section.size || strchr(name, '/'))
		return NULL;
	memcpy(&crc, section.data + length, sizeof(crc));
	opened = open_linked(memory_format("%.*s/%s", directory, path, name), crc);
	if (!opened)
		opened = open_linked(memory_format("%.*s/.debug/%s", directory, path, name), crc);
	if (!opened)
		opened = open_linked(memory_format(ROOT "%.*s/%s", directory, path, name), crc);
	return opened;
}

struct elf_image *debug_file_open(struct elf_image *image)
{
	struct elf_image *opened = open_by_build_id(elf_image_build_id(image));

	return opened ? opened : open_by_link(image);
}

struct elf_image *debug_file_open_shared(struct elf_image *image)
{
	const char *path = elf_image_path(image), *slash = strrchr(path, '/'), *name;
	char id[2 * LONGEST_ID + 1] = "";
	struct elf_section section;
	struct elf_image *opened;
	size_t length, i;

	if (elf_image_section(image, ".gnu_debugaltlink", &section, NULL) != STATUS_OK || !section.data)
		return NULL;
	name = (const char *)section.data;
	length = strnlen(name, section.size);
	if (!length || section.size - length < 1 || section.size - length - 1 > LONGEST_ID)
		return NULL;
	for (i = length + 1; i < section.size; i++)
		snprintf(id + 2 * (i - length - 1), 3, "%02x", section.data[i]);
	opened = open_with_id(*name == '/' || !slash ? memory_copy_string(name)
						     : memory_format("%.*s/%s", (int)(slash - path), path, name),
			      id);
	return opened ? opened : open_by_build_id(id);
}
