/* The result's words, and its end. */
#include "analyzer/analysis.h"

#include "analyzer/arena.h"

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

size_t analysis_package_length(const char *function)
{
	const char *slash = strrchr(function, '/'), *dot = strchr(slash ? slash : function, '.');

	return dot ? (size_t)(dot - function) : strlen(function);
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
