/*
 * The compiler's text diagnostics, line by line. Comes in: the output of a compile or of a whole go build; goes out:
 * -m's verdicts, the explanations of -m=2 beside them, and the lines that are something else.
 *
 * A block of -m=2 is a header line "POS: X escapes to heap in FUNC:" and lines with the same position that are
 * indented. The compiler prints blocks as it goes, and the plain lines sorted, after them.
 */
#include "verdicts/diagnostic_text.h"

#include "base/memory.h"
#include "verdicts/function_places.h"
#include "verdicts/verdict_draft.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A position that a diagnostic line begins with. */
struct text_position {
	const char *file; /* not terminated */
	size_t file_length;
	uint32_t line, column;
};

/* Where a call was inlined: verdicts there may be about the inlined body. */
struct inlined_place {
	const char *file; /* of the reader's own strings, so that equal names have equal addresses */
	uint32_t line, column;
};

struct text_reader {
	struct diagnostic_text *out;
	const struct source_names *names;
	const char *package;
	struct strtab *strings;
	struct verdict_draft block; /* the one that indented lines belong to */
	bool in_block;
	struct verdict_draft draft;
	struct verdict_set *plain, *blocks; /* as they came; what they do not say is known at the end */
	struct function_places functions;
	struct inlined_place *inlined;
	size_t ninlined, inlined_capacity;
	struct buf name, scratch;
	struct text_position last; /* the file of the line before, and its resolved name: most lines repeat it */
	const char *last_name;
};

/* A decimal number that ends where END points to, going back; false when there is none or it is too large. */
static bool number_before(const char *start, const char **end, uint32_t *value)
{
	const char *at = *end;
	uint64_t number = 0, scale = 1;

	while (at > start && isdigit((unsigned char)at[-1]) && *end - at < 10) {
		number += (*--at - '0') * scale;
		scale *= 10;
	}
	if (at == *end || number > UINT32_MAX)
		return false;
	*value = number;
	*end = at;
	return true;
}

/* FILE:LINE[:COLUMN] that fills the bytes from START to END. */
static bool position_parse(const char *start, const char *end, struct text_position *position)
{
	uint32_t last, before;

	if (!number_before(start, &end, &last) || end - start < 2 || end[-1] != ':')
		return false;
	end--;
	position->line = last;
	position->column = 0;
	position->file = start;
	position->file_length = end - start;
	if (number_before(start, &end, &before) && end - start >= 2 && end[-1] == ':') {
		position->line = before;
		position->column = last;
		position->file_length = end - 1 - start;
	}
	return true;
}

/* The position at the start of a line; what follows its ": " is the message. A name may hold colons of its own. */
static bool line_position(const char *line, size_t length, struct text_position *position, const char **message)
{
	const char *at = line, *colon;

	while ((colon = memmem(at, line + length - at, ": ", 2))) {
		if (position_parse(line, colon, position)) {
			*message = colon + 2;
			return true;
		}
		at = colon + 1;
	}
	return false;
}

/* The line table's name for the file of POSITION, kept in the reader's strings. */
static const char *reader_file(struct text_reader *reader, const struct text_position *position)
{
	const char *name;

	if (reader->last_name && reader->last.file_length == position->file_length &&
	    !memcmp(reader->last.file, position->file, position->file_length))
		return reader->last_name;
	reader->name.size = 0;
	buf_append(&reader->name, position->file, position->file_length);
	name = source_names_resolve(reader->names, buf_string(&reader->name), &reader->scratch);
	reader->last = *position;
	reader->last_name = strtab_get(reader->strings, strtab_add(reader->strings, name));
	return reader->last_name;
}

static void reader_end_block(struct text_reader *reader)
{
	if (reader->in_block)
		verdict_set_add(reader->blocks, verdict_draft_get(&reader->block));
	reader->in_block = false;
}

/* An indented line: part of the block's flow. Steps end with " at POS". */
static void reader_take_flow(struct text_reader *reader, const char *text, size_t length)
{
	struct text_position position = {0};
	const char *at = text + length, *file = "";

	if (length && text[length - 1] == ':') {
		verdict_draft_flow(&reader->block, text, length, "", 0, 0);
		return;
	}
	while (at > text + 5 && memcmp(at - 5, ") at ", 5) != 0)
		at--;
	if (at > text + 5 && position_parse(at, text + length, &position)) {
		file = reader_file(reader, &position);
		length = at - 4 - text;
	}
	verdict_draft_flow(&reader->block, text, length, file, position.line, position.column);
}

