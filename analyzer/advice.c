/*
 * In: a site's facts and category. Out: words. Limits named here are the compiler's: 64 KiB for what make, new and &T{}
 * put on the stack, 128 KiB (10 MB up to Go 1.23) for declared variables.
 */
#include "analyzer/advice.h"

#include "analyzer/arena.h"
#include "analyzer/verdict_words.h"
#include "verdicts/verdict.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_VALUE  128 /* bytes: copying so much costs less than allocating it */
#define YOUNG_CYCLES 1   /* what dies sooner than that a pool can hand out again before the GC empties it */
#define OLD_CYCLES   3
#define NEARLY       1.05 /* a mean size that is no more times the smallest is of hardly any that are larger */

static const char *what_of(const struct site_facts *facts)
{
	return facts->verdict ? facts->verdict->what : "";
}

/* Whether WORDS are of an error: a mirror is none. */
static bool names_error(const char *words)
{
	return strstr(words, "Error") || strstr(words, "error");
}

static const char *type_of(const struct site_facts *facts)
{
	return facts->type[0] ? facts->type : "the value";
}

/* The bytes that a make with a constant size asks for, or else those of its slot, which may be more. */
static double asked_bytes(const struct site_facts *facts)
{
	const char *comma = strrchr(what_of(facts), ',');
	double count;

	if (strncmp(what_of(facts), "make([]", 7) != 0 || !comma || !isdigit((unsigned char)comma[2]))
		return facts->object_size;
	count = strtod(comma + 2, NULL) * (double)facts->type_size;
	return count > 0 ? count : facts->object_size;
}

/* The elements that the largest slot holds, "4,096 bytes, 512 of int"; "" when nothing is known. */
static const char *largest_seen(struct arena *arena, const struct site_facts *facts)
{
	unsigned long long bytes = facts->largest, elements;

	if (!bytes)
		return "";
	elements = facts->type_size ? bytes / facts->type_size : 0;
	if (elements > 0 && facts->type[0])
		return arena_format(arena, " (the largest seen here: %llu bytes, %llu of %s)", bytes, elements,
				    facts->type);
	return arena_format(arena, " (the largest seen here: %llu bytes)", bytes);
}

static bool is_uniform(const struct site_facts *facts)
{
	return facts->largest && facts->smallest == facts->largest;
}

/* What is a block of many already: a slice, a map, a string. */
static bool is_block(const struct site_facts *facts)
{
	return !((unsigned)facts->operation & (OPERATION_NEW | OPERATION_RAW | OPERATION_CONVERT));
}

/* What their measured life says about reusing them; "" when too little is known. */
static const char *reuse_words(struct arena *arena, const struct site_facts *facts)
{
	if (facts->lifetime_cycles >= OLD_CYCLES && is_block(facts))
		return arena_format(
		    arena,
		    "they live through %.0f GC cycles, so a pool would not help: make them no larger than "
		    "they have to be, and drop them as soon as they are not needed; else this is what the "
		    "heap is for",
		    facts->lifetime_cycles);
	if (facts->lifetime_cycles >= OLD_CYCLES)
		return arena_format(
		    arena,
		    "they live through %.0f GC cycles, so a pool would not help, and fewer, larger blocks "
		    "would (a slice of values for pointers)",
		    facts->lifetime_cycles);
	if (!(facts->lifetime_cycles < YOUNG_CYCLES) || !facts->largest)
		return "";
	if (is_uniform(facts))
		return arena_format(arena,
				    "most die before the next GC cycle, and all are of %llu bytes: a sync.Pool fits",
				    (unsigned long long)facts->largest);
	return arena_format(
	    arena,
	    "most die before the next GC cycle, but they are of %llu to %llu bytes: a sync.Pool of blocks "
	    "that fit the common ones, not of the largest",
	    (unsigned long long)facts->smallest, (unsigned long long)facts->largest);
}

