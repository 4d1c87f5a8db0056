/*
 * Reading the compiler's expressions: what kind of allocation "&E{...}", "make([]int, n)" or "a + b" is, which entries
 * of the runtime it can go through, and which type it must have. Pure functions over texts.
 */
#ifndef ANALYZER_VERDICT_WORDS_H
#define ANALYZER_VERDICT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct verdict;
struct verdict_step;

enum verdict_form {
	FORM_EXPRESSION,    /* any other: a value put into an interface, or a method value */
	FORM_CONSTANT,      /* "1", "\"c\"": lies in read-only data, allocates nothing */
	FORM_MOVED,         /* a variable */
	FORM_COMPOSITE,     /* &T{...} */
	FORM_NEW,           /* new(T) */
	FORM_LITERAL,       /* T{...} put into an interface */
	FORM_SLICE_LITERAL, /* []T{...} */
	FORM_MAP_LITERAL,   /* map[K]V{...} */
	FORM_MAKE_SLICE,
	FORM_MAKE_MAP,
	FORM_MAKE_CHANNEL,
	FORM_MAKE, /* make of a named type */
	FORM_APPEND,
	FORM_FUNC_LITERAL,
	FORM_VARIADIC,    /* "... argument" */
	FORM_CONCAT,      /* a + b */
	FORM_TO_STRING,   /* string(b) */
	FORM_FROM_STRING, /* []byte(s) */
};

/* The form of VERDICT, by its kind and expression. */
enum verdict_form verdict_form_of(const struct verdict *verdict);

/*
 * The operations (bits of enum entry_operation) that a verdict of FORM causes: surely (*LIKELY), and also possibly
 * (*POSSIBLE, which includes the likely ones).
 */
void verdict_form_operations(enum verdict_form form, unsigned *likely, unsigned *possible);

/*
 * How the type named TYPE ("" unknown) agrees with VERDICT: 1 it does, 0 nothing can be said, -1 it does not. Packages
 * and type arguments are left out of the comparison, since the compiler leaves out its own package's name.
 */
int verdict_type_agrees(const struct verdict *verdict, const char *type);

/*
 * Whether a verdict of FORM can be of an allocation through ENTRY ("runtime.convTslice"; an unknown one allows all) of
 * TYPE ("" unknown), as far as these two tell beyond the operation: strings, slices and numbers are put into interfaces
 * by entries of their own, and newobject makes slices as arrays, and of maps only the header.
 */
bool verdict_form_fits(enum verdict_form form, const char *entry, const char *type);

/* Whether the type named TYPE is that of a closure. */
bool verdict_type_is_closure(const char *type);

/* Write the type in WHAT ("E" of "&E{...}", "[]int" of "make([]int, n)") to OUT of SIZE bytes; "" when it has none. */
void verdict_type_text(const char *what, char *out, size_t size);

/* The last part of the file name PATH; part of it. */
const char *verdict_base_name(const char *path);

/* One step of a flow as a text of ARENA: "from x = y (assign) at file.go:7". */
const char *verdict_step_sentence(struct arena *arena, const struct verdict_step *step);

/*
 * The bracket or quote that closes the one at OPEN, with what stands in quotes and brackets between passed over; the
 * text's end when there is none.
 */
const char *verdict_closing(const char *open);

#endif
