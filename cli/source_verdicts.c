/*
 * In: what a program tells about its making, and a folder with its source. Out: the verdicts of a build of that source.
 * What the build information does not tell (a dirty tree, a profile's contents) shows when functions are compared.
 */
#include "cli/source_verdicts.h"

#include "base/buf.h"
#include "base/directory.h"
#include "base/memory.h"
#include "binary/go_buildinfo.h"
#include "cli/go_command.h"
#include "cli/terminal.h"
#include "verdicts/store.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_find.h"
#include "verdicts/verdict_proof.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source_build {
	const struct go_buildinfo *info;
	const char *directory;
	char *go, *toolexec, *folder, *program; /* folder: of our own; program: what is built in it */
	char **options, **environment;          /* owned; NULL-terminated */
	size_t noptions, nenvironment, options_capacity, environment_capacity;
	size_t done, total; /* packages */
};

static void source_add(char ***list, size_t *count, size_t *capacity, char *text)
{
	*list = memory_reserve(*list, *count + 1, capacity, sizeof(char *));
	(*list)[(*count)++] = text;
	(*list)[*count] = NULL;
}

static void source_add_option(struct source_build *build, const char *name, const char *value)
{
	source_add(&build->options, &build->noptions, &build->options_capacity, memory_format("%s=%s", name, value));
}

static void source_add_environment(struct source_build *build, const char *name, const char *value)
{
	source_add(&build->environment, &build->nenvironment, &build->environment_capacity,
		   memory_format("%s=%s", name, value));
}

/* Options that change nothing of what the compiler decides, or that the go command does not take. */
static bool source_is_idle(const char *key)
{
	static const char *const idle[] = {"-compiler", "-ldflags", "-covermode", "-coverpkg"};

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		if (!strcmp(key, idle[i]))
			return true;
	return false;
}

static void source_take_setting(struct source_build *build, const struct go_setting *setting)
{
	bool is_pgo = !strcmp(setting->key, "-pgo");

	if (*setting->key == '-') {
		/* A profile that is elsewhere now is the package's own default.pgo, or will be missed when comparing.
		 */
		if (!source_is_idle(setting->key) && (!is_pgo || !access(setting->value, R_OK)))
			source_add_option(build, setting->key, setting->value);
	} else if (isupper((unsigned char)*setting->key) && strncmp(setting->key, "Default", 7) != 0) {
		source_add_environment(build, setting->key, setting->value);
	}
}

/* Which toolchain, and its experiments: "go1.26.8 X:name,name" or "go1.26.8-X:name". */
static void source_take_version(struct source_build *build)
{
	const char *version = build->info->go_version, *experiments = strstr(version, "X:");
	char *toolchain = memory_copy_bytes(version, strcspn(version, " -"));

	if (!strncmp(toolchain, "go", 2))
		source_add_environment(build, "GOTOOLCHAIN", toolchain);
	if (experiments && !go_buildinfo_setting(build->info, "GOEXPERIMENT"))
		source_add_environment(build, "GOEXPERIMENT", experiments + 2);
	free(toolchain);
}

/* The package to build: what the program calls itself; a list of files has no name, but a folder. */
static const char *source_package(const struct source_build *build)
{
	return strcmp(build->info->path, "command-line-arguments") != 0 && *build->info->path ? build->info->path : ".";
}

/* `go COMMAND` with FIRST…, the program's own options and its package; for the caller to free. */
static char **source_arguments(const struct source_build *build, const char *const *first)
{
	const char **argv = memory_alloc(build->noptions + 16, sizeof(*argv));
	size_t count = 0, i;

	argv[count++] = build->go;
	for (i = 0; first[i]; i++)
		argv[count++] = first[i];
	for (i = 0; i < build->noptions; i++)
		argv[count++] = build->options[i];
	argv[count++] = source_package(build);
	return (char **)(uintptr_t)argv;
}

static int source_run(struct source_build *build, const char *const *first, struct buf *output,
		      void (*on_message)(void *user, char *line))
{
	struct go_command_run run = {.argv = source_arguments(build, first),
				     .directory = build->directory,
				     .environment = build->environment,
				     .output = output,
				     .on_message = on_message,
				     .user = build};
	int status = go_command_run(&run);

	free(run.argv);
	return status;
}

/* go build -v names each package that it compiles on a line; everything else is for the user. */
static void source_on_message(void *user, char *line)
{
	struct source_build *build = user;

	if (*line && !strpbrk(line, " \t:#")) {
		terminal_progress("making verdicts, packages", ++build->done, build->total + 1);
		return;
	}
	terminal_progress("", 1, 1);
	fprintf(stderr, "%s\n", line);
}