static const char *advise_pointer_returned(struct arena *arena, const struct site_facts *facts)
{
	const char *what = what_of(facts), *words;

	if (names_error(facts->type) || names_error(what))
		return arena_format(arena,
				    "%s is made anew for each error: return a package-level error value that is made "
				    "once, and add what varies (metadata, a cause) only where it is read.",
				    what);
	if (facts->verdict && verdict_form_of(facts->verdict) == FORM_MOVED)
		return arena_format(
		    arena, "The address of %s is returned, so it cannot stay on the stack: return its value.", what);
	if (facts->operation == OPERATION_MAKE_SLICE || facts->operation == OPERATION_CONCAT ||
	    facts->operation == OPERATION_TO_STRING || facts->operation == OPERATION_FROM_STRING)
		return arena_format(
		    arena, "%s is returned: let the caller pass in a buffer to append to, and reuse it.", what);
	if (facts->object_size > 0 && facts->object_size <= SMALL_VALUE)
		return arena_format(arena,
				    "%s is %.0f bytes and its pointer is returned: return %s by value, or, if it never "
				    "changes, a pointer to one package-level value.",
				    what, facts->object_size, type_of(facts));
	words = reuse_words(arena, facts);
	return arena_format(arena,
			    "%s is returned by pointer (%.0f bytes): let the caller pass in the place to fill%s%s.",
			    what, facts->object_size, words[0] ? "; " : ", or keep them in a sync.Pool", words);
}

/* The function of fmt that a value is boxed for, as its flow names it; NULL: none. */
static const char *formatted_by(struct arena *arena, const struct site_facts *facts)
{
	size_t nsteps = facts->verdict ? facts->verdict->nsteps : 0;

	for (size_t i = 0; i < nsteps; i++) {
		const char *text = facts->verdict->steps[i].text, *call = strstr(text, "fmt.");
		size_t length = call ? strcspn(call, "(") : 0;

		if (call && call[length] == '(' && (call == text || !isalnum((unsigned char)call[-1])))
			return arena_format(arena, "%.*s", (int)length, call);
	}
	return NULL;
}

static const char *advise_interface(struct arena *arena, const struct site_facts *facts)
{
	const char *what = what_of(facts), *format = formatted_by(arena, facts);

	if (category_is_structpb(facts))
		return "A map[string]interface{} is built only for structpb to take apart again, and each value is boxed on the "
		       "way: build the structpb.Struct's Fields with structpb.NewStringValue, NewNumberValue, … directly.";
	if (format)
		return arena_format(
		    arena,
		    "%s is boxed for %s: append to a []byte that is reused, numbers with strconv.AppendInt "
		    "and its like.",
		    what[0] ? what : type_of(facts), format);
	if (what[0])
		return arena_format(arena,
				    "%s is boxed to fit an interface: use the concrete type in the callee's signature "
				    "(or a type parameter), or build the concrete value at once.",
				    what);
	return arena_format(
	    arena,
	    "%s is boxed to fit an interface: use the concrete type in the callee's signature (or a type "
	    "parameter).",
	    type_of(facts));
}

static const char *advise_too_large(struct arena *arena, const struct site_facts *facts)
{
	return arena_format(
	    arena,
	    "%s takes %.0f bytes, over the 65,536 that make, new and &T{} may put on the stack (8,192 "
	    "ints): make it smaller, declare an array variable (up to 128 KiB), or reuse one from a sync.Pool.",
	    what_of(facts)[0] ? what_of(facts) : type_of(facts), asked_bytes(facts));
}

static const char *advise_non_constant(struct arena *arena, const struct site_facts *facts)
{
	const char *what = what_of(facts)[0] ? what_of(facts) : type_of(facts);

	if (facts->largest > CATEGORY_STACK_MAX)
		return arena_format(
		    arena,
		    "The size of %s is not known to the compiler, and too large for the stack%s: have the "
		    "caller pass in a buffer to reuse.",
		    what, largest_seen(arena, facts));
	return arena_format(arena,
			    "The size of %s is not known to the compiler: make it with a constant upper bound%s, then "
			    "reslice, or have the caller pass in a buffer to reuse.",
			    what, largest_seen(arena, facts));
}

static const char *advise_closure(struct arena *arena, const struct site_facts *facts)
{
	if (facts->verdict && verdict_form_of(facts->verdict) == FORM_MOVED)
		return arena_format(
		    arena,
		    "%s is captured by a closure that changes it and outlives the call: pass it to the "
		    "function as an argument and return the new value, or make it a field of a struct with a "
		    "method.",
		    what_of(facts));
	return "The closure outlives the call, so it and what it captures are on the heap: pass what it needs as arguments to a "
	       "plain function, or make it once, outside the hot path.";
}

static const char *advise_leaking(struct arena *arena, const struct site_facts *facts)
{
	const char *step =
	    facts->verdict && facts->verdict->nsteps ? facts->verdict->steps[facts->verdict->nsteps - 1].text : "";

	return arena_format(
	    arena,
	    "%s is passed to a parameter that the callee lets escape%s%s%s: pass a value instead of a "
	    "pointer, or change the callee so that it keeps nothing (calls through interfaces always leak).",
	    what_of(facts), step[0] ? " (" : "", step, step[0] ? ")" : "");
}

