/*
 * In: a verdict's expression as the compiler prints it, and a type's name as its descriptor has it. Out: a form, masks
 * of operations, and whether the two types can be one.
 */
#include "analyzer/verdict_words.h"

#include "analyzer/arena.h"
#include "analyzer/entry_table.h"
#include "verdicts/verdict.h"

#include <ctype.h>
#include <string.h>

#define TYPE_TEXT_MAX 512

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

const char *verdict_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *verdict_step_sentence(struct arena *arena, const struct verdict_step *step)
{
	const char *text = step->text && step->text[0] ? step->text : step->why;

	if (!step->file || !step->file[0] || step->line == 0)
		return arena_string(arena, text);
	return arena_format(arena, "%s at %s:%u", text, verdict_base_name(step->file), step->line);
}

const char *verdict_closing(const char *open)
{
	const char *at;
	char quote = 0;
	int depth = 0;

	for (at = open; *at; at++) {
		if (quote) {
			if (*at == '\\' && quote != '`' && at[1])
				at++;
			else if (*at == quote)
				quote = 0;
			if (!quote && depth == 0) /* OPEN was this quote */
				break;
		} else if (strchr("\"'`", *at)) {
			quote = *at;
		} else if (strchr("([{", *at)) {
			depth++;
		} else if (strchr(")]}", *at) && --depth == 0) {
			break;
		}
	}
	return at;
}

/* Whether TEXT has " + " outside brackets and quotes. */
static bool is_sum(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (strchr("([{\"'`", *at))
			at = verdict_closing(at);
		else if (has_prefix(at, " + "))
			return true;
		if (!*at)
			return false;
	}
	return false;
}

static bool is_constant(const char *what)
{
	bool number = isdigit((unsigned char)what[0]) || (what[0] == '-' && isdigit((unsigned char)what[1]));

	return (number || strchr("\"'`", what[0])) && !is_sum(what);
}

static enum verdict_form form_of_make(const char *type)
{
	if (has_prefix(type, "[]"))
		return FORM_MAKE_SLICE;
	if (has_prefix(type, "map["))
		return FORM_MAKE_MAP;
	return has_prefix(type, "chan ") ? FORM_MAKE_CHANNEL : FORM_MAKE;
}

static enum verdict_form form_of_literal(const char *what)
{
	if (what[0] == '&')
		return FORM_COMPOSITE;
	if (has_prefix(what, "[]"))
		return FORM_SLICE_LITERAL;
	return has_prefix(what, "map[") ? FORM_MAP_LITERAL : FORM_LITERAL;
}

static bool is_from_string(const char *what)
{
	return has_prefix(what, "[]byte(") || has_prefix(what, "([]byte)(") || has_prefix(what, "[]rune(") ||
	       has_prefix(what, "([]rune)(") || has_prefix(what, "([]uint8)(") || has_prefix(what, "([]int32)(");
}

enum verdict_form verdict_form_of(const struct verdict *verdict)
{
	const char *what = verdict->what;

	if (verdict->kind == VERDICT_MOVED)
		return FORM_MOVED;
	if (is_sum(what))
		return FORM_CONCAT;
	if (is_constant(what))
		return FORM_CONSTANT;
	if (strcmp(what, "... argument") == 0)
		return FORM_VARIADIC;
	if (strcmp(what, "func literal") == 0)
		return FORM_FUNC_LITERAL;
	if (has_suffix(what, "{...}") || has_suffix(what, "{}"))
		return form_of_literal(what);
	if (has_prefix(what, "new("))
		return FORM_NEW;
	if (has_prefix(what, "make("))
		return form_of_make(what + strlen("make("));
	if (strcmp(what, "append") == 0 || has_prefix(what, "append("))
		return FORM_APPEND;
	if (has_prefix(what, "string(") || has_prefix(what, "(string)("))
		return FORM_TO_STRING;
	return is_from_string(what) ? FORM_FROM_STRING : FORM_EXPRESSION;
}

