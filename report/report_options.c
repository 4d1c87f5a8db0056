/*
 * What all formats share of being called: the default options, the names of the values, and the last step, writing what
 * was put together in memory.
 */
#include "report/report.h"
#include "report/report_write.h"

#include <string.h>

static const char *const by_names[] = {
    [REPORT_BY_SITE] = "site",
    [REPORT_BY_ROOT] = "root",
    [REPORT_BY_CATEGORY] = "category",
    [REPORT_BY_TYPE] = "type",
    [REPORT_BY_GOROUTINE] = "goroutine",
    [REPORT_BY_PACKAGE] = "package",
    [REPORT_BY_GOROUTINES] = "goroutines",
    [REPORT_BY_PROCS] = "procs",
    [REPORT_BY_LABEL] = "label",
};

struct report_options report_options_default(void)
{
	return (struct report_options){
	    .top = 20, .details = 5, .depth = 8, .colour = false, .width = 100, .value = REPORT_VALUE_GC};
}

bool report_what_if_asks(const struct report_what_if *what_if)
{
	return what_if->count || what_if->wish.set_gogc || what_if->wish.set_memory_limit;
}

/* The index of TEXT among COUNT NAMES, or -1. */
static int option_index(const char *text, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	}
	return -1;
}

enum status report_value_parse(enum report_value *value, const char *text, struct error *error)
{
	static const char *const names[] = {
	    [REPORT_VALUE_GC] = "gc",     [REPORT_VALUE_ALLOC] = "alloc", [REPORT_VALUE_OBJECTS] = "objects",
	    [REPORT_VALUE_LIVE] = "live", [REPORT_VALUE_KEPT] = "kept",
	};
	int index = option_index(text, names, sizeof(names) / sizeof(names[0]));

	if (index < 0)
		return error_set(error, "%s: no value of this name: take gc, alloc, objects, live or kept", text);
	*value = (enum report_value)index;
	return STATUS_OK;
}

enum status report_by_parse(struct report_options *options, const char *text, struct error *error)
{
	bool has_key = strncmp(text, "label:", 6) == 0 && text[6];
	int index = has_key ? REPORT_BY_LABEL : option_index(text, by_names, sizeof(by_names) / sizeof(by_names[0]));

	if (index < 0)
		return error_set(error,
				 "%s: take site, root, category, type, goroutine, package, goroutines, procs, label or "
				 "label:KEY",
				 text);
	options->by = (enum report_by)index;
	options->label = has_key ? text + 6 : NULL;
	return STATUS_OK;
}

const char *report_by_name(enum report_by by)
{
	return by_names[by];
}

enum status report_write(FILE *stream, const struct buf *buf, struct error *error)
{
	if ((buf->size > 0 && fwrite(buf->data, 1, buf->size, stream) != buf->size) || fflush(stream) != 0)
		return error_set_errno(error, "the report could not be written");
	return STATUS_OK;
}
