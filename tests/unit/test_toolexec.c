/*
 * The -toolexec wrapper in real builds. This program is the wrapper too: called as "test_toolexec toolexec TOOL …" it
 * does what `escprof toolexec` does. A module with the known cases is built plainly with -m and through the wrapper,
 * and the verdicts are compared one by one. Needs a go command (ESCPROF_GO, build/go.path, PATH); else skipped aloud.
 */
#include "binary/elf_image.h"
#include "tests/unit/verdict_fixture.h"
#include "verdicts/diagnostic_text.h"
#include "verdicts/store.h"
#include "verdicts/toolexec.h"
#include "verdicts/verdict_find.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/test_toolexec-XXXXXX";
static char self[PATH_MAX], go[PATH_MAX];

static const struct {
	const char *path, *text;
} sources[] = {
    {"go.mod", "module example.com/m\n\ngo 1.18\n"},
    {"a/type.go", "package a\n\nimport \"sync/atomic\"\n\ntype T struct {\n\tn atomic.Value\n\tv int\n}\n\n"
		  "func New(v int) *T {\n\treturn &T{v: v}\n}\n\nfunc Box(v int) interface{} { return v }\n"},
    /* A file of the same base name as one of another package whose generic code lands here. */
    {"b/list.go", "package b\n\ntype Stack[E any] struct{ items []*E }\n\n"
		  "func (s *Stack[E]) Push(e E) {\n\ts.items = append(s.items, &e)\n}\n\n"
		  "func Map[A, B any](in []A, f func(A) B) []B {\n\tout := make([]B, 0, len(in))\n"
		  "\tfor _, a := range in {\n\t\tout = append(out, f(a))\n\t}\n\treturn out\n}\n"},
    {"list.go", "package main\n\nimport \"example.com/m/b\"\n\nfunc lists(n int) (*b.Stack[int], []*int) {\n"
		"\tvar s b.Stack[int]\n\ts.Push(n)\n"
		"\treturn &s, b.Map([]int{n}, func(i int) *int { return &i })\n}\n"},
    {"main.go", "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/m/a\"\n)\n\n"
		"type point struct{ x, y int }\n\nvar sink interface{}\n\n"
		"func pointer() *point { return &point{1, 2} }\n\n"
		"func moved(n int) *int {\n\tx := n\n\treturn &x\n}\n\n"
		"func counter() func() int {\n\tn := 0\n\treturn func() int { n++; return n }\n}\n\n"
		"func leak(p *point, q **point) *point { sink = p; return *q }\n\n"
		"func sized(n int) int {\n\ts := make([]int, n)\n\tvar big [1 << 24]byte\n"
		"\tbig[n] = 1\n\treturn len(s) + int(big[0])\n}\n\n"
		"func text(b []byte) string { return string(b) + \"x\" }\n\n"
		"func main() {\n\tp := pointer()\n\tsink = *p\n\tsink = a.New(len(os.Args))\n\tsink = a.Box(3)\n"
		"\tsink = counter()()\n\tsink = leak(p, &p)\n\tsink = sized(1)\n\tsink = text([]byte(\"y\"))\n"
		"\tsink, _ = lists(1)\n\tgo func(p *point) { sink = p.x }(p)\n\tdefer moved(2)\n"
		"\tlocal := []int{1, 2}\n\tprintln(len(local))\n}\n"},
};

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Run a shell command printf-style in the module, its output in the file "output". Returns its exit status. */
static int run(const char *format, ...)
{
	char command[3 * PATH_MAX];
	va_list arguments;
	int used = snprintf(command, sizeof(command), "cd '%s' && exec >output 2>&1 && ", directory);

	va_start(arguments, format);
	vsnprintf(command + used, sizeof(command) - used, format, arguments);
	va_end(arguments);
	return system(command);
}

static char *output(void)
{
	static char text[1 << 20];
	char path[PATH_MAX];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/output", directory);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = 0;
	fclose(file);
	return text;
}

static void find_go(void)
{
	const char *own = getenv("ESCPROF_GO");
	FILE *file = fopen("build/go.path", "r");

	if (own && *own)
		snprintf(go, sizeof(go), "%s", own);
	else if (file && fgets(go, sizeof(go), file))
		go[strcspn(go, "\n")] = 0;
	else
		snprintf(go, sizeof(go), "go");
	if (file)
		fclose(file);
}

