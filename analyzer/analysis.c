/* The result's words, and its end. */
#include "analyzer/analysis.h"

#include "analyzer/arena.h"
#include "base/buf.h"

#include <string.h>

const char *site_class_name(enum site_class class_)
{
	static const char *const names[CLASS_COUNT] = {
	    [CLASS_ESCAPE] = "escape",
	    [CLASS_HEAP_NOT_ESCAPING] = "heap-not-escaping",
	    [CLASS_APPEND_GROWTH] = "append-growth",
	    [CLASS_MAP_GROWTH] = "map-growth",
	    [CLASS_STRING] = "string",
	    [CLASS_REFLECTION] = "reflection",
	    [CLASS_GOROUTINE] = "goroutine",
	    [CLASS_CHANNEL] = "channel",
	    [CLASS_RUNTIME] = "runtime",
	    [CLASS_C] = "c",
	    [CLASS_AMBIGUOUS] = "ambiguous",
	    [CLASS_UNMATCHED] = "unmatched",
	};

	return (unsigned)class_ < CLASS_COUNT ? names[class_] : "unmatched";
}

const char *site_category_name(enum site_category category)
{
	static const char *const names[CATEGORY_COUNT] = {
	    [CATEGORY_NONE] = "none",
	    [CATEGORY_POINTER_RETURNED] = "pointer-returned",
	    [CATEGORY_INTERFACE_CONVERSION] = "interface-conversion",
	    [CATEGORY_TOO_LARGE] = "too-large",
	    [CATEGORY_NON_CONSTANT_SIZE] = "non-constant-size",
	    [CATEGORY_CLOSURE_CAPTURE] = "closure-capture",
	    [CATEGORY_LEAKING_PARAMETER] = "leaking-parameter",
	    [CATEGORY_STORED_ON_HEAP] = "stored-on-heap",
	    [CATEGORY_GO_OR_DEFER] = "go-or-defer",
	    [CATEGORY_GROWTH] = "growth",
	};

	return (unsigned)category < CATEGORY_COUNT ? names[category] : "none";
}

/* Where the package's name in FUNCTION ends. What stands in brackets has slashes of its own. */
static const char *package_end(const char *function)
{
	const char *end = function + strcspn(function, "[("), *last = function;

	for (const char *at = function; at < end; at++)
		last = *at == '/' ? at : last;
	while (last < end && *last != '.')
		last++;
	return last;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Read a byte of a symbol's name, "%2e" as one, and go past it. */
static char next_byte(const char **at)
{
	const char *text = *at;
	int high = text[0] == '%' ? hex_digit(text[1]) : -1, low = high >= 0 ? hex_digit(text[2]) : -1;

	*at += low >= 0 ? 3 : 1;
	return low >= 0 ? (char)(high * 16 + low) : text[0];
}

void analysis_append_package(struct buf *out, const char *function)
{
	const char *end = package_end(function);

	while (function < end) {
		char byte = next_byte(&function);

		buf_append(out, &byte, 1);
	}
}

bool analysis_is_in_module(const char *function, const char *module)
{
	for (; *module; module++) {
		if (!*function || next_byte(&function) != *module)
			return false;
	}
	return *function == '.' || *function == '/';
}

double analysis_seconds(const struct analysis *analysis)
{
	bool all = !analysis->selection.when || !analysis->selection.when[0];

	return analysis->duration_seconds * (all ? 1 : analysis->selection.time_share);
}

void analysis_free(struct analysis *analysis)
{
	arena_free(analysis->arena);
	*analysis = (struct analysis){0};
}
