/*
 * The wrapper around compile and link.
 *
 * compile gets -m=2 and -json; its words are read, merged and stored under the action ID of its -buildid. When it fails
 * it is run again as it was given, so that the user sees the compiler's own words alone. link is run as it is; then the
 * archives of its -importcfg tell which packages are in the binary.
 */
#include "verdicts/toolexec.h"

#include "base/buf.h"
#include "base/mapfile.h"
#include "base/memory.h"
#include "verdicts/diagnostic_json.h"
#include "verdicts/diagnostic_text.h"
#include "verdicts/store.h"
#include "verdicts/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARCHIVE_HEAD 4096 /* bytes of an archive in which its build ID stands */

/* Become the tool itself; 127 when it cannot be run. */
static int toolexec_become(char **argv)
{
	execvp(argv[0], argv);
	fprintf(stderr, "escprof: cannot run %s: %s\n", argv[0], strerror(errno));
	return 127;
}

static const char *toolexec_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The value of the option NAME ("-o"), given as "-o X" or "-o=X"; NULL when it is not there. */
static const char *toolexec_option(char **argv, const char *name)
{
	size_t length = strlen(name);

	for (argv++; *argv; argv++) {
		if (!strcmp(*argv, name))
			return argv[1];
		if (!strncmp(*argv, name, length) && (*argv)[length] == '=')
			return *argv + length + 1;
	}
	return NULL;
}

