/*
 * What all formats share of being called: the default options, the names of the values, and the last step, writing what
 * was put together in memory.
 */
#include "report/report.h"
#include "report/report_write.h"

#include <string.h>

struct report_options report_options_default(void)
{
	return (struct report_options){
	    .top = 20, .details = 5, .colour = false, .width = 100, .value = REPORT_VALUE_GC};
}

enum status report_value_parse(enum report_value *value, const char *text, struct error *error)
{
	static const char *const names[] = {
	    [REPORT_VALUE_GC] = "gc",
	    [REPORT_VALUE_ALLOC] = "alloc",
	    [REPORT_VALUE_OBJECTS] = "objects",
	    [REPORT_VALUE_LIVE] = "live",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*value = (enum report_value)i;
			return STATUS_OK;
		}
	}
	return error_set(error, "%s: no value of this name: take gc, alloc, objects or live", text);
}

enum status report_write(FILE *stream, const struct buf *buf, struct error *error)
{
	if ((buf->size > 0 && fwrite(buf->data, 1, buf->size, stream) != buf->size) || fflush(stream) != 0)
		return error_set_errno(error, "the report could not be written");
	return STATUS_OK;
}
