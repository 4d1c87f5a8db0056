/*
 * The pprof export: read back by our own reader of heap profiles, and by `go tool pprof` where there is Go; where there
 * is none, that test says that it is skipped.
 */
#include "tests/unit/sample_analysis.h"
#include "trace/heap_profile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void read_back(struct heap_profile *profile, const struct analysis *analysis)
{
	struct error error = {""};
	size_t size;
	char *bytes = sample_analysis_write(report_pprof, analysis, NULL, &size);

	if (heap_profile_read_memory(profile, bytes, size, "export", &error) != STATUS_OK)
		fail_msg("%s", error.text);
	free(bytes);
}

static void test_totals(void **state)
{
	struct heap_profile profile;
	double bytes = 0, objects = 0, live = 0;

	(void)state;
	read_back(&profile, sample_analysis());
	for (size_t i = 0; i < profile.nsamples; i++) {
		bytes += profile.samples[i].alloc_space;
		objects += profile.samples[i].alloc_objects;
		live += profile.samples[i].inuse_space;
	}
	assert_int_equal(profile.nsamples, 7);
	assert_true(bytes == 5.28e9);
	assert_true(fabs(objects - 75.310019e6) < 1);
	assert_true(fabs(live - 24.4e6) < 1);
	assert_int_equal(profile.period, 524288);
	heap_profile_free(&profile);
}

/* The site's inline chain is one location of two lines; frames further out have one each. */
static void test_inlines(void **state)
{
	struct heap_profile profile;
	const struct heap_profile_location *first;

	(void)state;
	read_back(&profile, sample_analysis());
	first = &profile.locations[profile.samples[0].stack[0]];
	assert_int_equal(first->nframes, 2);
	assert_string_equal(first->frames[0].function, "github.com/go-kratos/kratos/v2/errors.New");
	assert_int_equal(first->frames[0].line, 69);
	assert_string_equal(first->frames[1].function, "main.(*server).findUser");
	assert_int_equal(profile.samples[0].depth, 8);
	assert_string_equal(profile.mappings[0].file, "./service");
	heap_profile_free(&profile);
}

static void test_hostile(void **state)
{
	struct heap_profile profile;

	(void)state;
	read_back(&profile, sample_analysis_hostile());
	assert_int_equal(profile.nsamples, 1);
	assert_non_null(strstr(profile.locations[0].frames[0].function, "<script>"));
	heap_profile_free(&profile);
}

/* What the pprof tool of GO says of FILE, to be freed; fails when it fails. */
static char *run_pprof(const char *go, const char *file, const char *options)
{
	char command[512], *text = calloc(1, 1 << 16);
	FILE *pipe;

	snprintf(command, sizeof(command), "%s tool pprof %s %s 2>&1", go, options, file);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	(void)!fread(text, 1, (1 << 16) - 1, pipe);
	if (pclose(pipe) != 0)
		fail_msg("%s: %s", command, text);
	return text;
}

static const char *find_go(void)
{
	if (system("go version >/dev/null 2>&1") == 0)
		return "go";
	return access("/usr/local/go/bin/go", X_OK) == 0 ? "/usr/local/go/bin/go" : NULL;
}

static void write_export(char *path)
{
	int descriptor = mkstemp(path);
	FILE *file = fdopen(descriptor, "wb");
	struct error error;

	assert_non_null(file);
	assert_int_equal(report_pprof(file, sample_analysis(), NULL, &error), STATUS_OK);
	fclose(file);
}

static void test_go_tool(void **state)
{
	char path[] = "/tmp/escprof-test-XXXXXX", *text;
	const char *go = find_go();

	(void)state;
	if (!go) {
		fprintf(stderr, "no go command here: `go tool pprof` is not tried\n");
		skip();
	}
	write_export(path);
	text = run_pprof(go, path, "-top -unit=B -sample_index=alloc_space");
	assert_non_null(strstr(text, "of 5280000000B total"));
	assert_non_null(strstr(text, "github.com/go-kratos/kratos/v2/errors.New (inline)"));
	free(text);
	text = run_pprof(go, path, "-top");
	assert_non_null(strstr(text, "Type: gc_cpu"));
	assert_non_null(strstr(text, "Duration: 30.20s"));
	assert_non_null(strstr(text, "Time: 2026-"));
	free(text);
	text = run_pprof(go, path, "-comments");
	assert_non_null(strstr(text, "gc_cpu is what the GC would save"));
	free(text);
	text = run_pprof(go, path, "-tags -sample_index=alloc_space");
	assert_non_null(strstr(text, "pointer-returned"));
	assert_non_null(strstr(text, "map-growth"));
	assert_non_null(strstr(text, "&errors.Error{...} escapes to heap"));
	free(text);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_totals),
	    cmocka_unit_test(test_inlines),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_go_tool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
