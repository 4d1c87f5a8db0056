/* Read-only file mappings. */
#include "base/mapfile.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status mapfile_map(struct mapfile *file, int fd, const char *path, struct error *error)
{
	struct stat stat;
	void *data;

	if (fstat(fd, &stat))
		return error_set_errno(error, "cannot read: %s", path);
	if (!S_ISREG(stat.st_mode))
		return error_set(error, "cannot read: %s: not a regular file", path);
	*file = (struct mapfile){0};
	if (!stat.st_size)
		return STATUS_OK;
	data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_set_errno(error, "cannot map: %s", path);
	file->data = data;
	file->size = (size_t)stat.st_size;
	return STATUS_OK;
}

enum status mapfile_open(struct mapfile *file, const char *path, struct error *error)
{
	enum status status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would be waited for, then refused */

	if (fd < 0)
		return error_set_errno(error, "cannot open: %s", path);
	status = mapfile_map(file, fd, path, error);
	close(fd);
	return status;
}

void mapfile_close(struct mapfile *file)
{
	if (file->data)
		munmap((void *)file->data, file->size);
	*file = (struct mapfile){0};
}