static void reader_start_block(struct text_reader *reader, const struct text_position *position, const char *text,
			       size_t length)
{
	reader_end_block(reader);
	verdict_draft_start(&reader->block, reader->package);
	if (!verdict_draft_message(&reader->block, text, length))
		return;
	verdict_draft_place(&reader->block, reader_file(reader, position), position->line, position->column);
	reader->in_block = true;
}

static void reader_take_plain(struct text_reader *reader, const struct text_position *position)
{
	verdict_draft_place(&reader->draft, reader_file(reader, position), position->line, position->column);
	verdict_set_add(reader->plain, verdict_draft_get(&reader->draft));
}

static void reader_take_inlined(struct text_reader *reader, const struct text_position *position)
{
	struct inlined_place place = {reader_file(reader, position), position->line, position->column};

	reader->inlined =
	    memory_reserve(reader->inlined, reader->ninlined, &reader->inlined_capacity, sizeof(*reader->inlined));
	reader->inlined[reader->ninlined++] = place;
}

/* "can inline F[ with cost …]" and "cannot inline F: …" stand where F is declared; false for anything else. */
static bool reader_take_function(struct text_reader *reader, const struct text_position *position, const char *text,
				 size_t length)
{
	static const char can[] = "can inline ", cannot[] = "cannot inline ";
	const char *name, *end;

	if (length > sizeof(can) && !memcmp(text, can, sizeof(can) - 1))
		name = text + sizeof(can) - 1;
	else if (length > sizeof(cannot) && !memcmp(text, cannot, sizeof(cannot) - 1))
		name = text + sizeof(cannot) - 1;
	else
		return false;
	end = memmem(name, text + length - name, name == text + sizeof(can) - 1 ? " with cost " : ": ",
		     name == text + sizeof(can) - 1 ? 11 : 2);
	end = end ? end : text + length;
	function_places_add(&reader->functions, reader_file(reader, position), position->line, position->column,
			    strtab_get(reader->strings, strtab_add_bytes(reader->strings, name, end - name)));
	return true;
}

/* What else -m and -m=2 say that may come without a position, of what the compiler itself made. */
static bool message_is_placeless(const char *text, size_t length)
{
	static const char *const parts[] = {" capturing by ", "can inline ", "cannot inline ", "inlining call to ",
					    " leaks to ",     "   flow: ",   "     from "};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (memmem(text, length, parts[i], strlen(parts[i])))
			return true;
	return false;
}

/* A line with a position: a verdict, part of an explanation, or something else, which is left. */
static void reader_take_message(struct text_reader *reader, const struct text_position *position, const char *text,
				size_t length)
{
	size_t blanks = 0;

	while (blanks < length && text[blanks] == ' ')
		blanks++;
	if (blanks >= 2) {
		if (reader->in_block)
			reader_take_flow(reader, text + blanks, length - blanks);
		return;
	}
	if (length && text[length - 1] == ':') {
		reader_start_block(reader, position, text, length - 1);
		if (reader->in_block)
			return;
	}
	reader_end_block(reader);
	if (length >= 17 && !memcmp(text, "inlining call to ", 17)) {
		reader_take_inlined(reader, position);
		return;
	}
	if (reader_take_function(reader, position, text, length))
		return;
	verdict_draft_start(&reader->draft, reader->package);
	if (verdict_draft_message(&reader->draft, text, length))
		reader_take_plain(reader, position);
}

/* "# path" of the go command; a "[path.test]" after it tells of a variant for tests. */
static void reader_take_package(struct text_reader *reader, const char *text, size_t length)
{
	const char *blank = memchr(text, ' ', length);
	uint32_t number = strtab_add_bytes(reader->strings, text, blank ? (size_t)(blank - text) : length);

	reader->package = strtab_get(reader->strings, number);
}

