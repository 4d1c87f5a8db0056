// A program that is linked to libunwind itself: its exceptions go that way, it writes registers, and it walks stacks,
// between allocations each of which is sampled. It says what came of it.
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdexcept>
#include <string>

extern "C" int _Unwind_RaiseException(void *);

#define APART __attribute__((noinline, noclone))

static volatile int sink;

APART static void allocate(size_t size)
{
	free(memset(malloc(size), 1, size));
	sink++;
}

APART static void throw_from(int levels)
{
	std::string kept(200 + levels, 'x'); // to be destroyed on the way

	allocate(100 + levels);
	if (!levels)
		throw std::runtime_error("from the depth");
	throw_from(levels - 1);
	sink++;
}

static int catch_some(int rounds)
{
	int caught = 0;

	for (int i = 0; i < rounds; i++) {
		try {
			throw_from(i % 8);
		} catch (const std::runtime_error &error) {
			caught += error.what()[0] == 'f';
		}
	}
	return caught;
}

// The caller goes on as if this had returned VALUE: by writing that into the register of results; 0: it could not.
APART static long resume_with(long value)
{
	unw_context_t context;
	unw_cursor_t cursor;

	allocate(300);
	if (unw_getcontext(&context) || unw_init_local(&cursor, &context) < 0 || unw_step(&cursor) <= 0)
		return 0;
	allocate(400);
	if (unw_set_reg(&cursor, UNW_X86_64_RAX, (unw_word_t)value) < 0)
		return 0;
	unw_resume(&cursor);
	return 0;
}

static int resume_some(int rounds)
{
	int resumed = 0;

	for (long i = 1; i <= rounds; i++)
		resumed += resume_with(i) == i;
	return resumed;
}

APART static int count_frames(int levels)
{
	unw_context_t context;
	unw_cursor_t cursor;
	int frames = 0;

	allocate(500);
	if (levels) {
		frames = count_frames(levels - 1);
		sink++;
		return frames;
	}
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while (unw_step(&cursor) > 0)
		frames++;
	return frames;
}

int main()
{
	Dl_info info = {};
	int few, many;

	dladdr((void *)_Unwind_RaiseException, &info);
	printf("exceptions by %s\n", info.dli_fname && strstr(info.dli_fname, "libunwind.so") ? "libunwind" : "another");
	printf("caught %d of 50\n", catch_some(50));
	printf("resumed %d of 50\n", resume_some(50));
	few = count_frames(0);
	many = count_frames(30);
	printf("%d frames more\n", many - few);
	return few > 0 ? 0 : 1;
}
