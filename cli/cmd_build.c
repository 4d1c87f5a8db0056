/*
 * escprof build: go build with -toolexec set to ourselves, so that the compiler's verdicts are kept. Afterwards it
 * looks whether the store has the verdicts of what was built, and compiles again what the go command took from its
 * cache when it has not.
 */
#include "base/buf.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "cli/commands.h"
#include "cli/go_command.h"
#include "cli/terminal.h"
#include "verdicts/store.h"
#include "verdicts/store_prune.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char build_usage[] =
    "usage: escprof build [--sidecar] [-o BIN] [go build arguments]\n\n"
    "`go build` with the compiler's escape verdicts kept for `escprof report`. All arguments are go build's own, but:\n\n"
    "  --sidecar   also write the verdicts to BIN.escv, to ship with the binary\n\n"
    "The go command is the one on PATH or in $GOROOT/bin, or $ESCPROF_GO. Verdicts are kept in $ESCPROF_CACHE, or in\n"
    "escprof/ in the user's cache directory.\n\n"
    "Inside other build tools, GOFLAGS=\"'-toolexec=escprof toolexec'\" does the same.\n";

struct build {
	char *go;        /* the command's path; owned */
	char *toolexec;  /* the option for it; owned */
	char **options;  /* go build's, in their order, without -C and -o; borrowed from argv */
	char **packages; /* and what follows them */
	size_t noptions, npackages;
	char *directory; /* -C: where go build works; NULL: here */
	char *output;    /* -o; NULL: not given */
	bool sidecar;
	bool dry; /* -n: nothing is built */
};

