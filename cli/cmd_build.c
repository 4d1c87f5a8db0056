/* escprof build: go build with -toolexec set to ourselves, so that the compiler's verdicts are kept. */
#include "base/memory.h"
#include "binary/elf_image.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "verdicts/store.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_find.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char build_usage[] =
    "usage: escprof build [--sidecar] [-o BIN] [go build arguments]\n\n"
    "`go build` with the compiler's escape verdicts kept for `escprof report`. All arguments are go build's own, but:\n\n"
    "  --sidecar   also write the verdicts to BIN.escv, to ship with the binary (needs -o BIN)\n\n"
    "Inside other build tools, GOFLAGS=\"-toolexec='escprof toolexec'\" does the same.\n";

struct build {
	char **arguments; /* go build's, NULL-terminated */
	size_t count;
	const char *output; /* -o; NULL: not given */
	bool sidecar;
};

static const char *build_go(void)
{
	const char *go = getenv("ESCPROF_GO");

	return go && *go ? go : "go";
}

/* Sort out our own options. Returns the exit status to end with, or -1 to go on. */
static int build_parse(struct build *build, int argc, char **argv)
{
	int i;

	build->arguments = memory_alloc((size_t)argc + 1, sizeof(*build->arguments));
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			fputs(build_usage, stdout);
			return 0;
		}
		if (!strcmp(argv[i], "--sidecar") || !strcmp(argv[i], "-sidecar")) {
			build->sidecar = true;
			continue;
		}
		if (!strncmp(argv[i], "-toolexec", 9) || !strncmp(argv[i], "--toolexec", 10)) {
			terminal_error("build: -toolexec is what escprof works by: two cannot be combined");
			return 2;
		}
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			build->output = argv[i + 1];
		else if (!strncmp(argv[i], "-o=", 3))
			build->output = argv[i] + 3;
		build->arguments[build->count++] = argv[i];
	}
	if (!build->sidecar || build->output)
		return -1;
	terminal_error("build: --sidecar needs -o BIN, to know beside which file to write");
	return 2;
}

/* The value of -toolexec: the go command splits it at blanks, and knows quotes. */
static char *build_toolexec(void)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return NULL;
	self[length] = 0;
	if (strchr(self, '\''))
		return memory_format("-toolexec=\"%s\" toolexec", self);
	return memory_format("-toolexec='%s' toolexec", self);
}

/* Run go build; EXTRA (may be NULL) is one more argument. Returns its exit status. */
static int build_run(const struct build *build, char *toolexec, char *extra)
{
	char **argv = memory_alloc(build->count + 5, sizeof(*argv));
	size_t at = 0, i;
	int status;
	pid_t pid;

	argv[at++] = (char *)build_go();
	argv[at++] = "build";
	argv[at++] = toolexec;
	if (extra)
		argv[at++] = extra;
	for (i = 0; i < build->count; i++)
		argv[at++] = build->arguments[i];
	pid = fork();
	if (!pid) {
		execvp(argv[0], argv);
		terminal_error("cannot run %s: %s: install Go, or name it in ESCPROF_GO", argv[0], strerror(errno));
		_exit(127);
	}
	free(argv);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	if (pid < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The verdicts of the binary that was built; NULL when they are not all there. */
static struct verdict_set *build_verdicts(const char *binary, char **build_id, size_t *missing)
{
	struct verdict_set *set = NULL;
	struct elf_image *image;
	struct error error;

	*missing = 0;
	if (elf_image_open(&image, binary, &error) != STATUS_OK)
		return NULL;
	*build_id = memory_copy_string(elf_image_go_build_id(image));
	elf_image_close(image);
	if (verdict_find(&set, NULL, *build_id, missing, &error) != STATUS_OK)
		*missing = 1;
	return set;
}

static int build_write_sidecar(const struct build *build, const struct verdict_set *set, const char *build_id)
{
	char *path = memory_format("%s.escv", build->output);
	struct error error;
	int status = 0;

	if (store_write_sidecar(path, build_id, set, &error) != STATUS_OK) {
		terminal_error("%s", error.text);
		status = 1;
	}
	free(path);
	return status;
}

/*
 * After a successful build of a named binary: are its verdicts there? The go command's cache may hold packages whose
 * verdicts the store has lost; then everything is compiled once more.
 */
static int build_check(const struct build *build, char *toolexec)
{
	char *build_id = NULL;
	struct verdict_set *set;
	size_t missing;
	int status = 0;

	set = build_verdicts(build->output, &build_id, &missing);
	if (build_id && missing) {
		terminal_error("the verdicts of %zu packages are no longer kept: compiling again", missing);
		verdict_set_free(set);
		free(build_id);
		build_id = NULL;
		status = build_run(build, toolexec, "-a");
		set = status ? NULL : build_verdicts(build->output, &build_id, &missing);
	}
	if (set && build->sidecar)
		status = build_write_sidecar(build, set, build_id);
	else if (!set && !status && build_id)
		terminal_error("build: the binary was built, but its verdicts were not kept");
	verdict_set_free(set);
	free(build_id);
	return status;
}

int cmd_build(int argc, char **argv)
{
	struct build build = {0};
	int status = build_parse(&build, argc, argv);
	char *toolexec;

	if (status < 0) {
		toolexec = build_toolexec();
		status = toolexec ? build_run(&build, toolexec, NULL) : 1;
		if (!status && build.output)
			status = build_check(&build, toolexec);
		free(toolexec);
	}
	free(build.arguments);
	return status;
}
