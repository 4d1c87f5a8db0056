/*
 * dl_iterate_phdr says what is loaded. The table of modules is append-only, since stacks name them for good; where they
 * lie now is kept apart, and made anew when an address is in none of them, or one was unloaded.
 */
#include "collector/preload/c_modules.h"

#include "collector/preload/c_sum.h"
#include "collector/preload/readable.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#define NOTE_GNU 3 /* NT_GNU_BUILD_ID */
#define PATIENCE                                                                                                       \
	200 /* turns that one waits for another thread's look at what is loaded; its stack then stays unnamed */

/* Where a module of the table lies now. */
struct range {
	uint64_t start, end, bias;
	uint32_t module;
	bool is_program;
};

/* What is loaded. There are two, of which one is read while the other is made. */
struct stock {
	uint64_t unloads; /* of libraries, before it was made */
	uint32_t count;
	struct range ranges[C_MODULES];
};

static struct stock stocks[2];
static uint32_t turn;   /* how often a stock was put in place; the last bit tells which one it is */
static int busy;        /* one thread at a time makes one */
static uint32_t nfirst; /* modules that were there from the start */
static uint64_t late_low = UINT64_MAX, late_high; /* where all others have been */
static uint64_t loader_start, loader_end;
static struct c_control *shared;
static struct c_module scratch; /* of whose turn it is: too big for a stack that may be small */

static void read_build_id(struct c_module *module, const uint8_t *note, uint64_t size)
{
	while (size > sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr header;
		uint64_t name, description;

		memcpy(&header, note, sizeof(header));
		name = (header.n_namesz + 3ull) & ~3ull;
		description = (header.n_descsz + 3ull) & ~3ull;
		if (sizeof(header) + name + description > size)
			return;
		if (header.n_type == NOTE_GNU && header.n_namesz == 4 && !memcmp(note + sizeof(header), "GNU", 4) &&
		    header.n_descsz <= sizeof(module->build_id)) {
			module->build_id_size = header.n_descsz;
			memcpy(module->build_id, note + sizeof(header) + name, header.n_descsz);
			return;
		}
		note += sizeof(header) + name + description;
		size -= sizeof(header) + name + description;
	}
}

/* Whether SEGMENT lies in a part of the file that is loaded, to be read. */
static bool is_loaded(const struct dl_phdr_info *info, const ElfW(Phdr) * segment)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *load = &info->dlpi_phdr[i];

		if (load->p_type == PT_LOAD && load->p_flags & PF_R && segment->p_vaddr >= load->p_vaddr &&
		    segment->p_vaddr - load->p_vaddr <= load->p_filesz &&
		    segment->p_memsz <= load->p_filesz - (segment->p_vaddr - load->p_vaddr))
			return true;
	}
	return false;
}

/*
 * The sum goes on with what is at ADDRESS, as far as it can be read: of a file that was made shorter since, pages are
 * gone whose reading would end the program.
 */
static uint64_t sum_up(uint64_t sum, uint64_t address, uint64_t size)
{
	uint64_t known = 0, at;

	for (at = address & ~4095ull; at < address + size; at += 4096)
		if (!readable_word(at, &known))
			return sum;
	return c_sum_add(sum, (const uint8_t *)address, size);
}

static uint64_t at_most(uint64_t size, uint64_t limit)
{
	return size < limit ? size : limit;
}

/* Of a library that has no build ID: by what the collector tells later whether its file is still the same. */
static uint64_t sum_of(const struct dl_phdr_info *info)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && !segment->p_offset && segment->p_flags & PF_R)
			sum = sum_up(C_SUM_EMPTY, info->dlpi_addr + segment->p_vaddr,
				     at_most(segment->p_filesz, C_SUM_HEADERS));
	}
	for (i = 0; sum && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_GNU_EH_FRAME && is_loaded(info, segment))
			sum = sum_up(sum, info->dlpi_addr + segment->p_vaddr, at_most(segment->p_memsz, C_SUM_TABLE));
	}
	return sum;
}

static void find_extent(struct c_module *module, const struct dl_phdr_info *info)
{
	int i;

	module->start = UINT64_MAX;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uint64_t at = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && at < module->start)
			module->start = at;
		if (segment->p_type == PT_LOAD && at + segment->p_memsz > module->end)
			module->end = at + segment->p_memsz;
		if (segment->p_type == PT_NOTE && !module->build_id_size && is_loaded(info, segment))
			read_build_id(module, (const uint8_t *)at, segment->p_memsz);
	}
}

/*
 * The number of MODULE in the table, added when it is new; C_MODULES: the table is full. The same file that is loaded
 * again, somewhere else, keeps its number; another one under its name has its own. Paths, which lie a page away, are
 * compared last: the loader's list is locked.
 */
static uint32_t number_of(const struct c_module *module)
{
	struct c_module *table = c_modules_of(shared);
	uint32_t count = shared->nmodules, i;

	for (i = 0; i < count; i++)
		if (table[i].build_id_size == module->build_id_size && table[i].sum == module->sum &&
		    !memcmp(table[i].build_id, module->build_id, module->build_id_size) &&
		    !strcmp(table[i].path, module->path))
			return i;
	if (count == C_MODULES)
		return C_MODULES;
	memcpy(&table[count], module, offsetof(struct c_module, path) + strlen(module->path) + 1);
	__atomic_store_n(&table[count].ready, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->nmodules, count + 1, __ATOMIC_RELEASE);
	return count;
}

static void note_late(const struct c_module *module)
{
	if (module->start < late_low)
		__atomic_store_n(&late_low, module->start, __ATOMIC_RELAXED);
	if (module->end > late_high)
		__atomic_store_n(&late_high, module->end, __ATOMIC_RELAXED);
}

