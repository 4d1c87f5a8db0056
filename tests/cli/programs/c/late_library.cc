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
