/* The folder, the commands run in it, and the files that the tests of binary/ are about. */
#include "tests/unit/binary_fixture.h"

#include "base/buf.h"
#include "binary/go_pclntab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/binary_fixture.XXXXXX";

/* The folder's file NAME, or NAME itself when it is absolute; a static. */
static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	if (*name == '/')
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Everything that FILE still has, with a NUL behind it. */
static char *read_all(FILE *file, size_t *size)
{
	struct buf buf = {0};
	size_t got;

	do {
		got = fread(buf_reserve(&buf, 1 << 16), 1, 1 << 16, file);
		buf.size += got;
	} while (got);
	if (size)
		*size = buf.size;
	buf_string(&buf);
	return (char *)buf.data;
}

static int set_programs(void)
{
	char path[PATH_MAX];

	if (!realpath("tests/unit/programs", path)) {
		print_error("tests/unit/programs: run this in the folder of the Makefile\n");
		return -1;
	}
	return setenv("PROGRAMS", path, 1);
}

int binary_fixture_set_up(void **state)
{
	const char *own = getenv("ESCPROF_GO");
	char go[PATH_MAX] = "";
	FILE *finder;

	(void)state;
	if (own && *own) {
		snprintf(go, sizeof(go), "%s", own);
	} else {
		finder = popen("bash tests/find-go.sh", "r");
		if (!finder || !fgets(go, sizeof(go), finder) || pclose(finder) != 0) {
			print_error("no Go command: tests/find-go.sh says why\n");
			return -1;
		}
	}
	go[strcspn(go, "\n")] = '\0';
	setenv("GO", go, 1);
	setenv("GOTOOLCHAIN", "local", 1);
	setenv("GOFLAGS", "-buildvcs=false", 1);
	setenv("GOWORK", "off", 1);
	setenv("LC_ALL", "C", 1);
	return set_programs() || !mkdtemp(folder) ? -1 : 0;
}

int binary_fixture_set_up_frames(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	binary_fixture_do("\"$GO\" build -o plain \"$PROGRAMS/frames.go\"");
	binary_fixture_do("\"$GO\" build -ldflags='-s -w' -o stripped \"$PROGRAMS/frames.go\"");
	return 0;
}

