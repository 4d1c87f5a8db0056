/* Reading, writing and mapping out another process through /proc. */
#include "collector/target_memory.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#define HOLE_REACH      (13ull << 27)  /* 1.6 GiB, 1 for rings and what goes with them: a CALL reaches 2 */
#define HOLE_STEP       (16ull << 20)  /* places are tried at multiples of this */
#define HOLE_BREAK_ROOM (512ull << 20) /* left free above the program, where the break grows */

static int target_memory_open(pid_t pid, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	return open(path, flags | O_CLOEXEC);
}

size_t target_memory_read_some(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	int fd = target_memory_open(pid, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : pread(fd, buffer, size, (off_t)address);

	if (fd >= 0)
		close(fd);
	return got < 0 ? 0 : (size_t)got;
}

enum status target_memory_read(pid_t pid, uint64_t address, void *buffer, size_t size, struct error *error)
{
	int fd = target_memory_open(pid, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : pread(fd, buffer, size, (off_t)address);

	if (fd >= 0)
		close(fd);
	if (got == (ssize_t)size)
		return STATUS_OK;
	return error_set_errno(error, "cannot read the memory of process %d at %#llx", (int)pid,
			       (unsigned long long)address);
}

/* Word by word through ptrace, keeping the bytes around the ends. */
static enum status target_memory_poke(pid_t pid, uint64_t address, const uint8_t *bytes, size_t size,
				      struct error *error)
{
	while (size) {
		uint64_t word = address & ~7ull;
		size_t skip = (size_t)(address - word), part = 8 - skip < size ? 8 - skip : size;
		long value;

		errno = 0;
		value = ptrace(PTRACE_PEEKDATA, pid, (void *)word, NULL);
		if (errno)
			return error_set_errno(error, "cannot read the memory of process %d at %#llx", (int)pid,
					       (unsigned long long)word);
		memcpy((uint8_t *)&value + skip, bytes, part);
		if (ptrace(PTRACE_POKEDATA, pid, (void *)word, (void *)value))
			return error_set_errno(error, "cannot write the memory of process %d at %#llx", (int)pid,
					       (unsigned long long)word);
		address += part;
		bytes += part;
		size -= part;
	}
	return STATUS_OK;
}

enum status target_memory_write(pid_t pid, uint64_t address, const void *buffer, size_t size, struct error *error)
{
	int fd = target_memory_open(pid, O_RDWR);
	ssize_t put = fd < 0 ? -1 : pwrite(fd, buffer, size, (off_t)address);

	if (fd >= 0)
		close(fd);
	if (put == (ssize_t)size)
		return STATUS_OK;
	return target_memory_poke(pid, address, buffer, size, error);
}

static bool target_memory_parse(const char *line, struct target_mapping *mapping)
{
	unsigned long long start, end, offset, inode;
	char permissions[8];
	int path_at = 0;

	if (sscanf(line, "%llx-%llx %7s %llx %*s %llu %n", &start, &end, permissions, &offset, &inode, &path_at) < 5)
		return false;
	mapping->start = start;
	mapping->end = end;
	mapping->offset = offset;
	mapping->inode = inode;
	mapping->executable = strchr(permissions, 'x') != NULL;
	snprintf(mapping->path, sizeof(mapping->path), "%s", path_at ? line + path_at : "");
	mapping->path[strcspn(mapping->path, "\n")] = 0;
	return true;
}

enum status target_memory_mappings(pid_t pid, struct target_mapping **mappings, size_t *count, struct error *error)
{
	size_t capacity = 0;
	char path[64], line[4096];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return error_set_errno(error, "cannot read %s", path);
	*mappings = NULL;
	*count = 0;
	while (fgets(line, sizeof(line), file)) {
		*mappings = memory_reserve(*mappings, *count, &capacity, sizeof(**mappings));
		if (target_memory_parse(line, &(*mappings)[*count]))
			(*count)++;
	}
	fclose(file);
	return STATUS_OK;
}

enum status target_memory_bias(pid_t pid, uint64_t executable, uint64_t *bias, struct error *error)
{
	struct target_mapping *mappings;
	char link[64], program[512];
	size_t count, i;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, program, sizeof(program) - 1);
	if (length < 0)
		return error_set_errno(error, "cannot tell the program of process %d", (int)pid);
	program[length] = 0;
	if (target_memory_mappings(pid, &mappings, &count, error) != STATUS_OK)
		return STATUS_ERROR;
	for (i = 0; i < count; i++)
		if (mappings[i].executable && !strcmp(mappings[i].path, program))
			break;
	if (i < count)
		*bias = mappings[i].start - (executable & ~4095ull);
	free(mappings);
	return i < count
		   ? STATUS_OK
		   : error_set(error, "cannot find the program %s among the mappings of process %d", program, (int)pid);
}

static bool target_memory_is_free(const struct target_mapping *mappings, size_t count, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (start < mappings[i].end && mappings[i].start < end)
			return false;
	return true;
}

enum status target_memory_hole(pid_t pid, uint64_t text_start, uint64_t text_end, uint64_t size, uint64_t *address,
			       struct error *error)
{
	uint64_t lowest = text_end > HOLE_REACH ? text_end - HOLE_REACH : HOLE_STEP, at;
	uint64_t highest = text_start + HOLE_REACH;
	struct target_mapping *mappings = NULL;
	bool found = false;
	size_t count = 0;

	if (target_memory_mappings(pid, &mappings, &count, error) != STATUS_OK)
		return STATUS_ERROR;
	/* Below a program that is loaded high; else above it, behind room for the break. */
	for (at = (text_start - size) & ~(HOLE_STEP - 1); !found && text_start > lowest + size && at >= lowest;
	     at -= HOLE_STEP)
		if (target_memory_is_free(mappings, count, at - HOLE_STEP, at + size + HOLE_STEP)) {
			*address = at;
			found = true;
		}
	for (at = (text_end + HOLE_BREAK_ROOM) & ~(HOLE_STEP - 1); !found && at + size < highest; at += HOLE_STEP)
		if (target_memory_is_free(mappings, count, at - HOLE_STEP, at + size + HOLE_STEP)) {
			*address = at;
			found = true;
		}
	free(mappings);
	return found ? STATUS_OK
		     : error_set(error, "no free place of %llu MiB near the machine code of process %d",
				 (unsigned long long)(size >> 20), (int)pid);
}
