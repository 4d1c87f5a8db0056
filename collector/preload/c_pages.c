/*
 * An index by the page's number, of which an entry is made once and never changed. A page has the first of a few
 * entries that was free when it came. Where none was, or no page of ours was left, it never has one, since none is ever
 * given back.
 */
#include "collector/preload/c_pages.h"

#include "collector/preload/c_pointers.h"
#include "collector/preload/c_shared.h"

#include <stddef.h>
#include <sys/mman.h>

#define PAGE_SHIFT 12
#define SHIFT      4 /* bytes of a place */
#define PLACES     (1u << (PAGE_SHIFT - SHIFT))
#define SPREAD     2 /* entries of the index for each page */
#define PROBES     8
#define RUN_SHIFT  4 /* so many pages that follow each other do so in the index, in a cache line or two */

struct page {
	struct c_pointer places[PLACES];
};

static struct page *pages;
static uint64_t *entries; /* the number of the program's page, above; below that of ours and one; 0: free */
static uint32_t npages, used;

void c_pages_open(uint32_t count)
{
	size_t size = count * sizeof(*pages) + SPREAD * count * sizeof(*entries);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return;
	pages = memory;
	entries = (uint64_t *)(pages + count);
	npages = count;
	used = 0;
}

void c_pages_close(void)
{
	if (npages)
		munmap(pages, npages * sizeof(*pages) + SPREAD * npages * sizeof(*entries));
	npages = 0;
}

/* A page of ours that nobody has; 0: none is left. Numbers begin with 1. */
static uint32_t take_page(void)
{
	uint32_t number;

	if (__atomic_load_n(&used, __ATOMIC_RELAXED) >= npages)
		return 0;
	number = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
	return number < npages ? number + 1 : 0;
}

static inline struct c_pointer *place_in(uint64_t entry, uint64_t address)
{
	return &pages[(entry & UINT16_MAX) - 1].places[address >> SHIFT & (PLACES - 1)];
}

struct c_pointer *c_pages_place(uint64_t address, bool add)
{
	uint64_t number = address >> PAGE_SHIFT;
	uint64_t start = number + ((number >> RUN_SHIFT) * C_HASH_FACTOR >> 32);
	uint32_t i, page;

	if (!npages || address & ((1u << SHIFT) - 1))
		return NULL;
	for (i = 0; i < PROBES; i++) {
		uint64_t *entry = &entries[(start + (i << RUN_SHIFT)) & (SPREAD * npages - 1)];
		uint64_t known = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

		if (!known) {
			page = add ? take_page() : 0;
			if (!page)
				return NULL;
			if (__atomic_compare_exchange_n(entry, &known, number << 16 | page, false, __ATOMIC_ACQ_REL,
							__ATOMIC_ACQUIRE))
				known = number << 16 | page;
		}
		if (known >> 16 == number)
			return place_in(known, address);
	}
	return NULL;
}
