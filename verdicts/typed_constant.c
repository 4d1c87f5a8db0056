/*
 * In: verdicts and sources. Out: some of them marked. A call stands where its parenthesis is (cmd/compile's syntax
 * package, CallExpr.Pos), a constant where its name begins. Up to Go 1.19 what is put into an interface has the column
 * of the whole statement, which tells nothing.
 */
#include "verdicts/typed_constant.h"

#include "base/mapfile.h"
#include "verdicts/tool_process.h"
#include "verdicts/verdict.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* `T(…)` or `pkg.T(…)` with a literal: what a constant of type T looks like, and some calls. */
static bool looks_constant(const char *what)
{
	size_t length = strlen(what), name = 0;
	const char *value;

	while (is_name(what[name]) || what[name] == '.')
		name++;
	if (!name || isdigit((unsigned char)what[0]) || what[name] != '(' || what[length - 1] != ')')
		return false;
	value = what + name + 1;
	return *value == '"' || *value == '\'' || *value == '-' || isdigit((unsigned char)*value) ||
	       !strcmp(value, "true)") || !strcmp(value, "false)");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The one among ARGV's sources that has the base name of FILE; NULL when there is none. */
static const char *source_of(char **argv, const char *file)
{
	const char *name = base_name(file);

	for (; *argv; argv++)
		if (!strcmp(base_name(*argv), name))
			return *argv;
	return NULL;
}

/* Whether a name, or pkg.Name, that is all of an expression begins at AT, of which COLUMN bytes before are its line's.
 */
static bool is_lone_name(const char *at, const char *end, uint32_t column)
{
	if (!is_name(*at) || isdigit((unsigned char)*at) || (column && is_name(at[-1])))
		return false;
	while (at < end && (is_name(*at) || *at == '.'))
		at++;
	return at == end || strchr(",)}]\r\n", *at);
}

/* Whether a lone name begins at LINE and COLUMN (from 1, bytes) of the source PATH. */
static bool has_name_at(const char *path, uint32_t line, uint32_t column)
{
	struct mapfile file = {0};
	const char *at, *end;
	bool found = false;

	if (!column || mapfile_open(&file, path, NULL) != STATUS_OK)
		return false;
	at = (const char *)file.data;
	end = at + file.size;
	for (; at && line > 1; line--) {
		at = memchr(at, '\n', end - at);
		at = at ? at + 1 : NULL;
	}
	if (at && line == 1 && (size_t)(end - at) >= column && !memchr(at, '\n', column))
		found = is_lone_name(at + column - 1, end, column - 1);
	mapfile_close(&file);
	return found;
}

/* Whether the compiler with these arguments is of Go 1.20 or later, as one that does not say is taken to be. */
static bool tells_columns(char **argv)
{
	const char *version = tool_process_option(argv, "-goversion");

	return !version || strncmp(version, "go1.", 4) != 0 || strtol(version + 4, NULL, 10) >= 20;
}

void typed_constant_mark(struct verdict_set *set, char **argv)
{
	size_t i, count = tells_columns(argv) ? verdict_set_count(set) : 0;

	for (i = 0; i < count; i++) {
		const struct verdict *verdict = verdict_set_at(set, i);
		const struct verdict_position *place = &verdict->chain[0];
		const char *source;

		if (verdict->kind != VERDICT_ESCAPES || verdict->nchain != 1 || !looks_constant(verdict->what))
			continue;
		source = source_of(argv, place->file);
		if (source && has_name_at(source, place->line, place->column))
			verdict_set_mark_constant(set, i);
	}
}
