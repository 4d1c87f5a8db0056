/* Every way to allocate there is, each in a function of its own, and every way to free. */
#include "storm.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

bool has_pvalloc = true;

static const std::align_val_t line{64};

extern "C" {
APART void *by_malloc(size_t size)
{
	void *p = malloc(size);
	KEEP(p);
	return p;
}
APART void *by_calloc(size_t size)
{
	void *p = calloc(size, 1);
	KEEP(p);
	return p;
}
APART void *by_realloc(void *old, size_t size)
{
	void *p = realloc(old, size);
	KEEP(p);
	return p;
}
APART void *by_reallocarray(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count, size);
	KEEP(p);
	return p;
}
APART void *by_posix_memalign(size_t size)
{
	void *p = nullptr;
	if (posix_memalign(&p, 64, size))
		storm_failed("posix_memalign");
	KEEP(p);
	return p;
}
APART void *by_aligned_alloc(size_t size)
{
	void *p = aligned_alloc(32, size);
	KEEP(p);
	return p;
}
APART void *by_memalign(size_t size)
{
	void *p = memalign(128, size);
	KEEP(p);
	return p;
}
APART void *by_valloc(size_t size)
{
	void *p = valloc(size);
	KEEP(p);
	return p;
}
APART void *by_pvalloc(size_t size)
{
	void *p = pvalloc(size);
	KEEP(p);
	return p;
}
APART void *by_new(size_t size)
{
	void *p = ::operator new(size);
	KEEP(p);
	return p;
}
APART void *by_new_array(size_t size)
{
	void *p = ::operator new[](size);
	KEEP(p);
	return p;
}
APART void *by_new_nothrow(size_t size)
{
	void *p = ::operator new(size, std::nothrow);
	KEEP(p);
	return p;
}
APART void *by_new_array_nothrow(size_t size)
{
	void *p = ::operator new[](size, std::nothrow);
	KEEP(p);
	return p;
}
APART void *by_new_aligned(size_t size)
{
	void *p = ::operator new(size, line);
	KEEP(p);
	return p;
}
APART void *by_new_array_aligned(size_t size)
{
	void *p = ::operator new[](size, line);
	KEEP(p);
	return p;
}
APART void *by_new_aligned_nothrow(size_t size)
{
	void *p = ::operator new(size, line, std::nothrow);
	KEEP(p);
	return p;
}
APART void *by_new_array_aligned_nothrow(size_t size)
{
	void *p = ::operator new[](size, line, std::nothrow);
	KEEP(p);
	return p;
}
APART void *by_strdup(const char *text)
{
	char *p = strdup(text);
	KEEP(p);
	return p;
}
}

[[noreturn]] static void storm_failed_at(way way, size_t size, const void *pointer)
{
	char what[100];

	snprintf(what, sizeof(what), "%zu bytes by way %d at %p", size, way, pointer);
	storm_failed(what);
}

/* Count the OBJECT that has just been made, and mark it. */
static void take(object *object, void *pointer, size_t size, size_t alignment)
{
	if (!pointer || reinterpret_cast<uintptr_t>(pointer) % (size ? alignment : 1) || malloc_usable_size(pointer) < size)
		storm_failed_at(object->way, size, pointer);
	storm_made(object->way, size);
	object->pointer = static_cast<unsigned char *>(pointer);
	object->size = size;
	if (size)
		object->pointer[0] = object->pointer[size - 1] = object->mark;
}

static void expect_zero(const void *pointer, size_t size)
{
	static const unsigned char zero[4096] = {};

	for (size_t at = 0; at < size; at += sizeof(zero))
		if (memcmp(static_cast<const char *>(pointer) + at, zero, size - at < sizeof(zero) ? size - at : sizeof(zero)))
			storm_failed("calloc: not zero");
}

static void expect_marks(const object *object)
{
	if (object->size && (object->pointer[0] != object->mark || object->pointer[object->size - 1] != object->mark))
		storm_failed("a block was written to by another");
}

/* By realloc, or by reallocarray: from nothing, grown so that it moves, shrunk; its first byte goes along. */
static void make_by_steps(random_numbers &random, object *object, size_t size, bool array)
{
	size_t sizes[] = {size / 4 + 1, size / 2 + 2, size * 3 + 1, size + 1};
	void *pointer = nullptr;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pointer = array ? by_reallocarray(pointer, sizes[i], 1) : by_realloc(pointer, sizes[i]);
		take(object, pointer, sizes[i], 16 > sizes[i] ? 8 : 16);
		if (i)
			storm_gone(object->way, sizes[i - 1]);
		if (random.once_in(3))
			break;
	}
}

/* By one of those that go through malloc's own interface. */
static void make_in_c(random_numbers &random, object *object, size_t size)
{
	const char text[64] = "a text of some length that is copied and marked and forgotten";
	char cut[64];
	void *pointer;

	switch (object->way) {
	case WAY_malloc:
		return take(object, by_malloc(size), size, 8);
	case WAY_calloc:
		pointer = by_calloc(size);
		expect_zero(pointer, size);
		return take(object, pointer, size, 8);
	case WAY_posix_memalign:
		return take(object, by_posix_memalign(size), size, 64);
	case WAY_aligned_alloc:
		size = (size + 31) / 32 * 32;
		return take(object, by_aligned_alloc(size), size, 32);
	case WAY_memalign:
		return take(object, by_memalign(size), size, 128);
	case WAY_valloc:
		return take(object, by_valloc(size), size, 4096);
	case WAY_pvalloc:
		return take(object, by_pvalloc(size), size, 4096);
	default:
		memcpy(cut, text, sizeof(cut));
		cut[random.next() % 30 + 1] = 0;
		return take(object, by_strdup(cut), strlen(cut) + 1, 1);
	}
}

