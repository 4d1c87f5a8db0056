/*
 * In: an expression, then one moment after the other. Out: whether it holds.
 */
#include "analyzer/when.h"

#include "analyzer/moments.h"
#include "base/memory.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CONDITIONS_MAX 16
#define GRID           20000 /* moments that stand for all the time */

enum comparison { MORE, AT_LEAST, LESS, AT_MOST, SAME, OTHER };

struct condition {
	enum moment_value value;
	enum comparison comparison;
	double number;
};

struct when {
	char *text;
	struct condition conditions[CONDITIONS_MAX];
	size_t count;
};

static const char *const value_names[MOMENT_VALUES] = {
    [MOMENT_GOROUTINES] = "goroutines", [MOMENT_RUNNING] = "running", [MOMENT_GC_SHARE] = "gc-share",
    [MOMENT_ALLOC_RATE] = "alloc-rate", [MOMENT_TIME] = "time",
};

/* Longer ones first, for they begin with the others. */
static const struct comparison_name {
	const char *text;
	enum comparison comparison;
} comparison_names[] = {{">=", AT_LEAST}, {"<=", AT_MOST}, {"==", SAME}, {"!=", OTHER},
			{">", MORE},      {"<", LESS},     {"=", SAME}};

static const char *skip_space(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static bool take_name(const char **text, enum moment_value *value)
{
	size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

	for (size_t i = 0; i < MOMENT_VALUES; i++) {
		if (strlen(value_names[i]) != length || strncmp(*text, value_names[i], length) != 0)
			continue;
		*value = (enum moment_value)i;
		*text += length;
		return true;
	}
	return false;
}

static bool take_comparison(const char **text, enum comparison *comparison)
{
	for (size_t i = 0; i < sizeof(comparison_names) / sizeof(comparison_names[0]); i++) {
		if (strncmp(*text, comparison_names[i].text, strlen(comparison_names[i].text)) != 0)
			continue;
		*comparison = comparison_names[i].comparison;
		*text += strlen(comparison_names[i].text);
		return true;
	}
	return false;
}

/* A plain decimal number: strtod would also take hexadecimal, infinite and such as are none. */
static bool take_number(const char **text, bool is_bytes, double *number)
{
	static const char units[] = "KMG";
	size_t length = strspn(*text, "0123456789.");
	const char *unit;
	char *end;

	*number = strtod(*text, &end);
	if (!length || end != *text + length)
		return false;
	*text = end;
	unit = **text && is_bytes ? strchr(units, toupper((unsigned char)**text)) : NULL;
	if (unit) {
		*number *= exp2(10.0 * (double)(unit - units + 1));
		(*text)++;
	}
	return true;
}

/* One condition from *TEXT on. */
static enum status take_condition(struct condition *condition, const char **text, struct error *error)
{
	const char *start = *text;

	if (!take_name(text, &condition->value))
		return error_set(error, "no such name at “%s”: take goroutines, running, gc-share, alloc-rate or time",
				 start);
	*text = skip_space(*text);
	if (!take_comparison(text, &condition->comparison))
		return error_set(error,
				 "no comparison behind %s: take >, >=, <, <=, = or !=", value_names[condition->value]);
	*text = skip_space(*text);
	start = *text;
	if (!take_number(text, condition->value == MOMENT_ALLOC_RATE, &condition->number) ||
	    (**text && !isspace((unsigned char)**text)))
		return error_set(error, "not a number: “%s”%s", start,
				 condition->value == MOMENT_ALLOC_RATE ? " (bytes a second; K, M or G may follow)"
								       : "");
	return STATUS_OK;
}

static enum status take_conditions(struct when *when, const char *text, struct error *error)
{
	for (;;) {
		text = skip_space(text);
		if (when->count == CONDITIONS_MAX)
			return error_set(error, "more than %d conditions", CONDITIONS_MAX);
		if (take_condition(&when->conditions[when->count], &text, error) != STATUS_OK)
			return STATUS_ERROR;
		when->count++;
		text = skip_space(text);
		if (!*text)
			return STATUS_OK;
		if (strncmp(text, "and", 3) != 0 || !isspace((unsigned char)text[3]))
			return error_set(error, "“and” is wanted at “%s”: conditions are joined by it alone", text);
		text += 3;
	}
}

enum status when_parse(struct when **when, const char *text, struct error *error)
{
	struct when *made = memory_alloc(1, sizeof(*made));

	*when = NULL;
	made->text = memory_copy_string(text);
	if (take_conditions(made, text, error) != STATUS_OK) {
		when_free(made);
		return STATUS_ERROR;
	}
	*when = made;
	return STATUS_OK;
}

void when_free(struct when *when)
{
	if (!when)
		return;
	free(when->text);
	free(when);
}

const char *when_text(const struct when *when)
{
	return when->text;
}

static bool condition_holds(const struct condition *condition, double value)
{
	switch (condition->comparison) {
	case MORE:
		return value > condition->number;
	case AT_LEAST:
		return value >= condition->number;
	case LESS:
		return value < condition->number;
	case AT_MOST:
		return value <= condition->number;
	case SAME:
		return value == condition->number;
	case OTHER:
		return !isnan(value) && value != condition->number;
	}
	return false;
}

bool when_holds(const struct when *when, const struct moment *moment)
{
	for (size_t i = 0; i < when->count; i++) {
		if (!condition_holds(&when->conditions[i], moment->values[when->conditions[i].value]))
			return false;
	}
	return true;
}

/* The moment in the middle of the piece number AT of GRID equal ones. */
static struct moment moment_of_grid(const struct moments *moments, size_t at)
{
	return moments_at(moments, (uint64_t)(((double)at + 0.5) / GRID * (double)moments_end(moments)));
}

double when_share(const struct when *when, const struct moments *moments)
{
	size_t held = 0;

	for (size_t i = 0; i < GRID; i++) {
		struct moment moment = moment_of_grid(moments, i);

		held += when_holds(when, &moment);
	}
	return (double)held / GRID;
}

const char *when_unknown(const struct when *when, const struct moments *moments)
{
	bool known[MOMENT_VALUES] = {false};

	for (size_t i = 0; i < GRID; i++) {
		struct moment moment = moment_of_grid(moments, i);

		for (size_t k = 0; k < MOMENT_VALUES; k++)
			known[k] |= !isnan(moment.values[k]);
	}
	for (size_t i = 0; i < when->count; i++) {
		if (!known[when->conditions[i].value])
			return value_names[when->conditions[i].value];
	}
	return NULL;
}
