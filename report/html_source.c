/* In: an analysis, and the sources on this machine. Out: those that cost anything, in JSON. */
#include "report/html_source.h"

#include "base/strtab.h"
#include "report/line_costs.h"
#include "report/source_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX   60
#define FILE_BYTES  400000  /* a source that is longer was made by a generator */
#define TOTAL_BYTES 1200000 /* of all that is put into the page */
#define DIGITS      4

static time_t time_of(const char *path)
{
	struct stat status;

	return path && *path && stat(path, &status) == 0 ? status.st_mtime : 0;
}

static void put_sums(struct html_json *json, const struct file_cost *file)
{
	html_json_open(json, "line", '[');
	for (size_t i = 0; i < file->nlines; i++)
		html_json_integer(json, NULL, file->lines[i].line);
	html_json_close(json, ']');
	html_json_open(json, "gc", '[');
	for (size_t i = 0; i < file->nlines; i++)
		html_json_real(json, NULL, file->lines[i].sums.gc_saved_share, DIGITS);
	html_json_close(json, ']');
	html_json_open(json, "bytes", '[');
	for (size_t i = 0; i < file->nlines; i++)
		html_json_real(json, NULL, file->lines[i].sums.alloc_bytes, DIGITS);
	html_json_close(json, ']');
	html_json_open(json, "objects", '[');
	for (size_t i = 0; i < file->nlines; i++)
		html_json_real(json, NULL, file->lines[i].sums.alloc_objects, DIGITS);
	html_json_close(json, ']');
}

static void put_sites(struct html_json *json, const struct analysis *analysis, const struct file_cost *file)
{
	html_json_open(json, "sites", '[');
	for (size_t i = 0; i < file->nlines; i++) {
		html_json_open(json, NULL, '[');
		for (size_t k = 0; k < file->lines[i].nsites; k++)
			html_json_integer(json, NULL, file->lines[i].sites[k] - analysis->sites);
		html_json_close(json, ']');
	}
	html_json_close(json, ']');
}

/* The whole text of SOURCE; what it holds beyond a NUL no compiler has read. */
static void put_text(struct html_json *json, const struct source_text *source)
{
	char *text = strndup((const char *)source->file.data, source->file.size);

	html_json_text(json, "text", text, source->file.size);
	free(text);
}

/* Returns how many bytes of text it has put. */
static size_t put_file(struct html_json *json, const struct analysis *analysis, const struct report_options *options,
		       struct strtab *strings, const struct file_cost *file, size_t room)
{
	struct source_text source;
	bool found = source_text_open(&source, file->file, options->directories, options->ndirectories);
	bool fits = found && source.file.size > 0 && source.file.size <= FILE_BYTES && source.file.size <= room;
	time_t built = time_of(analysis->binary);
	const char *state = "here";

	if (!found)
		state = "missing";
	else if (!fits)
		state = "left out";
	else if (built && source.changed > built)
		state = "changed";
	html_json_open(json, NULL, '{');
	html_json_integer(json, "file", strtab_add(strings, file->file));
	html_json_text(json, "state", state, 20);
	if (fits)
		put_text(json, &source);
	put_sums(json, file);
	put_sites(json, analysis, file);
	html_json_close(json, '}');
	room = fits ? source.file.size : 0;
	source_text_close(&source);
	return room;
}

void html_source_write(struct html_json *json, const struct analysis *analysis, const struct report_options *options,
		       struct strtab *strings)
{
	struct line_costs costs;
	size_t files = 0, room = TOTAL_BYTES;

	html_json_open(json, "source", '[');
	if (options->embed_source) {
		line_costs_make(&costs, analysis);
		for (size_t i = 0; i < costs.count && files < FILES_MAX; i++) {
			if (!costs.files[i].own)
				continue;
			room -= put_file(json, analysis, options, strings, &costs.files[i], room);
			files++;
		}
		line_costs_free(&costs);
	}
	html_json_close(json, ']');
}