static int set_up(void **state)
{
	char path[PATH_MAX];
	size_t i;
	FILE *file;

	(void)state;
	if (!mkdtemp(directory))
		return -1;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, sources[i].path);
		if (strrchr(sources[i].path, '/')) {
			*strrchr(path, '/') = 0;
			mkdir(path, 0777);
			path[strlen(path)] = '/';
		}
		file = fopen(path, "w");
		fputs(sources[i].text, file);
		fclose(file);
	}
	find_go();
	snprintf(path, sizeof(path), "%s/store", directory);
	setenv("ESCPROF_CACHE", path, 1);
	snprintf(path, sizeof(path), "%s/cache", directory);
	setenv("GOCACHE", path, 1);
	setenv("GOFLAGS", "-p=2", 1);
	setenv("GOTOOLCHAIN", "local", 0);
	if (run("'%s' version", go))
		go[0] = 0;
	else
		print_message("# %s", output());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void need_go(void)
{
	if (*go)
		return;
	print_message("skip: no go command\n");
	skip();
}

static void build(const char *options, const char *binary)
{
	int status = run("'%s' build \"-toolexec='%s' toolexec\" %s -o %s .", go, self, options, binary);

	if (status)
		print_error("%s\n", output());
	assert_int_equal(status, 0);
	assert_string_equal(output(), "");
}

static struct verdict_set *find(const char *binary)
{
	struct verdict_set *set = NULL;
	struct elf_image *image;
	struct error error = {""};
	char path[PATH_MAX];
	size_t missing;

	snprintf(path, sizeof(path), "%s/%s", directory, binary);
	assert_int_equal(elf_image_open(&image, path, &error), STATUS_OK);
	assert_int_equal(verdict_find(&set, path, elf_image_go_build_id(image), &missing, &error), STATUS_OK);
	assert_int_equal(missing, 0);
	elf_image_close(image);
	return set;
}

/* Whether one of SET stands at the outermost place of VERDICT with the same kind and message. */
static bool has(const struct verdict_set *set, const struct verdict *verdict)
{
	const struct verdict *candidate;
	const uint32_t *found;
	size_t i, count;

	found = verdict_set_lookup(set, verdict->chain->file, verdict->chain->line, &count);
	for (i = 0; i < count; i++) {
		candidate = verdict_set_at(set, found[i]);
		if (candidate->kind == verdict->kind && candidate->chain->column == verdict->chain->column &&
		    !strcmp(candidate->message, verdict->message))
			return true;
	}
	return false;
}

/*
 * JSON's alone: the closure that a go or defer statement is wrapped in, and leaks of parameters that are moved to the
 * heap anyway or of instantiated generic functions. -m leaves them out on purpose.
 */
static bool is_not_of_m(const struct verdict *verdict)
{
	return verdict->kind == VERDICT_LEAK || !strcmp(verdict->what, "func literal");
}

