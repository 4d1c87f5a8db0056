/*
 * dl_iterate_phdr says what is loaded. The table is append-only; a module that is seen again at the same place keeps
 * its number. Two threads that look at once may add one twice, which does no harm: both numbers name the same file.
 */
#include "collector/preload/c_modules.h"

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

/* What of the table is loaded now, newest first; a place of its own so that a lookup reads little. */
struct range {
	uint64_t start, end;
	uint32_t module;
};

static struct range ranges[C_MODULES];
static uint32_t nranges;
static int busy; /* one thread at a time changes the table */
static uint64_t loader_start, loader_end;
static struct c_control *shared;

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
		if (segment->p_type == PT_NOTE && !module->build_id_size)
			read_build_id(module, (const uint8_t *)at, segment->p_memsz);
	}
}

/* The number of MODULE in the table, added when it is new; C_MODULES: the table is full. */
static uint32_t number_of(const struct c_module *module)
{
	struct c_module *table = c_modules_of(shared);
	uint32_t count = shared->nmodules, i;

	for (i = 0; i < count; i++)
		if (table[i].start == module->start && table[i].end == module->end &&
		    !strcmp(table[i].path, module->path) && table[i].build_id_size == module->build_id_size &&
		    !memcmp(table[i].build_id, module->build_id, module->build_id_size))
			return i;
	if (count == C_MODULES)
		return C_MODULES;
	table[count] = *module;
	__atomic_store_n(&table[count].ready, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&shared->nmodules, count + 1, __ATOMIC_RELEASE);
	return count;
}

/* The ranges of a look, put in place when it is over. */
struct look {
	uint32_t count;
	struct range ranges[C_MODULES];
};

static struct look look;

static int take_module(struct dl_phdr_info *info, size_t size, void *user)
{
	struct c_module module = {.bias = info->dlpi_addr};
	uint32_t number;

	(void)size;
	(void)user;
	find_extent(&module, info);
	if (module.start >= module.end || look.count == C_MODULES)
		return 0;
	if (info->dlpi_name)
		strncpy(module.path, info->dlpi_name, sizeof(module.path) - 1);
	number = number_of(&module);
	if (number == C_MODULES)
		return 0;
	look.ranges[look.count++] = (struct range){module.start, module.end, number};
	return 0;
}

/* Whether it is this thread's turn; false when another one has had it meanwhile, or does not come to an end. */
static bool take_turn(void)
{
	int turn;

	for (turn = 0; turn < PATIENCE; turn++) {
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
	uint32_t i;

	if (!take_turn())
		return;
	look.count = 0;
	dl_iterate_phdr(take_module, NULL);
	/* Readers may see a mix of the old and the new: each range is checked against the table they go by. */
	__atomic_store_n(&nranges, 0, __ATOMIC_RELEASE);
	for (i = 0; i < look.count; i++)
		ranges[i] = look.ranges[i];
	__atomic_store_n(&nranges, look.count, __ATOMIC_RELEASE);
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static int find_loader(struct dl_phdr_info *info, size_t size, void *user)
{
	struct c_module module = {0};
	uint64_t base = getauxval(AT_BASE);

	(void)size;
	(void)user;
	if (!base || info->dlpi_addr != base)
		return 0;
	find_extent(&module, info);
	loader_start = module.start;
	loader_end = module.end;
	return 1;
}

void c_modules_open(struct c_control *region)
{
	shared = region;
	dl_iterate_phdr(find_loader, NULL);
	take_stock();
}

static uint64_t place_in(uint64_t address)
{
	const struct c_module *table = c_modules_of(shared);
	uint32_t count = __atomic_load_n(&nranges, __ATOMIC_ACQUIRE), i;

	for (i = 0; i < count; i++) {
		const struct c_module *module;

		if (address - ranges[i].start >= ranges[i].end - ranges[i].start || ranges[i].module >= C_MODULES)
			continue;
		module = &table[ranges[i].module];
		if (address - module->start >= module->end - module->start)
			continue;
		return module->path[0] ? C_MODULE_BASE(ranges[i].module) | ((address - module->bias) & C_PLACE_MASK)
				       : address - module->bias;
	}
	return 0;
}

uint64_t c_modules_place(struct c_control *region, uint64_t address, bool *fresh)
{
	uint64_t place;

	if (region != shared)
		return C_ANON | (address & C_PLACE_MASK);
	if (C_IS_PLACE(address)) /* a mark */
		return address;
	place = place_in(address);
	if (!place && !*fresh) {
		*fresh = true;
		take_stock();
		place = place_in(address);
	}
	return place ? place : C_ANON | (address & C_PLACE_MASK);
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