static bool is_pointer_to_value(const struct site_facts *facts)
{
	enum verdict_form form;

	if (!facts->verdict)
		return false;
	form = verdict_form_of(facts->verdict);
	return form == FORM_COMPOSITE || form == FORM_NEW || form == FORM_MOVED;
}

/* The step that takes a moved variable's address; NULL: none is told. */
static const struct verdict_step *address_step(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->nsteps; i++) {
		if (strcmp(verdict->steps[i].why, "address-of") == 0 && verdict->steps[i].file)
			return &verdict->steps[i];
	}
	return NULL;
}

/* Of a variable whose address is kept; NULL: it is none. It is on the heap even where that line does not run. */
static const char *advise_address(struct arena *arena, const struct site_facts *facts)
{
	bool moved = facts->verdict && verdict_form_of(facts->verdict) == FORM_MOVED;
	const struct verdict_step *step = moved ? address_step(facts->verdict) : NULL;
	const char *slash = step ? strrchr(step->file, '/') : NULL;

	if (!step)
		return NULL;
	return arena_format(
	    arena,
	    "%s (%.0f bytes) is on the heap from its declaration on, since its address is kept at %s:%u: "
	    "where that line seldom runs, copy %s there and keep the copy's address; else keep the value "
	    "itself.",
	    what_of(facts), facts->object_size, slash ? slash + 1 : step->file, step->line, what_of(facts));
}

static const char *advise_stored(struct arena *arena, const struct site_facts *facts)
{
	const char *words = advise_address(arena, facts);

	if (words)
		return words;

	if (facts->operation == OPERATION_FROM_STRING && strncmp(what_of(facts), "([]byte)(\"", 10) == 0)
		return arena_format(arena,
				    "%s is a constant, copied anew each time: make it once, outside of the function.",
				    what_of(facts));
	if (is_pointer_to_value(facts) && facts->object_size > 0 && facts->object_size <= SMALL_VALUE)
		return arena_format(
		    arena,
		    "%s (%.0f bytes) is stored where it outlives the call: hold values, not pointers (a "
		    "slice or map of %s), so that many share one block.",
		    what_of(facts), facts->object_size, type_of(facts));
	words = reuse_words(arena, facts);
	return arena_format(arena, "%s is stored where it outlives the call: %s.", what_of(facts),
			    words[0]
				? words
				: "if it is dropped soon, reuse it through a sync.Pool; else this is what the heap "
				  "is for");
}

/*
 * Whether (nearly) all that maps were given is room for their first 8 entries: a group (a bucket up to Go 1.23), where
 * growth makes several in one block. A map that make gave a size of 8 or less has none at first either.
 */
static bool is_first_group(const struct site_facts *facts)
{
	return facts->operation == OPERATION_MAP_ASSIGN && facts->type_size > 8 &&
	       facts->smallest >= facts->type_size && facts->smallest < 2 * facts->type_size &&
	       facts->object_size <= (double)facts->smallest * NEARLY;
}

static const char *advise_map(struct arena *arena, const struct site_facts *facts)
{
	const char *type = facts->type[0] ? facts->type : "map";

	if (is_first_group(facts))
		return arena_format(
		    arena,
		    "The first entry that is put into a %s takes room for 8 (%llu bytes), and %s here took more: a size "
		    "given to make would change nothing. Clear the map and reuse it, or keep so few entries in a struct "
		    "or a slice.",
		    type, (unsigned long long)facts->smallest, is_uniform(facts) ? "none" : "hardly any");
	return arena_format(arena, "%s grows as it is filled: give make the number of entries, or clear and reuse it.",
			    facts->type[0] ? type : "The map");
}

/* Whether append makes a copy of a whole slice, "append([]byte(nil), b...)", as slices.Clone and bytes.Clone do. */
static bool is_clone(const struct site_facts *facts)
{
	const char *text = facts->verdict && facts->verdict->nsteps ? facts->verdict->steps[0].text : "";
	const char *call = strstr(text, "append("), *comma = call ? strstr(call, ", ") : NULL;

	if (!comma || comma - call < 12 || !strstr(comma, "...)"))
		return false;
	return strncmp(comma - 2, "{}", 2) == 0 || strncmp(comma - 5, "(nil)", 5) == 0;
}