void verdict_form_operations(enum verdict_form form, unsigned *likely, unsigned *possible)
{
	static const unsigned object = OPERATION_NEW | OPERATION_RAW;
	static const struct {
		unsigned likely, possible;
	} operations[] = {
	    /* Named string and slice types convert through an expression that looks like a call. */
	    [FORM_EXPRESSION] = {OPERATION_CONVERT,
				 OPERATION_NEW | OPERATION_RAW | OPERATION_TO_STRING | OPERATION_FROM_STRING},
	    [FORM_CONSTANT] = {0, 0},
	    [FORM_MOVED] = {object, 0},
	    [FORM_COMPOSITE] = {object, 0},
	    [FORM_NEW] = {object, 0},
	    [FORM_LITERAL] = {OPERATION_CONVERT, object},
	    /* which of the converting entries take slices, verdict_form_fits knows */
	    [FORM_SLICE_LITERAL] = {object | OPERATION_CONVERT, 0},
	    [FORM_MAP_LITERAL] = {OPERATION_MAKE_MAP, OPERATION_NEW},
	    [FORM_MAKE_SLICE] = {object | OPERATION_MAKE_SLICE | OPERATION_CONVERT, 0},
	    [FORM_MAKE_MAP] = {OPERATION_MAKE_MAP, OPERATION_NEW},
	    [FORM_MAKE_CHANNEL] = {OPERATION_MAKE_CHANNEL, 0},
	    [FORM_MAKE] = {OPERATION_CONVERT | OPERATION_MAKE_SLICE | OPERATION_MAKE_MAP | OPERATION_MAKE_CHANNEL,
			   object},
	    [FORM_APPEND] = {OPERATION_APPEND | OPERATION_CONVERT, 0},
	    [FORM_FUNC_LITERAL] = {object, 0},
	    [FORM_VARIADIC] = {object, 0},
	    /* The same words stand for the text and for its boxing. */
	    [FORM_CONCAT] = {OPERATION_CONCAT | OPERATION_CONVERT, 0},
	    [FORM_TO_STRING] = {OPERATION_TO_STRING | OPERATION_CONVERT, 0},
	    /* a constant's bytes are copied into a new array */
	    [FORM_FROM_STRING] = {OPERATION_FROM_STRING | OPERATION_CONVERT | OPERATION_NEW, 0},
	};

	*likely = operations[form].likely;
	*possible = operations[form].likely | operations[form].possible;
}

/* The bracketed text at AT ends where? Returns the place after the closing bracket, or the text's end. */
static const char *skip_brackets(const char *at)
{
	int depth = 0;

	do {
		depth += (*at == '[') - (*at == ']');
		at++;
	} while (depth > 0 && *at);
	return at;
}

/* The word at OUT + WORD, if it is another name of a type, becomes the one that descriptors have. Returns LENGTH anew.
 */
static size_t rename_alias(char *out, size_t word, size_t length)
{
	static const struct {
		const char *alias, *name;
	} aliases[] = {{"byte", "uint8"}, {"rune", "int32"}, {"any", "interface{}"}};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		size_t size = strlen(aliases[i].name);

		if (length - word != strlen(aliases[i].alias) ||
		    memcmp(out + word, aliases[i].alias, length - word) != 0)
			continue;
		if (word + size < TYPE_TEXT_MAX) {
			memcpy(out + word, aliases[i].name, size);
			return word + size;
		}
	}
	return length;
}

/*
 * NAME without spaces, package paths, type arguments and aliases: "*net/http.Request" becomes "*Request",
 * "go.T[go.shape.int]" "T", "any" "interface{}". A shape, "go.shape.int", is another type than int: it becomes "$int".
 */
static void normalise_type(const char *name, char out[static TYPE_TEXT_MAX])
{
	size_t length = 0, word = 0; /* WORD: where in OUT the current identifier began */

	for (const char *at = name; *at && length + 1 < TYPE_TEXT_MAX;) {
		if (*at == '[' && length > word && !(length - word == 3 && strncmp(out + word, "map", 3) == 0)) {
			at = skip_brackets(at);
			continue;
		}
		if (length == word && has_prefix(at, "go.shape.")) {
			out[length++] = '$';
			word = length;
			at += strlen("go.shape.");
			continue;
		}
		if (*at == '.' || *at == '/') {
			length = word; /* what came so far was a package */
		} else if (strchr(" []*(){},;", *at)) {
			length = rename_alias(out, word, length);
			if (*at != ' ' && length + 1 < TYPE_TEXT_MAX)
				out[length++] = *at;
			word = length;
		} else {
			out[length++] = *at;
		}
		at++;
	}
	length = rename_alias(out, word, length);
	out[length] = 0;
}

/* TEXT after a leading array or slice bracket; NULL when there is none. */
static const char *element_text(const char *text)
{
	return text[0] == '[' ? skip_brackets(text) : NULL;
}

void verdict_type_text(const char *what, char *out, size_t size)
{
	const char *begin = what, *end = what + strlen(what);

	if (has_prefix(what, "new(") || has_prefix(what, "make(")) {
		int depth = 0;

		begin = strchr(what, '(') + 1;
		for (end = begin; *end && !(depth == 0 && (*end == ',' || *end == ')')); end++)
			depth += (strchr("([{", *end) != NULL) - (strchr(")]}", *end) != NULL);
	} else if (has_suffix(what, "{...}") || has_suffix(what, "{}")) {
		begin += *begin == '&';
		end -= has_suffix(what, "{}") ? 2 : 5;
	} else {
		end = begin;
	}
	if ((size_t)(end - begin) >= size)
		end = begin + size - 1;
	memcpy(out, begin, (size_t)(end - begin));
	out[end - begin] = 0;
}

/* Whether A, of a verdict, and B, of an allocation, name one type: 1, 0 it can't be said, -1. */
static int same(const char *a, const char *b)
{
	char x[TYPE_TEXT_MAX], y[TYPE_TEXT_MAX];

	if (!a || !b)
		return -1;
	normalise_type(a, x);
	normalise_type(b, y);
	if (strcmp(x, y) == 0)
		return 1;
	/* In a generic function the words have the shape, while the type may come from its dictionary. */
	return strchr(x, '$') || strstr(a, "DYNAMICTYPE") ? 0 : -1;
}

