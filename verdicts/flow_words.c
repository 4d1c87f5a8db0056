/* Messages and flow lines of cmd/compile/internal/escape, Go 1.18 to 1.27. */
#include "verdicts/flow_words.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void flow_words_free(struct flow_words *words)
{
	size_t i;

	for (i = 0; i < words->nstrings; i++)
		free(words->strings[i]);
	free(words->what);
	free(words->message);
	*words = (struct flow_words){0};
}

const char *flow_words_keep(struct flow_words *words, const char *text, size_t length)
{
	if (words->nstrings == sizeof(words->strings) / sizeof(words->strings[0]))
		return "";
	words->strings[words->nstrings] = memory_copy_bytes(text, length);
	return words->strings[words->nstrings++];
}

static bool flow_words_starts(const char *text, size_t length, const char *prefix)
{
	return length >= strlen(prefix) && !memcmp(text, prefix, strlen(prefix));
}

static bool flow_words_ends(const char *text, size_t length, const char *suffix)
{
	return length >= strlen(suffix) && !memcmp(text + length - strlen(suffix), suffix, strlen(suffix));
}

/* "A ← &B:" */
static void flow_words_flow(struct flow_words *words, const char *text, size_t length)
{
	static const char *const arrows[] = {" \xe2\x86\x90 ", " = "};
	const char *arrow = NULL, *source;
	size_t i;

	for (i = 0; !arrow && i < 2; i++) {
		arrow = memmem(text, length, arrows[i], strlen(arrows[i]));
		if (!arrow)
			continue;
		source = arrow + strlen(arrows[i]);
		if (!words->seen_flow)
			words->is_variable = flow_words_starts(source, length - (size_t)(source - text), "&") &&
					     !flow_words_starts(source, length - (size_t)(source - text), "&{storage");
	}
	words->seen_flow = true;
	words->target = flow_words_keep(words, text, arrow ? (size_t)(arrow - text) : length);
}

/* "from X (why)" */
static void flow_words_from(struct flow_words *words, const char *text, size_t length, const char *file, uint32_t line,
			    uint32_t column)
{
	struct verdict_step *step;
	const char *open = NULL, *why = "";
	size_t i;

	if (words->nsteps == FLOW_MAX_STEPS)
		return;
	for (i = length; length && text[length - 1] == ')' && i-- > 1;)
		if (text[i] == '(' && text[i - 1] == ' ') {
			open = text + i;
			break;
		}
	if (open)
		why = flow_words_keep(words, open + 1, (size_t)(text + length - open) - 2);
	step = &words->steps[words->nsteps++];
	step->text = flow_words_keep(words, text, length);
	step->why = why;
	step->target = words->target ? words->target : "";
	step->file = flow_words_keep(words, file, strlen(file));
	step->line = line;
	step->column = column;
}

void flow_words_line(struct flow_words *words, const char *line, size_t length, const char *file, uint32_t file_line,
		     uint32_t column)
{
	if (flow_words_starts(line, length, "flow: ") && flow_words_ends(line, length, ":"))
		flow_words_flow(words, line + 6, length - 7);
	else if (flow_words_starts(line, length, "from "))
		flow_words_from(words, line, length, file, file_line, column);
}

bool flow_words_has(const struct flow_words *words, const char *why)
{
	size_t i;

	for (i = 0; i < words->nsteps; i++)
		if (strstr(words->steps[i].why, why))
			return true;
	return false;
}

bool flow_words_message(struct flow_words *words, const char *text, size_t length, struct verdict *verdict)
{
	static const char escapes[] = " escapes to heap", moved[] = "moved to heap: ", stays[] = " does not escape";

	if (flow_words_starts(text, length, moved)) {
		verdict->kind = VERDICT_MOVED;
		text += sizeof(moved) - 1;
		length -= sizeof(moved) - 1;
	} else if (flow_words_ends(text, length, stays)) {
		verdict->kind = VERDICT_NO_ESCAPE;
		length -= sizeof(stays) - 1;
	} else if (flow_words_ends(text, length, escapes)) {
		verdict->kind = words->is_variable ? VERDICT_MOVED : VERDICT_ESCAPES;
		length -= sizeof(escapes) - 1;
	} else {
		return false;
	}
	free(words->what);
	free(words->message);
	words->what = memory_copy_bytes(text, length);
	if (verdict->kind == VERDICT_MOVED)
		words->message = memory_format("moved to heap: %s", words->what);
	else
		words->message =
		    memory_format("%s%s", words->what, verdict->kind == VERDICT_NO_ESCAPE ? stays : escapes);
	verdict->what = words->what;
	verdict->message = words->message;
	verdict->steps = words->steps;
	verdict->nsteps = words->nsteps;
	verdict->too_large = flow_words_has(words, "too large for stack");
	verdict->non_constant = flow_words_has(words, "non-constant size");
	return true;
}