/* By operator new. The C++ library rounds sizes of aligned ones up, and asks for a byte where none is wanted. */
static void make_in_cxx(object *object, size_t size)
{
	size_t round = (size / 64 + 1) * 64;

	size += !size;
	switch (object->way) {
	case WAY_new:
		return take(object, by_new(size), size, 8);
	case WAY_new_array:
		return take(object, by_new_array(size), size, 8);
	case WAY_new_nothrow:
		return take(object, by_new_nothrow(size), size, 8);
	case WAY_new_array_nothrow:
		return take(object, by_new_array_nothrow(size), size, 8);
	case WAY_new_aligned:
		return take(object, by_new_aligned(round), round, 64);
	case WAY_new_array_aligned:
		return take(object, by_new_array_aligned(round), round, 64);
	case WAY_new_aligned_nothrow:
		return take(object, by_new_aligned_nothrow(round), round, 64);
	default:
		return take(object, by_new_array_aligned_nothrow(round), round, 64);
	}
}

void object_make(random_numbers &random, object *object)
{
	size_t size = random.next() % 16 ? random.next() % 500 : random.next() % 100000;

	object->way = static_cast<way>(random.next() % WAY_CHOSEN);
	if ((object->way == WAY_valloc || object->way == WAY_pvalloc) && !random.once_in(64))
		object->way = WAY_malloc; /* pages are dear */
	if (object->way == WAY_pvalloc && !has_pvalloc)
		object->way = WAY_valloc;
	object->mark = static_cast<unsigned char>(random.next());
	if (object->way == WAY_realloc || object->way == WAY_reallocarray)
		make_by_steps(random, object, size, object->way == WAY_reallocarray);
	else if (object->way >= WAY_new && object->way <= WAY_new_array_aligned_nothrow)
		make_in_cxx(object, size);
	else
		make_in_c(random, object, size);
}

/* Freed by a realloc to nothing, which some allocators take for a wish for an object of no size. */
static void release_by_realloc(object *object)
{
	void *pointer = by_realloc(object->pointer, 0);

	if (pointer) {
		storm_made(WAY_realloc, 0);
		storm_gone(WAY_realloc, 0);
		free(pointer);
	}
}

static void release_plain(random_numbers &random, const object *object, bool array)
{
	unsigned form = random.next() % 3;

	if (array && form == 0)
		::operator delete[](object->pointer);
	else if (array && form == 1)
		::operator delete[](object->pointer, object->size);
	else if (array)
		::operator delete[](object->pointer, std::nothrow);
	else if (form == 0)
		::operator delete(object->pointer);
	else if (form == 1)
		::operator delete(object->pointer, object->size);
	else
		::operator delete(object->pointer, std::nothrow);
}

static void release_aligned(random_numbers &random, const object *object, bool array)
{
	unsigned form = random.next() % 3;

	if (array && form == 0)
		::operator delete[](object->pointer, line);
	else if (array && form == 1)
		::operator delete[](object->pointer, object->size, line);
	else if (array)
		::operator delete[](object->pointer, line, std::nothrow);
	else if (form == 0)
		::operator delete(object->pointer, line);
	else if (form == 1)
		::operator delete(object->pointer, object->size, line);
	else
		::operator delete(object->pointer, line, std::nothrow);
}

void object_release(random_numbers &random, object *object)
{
	way way = object->way;
	bool array = way == WAY_new_array || way == WAY_new_array_nothrow || way == WAY_new_array_aligned ||
		     way == WAY_new_array_aligned_nothrow;

	expect_marks(object);
	storm_gone(way, object->size);
	if (way >= WAY_new_aligned && way <= WAY_new_array_aligned_nothrow)
		release_aligned(random, object, array);
	else if (way >= WAY_new && way <= WAY_new_array_nothrow)
		release_plain(random, object, array);
	else if (way == WAY_realloc && random.once_in(4))
		release_by_realloc(object);
	else
		free(object->pointer);
	object->pointer = nullptr;
}

static void expect_nothing(const void *pointer)
{
	KEEP(pointer);
	if (pointer)
		storm_failed("what cannot be had was had");
}

void fail_in_every_way()
{
	volatile size_t far_too_much = SIZE_MAX / 2 + 1;
	void *kept = by_malloc(50), *untouched = kept;

	storm_made(WAY_malloc, 50);
	expect_nothing(by_malloc(far_too_much));
	expect_nothing(calloc(far_too_much, 2));
	expect_nothing(by_calloc(far_too_much));
	expect_nothing(by_realloc(kept, far_too_much));
	expect_nothing(by_reallocarray(kept, far_too_much, 2));
	expect_nothing(by_reallocarray(kept, far_too_much, 1));
	expect_nothing(::operator new(far_too_much, std::nothrow));
	try {
		expect_nothing(::operator new[](far_too_much));
	} catch (const std::bad_alloc &) {
		untouched = nullptr;
	}
	if (untouched)
		storm_failed("no exception");
	if (posix_memalign(&untouched, 3, 10) != EINVAL || posix_memalign(&untouched, 0, 10) != EINVAL || untouched)
		storm_failed("an alignment that cannot be");
	free(nullptr);
	::operator delete(nullptr);
	storm_gone(WAY_malloc, 50);
	free(kept);
}
