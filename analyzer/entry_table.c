/*
 * The tables. In: names as pclntab has them. The first row whose prefix fits decides, so longer prefixes stand first.
 */
#include "analyzer/entry_table.h"

#include <stddef.h>
#include <string.h>

struct entry_row {
	const char *prefix;
	enum entry_operation operation;
};

static const struct entry_row rows[] = {
    {"runtime.newobject", OPERATION_NEW},
    {"runtime.mallocgc", OPERATION_RAW}, /* its size-specialised kin (Go 1.27) too: see entry_operation_of */
    {"runtime.newarray", OPERATION_NEW},
    {"runtime.makeslicecopy", OPERATION_MAKE_SLICE},
    {"runtime.makeslice", OPERATION_MAKE_SLICE},
    {"runtime.growslice", OPERATION_APPEND},
    {"runtime.moveSlice", OPERATION_APPEND},
    {"runtime.makemap", OPERATION_MAKE_MAP},
    {"runtime.mapassign", OPERATION_MAP_ASSIGN},
    {"runtime.mapclone", OPERATION_MAKE_MAP},
    {"runtime.mapdelete", OPERATION_MAP_ASSIGN},
    {"runtime.mapclear", OPERATION_MAP_ASSIGN},
    {"runtime.hashGrow", OPERATION_MAP_ASSIGN},
    {"internal/runtime/maps.NewMap", OPERATION_MAKE_MAP},
    {"internal/runtime/maps.NewEmptyMap", OPERATION_MAKE_MAP},
    {"internal/runtime/maps.newobject", OPERATION_NEW},
    {"internal/runtime/maps.", OPERATION_MAP_ASSIGN},
    {"maps.clone", OPERATION_MAKE_MAP},
    {"runtime.concatstring", OPERATION_CONCAT},
    {"runtime.concatbyte", OPERATION_FROM_STRING}, /* []byte(a + b) in one (Go 1.24) */
    {"runtime.slicebytetostring", OPERATION_TO_STRING},
    {"runtime.slicerunetostring", OPERATION_TO_STRING},
    {"runtime.intstring", OPERATION_TO_STRING},
    {"runtime.rawstring", OPERATION_TO_STRING},
    {"runtime.stringtoslice", OPERATION_FROM_STRING},
    {"runtime.rawbyteslice", OPERATION_FROM_STRING},
    {"runtime.rawruneslice", OPERATION_FROM_STRING},
    {"runtime.convT", OPERATION_CONVERT},
    {"runtime.makechan", OPERATION_MAKE_CHANNEL},
    {"runtime.newproc", OPERATION_GOROUTINE},
    {"runtime.malg", OPERATION_GOROUTINE},
    {"reflect.makechan", OPERATION_MAKE_CHANNEL},
    {"reflect.makemap", OPERATION_MAKE_MAP},
    {"reflect.mapassign", OPERATION_MAP_ASSIGN},
    {"reflect.", OPERATION_REFLECT},
    {"internal/reflectlite.", OPERATION_REFLECT},
    {"internal/bytealg.MakeNoZero", OPERATION_BUFFER},
    {"runtime.", OPERATION_RUNTIME},
};

/* Names of other packages under which the runtime's functions are linked (go:linkname). */
static const char *const linked_names[] = {
    "internal/bytealg.MakeNoZero",
    "reflect.unsafe_New",
    "reflect.unsafe_NewArray",
    "reflect.makemap",
    "reflect.makechan",
    "reflect.mapassign",
    "reflect.mapassign0",
    "reflect.mapassign_faststr",
    "reflect.mapassign_faststr0",
    "reflect.growslice",
    "reflect.mapclone",
    "reflect.mapiterinit",
    "internal/reflectlite.unsafe_New",
    "maps.clone",
    "time.newTimer",
    "time.startTimer",
};

static const char *const c_allocators[] = {
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "strdup",
    "strndup",
    "__strdup",
    "__libc_malloc",
    "__libc_calloc",
    "operator new(unsigned long)",
    "operator new[](unsigned long)",
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
};

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

enum entry_operation entry_operation_of(const char *name)
{
	/* Go 1.27 calls mallocgcSmallScanNoHeaderSC3 and the like where newobject stood. */
	if (has_prefix(name, "runtime.mallocgcS") || has_prefix(name, "runtime.mallocgcTiny"))
		return OPERATION_NEW | OPERATION_RAW;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (has_prefix(name, rows[i].prefix))
			return rows[i].operation;
	}
	return entry_is_c_allocator(name) ? OPERATION_C : OPERATION_UNKNOWN;
}

/* The runtime's source: GOROOT's, or trimmed to it. A user's folder of that name has more before it. */
static bool is_runtime_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *at;

	if (has_prefix(file, "runtime/") || has_prefix(file, "internal/runtime/"))
		return slash == strchr(file, '/') || has_prefix(file, "internal/runtime/");
	at = strstr(file, "/src/runtime/");
	if (at && slash == at + strlen("/src/runtime"))
		return true;
	return strstr(file, "/src/internal/runtime/") != NULL;
}

bool entry_is_runtime(const char *name, const char *file)
{
	if (has_prefix(name, "runtime.") || has_prefix(name, "internal/runtime/"))
		return true;
	/* Linked under another package's name, but its source is the runtime's. "main." is never meant by that. */
	if (has_prefix(name, "main."))
		return false;
	return is_one_of(name, linked_names, sizeof(linked_names) / sizeof(linked_names[0])) ||
	       (strchr(name, '.') && is_runtime_file(file));
}

bool entry_is_c_allocator(const char *name)
{
	return is_one_of(name, c_allocators, sizeof(c_allocators) / sizeof(c_allocators[0])) ||
	       has_prefix(name, "operator new");
}

enum site_class entry_default_class(enum entry_operation operation)
{
	switch (operation) {
	case OPERATION_APPEND:
		return CLASS_APPEND_GROWTH;
	case OPERATION_MAKE_MAP:
	case OPERATION_MAP_ASSIGN:
		return CLASS_MAP_GROWTH;
	case OPERATION_CONCAT:
	case OPERATION_TO_STRING:
	case OPERATION_FROM_STRING:
	case OPERATION_BUFFER:
		return CLASS_STRING;
	case OPERATION_MAKE_CHANNEL:
		return CLASS_CHANNEL;
	case OPERATION_GOROUTINE:
		return CLASS_GOROUTINE;
	case OPERATION_REFLECT:
		return CLASS_REFLECTION;
	case OPERATION_RUNTIME:
		return CLASS_RUNTIME;
	case OPERATION_C:
		return CLASS_C;
	default:
		return CLASS_UNMATCHED;
	}
}
