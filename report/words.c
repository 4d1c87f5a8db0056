/*
 * Numbers and names as people read them. In come the analysis's figures, out go short texts; no format, no colour.
 */
#include "report/words.h"

#include "base/buf.h"
#include "report/clean_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUS        "−"
#define CELL_COLUMNS 9 /* of an interval in a table */

/* VALUE with three digits: "1.23" is more than anybody needs of an estimate, so "1.2", "12", "123". */
static void write_scaled(char *text, double value, const char *separator, const char *unit)
{
	const char *sign = value < 0 ? MINUS : "";
	double size = fabs(value);
	int digits = size < 9.95 && size != floor(size) ? 1 : 0;

	snprintf(text, WORDS_NUMBER_SIZE, "%s%.*f%s%s", sign, digits, size, *unit ? separator : "", unit);
}

static void write_with_prefix(char *text, double value, const char *const *units, size_t nunits)
{
	size_t i = 0;

	if (!isfinite(value)) {
		strcpy(text, "?");
		return;
	}
	while (fabs(value) >= 999.5 && i + 1 < nunits) {
		value /= 1000;
		i++;
	}
	if (i == 0 && fabs(value) >= 10)
		value = round(value);
	/* Past the largest unit there is no end to a number: cut it, estimates of that size are none. */
	write_scaled(text, fmin(fmax(value, -1e9), 1e9), " ", units[i]);
}

const char *words_bytes(char *text, double bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

	write_with_prefix(text, fabs(bytes) < 999.5 ? round(bytes) : bytes, units, sizeof(units) / sizeof(units[0]));
	return text;
}

const char *words_count(char *text, double count)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};

	write_with_prefix(text, count, units, sizeof(units) / sizeof(units[0]));
	return text;
}

const char *words_integer(char *text, double count)
{
	char digits[WORDS_NUMBER_SIZE];
	size_t length, used = 0;

	if (!(fabs(count) < 1e15))
		return words_count(text, count);
	length = (size_t)snprintf(digits, sizeof(digits), "%.0f", fabs(count));
	if (count <= -0.5)
		used = (size_t)snprintf(text, WORDS_NUMBER_SIZE, MINUS);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}

const char *words_seconds(char *text, double seconds)
{
	static const struct {
		double scale;
		const char *unit;
	} small[] = {{1, "s"}, {1e3, "ms"}, {1e6, "µs"}};
	size_t i = 0;

	if (!isfinite(seconds) || fabs(seconds) >= 1e15) {
		strcpy(text, "?");
	} else if (fabs(seconds) >= 119.5) {
		double whole = round(fabs(seconds));

		snprintf(text, WORDS_NUMBER_SIZE, "%s%.0f min %.0f s", seconds < 0 ? MINUS : "", floor(whole / 60),
			 fmod(whole, 60));
	} else if (fabs(seconds) >= 9.95) {
		snprintf(text, WORDS_NUMBER_SIZE, "%s%.1f s", seconds < 0 ? MINUS : "", fabs(seconds));
	} else {
		while (i < 2 && seconds != 0 && fabs(seconds) * small[i].scale < 0.995)
			i++;
		snprintf(text, WORDS_NUMBER_SIZE, "%s%.3g %s", seconds < 0 ? MINUS : "", fabs(seconds) * small[i].scale,
			 small[i].unit);
	}
	return text;
}

/* A percentage with one decimal below 10, none from there on. */
static void write_percent(char *text, size_t size, double share, bool decimal)
{
	double percent = fabs(share) * 100;

	if (percent < (decimal ? 0.05 : 0.5))
		snprintf(text, size, "0");
	else
		snprintf(text, size, "%s%.*f", share < 0 ? MINUS : "", decimal ? 1 : 0, fmin(percent, 1e6));
}

const char *words_percent(char *text, double share)
{
	if (!isfinite(share))
		strcpy(text, "?");
	else
		write_percent(text, WORDS_NUMBER_SIZE, share, fabs(share) < 0.9995);
	return text;
}

const char *words_change(char *text, double saved)
{
	words_percent(text, -saved);
	if (saved < 0 && strcmp(text, "0") != 0 && strcmp(text, "?") != 0) {
		memmove(text + 1, text, strlen(text) + 1);
		*text = '+';
	}
	return text;
}

const char *words_percent_interval(char *text, const struct interval *interval)
{
	char low[12], high[12];
	bool decimal = fabs(interval->low) < 0.0995 && fabs(interval->high) < 0.0995;

	if (!isfinite(interval->low) || !isfinite(interval->high)) {
		text[0] = '\0';
		return text;
	}
	write_percent(low, sizeof(low), interval->low, decimal);
	write_percent(high, sizeof(high), interval->high, decimal);
	snprintf(text, WORDS_NUMBER_SIZE, "%s%s%s", low, strstr(low, MINUS) || strstr(high, MINUS) ? "…" : "–", high);
	return text;
}

/* "<−99" for what is below that. */
static void write_cell_end(char *text, size_t size, double share)
{
	if (share < -0.995)
		snprintf(text, size, "<" MINUS "99");
	else
		write_percent(text, size, share, false);
}