static int toolexec_exit_status(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* Run ARGV with standard output and error in the file OUTPUT (-1: as they are). Returns its exit status, -1 for none. */
static int toolexec_spawn(char **argv, int output)
{
	int wait_status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid) {
		if (output >= 0 && (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0))
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &wait_status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return toolexec_exit_status(wait_status);
}

/* "compile version go1.26.8" gets a word more. Of a development version the last word must stay the last. */
static int toolexec_version(char **argv)
{
	char line[1024] = "";
	int fds[2], wait_status = 0;
	char *last;
	FILE *stream;
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		return toolexec_become(argv);
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	stream = fdopen(fds[0], "r");
	if (!stream || !fgets(line, sizeof(line), stream))
		line[0] = 0;
	if (stream)
		fclose(stream);
	waitpid(pid, &wait_status, 0);
	line[strcspn(line, "\n")] = 0;
	last = strstr(line, " buildID=");
	if (last)
		printf("%.*s " TOOLEXEC_VERSION_WORD "%s\n", (int)(last - line), line, last);
	else
		printf("%s " TOOLEXEC_VERSION_WORD "\n", line);
	return toolexec_exit_status(wait_status);
}

static int toolexec_remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

static void toolexec_remove(const char *directory)
{
	nftw(directory, toolexec_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The compiler's words in DIRECTORY as a set: its JSON, and its text where the JSON has lost something. */
static void toolexec_distil(const char *directory, const char *package, const char *action_id)
{
	struct verdict_set *set = verdict_set_new();
	char *json = memory_format("%s/json", directory), *text = memory_format("%s/text", directory);
	char working[PATH_MAX];
	struct mapfile file;
	struct error error;

	if (!access(json, R_OK))
		diagnostic_json_read_directory(set, package, json, &error); /* what is damaged, the text still has */
	if (mapfile_open(&file, text, &error) == STATUS_OK) {
		diagnostic_text_read(set, package, getcwd(working, sizeof(working)), true, (const char *)file.data,
				     file.size);
		mapfile_close(&file);
	}
	store_put_package(action_id, set, NULL, &error); /* without it a report says which packages it lacks */
	verdict_set_free(set);
	free(json);
	free(text);
}

/* ARGV with our options behind the tool's name. */
static char **toolexec_with_options(char **argv, char *json_option)
{
	size_t count = 0, i;
	char **longer;

	while (argv[count])
		count++;
	longer = memory_alloc(count + 3, sizeof(*longer));
	longer[0] = argv[0];
	longer[1] = "-m=2";
	longer[2] = json_option;
	for (i = 1; i < count; i++)
		longer[i + 2] = argv[i];
	return longer;
}

static int toolexec_compile(char **argv)
{
	const char *build_id = toolexec_option(argv, "-buildid"), *package = toolexec_option(argv, "-p");
	const char *base = getenv("TMPDIR");
	char *directory = memory_format("%s/escprof-XXXXXX", base && *base ? base : "/tmp");
	char *json_option, *text, *action_id, **longer;
	int output, status;

	if (!build_id || !*build_id || !mkdtemp(directory))
		return toolexec_become(argv);
	json_option = memory_format("-json=0,file://%s/json", directory);
	text = memory_format("%s/text", directory);
	longer = toolexec_with_options(argv, json_option);
	output = open(text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	status = output < 0 ? -1 : toolexec_spawn(longer, output);
	if (output >= 0)
		close(output);
	if (!status) {
		action_id = store_action_of(build_id);
		toolexec_distil(directory, package ? package : "", action_id);
		free(action_id);
	}
	toolexec_remove(directory);
	free(json_option);
	free(text);
	free(longer);
	free(directory);
	return status ? toolexec_become(argv) : 0;
}

/* The build ID in the head of the archive PATH, for the caller to free; NULL when there is none. */
static char *toolexec_archive_id(const char *path)
{
	static const char words[] = "build id \"";
	char head[ARCHIVE_HEAD];
	const char *found, *end;
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	size = read(fd, head, sizeof(head));
	close(fd);
	found = size > 0 ? memmem(head, (size_t)size, words, sizeof(words) - 1) : NULL;
	if (!found)
		return NULL;
	found += sizeof(words) - 1;
	end = memchr(found, '"', (size_t)(head + size - found));
	return end ? memory_copy_bytes(found, (size_t)(end - found)) : NULL;
}

struct toolexec_packages {
	struct store_package *packages;
	size_t count, capacity;
};

static void toolexec_add_package(struct toolexec_packages *list, const char *import_path, const char *archive)
{
	char *id = toolexec_archive_id(archive);

	if (!id)
		return;
	list->packages = memory_reserve(list->packages, list->count, &list->capacity, sizeof(*list->packages));
	list->packages[list->count].import_path = memory_copy_string(import_path);
	list->packages[list->count++].action_id = store_action_of(id);
	free(id);
}

/* The "packagefile PATH=ARCHIVE" lines of the linker's importcfg, and its own archive: main's. */
static void toolexec_read_link(char **argv, struct toolexec_packages *list)
{
	const char *config = toolexec_option(argv, "-importcfg");
	char *line = NULL, *equals, **last = argv;
	size_t capacity = 0;
	FILE *file = config ? fopen(config, "re") : NULL;

	while (file && getline(&line, &capacity, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		equals = strchr(line, '=');
		if (strncmp(line, "packagefile ", 12) != 0 || !equals)
			continue;
		*equals = 0;
		toolexec_add_package(list, line + 12, equals + 1);
	}
	if (file)
		fclose(file);
	free(line);
	while (last[1])
		last++;
	toolexec_add_package(list, "main", *last);
}

static int toolexec_link(char **argv)
{
	const char *build_id = toolexec_option(argv, "-buildid");
	struct toolexec_packages list = {0};
	int status = toolexec_spawn(argv, -1);
	struct error error;
	char *action_id;
	size_t i;

	if (status < 0)
		return toolexec_become(argv);
	if (status || !build_id)
		return status;
	toolexec_read_link(argv, &list);
	action_id = store_action_of(build_id);
	store_put_binary(action_id, list.packages, list.count, &error);
	for (i = 0; i < list.count; i++) {
		free(list.packages[i].import_path);
		free(list.packages[i].action_id);
	}
	free(list.packages);
	free(action_id);
	return 0;
}

int toolexec_run(char **argv)
{
	const char *name = toolexec_name(argv[0]);
	bool is_compile = !strcmp(name, "compile"), is_link = !strcmp(name, "link");

	if ((is_compile || is_link) && argv[1] && !strcmp(argv[1], "-V=full"))
		return toolexec_version(argv);
	if (is_compile)
		return toolexec_compile(argv);
	return is_link ? toolexec_link(argv) : toolexec_become(argv);
}