/* The number that MODULE had when stock was taken before, if nothing was unloaded since; C_MODULES: none. */
static uint32_t number_before(const struct c_module *module, uint64_t unloads)
{
	const struct stock *before = &stocks[turn & 1];
	uint32_t i;

	for (i = 0; before->unloads == unloads && i < before->count; i++) {
		const struct range *range = &before->ranges[i];

		if (range->start == module->start && range->end == module->end && range->bias == module->bias &&
		    !strcmp(c_modules_of(shared)[range->module].path, module->path))
			return range->module;
	}
	return C_MODULES;
}

/* The number of MODULE, which INFO tells of. Its sum is made once: it reads pages, and the loader's list is locked. */
static uint32_t number_in(struct c_module *module, const struct dl_phdr_info *info)
{
	uint32_t number = C_MODULES;

	if (!module->build_id_size && module->path[0]) {
		number = number_before(module, info->dlpi_subs);
		if (number == C_MODULES)
			module->sum = sum_of(info);
	}
	return number == C_MODULES ? number_of(module) : number;
}

/* What INFO tells of a module, into the scratch. Only as much of a path is written as there is. */
static struct c_module *describe(const struct dl_phdr_info *info)
{
	const char *path = info->dlpi_name ? info->dlpi_name : "";
	size_t length = strlen(path);

	if (length >= sizeof(scratch.path))
		length = sizeof(scratch.path) - 1;
	memset(&scratch, 0, offsetof(struct c_module, path));
	memcpy(scratch.path, path, length);
	scratch.path[length] = 0;
	scratch.bias = info->dlpi_addr;
	find_extent(&scratch, info);
	return &scratch;
}

static int take_module(struct dl_phdr_info *info, size_t size, void *user)
{
	struct c_module *module = describe(info);
	struct stock *stock = user;
	uint32_t number;

	(void)size;
	stock->unloads = info->dlpi_subs;
	if (module->start >= module->end || stock->count == C_MODULES)
		return 0;
	number = number_in(module, info);
	if (number == C_MODULES)
		return 0;
	if (nfirst && number >= nfirst)
		note_late(module);
	stock->ranges[stock->count++] =
	    (struct range){module->start, module->end, module->bias, number, !module->path[0]};
	return 0;
}

/* Whether it is this thread's turn; false when another one has had it meanwhile, or does not come to an end. */
static bool take_turn(void)
{
	int tries;

	for (tries = 0; tries < PATIENCE; tries++) {
		int nobody = 0;

		if (__atomic_compare_exchange_n(&busy, &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
		sched_yield();
	}
	return false;
}

/* The loader's list is walked with its lock held: nothing in there waits. */
static void take_stock(void)
{
	struct stock *stock;

	if (!take_turn())
		return;
	stock = &stocks[(turn + 1) & 1];
	stock->count = 0;
	dl_iterate_phdr(take_module, stock);
	__atomic_store_n(&turn, turn + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static int find_loader(struct dl_phdr_info *info, size_t size, void *user)
{
	uint64_t base = getauxval(AT_BASE);

	(void)size;
	(void)user;
	if (!base || info->dlpi_addr != base)
		return 0;
	describe(info);
	loader_start = scratch.start;
	loader_end = scratch.end;
	return 1;
}

void c_modules_open(struct c_control *region)
{
	shared = region;
	dl_iterate_phdr(find_loader, NULL);
	take_stock();
	nfirst = shared->nmodules;
}

static uint64_t place_in(const struct stock *stock, uint64_t address)
{
	uint32_t i;

	for (i = 0; i < stock->count && i < C_MODULES; i++) {
		const struct range *range = &stock->ranges[i];

		if (address - range->start >= range->end - range->start)
			continue;
		if (range->is_program)
			return address - range->bias;
		return C_MODULE_BASE(range->module) | ((address - range->bias) & C_PLACE_MASK);
	}
	return 0;
}

/* The place of ADDRESS in what is loaded; 0 when it is in nothing of it. Looks again when it was changed meanwhile. */
static uint64_t place_now(uint64_t address)
{
	uint32_t before, tries;
	uint64_t place = 0;

	for (tries = 0; tries < PATIENCE; tries++) {
		before = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
		place = place_in(&stocks[before & 1], address);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&turn, __ATOMIC_RELAXED) == before)
			break;
	}
	return place;
}

uint64_t c_modules_place(uint64_t address, bool *fresh)
{
	uint64_t place;

	if (C_IS_PLACE(address)) /* a mark */
		return address;
	place = place_now(address);
	if (!place && !*fresh) {
		*fresh = true;
		take_stock();
		place = place_now(address);
	}
	return place ? place : C_ANON | (address & C_PLACE_MASK);
}

uint64_t c_modules_identity(uint64_t address)
{
	uint64_t low = __atomic_load_n(&late_low, __ATOMIC_RELAXED), place;

	if (address < low || address >= __atomic_load_n(&late_high, __ATOMIC_RELAXED))
		return address;
	place = place_now(address);
	return place ? place : address;
}

void c_modules_look_again(void)
{
	take_stock();
}

bool c_modules_is_loader(uint64_t address)
{
	return address - loader_start < loader_end - loader_start;
}

static int take_unloaded(struct dl_phdr_info *info, size_t size, void *user)
{
	if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs))
		*(uint64_t *)user = info->dlpi_subs;
	return 1;
}

uint64_t c_modules_unloaded(void)
{
	uint64_t count = 0;

	dl_iterate_phdr(take_unloaded, &count);
	return count;
}
