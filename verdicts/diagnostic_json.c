/*
 * The compiler's JSON diagnostics, a line at a time. Comes in: a file's bytes; goes out: verdicts in a
 * set. Most lines are about inlining and nil checks, and are left by a look at their text.
 */
#include "verdicts/diagnostic_json.h"

#include "base/mapfile.h"
#include "base/memory.h"
#include "verdicts/json_line.h"
#include "verdicts/verdict_draft.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file while it is read. */
struct json_file {
	struct verdict_set *set;
	const struct source_names *names;
	const char *package;
	char *header_package, *source; /* from its first line; owned */
	struct verdict_draft draft;
	struct json_line *line; /* the one at hand */
	struct buf uri, text, path, scratch;
};

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The path of a file:// URI; trimmed paths have no leading slash. Kept in FILE until the next call. */
static const char *json_uri_path(struct json_file *file, const char *uri)
{
	if (!strncmp(uri, "file://", 7))
		uri += 7;
	file->uri.size = 0;
	for (; *uri; uri++) {
		if (*uri == '%' && hex_value(uri[1]) >= 0 && hex_value(uri[2]) >= 0) {
			buf_append_u8(&file->uri, hex_value(uri[1]) << 4 | hex_value(uri[2]));
			uri += 2;
		} else {
			buf_append_u8(&file->uri, *uri);
		}
	}
	return source_names_resolve(file->names, buf_string(&file->uri), &file->scratch);
}

/* The member NAME of RANGE's "start"; 0 when it is missing or no number of lines. */
static uint32_t json_start(const struct json_file *file, size_t range, const char *name)
{
	size_t start = json_line_member(file->line, range, "start");
	int64_t value = json_line_number(file->line, json_line_member(file->line, start, name));

	return value < 0 ? 0 : (uint32_t)value;
}

/* OBJECT's member NAME in INTO, "" when it has no such string. */
static const char *json_text(const struct json_file *file, size_t object, const char *name, struct buf *into)
{
	const char *text = json_line_string(file->line, json_line_member(file->line, object, name), into);

	return text ? text : "";
}

/*
 * An entry of the related information: inlineLoc entries that come first continue the chain; those after a flow line
 * tell how that line's place was inlined, and the line itself has the outermost place.
 */
static void json_take_entry(struct json_file *file, size_t entry, bool *in_flow)
{
	const char *message = json_text(file, entry, "message", &file->text), *path;
	size_t location = json_line_member(file->line, entry, "location");
	size_t range = json_line_member(file->line, location, "range");
	bool is_place = !strcmp(message, "inlineLoc");
	uint32_t line, column;

	if ((is_place && *in_flow) || (!is_place && strncmp(message, "escflow:", 8) != 0))
		return;
	path = json_uri_path(file, json_text(file, location, "uri", &file->path));
	line = json_start(file, range, "line");
	column = json_start(file, range, "character");
	if (is_place) {
		verdict_draft_place(&file->draft, path, line, column);
		return;
	}
	*in_flow = true;
	message += 8 + strspn(message + 8, " ");
	verdict_draft_flow(&file->draft, message, strlen(message), path, line, column);
}

static void json_take_diagnostic(struct json_file *file)
{
	size_t range = json_line_member(file->line, JSON_LINE_ROOT, "range"), related, entry;
	const char *text = json_text(file, JSON_LINE_ROOT, "code", &file->text), *source;
	bool in_flow = false;

	if (strcmp(text, "escape") != 0 && strcmp(text, "escapes") != 0 && strcmp(text, "leak") != 0)
		return;
	verdict_draft_start(&file->draft, *file->package ? file->package : file->header_package);
	text = json_text(file, JSON_LINE_ROOT, "message", &file->text);
	if (!verdict_draft_message(&file->draft, text, strlen(text)))
		return;
	source = source_names_resolve(file->names, file->source, &file->scratch);
	verdict_draft_place(&file->draft, source, json_start(file, range, "line"),
			    json_start(file, range, "character"));
	related = json_line_member(file->line, JSON_LINE_ROOT, "relatedInformation");
	for (entry = json_line_first(file->line, related); entry != JSON_LINE_NONE;
	     entry = json_line_next(file->line, related, entry))
		json_take_entry(file, entry, &in_flow);
	file->draft.verdict.chain_known = true;
	verdict_set_add(file->set, verdict_draft_get(&file->draft));
}

