/*
 * The compiler's JSON diagnostics, by jansson, a line at a time. Comes in: a file's bytes; goes out: verdicts in a
 * set. Most lines are about inlining and nil checks, and are left by a look at their text.
 */
#include "verdicts/diagnostic_json.h"

#include "base/mapfile.h"
#include "base/memory.h"
#include "verdicts/verdict_draft.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A file while it is read. */
struct json_file {
	struct verdict_set *set;
	const struct source_names *names;
	const char *package;
	char *header_package, *source; /* from its first line; owned */
	struct verdict_draft draft;
	struct buf uri, scratch;
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

/* A member of RANGE's "start"; 0 when it is missing or no number of lines. */
static uint32_t json_start(const json_t *range, const char *member)
{
	json_int_t value = json_integer_value(json_object_get(json_object_get(range, "start"), member));

	return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

static const char *json_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/*
 * The related information: inlineLoc entries that come first continue the chain; those after a flow line tell how
 * that line's place was inlined, and the line itself has the outermost place.
 */
static void json_take_related(struct json_file *file, const json_t *related)
{
	const json_t *entry, *location, *range;
	const char *message, *path;
	bool in_flow = false;
	size_t i;

	json_array_foreach(related, i, entry)
	{
		message = json_text(entry, "message");
		location = json_object_get(entry, "location");
		range = json_object_get(location, "range");
		if (!strcmp(message, "inlineLoc") && in_flow)
			continue;
		path = json_uri_path(file, json_text(location, "uri"));
		if (!strcmp(message, "inlineLoc")) {
			verdict_draft_place(&file->draft, path, json_start(range, "line"),
					    json_start(range, "character"));
		} else if (!strncmp(message, "escflow:", 8)) {
			in_flow = true;
			message += 8 + strspn(message + 8, " ");
			verdict_draft_flow(&file->draft, message, strlen(message), path, json_start(range, "line"),
					   json_start(range, "character"));
		}
	}
}

static void json_take_diagnostic(struct json_file *file, const json_t *diagnostic)
{
	const char *code = json_text(diagnostic, "code"), *message = json_text(diagnostic, "message");
	const json_t *range = json_object_get(diagnostic, "range");
	const char *source;

	if (strcmp(code, "escape") != 0 && strcmp(code, "escapes") != 0 && strcmp(code, "leak") != 0)
		return;
	verdict_draft_start(&file->draft, *file->package ? file->package : file->header_package);
	if (!verdict_draft_message(&file->draft, message, strlen(message)))
		return;
	source = source_names_resolve(file->names, file->source, &file->scratch);
	verdict_draft_place(&file->draft, source, json_start(range, "line"), json_start(range, "character"));
	json_take_related(file, json_object_get(diagnostic, "relatedInformation"));
	file->draft.verdict.chain_known = true;
	verdict_set_add(file->set, verdict_draft_get(&file->draft));
}

static enum status json_take_header(struct json_file *file, const json_t *header, const char *name, struct error *error)
{
	const json_t *version = json_object_get(header, "version");

	if (!json_is_integer(version) || json_integer_value(version) != 0 ||
	    !json_is_string(json_object_get(header, "file")))
		return error_set(error, "%s:1: no header of compiler diagnostics, version 0", name);
	file->header_package = memory_copy_string(json_text(header, "package"));
	file->source = memory_copy_string(json_text(header, "file"));
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

static enum status json_take_line(struct json_file *file, const char *line, size_t length, size_t number,
				  const char *name, struct error *error)
{
	enum status status = STATUS_OK;
	json_error_t problem;
	json_t *object;

	if (!length || (number > 1 && !json_line_matters(line, length)))
		return STATUS_OK;
	object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
	if (!json_is_object(object))
		status = error_set(error, "%s:%zu: damaged compiler diagnostic: %s", name, number,
				   object ? "not an object" : problem.text);
	else if (number == 1)
		status = json_take_header(file, object, name, error);
	else
		json_take_diagnostic(file, object);
	json_decref(object);
	return status;
}

enum status diagnostic_json_read(struct verdict_set *set, const void *data, size_t size, const char *name,
				 const char *package, const struct source_names *names, struct error *error)
{
	struct json_file file = {.set = set, .names = names, .package = package};
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
	buf_free(&file.uri);
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
		return errno == ENOTDIR ? STATUS_OK : error_set_errno(error, "%s", directory);
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
