/*
 * The wrapper around compile and link. compile gets -m=2 and -json; its words are read, merged and stored under the
 * action ID of its -buildid. When it fails, or the user wants to see such words himself, it is run again as it was
 * given, so that nothing but what it would have printed is seen. link is run as it is; afterwards toolexec_link.c keeps
 * which packages are in the binary.
 */
#include "verdicts/toolexec.h"

#include "base/buf.h"
#include "base/memory.h"
#include "verdicts/diagnostic_json.h"
#include "verdicts/diagnostic_text.h"
#include "verdicts/store.h"
#include "verdicts/tool_process.h"
#include "verdicts/toolexec_link.h"
#include "verdicts/typed_constant.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_merge.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * "compile version go1.26.8" becomes the tool's identity as a whole line; of a development version only what follows
 * the last slash of its buildID counts. So in both our word goes to the end.
 */
static int toolexec_version(char **argv, struct error *error)
{
	struct buf line = {0};
	int status = tool_process_run(argv, &line);

	if (status) {
		buf_free(&line);
		return tool_process_become(argv, error);
	}
	while (line.size && line.data[line.size - 1] == '\n')
		line.size--;
	buf_append_string(&line, memmem(line.data, line.size, " buildID=", 9) ? "+" : " ");
	buf_append_string(&line, TOOLEXEC_VERSION_WORD "\n");
	tool_process_print(line.data, line.size);
	buf_free(&line);
	return 0;
}

static int toolexec_remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

/*
 * A new folder for the compiler's JSON, for the caller to free: beside its output, which is in the go command's own
 * work folder, so that it is cleared away with that when we are killed.
 */
static char *toolexec_make_directory(char **argv)
{
	const char *output = tool_process_option(argv, "-o"), *temporary = getenv("TMPDIR");
	const char *slash = output ? strrchr(output, '/') : NULL;
	char *directory;

	if (slash && *output == '/')
		directory = memory_format("%.*s/escprof-XXXXXX", (int)(slash - output), output);
	else
		directory = memory_format("%s/escprof-XXXXXX", temporary && *temporary == '/' ? temporary : "/tmp");
	if (mkdtemp(directory))
		return directory;
	free(directory);
	return NULL;
}

/* The compiler's option for JSON into DIRECTORY, which it takes for a URI; for the caller to free. */
static char *toolexec_json_option(const char *directory)
{
	struct buf option = {0};

	buf_append_string(&option, "-json=0,file://");
	for (; *directory; directory++) {
		if (isalnum((unsigned char)*directory) || strchr("/._-", *directory))
			buf_append_u8(&option, *directory);
		else
			buf_append_format(&option, "%%%02X", (unsigned char)*directory);
	}
	return (char *)(uintptr_t)buf_string(&option);
}

/*
 * ARGV with our options behind the tool's name, in place of the user's. -c asks for a concurrent back end, which older
 * compilers refuse together with -m, and newer ones leave out.
 */
static char **toolexec_add_options(char **argv, char *json_option)
{
	static char m_option[] = "-m=2";
	size_t count = 0;
	char **longer;

	while (argv[count])
		count++;
	longer = memory_alloc(count + 3, sizeof(*longer));
	count = 0;
	longer[count++] = argv[0];
	longer[count++] = m_option;
	longer[count++] = json_option;
	for (argv++; *argv; argv++)
		if (strncmp(*argv, "-c=", 3) != 0 && strncmp(*argv, "-json=", 6) != 0 && strcmp(*argv, "-m") != 0 &&
		    strncmp(*argv, "-m=", 3) != 0)
			longer[count++] = *argv;
	return longer;
}

/* The compiler's JSON in DIRECTORY and its TEXT as one set, kept under the action of BUILD_ID. */
static void toolexec_distil(char **argv, const char *directory, const struct diagnostic_text *text,
			    const struct source_names *names)
{
	const char *package = tool_process_option(argv, "-p");
	struct verdict_set *explained = verdict_set_new(), *set = verdict_set_new();
	char *action_id = store_action_of(tool_process_option(argv, "-buildid"));
	struct error error;

	/* What is damaged or cannot be stored is not this compile's trouble: a report will say what it lacks. */
	diagnostic_json_read_directory(explained, directory, package ? package : "", names, &error);
	verdict_merge(set, explained, text);
	typed_constant_mark(set, argv);
	store_put_package(action_id, set, NULL, &error);
	verdict_set_free(explained);
	verdict_set_free(set);
	free(action_id);
}

/* Whether the user has asked the compiler to print or write diagnostics, or to print anything else. */
static bool toolexec_is_talkative(char **argv)
{
	static const char *const names[] = {"-m", "-json", "-d", "-live", "-S", "-W", "-w", "-v", "-r", "-E", "-j"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (tool_process_has(argv, names[i]))
			return true;
	return false;
}

/* The compile has succeeded and printed OUTPUT: keep what is for us, and print what the user would have seen. */
static void toolexec_take_output(char **argv, const char *directory, const struct buf *output)
{
	const char *package = tool_process_option(argv, "-p"), *rewrites = tool_process_option(argv, "-trimpath");
	char *working = getcwd(NULL, 0);
	struct source_names names = {.directory = working, .rewrites = rewrites, .goroot = getenv("GOROOT")};
	struct diagnostic_text text;

	diagnostic_text_new(&text);
	diagnostic_text_read(&text, output->data, output->size, package ? package : "", &names);
	if (!toolexec_is_talkative(argv))
		tool_process_print(text.other.data, text.other.size);
	toolexec_distil(argv, directory, &text, &names);
	diagnostic_text_free(&text);
	free(working);
}

/*
 * Run the compiler. The words that it prints for us are garbage of its heap: collecting it half as often takes back the
 * CPU that they cost, for half as much memory again at most. A GOGC of the user's stays.
 */
static int toolexec_run_compiler(char **argv, struct buf *output)
{
	bool is_ours = !getenv("GOGC") && !setenv("GOGC", "200", 1);
	int status = tool_process_run(argv, output);

	if (is_ours)
		unsetenv("GOGC");
	return status;
}

static int toolexec_compile(char **argv, struct error *error)
{
	const char *build_id = tool_process_option(argv, "-buildid");
	char *directory = build_id ? toolexec_make_directory(argv) : NULL;
	char *json_option, **longer;
	struct buf output = {0};
	int status;

	if (!directory)
		return tool_process_become(argv, error);
	json_option = toolexec_json_option(directory);
	longer = toolexec_add_options(argv, json_option);
	status = toolexec_run_compiler(longer, &output);
	if (!status)
		toolexec_take_output(argv, directory, &output);
	nftw(directory, toolexec_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_free(&output);
	free(longer);
	free(json_option);
	free(directory);
	return status || toolexec_is_talkative(argv) ? tool_process_become(argv, error) : 0;
}

static int toolexec_link(char **argv, struct error *error)
{
	int status = tool_process_run(argv, NULL);

	if (status < 0 || status == 127)
		return tool_process_become(argv, error);
	if (!status)
		toolexec_link_keep(argv);
	return status;
}

int toolexec_run(char **argv, struct error *error)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	bool is_compile = !strcmp(name, "compile"), is_link = !strcmp(name, "link");

	if ((is_compile || is_link) && argv[1] && !strcmp(argv[1], "-V=full"))
		return toolexec_version(argv, error);
	if (is_compile)
		return toolexec_compile(argv, error);
	return is_link ? toolexec_link(argv, error) : tool_process_become(argv, error);
}
