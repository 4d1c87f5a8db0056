#include "counted.h"

#include <stddef.h>

/* SQLite's interface (https://www.sqlite.org/c3ref/mem_methods.html), whose header Go's driver keeps to itself. */
struct sqlite_methods {
	void *(*take)(int);
	void (*give)(void *);
	void *(*resize)(void *, int);
	int (*size)(void *);
	int (*round_up)(int);
	int (*init)(void *);
	void (*shut_down)(void *);
	void *data;
};

enum { CONFIG_MALLOC = 4, CONFIG_GETMALLOC = 5 };

/* SQLite notes the size in front of each block. */
#define PREFIX 8

/* They are there once all is linked. */
extern int sqlite3_config(int, ...) __attribute__((weak));
extern void count_malloc_read(struct counted *) __attribute__((weak));

static struct sqlite_methods next;
static struct counted counted;

static void add(uint64_t *counter, uint64_t value)
{
	__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static void *allocated(void *pointer)
{
	if (pointer) {
		add(&counted.objects, 1);
		add(&counted.bytes, (uint64_t)next.size(pointer) + PREFIX);
	}
	return pointer;
}

static void freed(uint64_t size)
{
	add(&counted.freed, 1);
	add(&counted.freed_bytes, size + PREFIX);
}

static void *take(int size)
{
	return allocated(next.take(size));
}

static void give(void *pointer)
{
	freed((uint64_t)next.size(pointer));
	next.give(pointer);
}

static void *resize(void *pointer, int size)
{
	uint64_t before = (uint64_t)next.size(pointer);
	void *made = next.resize(pointer, size);

	if (made)
		freed(before);
	return allocated(made);
}

int counted_begin(void)
{
	struct sqlite_methods own;
	int error = sqlite3_config(CONFIG_GETMALLOC, &next);

	own = next;
	own.take = take;
	own.give = give;
	own.resize = resize;
	return error ? error : sqlite3_config(CONFIG_MALLOC, &own);
}

struct counted counted_by_sqlite(void)
{
	return counted;
}

struct counted counted_by_malloc(void)
{
	struct counted all = {0};

	if (count_malloc_read)
		count_malloc_read(&all);
	return all;
}
