/* Where a project begins: at the folder that holds .git. */
#include "cli/source_root.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether DIRECTORY has a .git: a folder, or a file in further work trees. */
static bool is_work_tree(const char *directory)
{
	char *path = memory_format("%s/.git", directory);
	bool found = access(path, F_OK) == 0;

	free(path);
	return found;
}

char *source_root_find(const char *given)
{
	char *start = realpath(given ? given : ".", NULL), *at, *slash;

	if (!start || given)
		return start;
	at = memory_copy_string(start);
	while (!is_work_tree(at) && (slash = strrchr(at, '/')) && slash != at)
		*slash = 0;
	if (is_work_tree(at)) {
		free(start);
		return at;
	}
	free(at);
	return start;
}
