/* What stacks of CPU are about, by the functions in them. */
#include "analyzer/cpu_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static unsigned bits_of(const char *const *names)
{
	unsigned bits = 0;

	for (size_t i = 0; names[i]; i++)
		bits |= cpu_class_bits(names[i]);
	return bits;
}

static void test_stacks(void **state)
{
	static const struct {
		enum cpu_work work;
		bool assist;
		const char *names[8];
	} cases[] = {
	    {CPU_PROGRAM, false, {"main.work", "main.main", "runtime.main"}},
	    {CPU_PROGRAM, false, {"runtime.mapaccess1", "main.main"}},
	    {CPU_PROGRAM, false, {"main.gcStart", "my/runtime.mallocgc"}},
	    {CPU_ALLOCATING, false, {"runtime.memclrNoHeapPointers", "runtime.newobject", "main.f"}},
	    {CPU_ALLOCATING, false, {"runtime.mallocgcSmallScanNoHeader", "runtime.mallocgc", "main.f"}},
	    {CPU_MARKING_HEAP, false, {"runtime.scanobject", "runtime.gcDrain", "runtime.gcBgMarkWorker.func2"}},
	    {CPU_MARKING_ROOTS,
	     false,
	     {"runtime.scanframeworker", "runtime.scanstack", "runtime.markroot", "runtime.gcDrain",
	      "runtime.gcBgMarkWorker"}},
	    {CPU_MARKING_HEAP,
	     true,
	     {"runtime.scanobject", "runtime.gcDrainN", "runtime.gcAssistAlloc1", "runtime.gcAssistAlloc",
	      "runtime.mallocgc", "main.f"}},
	    {CPU_MARKING_ROOTS,
	     true,
	     {"runtime.markroot", "runtime.gcDrainN", "runtime.gcAssistAlloc", "runtime.mallocgc", "main.f"}},
	    {CPU_SWEEPING,
	     false,
	     {"runtime.(*sweepLocked).sweep", "runtime.(*mcentral).cacheSpan", "runtime.mallocgc"}},
	    {CPU_SWEEPING, false, {"runtime.sweepone", "runtime.bgsweep"}},
	    {CPU_BARRIERS, false, {"runtime.findObject", "runtime.wbBufFlush1", "runtime.wbBufFlush", "main.f"}},
	    {CPU_BARRIERS, false, {"runtime.gcWriteBarrier2", "main.f"}},
	    {CPU_GC_REST, false, {"runtime.stopTheWorldWithSema", "runtime.gcStart", "runtime.mallocgc", "main.f"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned bits = bits_of(cases[i].names);

		assert_int_equal(cpu_class_of(bits), cases[i].work);
		assert_int_equal(cpu_class_is_assist(bits), cases[i].assist);
	}
}

static void test_gc(void **state)
{
	(void)state;
	assert_false(cpu_work_is_gc(CPU_PROGRAM));
	assert_false(cpu_work_is_gc(CPU_ALLOCATING));
	for (int work = CPU_GC_REST; work < CPU_WORK_COUNT; work++)
		assert_true(cpu_work_is_gc(work));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stacks),
	    cmocka_unit_test(test_gc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