static const char *advise_growth(struct arena *arena, const struct site_facts *facts)
{
	switch (facts->operation) {
	case OPERATION_MAKE_MAP:
	case OPERATION_MAP_ASSIGN:
		return advise_map(arena, facts);
	case OPERATION_BUFFER:
		return arena_format(
		    arena, "The buffer grows as it is written: call Grow with the final size first%s, or reuse it.",
		    largest_seen(arena, facts));
	default:
		if (is_clone(facts))
			return arena_format(arena,
					    "append makes a copy of a whole slice here: share the slice where nobody "
					    "changes it, or append to a buffer that is reused, buf[:0]%s.",
					    largest_seen(arena, facts));
		return arena_format(arena,
				    "append copies the slice each time that it grows: make it with the final capacity "
				    "first%s, or reuse its memory with s = s[:0].",
				    largest_seen(arena, facts));
	}
}

/* Each has a channel and a timer of the runtime's: two sites. */
static bool makes_timer(const char *function)
{
	return strcmp(function, "time.NewTimer") == 0 || strcmp(function, "time.NewTicker") == 0 ||
	       strcmp(function, "time.AfterFunc") == 0;
}

static const char *advise_by_class(struct arena *arena, const struct site_facts *facts)
{
	if (makes_timer(facts->function))
		return "A timer is made each time (time.After and context.WithTimeout make one too): keep one and Reset it, or "
		       "let one deadline stand for many operations.";
	switch (facts->class_) {
	case CLASS_STRING:
		return "Each string built is a new block: write into a reused []byte with append and strconv, or a Builder that "
		       "was grown first.";
	case CLASS_REFLECTION:
		return "Reflection makes its values on the heap: use code for the concrete type (generated, or by type "
		       "parameters), or cache what it makes.";
	case CLASS_CHANNEL:
		return "A channel is made here each time: make it once, or use a sync primitive inside the struct.";
	case CLASS_HEAP_NOT_ESCAPING:
		return arena_format(
		    arena,
		    "%s does not escape, but is larger than the buffer that the compiler gave it on the "
		    "stack: reuse a buffer of your own%s.",
		    what_of(facts), largest_seen(arena, facts));
	default:
		return "";
	}
}

/* In a generic function the compiler prints "<node DYNAMICTYPE>" for types that depend on T: WHAT with TYPE instead. */
static const char *name_type(struct arena *arena, const char *what, const char *type)
{
	static const char unnamed[] = "<node DYNAMICTYPE>";
	const char *at = what ? strstr(what, unnamed) : NULL;

	if (!at || !*type)
		return what;
	return arena_format(arena, "%.*s%s%s", (int)(at - what), what, type, at + sizeof(unnamed) - 1);
}

static const char *advise(struct arena *arena, const struct site_facts *facts, enum site_category category)
{
	static const char *(*const advisers[CATEGORY_COUNT])(struct arena *, const struct site_facts *) = {
	    [CATEGORY_NONE] = advise_by_class,
	    [CATEGORY_POINTER_RETURNED] = advise_pointer_returned,
	    [CATEGORY_INTERFACE_CONVERSION] = advise_interface,
	    [CATEGORY_TOO_LARGE] = advise_too_large,
	    [CATEGORY_NON_CONSTANT_SIZE] = advise_non_constant,
	    [CATEGORY_CLOSURE_CAPTURE] = advise_closure,
	    [CATEGORY_LEAKING_PARAMETER] = advise_leaking,
	    [CATEGORY_STORED_ON_HEAP] = advise_stored,
	    [CATEGORY_GROWTH] = advise_growth,
	};

	if (category == CATEGORY_GO_OR_DEFER && facts->operation == OPERATION_GOROUTINE)
		return "Each new goroutine takes a descriptor and a stack: hand the work to a fixed set of workers.";
	if (category == CATEGORY_GO_OR_DEFER)
		return "go and a defer in a loop put their closure on the heap: pass values to a worker that is running "
		       "already, or move the loop's body into a function of its own.";
	return arena_string(arena, advisers[category](arena, facts));
}

const char *advice_for(struct arena *arena, const struct site_facts *facts, enum site_category category)
{
	struct site_facts named = *facts;
	struct verdict verdict;

	if (facts->verdict) {
		verdict = *facts->verdict;
		verdict.what = name_type(arena, verdict.what, facts->type);
		named.verdict = &verdict;
	}
	return advise(arena, &named, category);
}
