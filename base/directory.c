/* In: paths. Out: folders that exist. */
#include "base/directory.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum status directory_make_parents(const char *path, struct error *error)
{
	char *copy = memory_copy_string(path), *slash;
	enum status status = STATUS_OK;

	for (slash = strchr(copy + 1, '/'); slash && status == STATUS_OK; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(copy, 0777) && errno != EEXIST)
			status = error_set_errno(error, "cannot make the directory %s", copy);
		*slash = '/';
	}
	free(copy);
	return status;
}

char *directory_make_temporary(const char *kind, struct error *error)
{
	const char *parent = getenv("TMPDIR");
	char *folder = memory_format("%s/escprof-%s-XXXXXX", parent && *parent ? parent : "/tmp", kind);

	if (mkdtemp(folder))
		return folder;
	error_set_errno(error, "cannot make a folder to build in: %s", folder);
	free(folder);
	return NULL;
}