int binary_fixture_set_up_symbols(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	binary_fixture_do(
	    "gcc -g3 -O1 -pie -fPIE -rdynamic -Wl,--build-id=0x0123456789abcdef -o pie \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("gcc -O1 -no-pie -fno-pie -Wl,--build-id=none -o fixed \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("strip -o stripped pie");
	binary_fixture_do("\"$GO\" build -ldflags=-buildid=left/mid/right -o go \"$PROGRAMS/frames.go\"");
	return 0;
}

int binary_fixture_tear_down(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

void binary_fixture_write(const char *name, const void *data, size_t size)
{
	const char *slash = strrchr(name, '/');
	FILE *file;

	if (slash)
		binary_fixture_do("mkdir -p %.*s", (int)(slash - name), name);
	file = fopen(path_of(name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* Run COMMAND in the folder, its standard error kept in the file "log" there. */
static char *run(const char *command, size_t *size)
{
	struct buf full = {0};
	char *output, *log;
	FILE *pipe;

	buf_append_format(&full, "cd %s && { %s\n} 2>log", folder, command);
	pipe = popen(buf_string(&full), "r");
	assert_non_null(pipe);
	output = read_all(pipe, size);
	if (pclose(pipe) != 0) {
		log = (char *)binary_fixture_read("log", NULL);
		print_error("%s: %s%s\n", command, output, log);
		free(log);
		fail();
	}
	buf_free(&full);
	return output;
}

char *binary_fixture_run(size_t *size, const char *format, ...)
{
	char command[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return run(command, size);
}

void binary_fixture_do(const char *format, ...)
{
	char command[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	free(run(command, NULL));
}

uint8_t *binary_fixture_read(const char *name, size_t *size)
{
	FILE *file = fopen(path_of(name), "r");
	char *bytes;

	assert_non_null(file);
	bytes = read_all(file, size);
	fclose(file);
	return (uint8_t *)bytes;
}

struct elf_image *binary_fixture_image(const char *name)
{
	struct elf_image *image = NULL;
	struct error error = {""};

	if (elf_image_open(&image, path_of(name), &error) != STATUS_OK)
		fail_msg("%s", error.text);
	return image;
}

void binary_fixture_open(struct binary_fixture *fixture, const char *name)
{
	struct error error = {""};

	*fixture = (struct binary_fixture){.image = binary_fixture_image(name)};
	if (go_buildinfo_read(&fixture->info, fixture->image, &error) != STATUS_OK ||
	    go_pclntab_open(&fixture->table, fixture->image, fixture->info.minor, &error) != STATUS_OK)
		fail_msg("%s: %s", name, error.text);
}

void binary_fixture_close(struct binary_fixture *fixture)
{
	go_pclntab_close(fixture->table);
	go_buildinfo_free(&fixture->info);
	elf_image_close(fixture->image);
}

/* Append a section's header to HEADERS; its name goes to NAMES and its bytes, at a multiple of 8, to BYTES. */
static void add_section(struct buf *headers, struct buf *names, struct buf *bytes,
			const struct binary_fixture_section *section)
{
	Elf64_Shdr header = {
	    .sh_name = (Elf64_Word)names->size,
	    .sh_type = section->type,
	    .sh_flags = section->flags,
	    .sh_addr = section->address,
	    .sh_size = section->size,
	    .sh_link = section->link,
	    .sh_addralign = 1,
	};

	buf_append(names, section->name, strlen(section->name) + 1);
	while (bytes->size % 8)
		buf_append_u8(bytes, 0);
	header.sh_offset = bytes->size;
	if (section->data)
		buf_append(bytes, section->data, section->size);
	buf_append(headers, &header, sizeof(header));
}

/* Put the program header of each allocated section where room was left for it, and return how many there are. */
static uint16_t add_segments(struct buf *bytes, const struct buf *headers)
{
	const Elf64_Shdr *sections = (const Elf64_Shdr *)headers->data;
	size_t i, count = 0, total = headers->size / sizeof(*sections);

	for (i = 0; i < total; i++) {
		Elf64_Phdr segment = {.p_type = PT_LOAD, .p_flags = PF_R, .p_align = 1};

		if (!(sections[i].sh_flags & SHF_ALLOC))
			continue;
		segment.p_flags |= sections[i].sh_flags & SHF_EXECINSTR ? PF_X : 0;
		segment.p_offset = sections[i].sh_offset;
		segment.p_vaddr = sections[i].sh_addr;
		segment.p_memsz = sections[i].sh_size;
		segment.p_filesz = sections[i].sh_type == SHT_NOBITS ? 0 : sections[i].sh_size;
		memcpy(bytes->data + sizeof(Elf64_Ehdr) + count++ * sizeof(segment), &segment, sizeof(segment));
	}
	return (uint16_t)count;
}

static void add_file_header(struct buf *bytes, const struct buf *headers, uint16_t machine)
{
	Elf64_Ehdr header = {
	    .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	    .e_type = ET_EXEC,
	    .e_machine = machine,
	    .e_version = EV_CURRENT,
	    .e_phoff = sizeof(header),
	    .e_shoff = bytes->size,
	    .e_ehsize = sizeof(header),
	    .e_phentsize = sizeof(Elf64_Phdr),
	    .e_shentsize = sizeof(Elf64_Shdr),
	    .e_shnum = (Elf64_Half)(headers->size / sizeof(Elf64_Shdr)),
	    .e_shstrndx = (Elf64_Half)(headers->size / sizeof(Elf64_Shdr) - 1),
	};

	header.e_phnum = add_segments(bytes, headers);
	memcpy(bytes->data, &header, sizeof(header));
	buf_append(bytes, headers->data, headers->size);
}

uint8_t *binary_fixture_elf(const struct binary_fixture_section *sections, size_t count, uint16_t machine, size_t *size)
{
	const struct binary_fixture_section none = {.name = ""};
	struct buf headers = {0}, names = {0}, bytes = {0};
	size_t i, room = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
	struct binary_fixture_section last = {.name = ".shstrtab", .type = SHT_STRTAB};

	memset(buf_reserve(&bytes, room), 0, room);
	bytes.size = room;
	add_section(&headers, &names, &bytes, &none);
	for (i = 0; i < count; i++)
		add_section(&headers, &names, &bytes, &sections[i]);
	last.size = names.size + sizeof(".shstrtab");
	add_section(&headers, &names, &bytes, &last);
	buf_append(&bytes, names.data, names.size);
	add_file_header(&bytes, &headers, machine);
	buf_free(&headers);
	buf_free(&names);
	*size = bytes.size;
	return bytes.data;
}
