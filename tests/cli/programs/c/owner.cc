/*
 * A library with operators new and delete of its own, which know only its own blocks. Two are made of it, whose MARKs
 * differ: each must get its own, whichever was there first, and whichever goes.
 */
#include <cstdint>
#include <cstdlib>
#include <new>

#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static int count;

struct alignas(16) header {
	uint64_t mark;
};

void *operator new(size_t size)
{
	header *block = static_cast<header *>(malloc(sizeof(header) + size));

	if (!block)
		abort();
	block->mark = MARK;
	__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	return block + 1;
}

void operator delete(void *pointer) noexcept
{
	header *block = static_cast<header *>(pointer) - 1;

	if (block->mark != MARK)
		abort();
	block->mark = 0;
	free(block);
}

void operator delete(void *pointer, size_t) noexcept
{
	operator delete(pointer);
}

/* Make so many and delete them; returns how often the library's own was asked for one. */
extern "C" __attribute__((noinline)) int owner_make(int n)
{
	count = 0;
	while (n-- > 0) {
		void *pointer = ::operator new(48);

		KEEP(pointer);
		::operator delete(pointer);
	}
	return count;
}