/* How many packages there are, for the progress that is shown. */
static void source_count(struct source_build *build)
{
	static const char *const first[] = {"list", "-deps", "-f={{.ImportPath}}", NULL};
	struct buf list = {0};

	if (isatty(STDERR_FILENO) && !source_run(build, first, &list, NULL)) {
		for (size_t i = 0; i < list.size; i++)
			build->total += list.data[i] == '\n';
	}
	buf_free(&list);
}

static enum status source_compile(struct source_build *build, bool all, struct error *error)
{
	char *output = memory_format("-o=%s", build->program);
	/* Without -a the second -v says nothing new. */
	const char *const first[] = {
	    "build", "-v", all ? "-a" : "-v", build->toolexec, "-buildvcs=false", "-ldflags=-s", output, NULL};
	int status;

	build->done = 0;
	status = source_run(build, first, NULL, source_on_message);
	terminal_progress("", 1, 1);
	free(output);
	if (status)
		return error_set(error, "building %s in %s failed, so there are no verdicts of it", build->info->path,
				 build->directory);
	return STATUS_OK;
}

/* The program's verdicts from the store. What the go command took from its cache may be lost there. */
static enum status source_collect(struct source_build *build, struct verdict_set **set, struct verdict_proof **proof,
				  struct error *error)
{
	size_t missing = 0;
	bool again = false;
	enum status status;

	for (;; again = true) {
		status = source_compile(build, again, error);
		if (status == STATUS_OK)
			status = verdict_proof_open(proof, build->program, error);
		if (status != STATUS_OK)
			return STATUS_ERROR;
		status = verdict_find(set, NULL, verdict_proof_build_id(*proof), &missing, error);
		if (status == STATUS_ERROR || (status == STATUS_OK && !missing) || again)
			break;
		verdict_set_free(*set);
		*set = NULL;
		verdict_proof_free(*proof);
		*proof = NULL;
	}
	if (status == STATUS_NO_ENTRY)
		return error_set(error, "the build in %s has left no verdicts: is there room in the store?",
				 build->directory);
	return status;
}

static enum status source_check_version(const struct source_build *build, const struct verdict_proof *proof,
					struct error *error)
{
	const char *wanted = build->info->go_version, *found = verdict_proof_go_version(proof);

	if (!strcmp(wanted, found))
		return STATUS_OK;
	return error_set(error,
			 "the program was built by %s, and the go command here is %s: install that version, or name "
			 "its go command in ESCPROF_GO",
			 wanted, found);
}

static enum status source_prepare(struct source_build *build, struct error *error)
{
	build->go = go_command_find(error);
	build->toolexec = build->go ? go_command_toolexec(error) : NULL;
	if (!build->toolexec || store_prepare(error) != STATUS_OK)
		return STATUS_ERROR;
	build->folder = directory_make_temporary("build", error);
	if (!build->folder)
		return STATUS_ERROR;
	build->program = memory_format("%s/program", build->folder);
	for (size_t i = 0; i < build->info->nsettings; i++)
		source_take_setting(build, &build->info->settings[i]);
	source_take_version(build);
	return STATUS_OK;
}

static void source_release(struct source_build *build)
{
	size_t i;

	if (build->program) {
		unlink(build->program);
		rmdir(build->folder);
	}
	for (i = 0; i < build->noptions; i++)
		free(build->options[i]);
	for (i = 0; i < build->nenvironment; i++)
		free(build->environment[i]);
	free(build->options);
	free(build->environment);
	free(build->program);
	free(build->folder);
	free(build->toolexec);
	free(build->go);
}

enum status source_verdicts_make(struct verdict_set **set, struct verdict_proof **proof, const char *directory,
				 const struct go_buildinfo *info, struct error *error)
{
	struct source_build build = {.info = info, .directory = directory};
	enum status status = source_prepare(&build, error);

	*set = NULL;
	*proof = NULL;
	if (status == STATUS_OK) {
		terminal_error("making the verdicts of %s from %s", info->path, directory);
		source_count(&build);
		status = source_collect(&build, set, proof, error);
	}
	if (status == STATUS_OK)
		status = source_check_version(&build, *proof, error);
	if (status != STATUS_OK) {
		verdict_set_free(*set);
		verdict_proof_free(*proof);
	}
	source_release(&build);
	return status;
}
