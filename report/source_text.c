/* Finds source files by the names that programs have of them. */
#include "report/source_text.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool open_path(struct source_text *text, const char *path)
{
	struct error error;
	struct stat status;

	if (stat(path, &status) != 0 || mapfile_open(&text->file, path, &error) != STATUS_OK)
		return false;
	text->changed = status.st_mtime;
	return true;
}

/* Below DIRECTORY, by the longest end of FILE's path that is there. */
static bool open_below(struct source_text *text, const char *directory, const char *file)
{
	for (const char *end = file; end; end = strchr(end, '/')) {
		char *path;
		bool found;

		end += *end == '/';
		path = memory_format("%s/%s", directory, end);
		found = open_path(text, path);
		free(path);
		if (found)
			return true;
	}
	return false;
}

static void find_lines(struct source_text *text)
{
	const char *data = (const char *)text->file.data;
	size_t capacity = 0, at = 0;

	text->starts = memory_reserve(NULL, 0, &capacity, sizeof(*text->starts));
	text->starts[0] = 0;
	while (at < text->file.size) {
		const char *end = memchr(data + at, '\n', text->file.size - at);

		at = end ? (size_t)(end - data) + 1 : text->file.size;
		text->count++;
		text->starts = memory_reserve(text->starts, text->count, &capacity, sizeof(*text->starts));
		text->starts[text->count] = at;
	}
}

bool source_text_open(struct source_text *text, const char *file, const char *const *directories, size_t count)
{
	bool found;

	*text = (struct source_text){0};
	found = *file == '/' && open_path(text, file);
	for (size_t i = 0; i < count && !found; i++)
		found = open_below(text, directories[i], file);
	if (found)
		find_lines(text);
	return found;
}

char *source_text_line(const struct source_text *text, uint32_t line)
{
	const char *start;
	size_t size;

	if (line < 1 || line > text->count)
		return NULL;
	start = (const char *)text->file.data + text->starts[line - 1];
	size = text->starts[line] - text->starts[line - 1];
	while (size && (start[size - 1] == '\n' || start[size - 1] == '\r'))
		size--;
	return memory_copy_bytes(start, size);
}

void source_text_close(struct source_text *text)
{
	mapfile_close(&text->file);
	free(text->starts);
	*text = (struct source_text){0};
}