static enum status json_take_header(struct json_file *file, const char *name, struct error *error)
{
	size_t version = json_line_member(file->line, JSON_LINE_ROOT, "version");
	const char *source = json_text(file, JSON_LINE_ROOT, "file", &file->path);

	if (json_line_number(file->line, version) != 0 || !*source)
		return error_set(error, "%s:1: no header of compiler diagnostics, version 0", name);
	file->header_package = memory_copy_string(json_text(file, JSON_LINE_ROOT, "package", &file->text));
	file->source = memory_copy_string(source);
	return STATUS_OK;
}

/*
 * Whether a line can hold a verdict. Quotes inside of strings are escaped, so the member's text cannot stand there;
 * half of the records about escapes repeat the one before without a message.
 */
static bool json_line_matters(const char *line, size_t length)
{
	return (memmem(line, length, "\"code\":\"esc", 11) || memmem(line, length, "\"code\":\"leak\"", 13)) &&
	       !memmem(line, length, "\"message\":\"\"", 12);
}

static enum status json_take_line(struct json_file *file, const char *text, size_t length, size_t number,
				  const char *name, struct error *error)
{
	const char *problem;

	if (!length || (number > 1 && !json_line_matters(text, length)))
		return STATUS_OK;
	problem = json_line_parse(file->line, text, length);
	if (problem)
		return error_set(error, "%s:%zu: damaged compiler diagnostic: %s", name, number, problem);
	if (number == 1)
		return json_take_header(file, name, error);
	json_take_diagnostic(file);
	return STATUS_OK;
}

enum status diagnostic_json_read(struct verdict_set *set, const void *data, size_t size, const char *name,
				 const char *package, const struct source_names *names, struct error *error)
{
	struct json_file file = {.set = set, .names = names, .package = package, .line = json_line_new()};
	const char *at = size ? data : "", *end = at + size, *line_end;
	enum status status = STATUS_OK;
	size_t number;

	for (number = 1; at < end && status == STATUS_OK; number++) {
		line_end = memchr(at, '\n', end - at);
		if (!line_end)
			line_end = end;
		status = json_take_line(&file, at, line_end - at, number, name, error);
		if (number == 1 && status == STATUS_OK && !file.source)
			status = error_set(error, "%s:1: no header of compiler diagnostics", name);
		at = line_end + 1;
	}
	free(file.header_package);
	free(file.source);
	verdict_draft_free(&file.draft);
	json_line_free(file.line);
	buf_free(&file.uri);
	buf_free(&file.text);
	buf_free(&file.path);
	buf_free(&file.scratch);
	return status;
}

static enum status json_read_file(struct verdict_set *set, const char *path, const char *package,
				  const struct source_names *names, struct error *error)
{
	struct mapfile file = {0};
	enum status status = mapfile_open(&file, path, error);

	if (status == STATUS_OK)
		status = diagnostic_json_read(set, file.data, file.size, path, package, names, error);
	mapfile_close(&file);
	return status;
}

/* Every .json file in the folder of a package. */
static enum status json_read_package(struct verdict_set *set, const char *directory, const char *package,
				     const struct source_names *names, struct error *error)
{
	DIR *folder = opendir(directory);
	enum status status = STATUS_OK;
	struct dirent *entry;
	size_t length;
	char *path;

	if (!folder)
		return errno == ENOTDIR
			   ? STATUS_OK
			   : error_set_errno(error, "%s: cannot read the compiler's diagnostics", directory);
	while (status == STATUS_OK && (entry = readdir(folder))) {
		length = strlen(entry->d_name);
		if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
			continue;
		path = memory_format("%s/%s", directory, entry->d_name);
		status = json_read_file(set, path, package, names, error);
		free(path);
	}
	closedir(folder);
	return status;
}

enum status diagnostic_json_read_directory(struct verdict_set *set, const char *directory, const char *package,
					   const struct source_names *names, struct error *error)
{
	DIR *folder = opendir(directory);
	enum status status = STATUS_OK;
	struct dirent *entry;
	char *path;

	if (!folder)
		return error_set_errno(error, "%s: cannot read the compiler's diagnostics", directory);
	while (status == STATUS_OK && (entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = memory_format("%s/%s", directory, entry->d_name);
		status = json_read_package(set, path, package, names, error);
		free(path);
	}
	closedir(folder);
	return status;
}
