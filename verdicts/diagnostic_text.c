/*
 * The compiler's text. A verdict is one line "FILE:LINE:COLUMN: words"; -m=2 explains escapes in a block before it,
 * whose head is "X escapes to heap in F:" (to Go 1.24 without "in F") and whose lines are indented.
 */
#include "verdicts/diagnostic_text.h"

#include "base/memory.h"
#include "verdicts/flow_words.h"
#include "verdicts/verdict.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The line under the reader's eye, split. */
struct text_line {
	const char *file;
	size_t file_length;
	uint32_t line, column;
	const char *words;
	size_t length;
};

struct text_reader {
	struct verdict_set *set;
	const char *directory;
	bool fill_only;
	char *package;
	/* The block being read: whose flow it is. */
	struct flow_words flow;
	char *function;
	uint32_t line, column;
};

static bool text_number(const char **at, const char *end, uint32_t *number)
{
	const char *start = *at;
	uint64_t value = 0;

	while (*at < end && isdigit((unsigned char)**at) && *at - start < 9)
		value = value * 10 + (uint64_t)(*(*at)++ - '0');
	*number = (uint32_t)value;
	return *at > start && *at < end && **at == ':';
}

/* "FILE:LINE:COLUMN: words". File names may hold colons, so the first place that fits counts. */
static bool text_split(const char *text, size_t length, struct text_line *line)
{
	const char *end = text + length, *colon = text, *at;

	while ((colon = memchr(colon, ':', (size_t)(end - colon)))) {
		at = colon + 1;
		if (colon > text && text_number(&at, end, &line->line) &&
		    (at++, text_number(&at, end, &line->column)) && at + 1 < end && at[1] == ' ') {
			line->file = text;
			line->file_length = (size_t)(colon - text);
			line->words = at + 2;
			line->length = (size_t)(end - at) - 2;
			return true;
		}
		colon++;
	}
	return false;
}

static char *text_file(const struct text_reader *reader, const struct text_line *line)
{
	const char *file = line->file;
	size_t length = line->file_length;

	if (length > 2 && !memcmp(file, "./", 2)) {
		file += 2;
		length -= 2;
	} else if (*file == '/' || !reader->directory) {
		return memory_copy_bytes(file, length);
	}
	if (!reader->directory)
		return memory_copy_bytes(file, length);
	return memory_format("%s/%.*s", reader->directory, (int)length, file);
}

static void text_end_block(struct text_reader *reader)
{
	flow_words_free(&reader->flow);
	free(reader->function);
	reader->function = NULL;
}

/* The head of a block, "X escapes to heap in F:" or "X escapes to heap:". */
static bool text_begin_block(struct text_reader *reader, const struct text_line *line)
{
	static const char words[] = " escapes to heap";
	const char *found = memmem(line->words, line->length, words, sizeof(words) - 1), *in;

	if (!found || line->words[line->length - 1] != ':')
		return false;
	in = found + sizeof(words) - 1;
	text_end_block(reader);
	if (!strncmp(in, " in ", 4))
		reader->function = memory_copy_bytes(in + 4, (size_t)(line->words + line->length - in) - 5);
	reader->line = line->line;
	reader->column = line->column;
	return true;
}

/* Whether SET knows an escape with these words at this outermost place. */
static bool text_is_known(const struct verdict_set *set, const struct verdict *verdict)
{
	const struct verdict_position *place = &verdict->chain[0];
	size_t count, i;
	const uint32_t *indexes = verdict_set_lookup(set, place->file, place->line, &count);

	for (i = 0; i < count; i++) {
		const struct verdict *other = verdict_set_at(set, indexes[i]);

		if (other->kind == verdict->kind && other->chain[0].column == place->column &&
		    !strcmp(other->what, verdict->what))
			return true;
	}
	return false;
}

static void text_add(struct text_reader *reader, struct verdict *verdict, const struct text_line *line)
{
	bool explained = reader->flow.seen_flow && reader->line == line->line && reader->column == line->column;
	char *file = text_file(reader, line);
	struct verdict_position place = {.function = "", .file = file, .line = line->line, .column = line->column};

	verdict->package = reader->package;
	verdict->function = explained && reader->function ? reader->function : "";
	verdict->chain = &place;
	verdict->nchain = 1;
	if (explained) {
		verdict->steps = reader->flow.steps;
		verdict->nsteps = reader->flow.nsteps;
		verdict->too_large = flow_words_has(&reader->flow, "too large for stack");
		verdict->non_constant = flow_words_has(&reader->flow, "non-constant size");
	}
	if (!reader->fill_only || verdict->kind == VERDICT_NO_ESCAPE || !text_is_known(reader->set, verdict))
		verdict_set_add(reader->set, verdict);
	free(file);
}

static void text_take_line(struct text_reader *reader, const char *text, size_t length)
{
	struct verdict verdict = {0};
	struct flow_words words = {0};
	struct text_line line;
	size_t blanks = 0;
	char *file;

	if (length > 2 && text[0] == '#' && text[1] == ' ') {
		free(reader->package);
		reader->package = memory_copy_bytes(text + 2, length - 2);
		return;
	}
	if (!text_split(text, length, &line) || !line.length)
		return;
	while (blanks < line.length && line.words[blanks] == ' ')
		blanks++;
	if (blanks) {
		file = memory_copy_bytes(line.file, line.file_length);
		flow_words_line(&reader->flow, line.words + blanks, line.length - blanks, file, line.line, line.column);
		free(file);
		return;
	}
	if (text_begin_block(reader, &line))
		return;
	/* In the text a variable's own line says "moved to heap", so an escaping expression is one whatever its flow.
	 */
	if (flow_words_message(&words, line.words, line.length, &verdict))
		text_add(reader, &verdict, &line);
	flow_words_free(&words);
}

void diagnostic_text_read(struct verdict_set *set, const char *package, const char *directory, bool fill_only,
			  const char *text, size_t size)
{
	struct text_reader reader = {.set = set, .directory = directory, .fill_only = fill_only};
	const char *end = text + size, *line, *next;

	reader.package = memory_copy_string(package ? package : "");
	for (line = text; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		next = newline ? newline + 1 : end;
		text_take_line(&reader, line, (size_t)((newline ? newline : end) - line));
	}
	text_end_block(&reader);
	free(reader.package);
}