/* A line with no place: "# path", or what the compiler says of code that it made itself, or something else. */
static void reader_take_placeless(struct text_reader *reader, const char *line, size_t length)
{
	static const char unknown[] = "<unknown line number>: ";
	bool is_unknown = length >= sizeof(unknown) && !memcmp(line, unknown, sizeof(unknown) - 1);

	if (length > 2 && !memcmp(line, "# ", 2))
		reader_take_package(reader, line + 2, length - 2);
	verdict_draft_start(&reader->draft, reader->package);
	if (is_unknown || message_is_placeless(line, length) || verdict_draft_message(&reader->draft, line, length))
		return;
	buf_append(&reader->out->other, line, length);
	buf_append_u8(&reader->out->other, '\n');
}

static void reader_take_line(struct text_reader *reader, const char *line, size_t length)
{
	struct text_position position;
	const char *message;

	if (length && line[length - 1] == '\r')
		length--;
	if (line_position(line, length, &position, &message))
		reader_take_message(reader, &position, message, line + length - message);
	else
		reader_take_placeless(reader, line, length);
}

static int inlined_place_compare(const void *left, const void *right)
{
	const struct inlined_place *a = left, *b = right;

	if (a->file != b->file)
		return (uintptr_t)a->file < (uintptr_t)b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column == b->column ? 0 : a->column < b->column ? -1 : 1;
}

/* The explanations, each leak with the function whose parameter it is of. */
static void reader_finish_blocks(struct text_reader *reader)
{
	struct verdict verdict;
	const char *function, *file;
	size_t i;

	function_places_sort(&reader->functions);
	for (i = 0; i < verdict_set_count(reader->blocks); i++) {
		verdict = *verdict_set_at(reader->blocks, i);
		if (verdict.kind == VERDICT_LEAK && !*verdict.function) {
			file = strtab_get(reader->strings, strtab_add(reader->strings, verdict.chain->file));
			function =
			    function_places_find(&reader->functions, file, verdict.chain->line, verdict.chain->column);
			verdict.function = function ? function : "";
		}
		verdict_set_add(reader->out->blocks, &verdict);
	}
}

/* Lines about one place come in no order that tells, so what was inlined is known only at the end. */
static void reader_finish(struct text_reader *reader)
{
	struct inlined_place place;
	struct verdict verdict;
	size_t i;

	reader_end_block(reader);
	reader_finish_blocks(reader);
	if (reader->ninlined)
		qsort(reader->inlined, reader->ninlined, sizeof(*reader->inlined), inlined_place_compare);
	for (i = 0; i < verdict_set_count(reader->plain); i++) {
		verdict = *verdict_set_at(reader->plain, i);
		place.file = strtab_get(reader->strings, strtab_add(reader->strings, verdict.chain->file));
		place.line = verdict.chain->line;
		place.column = verdict.chain->column;
		verdict.chain_known = !reader->ninlined || !bsearch(&place, reader->inlined, reader->ninlined,
								    sizeof(place), inlined_place_compare);
		verdict_set_add(reader->out->plain, &verdict);
	}
}

void diagnostic_text_new(struct diagnostic_text *text)
{
	*text = (struct diagnostic_text){.plain = verdict_set_new(), .blocks = verdict_set_new()};
}

void diagnostic_text_free(struct diagnostic_text *text)
{
	verdict_set_free(text->plain);
	verdict_set_free(text->blocks);
	buf_free(&text->other);
	*text = (struct diagnostic_text){0};
}

void diagnostic_text_read(struct diagnostic_text *text, const void *data, size_t size, const char *package,
			  const struct source_names *names)
{
	struct text_reader reader = {.out = text, .names = names, .package = package};
	const char *at = size ? data : "", *end = at + size, *line_end;

	reader.strings = strtab_new();
	reader.plain = verdict_set_new();
	reader.blocks = verdict_set_new();
	for (; at < end; at = line_end + 1) {
		line_end = memchr(at, '\n', end - at);
		if (!line_end)
			line_end = end;
		reader_take_line(&reader, at, line_end - at);
	}
	reader_finish(&reader);
	verdict_set_free(reader.plain);
	verdict_set_free(reader.blocks);
	function_places_free(&reader.functions);
	verdict_draft_free(&reader.block);
	verdict_draft_free(&reader.draft);
	strtab_free(reader.strings);
	free(reader.inlined);
	buf_free(&reader.name);
	buf_free(&reader.scratch);
}