const char *words_percent_cell(char *text, const struct interval *interval)
{
	char low[12], high[12];

	words_percent_interval(text, interval);
	if (clean_text_columns(text) <= CELL_COLUMNS)
		return text;
	write_cell_end(low, sizeof(low), interval->low);
	write_cell_end(high, sizeof(high), interval->high);
	snprintf(text, WORDS_NUMBER_SIZE, "%s…%s", low, high);
	return text;
}

struct interval words_told_interval(double saved, const struct interval *interval)
{
	return saved < 0 ? (struct interval){-interval->high, -interval->low} : *interval;
}

const char *words_site(const struct site *site)
{
	static const char *const categories[CATEGORY_COUNT] = {
	    [CATEGORY_POINTER_RETURNED] = "returned",
	    [CATEGORY_INTERFACE_CONVERSION] = "interface",
	    [CATEGORY_TOO_LARGE] = "too large",
	    [CATEGORY_NON_CONSTANT_SIZE] = "make(n)",
	    [CATEGORY_CLOSURE_CAPTURE] = "closure",
	    [CATEGORY_LEAKING_PARAMETER] = "parameter",
	    [CATEGORY_STORED_ON_HEAP] = "stored",
	    [CATEGORY_GO_OR_DEFER] = "go/defer",
	    [CATEGORY_GROWTH] = "growth",
	};
	static const char *const classes[CLASS_COUNT] = {
	    [CLASS_ESCAPE] = "escape",        [CLASS_HEAP_NOT_ESCAPING] = "no escape",
	    [CLASS_APPEND_GROWTH] = "append", [CLASS_MAP_GROWTH] = "map",
	    [CLASS_STRING] = "string",        [CLASS_REFLECTION] = "reflect",
	    [CLASS_GOROUTINE] = "goroutine",  [CLASS_CHANNEL] = "channel",
	    [CLASS_RUNTIME] = "runtime",      [CLASS_C] = "C",
	    [CLASS_AMBIGUOUS] = "ambiguous",  [CLASS_UNMATCHED] = "unmatched",
	};

	if (site->class_ == CLASS_ESCAPE && site->category < CATEGORY_COUNT && categories[site->category])
		return categories[site->category];
	return site->class_ < CLASS_COUNT ? classes[site->class_] : "";
}

const char *words_class(enum site_class class_)
{
	static const char *const words[CLASS_COUNT] = {
	    [CLASS_ESCAPE] = "escapes, says the compiler",
	    [CLASS_HEAP_NOT_ESCAPING] = "stack, says the compiler; heap, says the run",
	    [CLASS_APPEND_GROWTH] = "slices that append grew",
	    [CLASS_MAP_GROWTH] = "maps, as they were filled",
	    [CLASS_STRING] = "strings built or converted",
	    [CLASS_REFLECTION] = "made by reflection",
	    [CLASS_GOROUTINE] = "goroutines started",
	    [CLASS_CHANNEL] = "channels",
	    [CLASS_RUNTIME] = "the runtime's own",
	    [CLASS_C] = "C and C++",
	    [CLASS_AMBIGUOUS] = "one of several verdicts",
	    [CLASS_UNMATCHED] = "no verdict found",
	};

	return class_ < CLASS_COUNT ? words[class_] : "";
}

/* Whether the path element from ELEMENT to END is a module's major version, "v2". */
static bool is_version(const char *element, const char *end)
{
	if (end - element < 2 || *element != 'v')
		return false;
	for (element++; element < end; element++)
		if (*element < '0' || *element > '9')
			return false;
	return true;
}

bool words_is_own(const struct site *site)
{
	const struct analysis_frame *shown = &site->shown;

	return !shown->function || !*shown->function ||
	       (shown->line == site->line && site->function && strcmp(shown->function, site->function) == 0);
}

const char *words_short_function(const char *function)
{
	const char *name = function ? function : "", *before = name;
	const char *end = name + strcspn(name, "[("); /* type arguments and receivers have slashes of their own */

	for (const char *at = name; at < end; at++) {
		if (*at == '/') {
			before = name;
			name = at + 1;
		}
	}
	return is_version(name, name + strcspn(name, ".")) ? before : name;
}

/* The bracket that closes the one at OPEN; the text's end when none does. */
static const char *closing_bracket(const char *open)
{
	size_t depth = 0;

	for (; *open; open++) {
		depth += *open == '[';
		if (*open == ']' && --depth == 0)
			break;
	}
	return open;
}

void words_append_function(struct buf *out, const char *function)
{
	const char *name = words_short_function(function);

	for (size_t length; *name; name += length) {
		length = strcspn(name, "[");
		buf_append(out, name, length);
		if (!name[length])
			break;
		buf_append_string(out, "[...]");
		name = closing_bracket(name + length);
		length = *name == ']';
	}
}

const char *words_base_name(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	return slash ? slash + 1 : file ? file : "";
}

bool words_is_runtime(const struct analysis_frame *frame)
{
	return frame->function && strncmp(frame->function, "runtime.", 8) == 0;
}

const char *words_root(const struct site *site)
{
	return site->root ? site->root : "";
}
