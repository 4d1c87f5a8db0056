/* The packages of a link: its importcfg names their archives, each archive's head its build ID. */
#include "verdicts/toolexec_link.h"

#include "base/memory.h"
#include "verdicts/store.h"
#include "verdicts/tool_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARCHIVE_HEAD 4096 /* bytes of an archive in which its build ID stands */

/* The build ID in the head of the archive PATH, for the caller to free; NULL when there is none. */
static char *link_archive_id(const char *path)
{
	static const char words[] = "build id \"";
	char head[ARCHIVE_HEAD];
	const char *found, *end;
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	size = read(fd, head, sizeof(head));
	close(fd);
	found = size > 0 ? memmem(head, size, words, sizeof(words) - 1) : NULL;
	if (!found)
		return NULL;
	found += sizeof(words) - 1;
	end = memchr(found, '"', head + size - found);
	return end ? memory_copy_bytes(found, end - found) : NULL;
}

struct link_packages {
	struct store_package *items;
	size_t count, capacity;
};

static void link_add_package(struct link_packages *packages, const char *import_path, const char *archive)
{
	char *id = link_archive_id(archive);

	if (!id)
		return;
	packages->items =
	    memory_reserve(packages->items, packages->count, &packages->capacity, sizeof(*packages->items));
	packages->items[packages->count].import_path = memory_copy_string(import_path);
	packages->items[packages->count++].action_id = store_action_of(id);
	free(id);
}

/* The "packagefile PATH=ARCHIVE" lines of the importcfg. */
static void link_read_config(struct link_packages *packages, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *equals;
	size_t capacity = 0;

	while (file && getline(&line, &capacity, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		equals = strchr(line, '=');
		if (strncmp(line, "packagefile ", 12) != 0 || !equals)
			continue;
		*equals = 0;
		link_add_package(packages, line + 12, equals + 1);
	}
	if (file)
		fclose(file);
	free(line);
}

static bool link_has_package(const struct link_packages *packages, const char *action_id)
{
	size_t i;

	for (i = 0; i < packages->count; i++)
		if (!strcmp(packages->items[i].action_id, action_id))
			return true;
	return false;
}

/* The last argument is main's archive, which the importcfg may name too. */
static void link_add_main(struct link_packages *packages, const char *archive)
{
	char *id = link_archive_id(archive), *action_id = id ? store_action_of(id) : NULL;

	if (action_id && !link_has_package(packages, action_id))
		link_add_package(packages, "main", archive);
	free(action_id);
	free(id);
}

void toolexec_link_keep(char **argv)
{
	const char *build_id = tool_process_option(argv, "-buildid");
	const char *config = tool_process_option(argv, "-importcfg");
	struct link_packages packages = {0};
	char *action_id, **last = argv;
	struct error error;
	size_t i;

	if (!build_id || !config)
		return;
	while (last[1])
		last++;
	link_read_config(&packages, config);
	link_add_main(&packages, *last);
	action_id = store_action_of(build_id);
	store_put_binary(action_id, packages.items, packages.count, &error);
	for (i = 0; i < packages.count; i++) {
		free(packages.items[i].import_path);
		free(packages.items[i].action_id);
	}
	free(packages.items);
	free(action_id);
}