/* Options of go build that take their value as the next argument, when there is no equals sign. */
static bool build_option_takes_value(const char *name)
{
	static const char *const names[] = {
	    "C",        "o",          "p",       "asmflags",      "buildmode", "compiler", "covermode",
	    "coverpkg", "gccgoflags", "gcflags", "installsuffix", "ldflags",   "mod",      "modfile",
	    "overlay",  "pgo",        "pkgdir",  "tags",          "toolexec"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* ARGUMENT without its dashes when it is the option NAME, with or without a value; else NULL. */
static char *build_is_option(char *argument, const char *name)
{
	size_t length = strlen(name);

	argument += 1 + (argument[1] == '-');
	return !strncmp(argument, name, length) && (!argument[length] || argument[length] == '=') ? argument : NULL;
}

/* Take the option at *ARGUMENTS and its value, and move on. Returns the exit status to end with, or -1 to go on. */
static int build_take_option(struct build *build, char ***arguments)
{
	char *option = **arguments, *name = option + 1 + (option[1] == '-');
	char *value = strchr(name, '=') ? strchr(name, '=') + 1 : NULL;
	bool separate = !value && build_option_takes_value(name) && (*arguments)[1];

	(*arguments) += 1 + separate;
	if (separate)
		value = (*arguments)[-1];
	if (build_is_option(option, "help") || !strcmp(option, "-h")) {
		fputs(build_usage, stdout);
		return 0;
	}
	if (build_is_option(option, "toolexec")) {
		terminal_error(
		    "build: -toolexec: escprof needs it for itself, and two cannot be combined: leave it out");
		return 2;
	}
	if (build_is_option(option, "sidecar")) {
		build->sidecar = true;
	} else if (build_is_option(option, "C") && value) {
		build->directory = value;
	} else if (build_is_option(option, "o") && value) {
		build->output = value;
	} else {
		build->dry |= build_is_option(option, "n") != NULL;
		build->options[build->noptions++] = option;
		if (separate)
			build->options[build->noptions++] = value;
	}
	return -1;
}

/* Sort out the arguments. Returns the exit status to end with, or -1 to go on. */
static int build_parse(struct build *build, int argc, char **argv)
{
	const char *flags = getenv("GOFLAGS");
	char **at = argv + 1;
	int status = -1;

	build->options = memory_alloc(argc + 1, sizeof(*build->options));
	build->packages = memory_alloc(argc + 1, sizeof(*build->packages));
	while (status < 0 && *at && **at == '-' && (*at)[1])
		status = build_take_option(build, &at);
	for (; *at; at++) {
		if (!strcmp(*at, "--sidecar") || !strcmp(*at, "-sidecar"))
			build->sidecar = true;
		else
			build->packages[build->npackages++] = *at;
	}
	if (status < 0 && flags && strstr(flags, "-toolexec") && !strstr(flags, "escprof")) {
		terminal_error("build: GOFLAGS has a -toolexec, which cannot be combined with escprof's: take it out");
		return 2;
	}
	return status;
}

/* The arguments of `go COMMAND`, with up to two more before the user's (NULL: none); for the caller to free. */
static char **build_arguments(const struct build *build, const char *command, const char *first, const char *second)
{
	const char **argv = memory_alloc(build->noptions + build->npackages + 10, sizeof(*argv));
	size_t count = 0;

	argv[count++] = build->go;
	argv[count++] = command;
	if (build->directory) {
		argv[count++] = "-C";
		argv[count++] = build->directory;
	}
	if (first)
		argv[count++] = first;
	if (second)
		argv[count++] = second;
	memcpy(argv + count, build->options, build->noptions * sizeof(*argv));
	count += build->noptions;
	memcpy(argv + count, build->packages, build->npackages * sizeof(*argv));
	return (char **)(uintptr_t)argv;
}

/* go build; with ALL, nothing from its cache. Returns its exit status. */
static int build_run(const struct build *build, bool all)
{
	char *output = build->output ? memory_format("-o=%s", build->output) : NULL;
	char **argv = build_arguments(build, "build", build->toolexec, output);
	size_t count = 0;
	int status;

	while (argv[count])
		count++;
	if (all) { /* behind -C, which must come first */
		size_t at = build->directory ? 4 : 2;
		static char all_option[] = "-a";

		memmove(argv + at + 1, argv + at, (count - at) * sizeof(*argv));
		argv[at] = all_option;
	}
	status = go_command_run(&(struct go_command_run){.argv = argv});
	free(argv);
	free(output);
	return status;
}

/*
 * The name that go build gives the program of a package: the last part of where it would be installed, or for a list
 * of files the first one's.
 */
static char *build_program_name(const struct build *build, const char *target)
{
	const char *name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	const char *file = build->npackages ? build->packages[0] : "";

	if (*name)
		return memory_copy_string(name);
	name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	return memory_copy_bytes(name, strlen(name) - (strlen(name) > 3 ? 3 : 0));
}

static bool build_output_is_folder(const struct build *build)
{
	char *path = memory_format("%s%s%s", build->directory ? build->directory : "", build->directory ? "/" : "",
				   build->output);
	struct stat stat_buffer;
	bool is_folder = path[strlen(path) - 1] == '/' || (!stat(path, &stat_buffer) && S_ISDIR(stat_buffer.st_mode));

	free(path);
	return is_folder;
}

/* The binary FILE that go build wrote, whose name is relative to where it worked; for the caller to free. */
static char *build_path(const struct build *build, const char *folder, const char *file)
{
	bool absolute = *folder == '/' || (!*folder && *file == '/');

	return memory_format("%s%s%s%s%s", build->directory && !absolute ? build->directory : "",
			     build->directory && !absolute ? "/" : "", folder, *folder ? "/" : "", file);
}

/* The verdicts of the program PATH, complete, into its sidecar. Returns the exit status. */
static int build_write_sidecar(const char *path, const char *build_id)
{
	char *sidecar = memory_format("%s.escv", path);
	struct verdict_set *set = NULL;
	struct error error;
	enum status status;
	size_t missing;

	status = verdict_find(&set, NULL, build_id, &missing, &error);
	if (status == STATUS_OK)
		status = store_write_sidecar(sidecar, build_id, set, &error);
	else if (status == STATUS_NO_ENTRY)
		status = error_set(&error, "build: no verdicts to write to %s", sidecar);
	if (status != STATUS_OK)
		terminal_error("%s", error.text);
	verdict_set_free(set);
	free(sidecar);
	return status == STATUS_OK ? 0 : 1;
}

/* The Go build ID of the program PATH, for the caller to free; NULL when it is none, and that has been said. */
static char *build_read_id(const char *path)
{
	struct elf_image *image;
	struct error error;
	char *build_id;

	if (elf_image_open(&image, path, &error) != STATUS_OK) {
		terminal_error("build: %s", error.text);
		return NULL;
	}
	build_id = memory_copy_string(elf_image_go_build_id(image));
	elf_image_close(image);
	if (*build_id)
		return build_id;
	terminal_error("build: %s has no Go build ID, by which its verdicts are found: leave out -ldflags=-buildid=",
		       path);
	free(build_id);
	return NULL;
}

/*
 * See to the verdicts of the program PATH. What the go command took from its cache while the store has lost it is
 * compiled once more, for which *AGAIN says whether that was done already. Returns the exit status.
 */
static int build_check(const struct build *build, const char *path, bool *again)
{
	struct store_usage usage = {0};
	enum status found = STATUS_ERROR;
	struct error error;
	char *build_id;
	int status = 0;

	for (;;) {
		build_id = build_read_id(path);
		if (!build_id)
			return build->sidecar ? 1 : 0;
		found = store_check_binary(build_id, &usage, &error);
		if ((found == STATUS_OK && !usage.missing) || *again)
			break;
		*again = true;
		terminal_error("build: the verdicts of %s are not all in the store: compiling all packages again",
			       path);
		free(build_id);
		status = build_run(build, true);
		if (status)
			return status;
	}
	if (found == STATUS_ERROR)
		terminal_error("build: %s", error.text);
	else
		terminal_error("verdicts of %zu packages kept (%zu KB)", usage.kept, (usage.bytes + 1023) / 1024);
	if (usage.missing)
		terminal_error("build: %zu packages could not be kept: is there room in the store?", usage.missing);
	if (build->sidecar)
		status = build_write_sidecar(path, build_id);
	free(build_id);
	return status;
}

/*
 * Check each program of LIST, lines of where the packages called main would be installed; the lines of others have a
 * dash. Returns the exit status.
 */
static int build_check_listed(const struct build *build, char *list)
{
	bool again = false;
	char *target, *name, *path;
	int status = 0;

	while (!status && (target = strsep(&list, "\n"))) {
		if (*target != '=')
			continue;
		name = build_program_name(build, target + 1);
		path = build_path(build, build->output ? build->output : "", name);
		status = build_check(build, path, &again);
		free(path);
		free(name);
	}
	return status;
}

/* Programs that go build has named itself. Of several packages it writes programs only into a folder. */
static int build_check_named(const struct build *build)
{
	static const char format[] = "-f={{if eq .Name \"main\"}}={{.Target}}{{else}}-{{end}}";
	char **argv = build_arguments(build, "list", format, NULL);
	struct buf list = {0};
	int status = go_command_run(&(struct go_command_run){.argv = argv, .output = &list});
	const char *text = buf_string(&list);
	bool one = list.size && memchr(text, '\n', list.size) == text + list.size - 1;

	if (!status && (one || build->output))
		status = build_check_listed(build, (char *)(uintptr_t)text);
	if (build->sidecar && !memmem(text, list.size, "=", 1))
		terminal_error("build: no program was written, so --sidecar has nothing to describe");
	buf_free(&list);
	free(argv);
	return status;
}

/* After a build that went well. Returns the exit status. */
static int build_finish(const struct build *build)
{
	bool again = false;
	char *path;
	int status;

	if (build->dry)
		return 0;
	if (!build->output || build_output_is_folder(build))
		return build_check_named(build);
	path = build_path(build, "", build->output);
	status = strcmp(path, "/dev/null") ? build_check(build, path, &again) : 0;
	free(path);
	return status;
}

/* All that must be there before the go command is run; false when it is not, and that has been said. */
static bool build_prepare(struct build *build)
{
	struct error error;

	build->go = go_command_find(&error);
	build->toolexec = build->go ? go_command_toolexec(&error) : NULL;
	if (build->toolexec && store_prepare(&error) == STATUS_OK)
		return true;
	terminal_error("build: %s", error.text);
	return false;
}

/* Keep the store from growing for ever. That it can't be done is no reason for a build to fail. */
static void build_prune(void)
{
	struct store_totals removed;
	struct error error;

	if (store_prune(STORE_LIMIT, &removed, &error) != STATUS_OK)
		terminal_error("build: %s", error.text);
}

int cmd_build(int argc, char **argv)
{
	struct build build = {0};
	int status = build_parse(&build, argc, argv);

	if (status < 0)
		status = build_prepare(&build) ? build_run(&build, false) : 1;
	else
		build.dry = true;
	if (!status)
		status = build_finish(&build);
	if (!build.dry)
		build_prune();
	free(build.go);
	free(build.toolexec);
	free(build.options);
	free(build.packages);
	return status;
}
