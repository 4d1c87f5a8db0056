/*
 * The store of verdicts on disk, and the sidecar. Comes in: sets, and the IDs of the go command; goes out: sets. What
 * is read may be anybody's bytes: an entry that is damaged counts as one that is not there.
 */
#include "verdicts/store.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/mapfile.h"
#include "base/directory.h"
#include "base/memory.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_codec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIDECAR_MAGIC "ESCVSIDE"
#define BUILD_ID_MAX  1024

char *store_directory(void)
{
	const char *own = getenv("ESCPROF_CACHE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (own && *own)
		return memory_copy_string(own);
	if (cache && *cache)
		return memory_format("%s/escprof", cache);
	return memory_format("%s/.cache/escprof", home && *home ? home : "/tmp");
}

char *store_action_of(const char *build_id)
{
	return memory_copy_bytes(build_id, strcspn(build_id, "/"));
}

/* The file of ACTION_ID in the folder KIND; its base64 alphabet ("-" and "_") is fit for names. */
static char *store_path(const char *kind, const char *action_id)
{
	char *directory = store_directory(), *path;

	path = memory_format("%s/%s/%.2s/%s", directory, kind, action_id, action_id);
	free(directory);
	return path;
}

static bool store_is_action(const char *action_id)
{
	size_t length = strlen(action_id);

	return length >= 8 && length <= 128 &&
	       strspn(action_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_") == length;
}

static enum status store_write_file(const char *path, const struct buf *bytes, struct error *error)
{
	char *temporary;
	FILE *file;
	bool good;

	if (directory_make_parents(path, error) != STATUS_OK)
		return STATUS_ERROR;
	temporary = memory_format("%s.%d", path, (int)getpid());
	file = fopen(temporary, "we");
	good = file && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	if (file && fclose(file))
		good = false;
	if (!good || rename(temporary, path)) {
		error_set_errno(error, "cannot write %s", path);
		unlink(temporary);
		free(temporary);
		return STATUS_ERROR;
	}
	free(temporary);
	return STATUS_OK;
}

enum status store_prepare(struct error *error)
{
	char *directory = store_directory(), *inside = memory_format("%s/packages/", directory);
	enum status status = directory_make_parents(inside, error);

	if (status == STATUS_OK && access(inside, W_OK))
		status = error_set_errno(error, "cannot write to %s", directory);
	if (status == STATUS_ERROR)
		error_prefix(error, "no place to keep verdicts: name another in ESCPROF_CACHE");
	free(inside);
	free(directory);
	return status;
}

enum status store_put_package(const char *action_id, const struct verdict_set *set, size_t *size, struct error *error)
{
	struct buf bytes = {0};
	enum status status;
	char *path;

	if (!store_is_action(action_id))
		return error_set(error, "not an action ID of the go command: %s", action_id);
	path = store_path("packages", action_id);
	verdict_codec_write(&bytes, set);
	status = store_write_file(path, &bytes, error);
	if (size)
		*size = bytes.size;
	buf_free(&bytes);
	free(path);
	return status;
}

enum status store_get_package(const char *action_id, struct verdict_set *set, struct error *error)
{
	struct mapfile file;
	enum status status;
	char *path;

	if (!store_is_action(action_id))
		return STATUS_NO_ENTRY;
	path = store_path("packages", action_id);
	if (access(path, R_OK)) {
		status = STATUS_NO_ENTRY;
	} else {
		status = mapfile_open(&file, path, error);
		if (status == STATUS_OK) {
			utimensat(AT_FDCWD, path, NULL, 0); /* used now: store_prune spares it; no matter if it fails */
			status = verdict_codec_read(set, file.data, file.size, path, error);
			mapfile_close(&file);
		}
	}
	free(path);
	return status;
}

enum status store_put_binary(const char *action_id, const struct store_package *packages, size_t count,
			     struct error *error)
{
	struct buf text = {0};
	enum status status;
	char *path;
	size_t i;

	if (!store_is_action(action_id))
		return error_set(error, "not an action ID of the go command: %s", action_id);
	for (i = 0; i < count; i++)
		buf_append_format(&text, "%s %s\n", packages[i].action_id, packages[i].import_path);
	path = store_path("binaries", action_id);
	status = store_write_file(path, &text, error);
	buf_free(&text);
	free(path);
	return status;
}

/* The list of a binary's packages, one "ACTION PATH" a line. */
struct store_list {
	struct mapfile file;
	const char *at, *end;
};

static enum status store_list_open(struct store_list *list, const char *build_id, struct error *error)
{
	char *action = store_action_of(build_id), *path;
	enum status status = STATUS_NO_ENTRY;

	if (store_is_action(action)) {
		path = store_path("binaries", action);
		if (!access(path, R_OK))
			status = mapfile_open(&list->file, path, error);
		free(path);
	}
	free(action);
	if (status == STATUS_OK) {
		list->at = (const char *)list->file.data;
		list->end = list->at + list->file.size;
	}
	return status;
}

/* The next action ID, for the caller to free; NULL after the last. */
static char *store_list_next(struct store_list *list)
{
	const char *line = list->at, *end;

	if (line >= list->end)
		return NULL;
	end = memchr(line, '\n', list->end - line);
	if (!end)
		end = list->end;
	list->at = end + 1;
	return memory_copy_bytes(line,
				 memchr(line, ' ', end - line) ? (char *)memchr(line, ' ', end - line) - line : 0);
}

enum status store_get_binary(const char *build_id, struct verdict_set *set, size_t *missing, struct error *error)
{
	struct store_list list = {0};
	enum status status = store_list_open(&list, build_id, error);
	char *action;

	*missing = 0;
	if (status != STATUS_OK)
		return status;
	for (; (action = store_list_next(&list)); free(action))
		if (store_get_package(action, set, NULL) != STATUS_OK)
			(*missing)++;
	mapfile_close(&list.file);
	return STATUS_OK;
}

static void store_check_package(const char *action_id, struct store_usage *usage)
{
	char *path = store_is_action(action_id) ? store_path("packages", action_id) : NULL;
	struct mapfile file = {0};

	if (path && mapfile_open(&file, path, NULL) == STATUS_OK && verdict_codec_is_sound(file.data, file.size)) {
		usage->kept++;
		usage->bytes += file.size;
	} else {
		usage->missing++;
	}
	mapfile_close(&file);
	free(path);
}

enum status store_check_binary(const char *build_id, struct store_usage *usage, struct error *error)
{
	struct store_list list = {0};
	enum status status = store_list_open(&list, build_id, error);
	char *action;

	*usage = (struct store_usage){0};
	if (status != STATUS_OK)
		return status;
	for (; (action = store_list_next(&list)); free(action))
		store_check_package(action, usage);
	mapfile_close(&list.file);
	return STATUS_OK;
}

enum status store_write_sidecar(const char *path, const char *build_id, const struct verdict_set *set,
				struct error *error)
{
	struct buf bytes = {0};
	enum status status;

	buf_append(&bytes, SIDECAR_MAGIC, 8);
	buf_append(&bytes, build_id, strlen(build_id) + 1);
	verdict_codec_write(&bytes, set);
	status = store_write_file(path, &bytes, error);
	buf_free(&bytes);
	return status;
}

static enum status store_parse_sidecar(const struct mapfile *file, const char *path, const char *build_id,
				       struct verdict_set *set, struct error *error)
{
	struct cursor cursor = cursor_make(file->data, file->size);
	const uint8_t *magic = cursor_bytes(&cursor, 8);
	const char *id = cursor_string(&cursor);

	if (!magic || memcmp(magic, SIDECAR_MAGIC, 8) != 0 || !id || strlen(id) > BUILD_ID_MAX)
		return error_set(error, "not a file of verdicts: %s: `escprof build --sidecar` writes one", path);
	if (strcmp(id, build_id) != 0)
		return error_set(error,
				 "verdicts of another build: %s: they are of the program with build ID %s, not %s",
				 path, id, build_id);
	return verdict_codec_read(set, cursor.at, cursor_left(&cursor), path, error);
}

enum status store_read_sidecar(const char *path, const char *build_id, struct verdict_set *set, struct error *error)
{
	struct mapfile file;
	enum status status;

	if (access(path, R_OK))
		return STATUS_NO_ENTRY;
	status = mapfile_open(&file, path, error);
	if (status != STATUS_OK)
		return status;
	status = store_parse_sidecar(&file, path, build_id, set, error);
	mapfile_close(&file);
	return status;
}
