/*
 * What is ours goes out of the environment of a process that stands at its exec, in whatever order and wherever on its
 * stack it stands, and nothing else does.
 */
#include "collector/clean_environment.h"

#include "base/memory.h"
#include "collector/preload/preload_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OURS       "/opt/escprof/lib/libescprof.so"
#define SOCKET     "ESCPROF_SOCKET=escprof-1-2"
#define OUTPUT_MAX (256u << 10)

/* Run `env` with ENVIRONMENT, cleaned of LIBRARY at its exec: what it prints, to be freed. */
static char *cleaned(const char *const *environment, const char *library)
{
	char *text = memory_alloc(OUTPUT_MAX, 1);
	size_t size = 0;
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* the loader complains of what is not there */
		close(ends[0]);
		close(ends[1]);
		raise(SIGSTOP);
		execle("/usr/bin/env", "env", NULL, environment);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)PTRACE_O_TRACEEXEC), 0);
	kill(pid, SIGCONT);
	for (;;) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSTOPPED(status));
		if (status >> 16 == PTRACE_EVENT_EXEC)
			break;
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(status >> 16 ? 0 : WSTOPSIG(status)));
	}
	assert_int_equal(clean_environment(pid, library, NULL), STATUS_OK);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	while ((got = read(ends[0], text + size, OUTPUT_MAX - 1 - size)) > 0)
		size += (size_t)got;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text[size] = 0;
	return text;
}

/* All entries that begin with NAME, with semicolons behind them; to be freed. */
static char *all_of(const char *text, const char *name)
{
	char *found = memory_copy_string(""), *more;
	const char *end;

	for (; *text; text = end + 1) {
		end = strchr(text, '\n');
		assert_non_null(end);
		if (strncmp(text, name, strlen(name)) != 0)
			continue;
		more = memory_format("%s%.*s;", found, (int)(end - text), text);
		free(found);
		found = more;
	}
	return found;
}

/* Of ENVIRONMENT is left: LD_PRELOAD as PRELOADED says, no socket, and A; each once, and nothing stands for what is
 * gone. */
static void expect(const char *const *environment, const char *library, const char *preloaded)
{
	char *text = cleaned(environment, library), *list = all_of(text, "LD_PRELOAD"), *rest = all_of(text, "A=");
	char *sockets = all_of(text, "ESCPROF_SOCKET"), *all = all_of(text, "");
	const char *const *entry;
	const char *a = "";

	assert_string_equal(list, preloaded);
	assert_string_equal(sockets, "");
	for (entry = environment; *entry; entry++)
		if (!strncmp(*entry, "A=", 2))
			a = "A=b;";
	assert_string_equal(rest, a);
	assert_int_equal(strlen(all), strlen(a) + strlen(preloaded));
	free(text);
	free(list);
	free(rest);
	free(sockets);
	free(all);
}

static void test_orders(void **state)
{
	(void)state;
	expect((const char *[]){"LD_PRELOAD=" OURS, SOCKET, "A=b", NULL}, OURS, "");
	expect((const char *[]){SOCKET, "LD_PRELOAD=" OURS, "A=b", NULL}, OURS, "");
	expect((const char *[]){"A=b", "LD_PRELOAD=" OURS, SOCKET, NULL}, OURS, "");
	expect((const char *[]){"A=b", SOCKET, "LD_PRELOAD=" OURS, NULL}, OURS, "");
	expect((const char *[]){SOCKET, "A=b", "LD_PRELOAD=" OURS, NULL}, OURS, "");
	expect((const char *[]){"A=b", "LD_PRELOAD=/none.so", NULL}, OURS, "LD_PRELOAD=/none.so;");
}

/* There is nothing that could stand for what goes. */
static void test_alone(void **state)
{
	(void)state;
	expect((const char *[]){SOCKET, "LD_PRELOAD=" OURS, NULL}, OURS, "");
	expect((const char *[]){"LD_PRELOAD=" OURS, SOCKET, NULL}, OURS, "");
	expect((const char *[]){"LD_PRELOAD=" OURS, NULL}, OURS, "");
	expect((const char *[]){SOCKET, NULL}, OURS, "");
}

/* The last entry of all ends where the stack does, with the program's name behind it. */
static void test_lengths(void **state)
{
	size_t length;

	(void)state;
	for (length = 20; length < 9000; length += length < 400 ? 7 : 1021) {
		char *library = memory_alloc(length + 1, 1), *ours, *others;

		memset(library, 'x', length);
		*library = '/';
		ours = memory_format("LD_PRELOAD=%s", library);
		others = memory_format("LD_PRELOAD=%s:/none.so:/%s", library, library);
		expect((const char *[]){"A=b", SOCKET, ours, NULL}, library, "");
		free(ours);
		ours = memory_format("LD_PRELOAD=/none.so:/%s;", library);
		expect((const char *[]){SOCKET, "A=b", others, NULL}, library, ours);
		free(library);
		free(ours);
		free(others);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *list, *left;
	} lists[] = {
	    {OURS, ""},
	    {"", NULL},
	    {"/a.so", NULL},
	    {OURS "x", NULL},
	    {"/x" OURS, NULL},
	    {OURS ":/a.so:/b.so", "/a.so:/b.so"},
	    {OURS " libasan.so.8", "libasan.so.8"},
	    {"/a.so:" OURS, "/a.so"},
	    {"/a.so " OURS, "/a.so"},
	    {"/a.so:" OURS " /b.so", "/a.so:/b.so"},
	    {OURS ":" OURS, ""},
	    {OURS ":/a.so:" OURS, "/a.so"},
	    {" " OURS ": /a.so", "  /a.so"},
	    {OURS ":", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *list = memory_copy_string(lists[i].list);

		assert_int_equal(preload_list_remove(list, OURS), lists[i].left != NULL);
		assert_string_equal(list, lists[i].left ? lists[i].left : lists[i].list);
		free(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_orders), cmocka_unit_test(test_alone),
					   cmocka_unit_test(test_lengths), cmocka_unit_test(test_lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
