/* escprof cache: how much the store of verdicts holds, and emptying it. */
#include "cli/commands.h"
#include "cli/terminal.h"
#include "verdicts/store.h"
#include "verdicts/store_prune.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum cache_key { KEY_CLEAN = 0x100, KEY_KEEP };

struct cache_arguments {
	bool prune;
	uint64_t keep; /* bytes */
};

static const struct argp_option cache_options[] = {
    {"clean", KEY_CLEAN, NULL, 0, "remove everything", 0},
    {"keep", KEY_KEEP, "MB", 0, "remove what was used least lately until this much is left", 0},
    {0},
};

static error_t cache_parse(int key, char *value, struct argp_state *state)
{
	struct cache_arguments *arguments = state->input;
	char *end;

	switch (key) {
	case KEY_CLEAN:
		arguments->prune = true;
		arguments->keep = 0;
		break;
	case KEY_KEEP:
		arguments->prune = true;
		arguments->keep = strtoull(value, &end, 10);
		if (*end || end == value || *value == '-' || !arguments->keep || arguments->keep > 1u << 30)
			argp_error(state, "--keep: not a number of megabytes: %s", value);
		arguments->keep <<= 20;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "no argument is expected: %s", value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp cache_argp = {
    .options = cache_options,
    .parser = cache_parse,
    .doc =
	"Say how many of the compiler's verdicts `escprof build` has kept, and where; or remove them. They come back "
	"with `escprof build -a`.",
};

static void cache_print(const char *what, const struct store_totals *totals)
{
	printf("%s %zu packages, %zu binaries, %.1f MB\n", what, totals->packages, totals->binaries,
	       (double)totals->bytes / (1 << 20));
}

int cmd_cache(int argc, char **argv)
{
	struct cache_arguments arguments = {0};
	struct store_totals totals;
	struct error error = {""};
	enum status status = STATUS_OK;
	char *directory;

	argp_err_exit_status = 2;
	argp_parse(&cache_argp, argc, argv, 0, NULL, &arguments);
	if (arguments.prune && (status = store_prune(arguments.keep, &totals, &error)) == STATUS_OK)
		cache_print("removed", &totals);
	if (status == STATUS_OK && (status = store_measure(&totals, &error)) == STATUS_OK) {
		directory = store_directory();
		cache_print("kept   ", &totals);
		printf("in      %s\n", directory);
		free(directory);
	}
	if (status != STATUS_OK)
		terminal_error("cache: %s", error.text);
	return status != STATUS_OK;
}
