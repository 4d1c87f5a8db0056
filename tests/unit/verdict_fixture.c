/* Verdicts as text, so that a test is a table of lines. */
#include "tests/unit/verdict_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct verdict verdict_fixture_at(enum verdict_kind kind, const char *what, const char *file, uint32_t line,
				  uint32_t column)
{
	static struct verdict_position place;

	place = (struct verdict_position){"", file, line, column};
	return (struct verdict){
	    .kind = kind,
	    .package = "p",
	    .function = "",
	    .what = what,
	    .message = what,
	    .chain = &place,
	    .nchain = 1,
	};
}

const char *verdict_fixture_line(const struct verdict *verdict)
{
	static const char *const kinds[] = {"escapes", "moved", "stays", "leak"};
	static char text[4096];
	size_t i, used;

	used = snprintf(text, sizeof(text), "%s %s", kinds[verdict->kind], verdict->message);
	for (i = 0; i < verdict->nchain; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s:%u:%u", i ? " > " : " @ ",
				 verdict->chain[i].file, verdict->chain[i].line, verdict->chain[i].column);
	for (i = 0; i < verdict->nsteps; i++)
		used += snprintf(text + used, sizeof(text) - used, " [%s|%s|%u]", verdict->steps[i].target,
				 verdict->steps[i].why, verdict->steps[i].line);
	if (*verdict->function)
		used += snprintf(text + used, sizeof(text) - used, " in %s", verdict->function);
	snprintf(text + used, sizeof(text) - used, "%s%s%s", verdict->chain_known ? "" : " chain?",
		 verdict->too_large ? " large" : "", verdict->non_constant ? " nonconst" : "");
	return text;
}

void verdict_fixture_expect(const struct verdict_set *set, const char *const *lines, size_t count)
{
	size_t i;

	for (i = 0; i < verdict_set_count(set) && i < count; i++)
		assert_string_equal(verdict_fixture_line(verdict_set_at(set, i)), lines[i]);
	if (i < verdict_set_count(set))
		print_error("too many: %s\n", verdict_fixture_line(verdict_set_at(set, i)));
	assert_int_equal(verdict_set_count(set), count);
}
