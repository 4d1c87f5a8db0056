/*
 * Plain structs as JSON values, the same in every JSON format: strings are well-formed UTF-8, numbers that are not
 * known null. All are new references.
 */
#ifndef REPORT_JSON_VALUES_H
#define REPORT_JSON_VALUES_H

#include "analyzer/analysis.h"
#include "base/buf.h"
#include "base/error.h"
#include "report/clean_text.h"
#include "report/report_write.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static inline json_t *make_string(const char *text)
{
	struct buf clean = {0};
	json_t *string;

	clean_text_append_utf8(&clean, text);
	string = json_string(buf_string(&clean));
	buf_free(&clean);
	return string;
}

static inline json_t *make_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* Whole numbers of objects and bytes past 2^53 have no exact place in a reader's double anyway. */
static inline json_t *make_integer(uint64_t value)
{
	return value <= INT64_MAX ? json_integer((json_int_t)value) : json_null();
}

static inline json_t *make_interval(const struct interval *interval)
{
	json_t *pair = json_array();

	json_array_append_new(pair, make_real(interval->low));
	json_array_append_new(pair, make_real(interval->high));
	return pair;
}

/* SAVING's shares as keys of OBJECT, the same wherever there is a saving. Pauses are as cycles. */
static inline void set_saving(json_t *object, const struct saving *saving)
{
	json_object_set_new(object, "gc_saved_share", make_real(saving->share));
	json_object_set_new(object, "gc_saved_share_ci", make_interval(&saving->share_ci));
	json_object_set_new(object, "gc_saved_share_equal_memory", make_real(saving->share_equal_memory));
	json_object_set_new(object, "gc_saved_share_equal_memory_ci", make_interval(&saving->share_equal_memory_ci));
	json_object_set_new(object, "gc_saved_share_reused", make_real(saving->share_reused));
	json_object_set_new(object, "gc_cycles_saved_share", make_real(saving->cycles));
	json_object_set_new(object, "gc_cycles_saved_share_ci", make_interval(&saving->cycles_ci));
	json_object_set_new(object, "gc_pauses_saved_share", make_real(saving->cycles));
	json_object_set_new(object, "gc_pauses_saved_share_ci", make_interval(&saving->cycles_ci));
	json_object_set_new(object, "gc_assists_saved_share", make_real(saving->assists));
	json_object_set_new(object, "gc_assists_saved_share_ci", make_interval(&saving->assists_ci));
}

static inline json_t *make_strings(const char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, make_string(texts[i]));
	return array;
}

static inline json_t *make_reals(const double *values, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; values && i < count; i++)
		json_array_append_new(array, make_real(values[i]));
	return array;
}

static inline json_t *make_frame(const struct analysis_frame *frame)
{
	json_t *object = json_object();

	json_object_set_new(object, "function", make_string(frame->function));
	json_object_set_new(object, "file", make_string(frame->file));
	json_object_set_new(object, "line", make_integer(frame->line));
	return object;
}

static inline json_t *make_frames(const struct analysis_frame *frames, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, make_frame(&frames[i]));
	return array;
}

/* Where SITE is, and its rank, which other keys of its may follow; null for none. */
static inline json_t *make_place(const struct site *site)
{
	json_t *object;

	if (!site)
		return json_null();
	object = json_object();
	json_object_set_new(object, "rank", make_integer(site->rank));
	json_object_set_new(object, "function", make_string(site->function));
	json_object_set_new(object, "file", make_string(site->file));
	json_object_set_new(object, "line", make_integer(site->line));
	json_object_set_new(object, "shown", make_frame(&site->shown));
	return object;
}

static inline json_t *make_verdict(const struct site_verdict *verdict)
{
	json_t *object;

	if (!verdict->message)
		return json_null();
	object = json_object();
	json_object_set_new(object, "message", make_string(verdict->message));
	json_object_set_new(object, "file", make_string(verdict->file));
	json_object_set_new(object, "line", make_integer(verdict->line));
	json_object_set_new(object, "column", make_integer(verdict->column));
	json_object_set_new(object, "reason", make_strings(verdict->reason, verdict->nreason));
	return object;
}

/* Write VALUE, whose reference is taken, to STREAM. */
static inline enum status write_json(FILE *stream, json_t *value, struct error *error)
{
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	struct buf out = {0};
	enum status status;

	json_decref(value);
	if (!text)
		return error_set(error, "the JSON report could not be put together");
	buf_append_string(&out, text);
	buf_append_u8(&out, '\n');
	status = report_write(stream, &out, error);
	buf_free(&out);
	free(text);
	return status;
}

#endif
