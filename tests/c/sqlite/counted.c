#include "counted.h"

#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
extern int mallctl(const char *, void *, size_t *, void *, size_t) __attribute__((weak));

static struct sqlite_methods next;
static struct counted counted, in_place;

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

/* The block that malloc has made for POINTER. */
static uint64_t block_of(void *pointer)
{
	return malloc_usable_size((char *)pointer - PREFIX);
}

static void *resize(void *pointer, int size)
{
	uint64_t before = (uint64_t)next.size(pointer), block = block_of(pointer);
	void *made = next.resize(pointer, size);

	if (made)
		freed(before);
	if (made && made == pointer && block_of(made) == block) {
		add(&in_place.objects, 1);
		add(&in_place.bytes, block);
	}
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

struct counted counted_in_place(void)
{
	return in_place;
}

int statistics_are_jemallocs(void)
{
	return mallctl != NULL;
}

/* jemalloc's interface (http://jemalloc.net/jemalloc.3.html): a number by its name, of SIZE bytes. */
static uint64_t ask(const char *name, size_t size)
{
	uint64_t value = 0;

	return mallctl(name, &value, &size, NULL, 0) ? 0 : value;
}

/* Add up the COUNT classes of sizes of a KIND, whose sizes are NAMED so. */
static void add_classes(struct counted *all, uint64_t count, const char *kind, const char *named)
{
	char name[64];

	for (uint64_t i = 0; i < count; i++) {
		uint64_t size, made, freed;

		snprintf(name, sizeof(name), "arenas.%s.%d.size", named, (int)i);
		size = ask(name, sizeof(size_t));
		snprintf(name, sizeof(name), "stats.arenas.4096.%s.%d.nmalloc", kind, (int)i); /* of all arenas */
		made = ask(name, sizeof(uint64_t));
		snprintf(name, sizeof(name), "stats.arenas.4096.%s.%d.ndalloc", kind, (int)i);
		freed = ask(name, sizeof(uint64_t));
		all->objects += made;
		all->bytes += made * size;
		all->freed += freed;
		all->freed_bytes += freed * size;
	}
}

/* The size that XML gives for the first element that BEGINS so. */
static uint64_t size_in(const char *xml, const char *begins)
{
	const char *size = strstr(xml, begins);

	size = size ? strstr(size, "size=\"") : NULL;
	return size ? strtoull(size + 6, NULL, 10) : 0;
}

/*
 * What of all arenas is not free, and what is mapped by itself: mallinfo2 knows of the main arena alone. After the arenas
 * the sums stand. What lies in threads' caches counts as in use.
 */
static uint64_t glibc_in_use(void)
{
	static char text[4 << 20];
	FILE *file = fmemopen(text, sizeof(text), "w");
	const char *sums = text, *next;

	if (!file || malloc_info(0, file) || fclose(file) || !strstr(text, "</malloc>"))
		abort();
	while ((next = strstr(sums, "</heap>")))
		sums = next + 1;
	return size_in(sums, "<system type=\"current\"") - size_in(sums, "<total type=\"fast\"") -
	       size_in(sums, "<total type=\"rest\"") + size_in(sums, "<total type=\"mmap\"");
}

static struct statistics read_all(void)
{
	struct statistics statistics = {0};
	uint64_t now = 1;

	if (!mallctl) {
		statistics.in_use = glibc_in_use();
		return statistics;
	}
	mallctl("epoch", NULL, NULL, &now, sizeof(now));
	statistics.in_use = ask("stats.allocated", sizeof(size_t));
	add_classes(&statistics.all, ask("arenas.nbins", sizeof(unsigned)), "bins", "bin");
	add_classes(&statistics.all, ask("arenas.nlextents", sizeof(unsigned)), "lextents", "lextent");
	return statistics;
}

/* What libraries had before this program began. */
static struct statistics before;

__attribute__((constructor)) static void note_before(void)
{
	before = read_all();
}

struct statistics statistics_read(void)
{
	struct statistics now = read_all();

	now.in_use -= before.in_use;
	now.all.objects -= before.all.objects;
	now.all.bytes -= before.all.bytes;
	now.all.freed -= before.all.freed;
	now.all.freed_bytes -= before.all.freed_bytes;
	return now;
}
