/*
 * compare-verdicts BINARY LOG: whether every verdict in LOG, what `go build -gcflags=all=-m` printed for the same
 * program, is among those that `escprof build` kept for BINARY: same kind, same words, same outermost place. Prints
 * "N verdicts in the log, N missing" behind the first missing ones; the status is 1 when there are any.
 * Run it where the go command ran: the log's names are relative to that.
 */
#include "base/error.h"
#include "binary/elf_image.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_find.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 20 /* missing ones that are printed */

/* -m calls every append "append"; -m=2 and JSON write it out. */
static bool same_words(const char *kept, const char *wanted)
{
	return !strcmp(kept, wanted) || (!strcmp(wanted, "append") && !strncmp(kept, "append(", 7));
}

static bool same(const struct verdict *kept, const struct verdict *wanted)
{
	return kept->kind == wanted->kind && same_words(kept->what, wanted->what) &&
	       kept->chain[0].column == wanted->chain[0].column;
}

static bool is_kept(const struct verdict_set *set, const struct verdict *wanted)
{
	size_t count, i;
	const uint32_t *at = verdict_set_lookup(set, wanted->chain[0].file, wanted->chain[0].line, &count);

	for (i = 0; i < count; i++)
		if (same(verdict_set_at(set, at[i]), wanted))
			return true;
	return false;
}

static size_t count_missing(const struct verdict_set *set, const struct verdict_set *log)
{
	size_t missing = 0, i;

	for (i = 0; i < verdict_set_count(log); i++) {
		const struct verdict *wanted = verdict_set_at(log, i);

		if (is_kept(set, wanted))
			continue;
		if (missing++ < SHOWN)
			printf("missing: %s:%u:%u: %s\n", wanted->chain[0].file, wanted->chain[0].line,
			       wanted->chain[0].column, wanted->message);
	}
	return missing;
}

int main(int argc, char **argv)
{
	struct verdict_set *set, *log;
	struct elf_image *image;
	struct error error = {""};
	size_t missing;

	if (argc != 3 || elf_image_open(&image, argv[1], &error) != STATUS_OK ||
	    verdict_find(&set, argv[1], elf_image_go_build_id(image), NULL, &error) != STATUS_OK ||
	    verdict_find_in_log(&log, argv[2], &error) != STATUS_OK) {
		fprintf(stderr, "compare-verdicts: %s\n", argc == 3 ? error.text : "usage: BINARY LOG");
		return 2;
	}
	missing = count_missing(set, log);
	printf("%zu verdicts in the log, %zu missing\n", verdict_set_count(log), missing);
	verdict_set_free(log);
	verdict_set_free(set);
	elf_image_close(image);
	return missing > 0;
}
