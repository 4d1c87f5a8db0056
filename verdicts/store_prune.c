/*
 * In: the store's folders. Out: how much they hold, and, on demand, fewer files. store.c marks an entry as used by its
 * time of change.
 */
#include "verdicts/store_prune.h"

#include "base/memory.h"
#include "verdicts/store.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEFT_BEHIND_SECONDS 3600 /* a file that is being written is never so old */

struct store_file {
	char *path; /* owned */
	uint64_t bytes;
	time_t used;
	bool is_binary, is_temporary;
};

struct store_files {
	struct store_file *files;
	size_t count, capacity;
};

static void files_free(struct store_files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		free(files->files[i].path);
	free(files->files);
}

static void files_add(struct store_files *files, const FTSENT *entry)
{
	struct store_file file = {.path = memory_copy_string(entry->fts_path),
				  .bytes = (uint64_t)entry->fts_statp->st_size,
				  .used = entry->fts_statp->st_mtime,
				  .is_binary = strstr(entry->fts_path, "/binaries/") != NULL,
				  .is_temporary = strchr(entry->fts_name, '.') != NULL};

	files->files = memory_reserve(files->files, files->count, &files->capacity, sizeof(file));
	files->files[files->count++] = file;
}

/* List the files in the store's own two folders: nothing else that may stand beside them is touched. */
static enum status files_list(struct store_files *files, struct error *error)
{
	char *directory = store_directory(), *packages = memory_format("%s/packages", directory),
	     *binaries = memory_format("%s/binaries", directory);
	char *const folders[] = {packages, binaries, NULL};
	enum status status = STATUS_OK;
	FTS *walk = fts_open(folders, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	*files = (struct store_files){0};
	while (walk && status == STATUS_OK && (entry = fts_read(walk))) {
		if (entry->fts_info == FTS_F)
			files_add(files, entry);
		else if ((entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) && entry->fts_errno != ENOENT)
			status = error_set(error, "cannot read %s: %s", entry->fts_path, strerror(entry->fts_errno));
	}
	if (walk)
		fts_close(walk);
	else
		status = error_set_errno(error, "cannot read %s", directory);
	free(packages);
	free(binaries);
	free(directory);
	return status;
}

static void totals_add(struct store_totals *totals, const struct store_file *file)
{
	totals->packages += !file->is_binary && !file->is_temporary;
	totals->binaries += file->is_binary && !file->is_temporary;
	totals->bytes += file->bytes;
}

static struct store_totals totals_of(const struct store_files *files)
{
	struct store_totals totals = {0};
	size_t i;

	for (i = 0; i < files->count; i++)
		totals_add(&totals, &files->files[i]);
	return totals;
}

enum status store_measure(struct store_totals *totals, struct error *error)
{
	struct store_files files;
	enum status status = files_list(&files, error);

	*totals = totals_of(&files);
	files_free(&files);
	return status;
}

/* The first to go first: what was left behind, then by the time of the last use. */
static int compare_files(const void *left, const void *right)
{
	const struct store_file *a = left, *b = right;

	if (a->used != b->used)
		return a->used < b->used ? -1 : 1;
	return strcmp(a->path, b->path);
}

enum status store_prune(uint64_t keep, struct store_totals *removed, struct error *error)
{
	struct store_files files;
	enum status status = files_list(&files, error);
	uint64_t bytes = totals_of(&files).bytes;
	time_t now = time(NULL);
	size_t i;

	*removed = (struct store_totals){0};
	if (files.count)
		qsort(files.files, files.count, sizeof(*files.files), compare_files);
	for (i = 0; status == STATUS_OK && i < files.count; i++) {
		const struct store_file *file = &files.files[i];
		bool stale = file->is_temporary && now - file->used > LEFT_BEHIND_SECONDS;

		if (!stale && (file->is_temporary || (keep && bytes - removed->bytes <= keep)))
			continue;
		if (unlink(file->path) && errno != ENOENT)
			status = error_set_errno(error, "cannot remove %s", file->path);
		else
			totals_add(removed, file);
	}
	files_free(&files);
	return status;
}
