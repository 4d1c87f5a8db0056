/*
 * What is known of the functions through which a program enters the allocator: which are the runtime's own frames,
 * which operation of the language each stands for, and which class an allocation has when no verdict speaks of it.
 * Go 1.18 to 1.27. Pure functions over static tables.
 */
#ifndef ANALYZER_ENTRY_TABLE_H
#define ANALYZER_ENTRY_TABLE_H

#include "analyzer/analysis.h"

#include <stdbool.h>

/* Operations are bits, so that a verdict can name all those that it may cause. */
enum entry_operation {
	OPERATION_UNKNOWN = 0,
	OPERATION_NEW = 1 << 0, /* one object: &T{}, new(T), a moved variable, a closure, an array */
	OPERATION_RAW = 1 << 1, /* mallocgc called directly: several small variables in one, and the like */
	OPERATION_MAKE_SLICE = 1 << 2,
	OPERATION_APPEND = 1 << 3, /* growslice, and moveSlice at a return (Go 1.26) */
	OPERATION_MAKE_MAP = 1 << 4,
	OPERATION_MAP_ASSIGN = 1 << 5,  /* growth inside m[k] = v */
	OPERATION_CONCAT = 1 << 6,      /* a + b of strings */
	OPERATION_TO_STRING = 1 << 7,   /* string(x) */
	OPERATION_FROM_STRING = 1 << 8, /* []byte(s), []rune(s) */
	OPERATION_CONVERT = 1 << 9,     /* a value put into an interface */
	OPERATION_MAKE_CHANNEL = 1 << 10,
	OPERATION_GOROUTINE = 1 << 11,
	OPERATION_REFLECT = 1 << 12,
	OPERATION_BUFFER = 1 << 13,  /* bytealg.MakeNoZero: strings.Builder's and bytes.Buffer's growth */
	OPERATION_RUNTIME = 1 << 14, /* the runtime's own: timers, defers, finalizers, stacks, … */
	OPERATION_C = 1 << 15,       /* malloc and its family */
};

/* The operation of the function NAME ("runtime.newobject"); OPERATION_UNKNOWN for one that is no allocation entry. */
enum entry_operation entry_operation_of(const char *name);

/* Whether the function NAME in FILE is the runtime's (or linked into it by name), so that its caller is the site. */
bool entry_is_runtime(const char *name, const char *file);

/* Whether the function NAME is C's allocator or a wrapper of it (malloc, operator new, …). */
bool entry_is_c_allocator(const char *name);

/* The class of an allocation by OPERATION that no verdict speaks of. */
enum site_class entry_default_class(enum entry_operation operation);

#endif