bool verdict_type_is_closure(const char *type)
{
	return strstr(type, "struct { F uintptr") != NULL;
}

/* The closure of a method value: its one captured value is the receiver, R; a function literal's are X0, X1, … */
static bool is_method_value(const char *type)
{
	return strstr(type, "struct { F uintptr; R ") != NULL;
}

/* What the compiler adds to the body of a loop over a function: integers. */
static bool is_loop_state(const char *what)
{
	return strstr(what, "#state") || strstr(what, "#next"); /* or slices.#state1 */
}

/* "any(T{...})": the literal's type to OUT; false for another expression. */
static bool converted_type(const char *what, char *out, size_t size)
{
	const char *open = strchr(what, '(');
	size_t length;

	if (!open || open == what || !has_suffix(open, "{...})"))
		return false;
	length = strlen(open + 1) - strlen("{...})");
	if (length >= size || memchr(open + 1, '(', length) || memchr(open + 1, ' ', length))
		return false;
	memcpy(out, open + 1, length);
	out[length] = 0;
	return true;
}

/* How TYPE agrees with an expression that names none, or a conversion of a literal. */
static int expression_agrees(const char *what, const char *type)
{
	char text[TYPE_TEXT_MAX];

	if (verdict_type_is_closure(type))
		return is_method_value(type) && what[strlen(what) - 1] != ')' ? 1 : -1;
	return converted_type(what, text, sizeof(text)) && text[0] != '&' ? same(text, type) : 0;
}

static bool is_array_type(const char *type)
{
	return type[0] == '[' && isdigit((unsigned char)type[1]);
}

/* What the runtime makes a map of: its header, or a group of slots. */
static bool is_map_header(const char *type)
{
	return strstr(type, "maps.") || strstr(type, "map.group") || strstr(type, "hmap") || strstr(type, "map.bucket");
}

static bool is_slice_form(enum verdict_form form)
{
	return form == FORM_SLICE_LITERAL || form == FORM_MAKE_SLICE || form == FORM_APPEND || form == FORM_FROM_STRING;
}

/* Whether a value of FORM is put into an interface by ENTRY. */
static bool is_converted_by(enum verdict_form form, const char *entry)
{
	bool string = form == FORM_CONCAT || form == FORM_TO_STRING;

	if (has_prefix(entry, "runtime.convTslice"))
		return is_slice_form(form) || form == FORM_EXPRESSION || form == FORM_MAKE || form == FORM_LITERAL;
	if (has_prefix(entry, "runtime.convTstring"))
		return string || form == FORM_EXPRESSION;
	return !string && !is_slice_form(form);
}

bool verdict_form_fits(enum verdict_form form, const char *entry, const char *type)
{
	if (has_prefix(entry, "runtime.convT"))
		return is_converted_by(form, entry);
	if (!has_prefix(entry, "runtime.newobject") || !type[0])
		return true;
	if (is_slice_form(form))
		return is_array_type(type);
	return !(form == FORM_MAKE_MAP || form == FORM_MAP_LITERAL) || !has_prefix(type, "map[");
}

/* A literal of the type TEXT; a named one may be of slices, which are made as arrays. */
static int named_agrees(const char *text, const char *type)
{
	if (is_array_type(type) && text[0] != '[')
		return same(text, type) > 0 ? 1 : 0;
	return same(text, type);
}

int verdict_type_agrees(const struct verdict *verdict, const char *type)
{
	char text[TYPE_TEXT_MAX];
	enum verdict_form form = verdict_form_of(verdict);

	if (!type[0])
		return 0;
	verdict_type_text(verdict->what, text, sizeof(text));
	switch (form) {
	case FORM_COMPOSITE:
		/* &[]T{...} makes the slice and its array. */
		if (has_prefix(text, "[]") && is_array_type(type))
			return same(element_text(text), element_text(type));
		return named_agrees(text, type);
	case FORM_LITERAL:
		return named_agrees(text, type);
	case FORM_NEW:
		return same(text, type);
	case FORM_SLICE_LITERAL:
	case FORM_MAKE_SLICE:
		return same(element_text(text), is_array_type(type) ? element_text(type) : type);
	case FORM_MAKE_MAP:
	case FORM_MAP_LITERAL:
		if (is_map_header(type))
			return 0;
		return has_prefix(type, "map[") ? same(text, type) : -1;
	case FORM_FROM_STRING:
		/* a constant's bytes */
		return is_array_type(type) && (has_suffix(type, "]uint8") || has_suffix(type, "]int32")) ? 1 : -1;
	case FORM_VARIADIC:
		return is_array_type(type) ? 1 : -1;
	case FORM_FUNC_LITERAL:
		return verdict_type_is_closure(type) && !is_method_value(type) ? 1 : -1;
	case FORM_MOVED:
		if (is_loop_state(verdict->what))
			return same("int", type) < 0 ? -1 : 0;
		return verdict_type_is_closure(type) ? -1 : 0;
	case FORM_EXPRESSION:
		return expression_agrees(verdict->what, type);
	default:
		return 0;
	}
}
