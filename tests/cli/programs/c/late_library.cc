/* What late.c loads. */
#include <new>
#include <pthread.h>

#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

extern "C" __attribute__((noinline)) void late_make(int count)
{
	for (int i = 0; i < count; i++) {
		void *pointer = ::operator new(50);

		KEEP(pointer);
		if (i % 2)
			::operator delete(pointer);
	}
}

extern "C" __attribute__((noinline)) void late_make_arrays(int count)
{
	for (int i = 0; i < count; i++) {
		void *pointer = ::operator new[](60);

		KEEP(pointer);
		::operator delete[](pointer);
	}
}

static void *in_thread(void *)
{
	late_make(10);
	return nullptr;
}

__attribute__((constructor)) static void at_load()
{
	pthread_t thread;

	if (!pthread_create(&thread, nullptr, in_thread, nullptr))
		pthread_join(thread, nullptr);
}

/* The forms that a library has of its own when the C++ library is linked into it. Returns how many were not as they should be. */
extern "C" int late_others()
{
	void *aligned = ::operator new(100, std::align_val_t(256)), *none = ::operator new(~(size_t)0 / 4, std::nothrow);
	int bad = ((size_t)aligned & 255) != 0, caught = 0;

	KEEP(none);
	bad += none != nullptr;
	::operator delete(aligned, std::align_val_t(256));
	try {
		KEEP(::operator new(~(size_t)0 / 4));
	} catch (const std::bad_alloc &) {
		caught = 1;
	}
	return bad + !caught;
}