static void expect_all(const struct verdict_set *set, const struct verdict_set *in, const char *below, bool all)
{
	const struct verdict *verdict;
	size_t i, wrong = 0;

	for (i = 0; i < verdict_set_count(set); i++) {
		verdict = verdict_set_at(set, i);
		if (strncmp(verdict->chain->file, below, strlen(below)) != 0 || has(in, verdict) ||
		    (!all && is_not_of_m(verdict)))
			continue;
		print_error("only on one side: %s\n", verdict_fixture_line(verdict));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* -m of all packages of the module, and what was kept: the same verdicts. */
static void compare(const char *options, const char *binary, const char *below)
{
	/* Up to some version the go command writes "./x.go" in trimmed builds too. */
	char rewrites[PATH_MAX];
	struct source_names names = {directory, rewrites, NULL, true};
	struct diagnostic_text text;
	struct verdict_set *set;

	snprintf(rewrites, sizeof(rewrites), "%s=>%s", directory, below);
	build(options, binary);
	set = find(binary);
	assert_int_equal(run("'%s' build %s -gcflags=./...=-m -o plain .", go, options), 0);
	diagnostic_text_new(&text);
	diagnostic_text_read(&text, output(), strlen(output()), "", &names);
	print_message("%s: %zu of -m, %zu kept for the binary\n", binary, verdict_set_count(text.plain),
		      verdict_set_count(set));
	assert_true(verdict_set_count(text.plain) > 30);
	expect_all(text.plain, set, below, true);
	expect_all(set, text.plain, below, false);
	diagnostic_text_free(&text);
	verdict_set_free(set);
}

static void test_same_as_plain(void **state)
{
	(void)state;
	need_go();
	compare("", "bin", directory);
}

static void test_same_as_plain_trimmed(void **state)
{
	(void)state;
	need_go();
	compare("-trimpath", "trimmed", "example.com/m");
}

/* The one verdict of SET with MESSAGE in a file that ends in FILE, with a chain of LENGTH. */
static const struct verdict *pick(const struct verdict_set *set, const char *message, const char *file, size_t length)
{
	const struct verdict *verdict, *picked = NULL;
	size_t i;

	for (i = 0; i < verdict_set_count(set); i++) {
		verdict = verdict_set_at(set, i);
		if (!strcmp(verdict->message, message) && verdict->nchain == length &&
		    !strncmp(verdict->chain->file, directory, strlen(directory)) &&
		    !strcmp(verdict->chain->file + strlen(verdict->chain->file) - strlen(file), file))
			picked = verdict;
	}
	if (!picked)
		print_error("no verdict: %s in %s\n", message, file);
	assert_non_null(picked);
	return picked;
}

static void test_what_is_known(void **state)
{
	const struct verdict *verdict;
	struct verdict_set *set;

	(void)state;
	need_go();
	build("", "bin");
	set = find("bin");
	/* Inlined across packages: the chain goes on in the other file. */
	verdict = pick(set, "&a.T{...} escapes to heap", "/main.go", 2);
	assert_true(verdict->chain_known);
	assert_string_equal(verdict->chain[1].file + strlen(directory), "/a/type.go");
	assert_int_equal(verdict->chain[1].line, 11);
	assert_string_equal(verdict->package, "main");
	verdict = pick(set, "&point{...} escapes to heap", "/main.go", 1);
	assert_string_equal(verdict->steps[verdict->nsteps - 1].why, "return");
	verdict = pick(set, "moved to heap: x", "/main.go", 1);
	assert_int_equal(verdict->kind, VERDICT_MOVED);
	verdict = pick(set, "moved to heap: big", "/main.go", 1);
	assert_true(verdict->too_large);
	pick(set, "leaking param: p", "/main.go", 1);
	pick(set, "func literal escapes to heap", "/main.go", 1);
	verdict_set_free(set);
}

/* What the go command takes from its cache is still in the store. */
static void test_from_cache(void **state)
{
	(void)state;
	need_go();
	build("", "bin");
	build("", "again");
	verdict_set_free(find("again"));
}

static void test_spaces_and_several_at_once(void **state)
{
	(void)state;
	need_go();
	assert_int_equal(run("mkdir -p 'a b' && ln -sf '%s' 'a b/it'", self), 0);
	assert_int_equal(run("t=\"-toolexec='%s/a b/it' toolexec\"; export GOCACHE='%s/c d';"
			     "'%s' build \"$t\" -o one . & '%s' build \"$t\" -o two . ; s=$?; wait $! && exit $s",
			     directory, directory, go, go),
			 0);
	assert_string_equal(output(), "");
	verdict_set_free(find("one"));
	verdict_set_free(find("two"));
}

/* The compiler's own words, and its status. */
static void test_errors_pass_through(void **state)
{
	static char plain[1 << 16];

	(void)state;
	need_go();
	assert_int_equal(run("mkdir -p bad && printf 'package bad\\nfunc f() *int { x := 1; return &y }\\n' >bad/x.go"),
			 0);
	assert_int_not_equal(run("'%s' build ./bad", go), 0);
	snprintf(plain, sizeof(plain), "%s", output());
	assert_int_not_equal(run("'%s' build \"-toolexec='%s' toolexec\" ./bad", go, self), 0);
	assert_string_equal(output(), plain);
}

/* A user who asks for -m gets what he would have got. */
static void test_users_own_m(void **state)
{
	static char plain[1 << 20];
	const char *level;
	size_t i;

	(void)state;
	need_go();
	for (i = 0; i < 2; i++) {
		level = i ? "-m=2" : "-m";
		assert_int_equal(run("'%s' build -gcflags=%s -o plain .", go, level), 0);
		snprintf(plain, sizeof(plain), "%s", output());
		assert_int_equal(run("'%s' build \"-toolexec='%s' toolexec\" -gcflags=%s -o own .", go, self, level),
				 0);
		assert_string_equal(output(), plain);
		verdict_set_free(find("own"));
	}
}

/* No place for the store: the build goes on. */
static void test_no_store(void **state)
{
	(void)state;
	need_go();
	assert_int_equal(
	    run("ESCPROF_CACHE=/proc/none '%s' build -a \"-toolexec='%s' toolexec\" -o none ./a", go, self), 0);
	assert_string_equal(output(), "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_as_plain),
	    cmocka_unit_test(test_same_as_plain_trimmed),
	    cmocka_unit_test(test_what_is_known),
	    cmocka_unit_test(test_from_cache),
	    cmocka_unit_test(test_spaces_and_several_at_once),
	    cmocka_unit_test(test_errors_pass_through),
	    cmocka_unit_test(test_users_own_m),
	    cmocka_unit_test(test_no_store),
	};
	struct error error = {""};
	ssize_t length;
	int status;

	if (argc > 2 && !strcmp(argv[1], "toolexec")) {
		status = toolexec_run(argv + 2, &error);
		fputs(error.text, stderr);
		return status;
	}
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		return 1;
	self[length] = 0;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
