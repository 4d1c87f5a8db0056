/* The expressions of --when: which moments they hold for, and what is no expression. */
#include "analyzer/when.h"

#include "analyzer/moments.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* 1,200 goroutines, 3 Ps running, a third of the CPU for the GC, 2 MiB/s, 12.5 s. */
static const struct moment busy = {{1200, 3, 1.0 / 3, 2 << 20, 12.5}};
static const struct moment unknown = {{NAN, NAN, NAN, NAN, 1}};

static void test_holds(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
	    {"goroutines>1000", true},
	    {"goroutines > 1200", false},
	    {"goroutines>=1200", true},
	    {"  goroutines\t<=1200  ", true},
	    {"goroutines<1200", false},
	    {"running=3", true},
	    {"running==3", true},
	    {"running!=3", false},
	    {"running!=2.5", true},
	    {"gc-share>0.2", true},
	    {"gc-share>.34", false},
	    {"alloc-rate>=2M", true},
	    {"alloc-rate>2m", false},
	    {"alloc-rate<1G", true},
	    {"alloc-rate>2047K", true},
	    {"alloc-rate>2097151", true},
	    {"time>=12.5 and time<13", true},
	    {"goroutines>1000 and gc-share>0.2 and running<3", false},
	    {"goroutines>1000 and\n gc-share>0.2 and running>2", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		struct when *when;

		if (when_parse(&when, cases[i].text, &error) != STATUS_OK)
			fail_msg("%s: %s", cases[i].text, error.text);
		assert_string_equal(when_text(when), cases[i].text);
		if (when_holds(when, &busy) != cases[i].holds)
			fail_msg("%s", cases[i].text);
		when_free(when);
	}
	when_free(NULL);
}

/* What is not known is neither more nor less nor other than anything. */
static void test_unknown(void **state)
{
	static const char *const cases[] = {"goroutines>0", "goroutines<9", "running!=1", "gc-share=0",
					    "alloc-rate<=1G"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error;
		struct when *when;

		assert_int_equal(when_parse(&when, cases[i], &error), STATUS_OK);
		assert_false(when_holds(when, &unknown));
		when_free(when);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {"", "no such name"},
	    {"goroutine>1", "no such name at “goroutine>1”"},
	    {"cpu>1", "goroutines, running, gc-share, alloc-rate or time"},
	    {"goroutines", "no comparison behind goroutines"},
	    {"goroutines 5", "no comparison"},
	    {"goroutines=>5", "not a number: “>5”"},
	    {"goroutines>", "not a number"},
	    {"goroutines>many", "not a number: “many”"},
	    {"goroutines>-1", "not a number"},
	    {"goroutines>0x10", "not a number"},
	    {"goroutines>1.2.3", "not a number"},
	    {"goroutines>nan", "not a number"},
	    {"goroutines>1K", "not a number: “1K”"},
	    {"alloc-rate>1Q", "K, M or G may follow"},
	    {"alloc-rate>1MB", "not a number"},
	    {"goroutines>1 or running>1", "“and” is wanted"},
	    {"goroutines>1 and", "“and” is wanted"},
	    {"goroutines>1 and ", "no such name"},
	    {"goroutines>1andrunning>1", "not a number"},
	    {"goroutines>1, running>1", "not a number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error = {""};
		struct when *when;

		if (when_parse(&when, cases[i].text, &error) != STATUS_ERROR || when)
			fail_msg("“%s” was taken", cases[i].text);
		if (!strstr(error.text, cases[i].message))
			fail_msg("“%s”: %s", cases[i].text, error.text);
	}
}

static void test_too_many(void **state)
{
	char text[512] = "time>0";
	struct error error = {""};
	struct when *when;

	(void)state;
	for (int i = 0; i < 16; i++)
		strcat(text, " and time>0");
	assert_int_equal(when_parse(&when, text, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "more than 16"));
}

/* Ten seconds, the first two and a half with 5 goroutines, and nothing known of the GC. */
static struct moments *make(void)
{
	struct moments *moments = moments_new();
	struct trace_gc gc;

	memset(&gc, 0xff, sizeof(gc));
	gc.time_ns = 0;
	gc.goroutines_live = 5;
	moments_add_gc(moments, &gc);
	gc.time_ns = 2500000000u;
	gc.goroutines_live = 500;
	moments_add_gc(moments, &gc);
	moments_finish(moments, 10000000000u);
	return moments;
}

static double share_of(const struct moments *moments, const char *text, const char **missing)
{
	struct error error;
	struct when *when;
	double share;

	assert_int_equal(when_parse(&when, text, &error), STATUS_OK);
	share = when_share(when, moments);
	*missing = when_unknown(when, moments);
	when_free(when);
	return share;
}

static void test_share(void **state)
{
	struct moments *moments = make();
	const char *missing;

	(void)state;
	assert_true(fabs(share_of(moments, "goroutines>5", &missing) - 0.75) < 1e-3);
	assert_null(missing);
	assert_true(fabs(share_of(moments, "time>=1 and goroutines=5", &missing) - 0.15) < 1e-3);
	assert_true(share_of(moments, "goroutines>500", &missing) == 0);
	assert_null(missing);
	assert_true(share_of(moments, "goroutines>5 and gc-share>0", &missing) == 0);
	assert_string_equal(missing, "gc-share");
	share_of(moments, "running>0", &missing);
	assert_string_equal(missing, "running");
	moments_free(moments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),    cmocka_unit_test(test_unknown), cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_too_many), cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
