/*
 * In: the addresses of the scheduler's counts. Out: the sum that runtime.gcount makes of them (runtime/proc.go): all
 * goroutines ever made, less those in the free lists of the scheduler and of each P, less the runtime's own. The words
 * change while they are read, as they do for gcount itself.
 */
#include "collector/concurrency.h"

#include "base/memory.h"
#include "binary/go_layout.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define PROCS_MAX    960 /* Ps; with the other pieces within what one process_vm_readv takes (IOV_MAX) */
#define PIECES       6   /* besides the Ps */
#define MUTEX_SIZE   8   /* of runtime.mutex, which stands first in sched.gFree */
#define LIST_POINTER 8   /* of a gList without a count of its own */

/* What one look reads. */
struct counts {
	uint64_t allp[2]; /* pointer and length */
	uint64_t allglen;
	int32_t ngsys, npidle;
	int32_t free[2]; /* of sched.gFree: with stacks and without, or both in the first */
	int32_t p_free[PROCS_MAX];
};

struct concurrency {
	uint64_t allp, allglen, ngsys, npidle, free[2]; /* addresses; free[1] is 0 where one count is for both */
	uint64_t p_free;                                /* bytes from a P's start */
	uint64_t procs_at;                              /* where the pointers were that PROCS is a copy of */
	uint64_t procs[PROCS_MAX];
	size_t nprocs;
	struct counts counts;
};

static bool layout_tells(const struct go_layout *layout)
{
	return layout->sched && layout->allp && layout->allglen && layout->sched_ngsys != GO_LAYOUT_NONE &&
	       layout->sched_npidle != GO_LAYOUT_NONE && layout->sched_free != GO_LAYOUT_NONE &&
	       layout->p_free != GO_LAYOUT_NONE;
}

struct concurrency *concurrency_new(const struct go_layout *layout, uint64_t bias)
{
	struct concurrency *made;
	uint64_t lists;

	if (!layout_tells(layout))
		return NULL;
	made = memory_alloc(1, sizeof(*made));
	made->allp = layout->allp + bias;
	made->allglen = layout->allglen + bias;
	made->ngsys = layout->sched + layout->sched_ngsys + bias;
	made->npidle = layout->sched + layout->sched_npidle + bias;
	lists = layout->sched + layout->sched_free + MUTEX_SIZE + bias;
	if (layout->list_size != GO_LAYOUT_NONE) { /* two lists, each a pointer and its count */
		made->free[0] = lists + layout->list_size;
		made->free[1] = made->free[0] + 2 * LIST_POINTER;
		made->p_free = layout->p_free + layout->list_size;
	} else { /* two pointers, one count behind them; in a P one pointer */
		made->free[0] = lists + 2 * LIST_POINTER;
		made->p_free = layout->p_free + LIST_POINTER;
	}
	return made;
}

void concurrency_free(struct concurrency *concurrency)
{
	free(concurrency);
}

static void add_piece(struct iovec *local, struct iovec *remote, size_t *count, void *to, uint64_t from, size_t size)
{
	if (!from)
		return;
	local[*count] = (struct iovec){.iov_base = to, .iov_len = size};
	remote[(*count)++] = (struct iovec){.iov_base = (void *)(uintptr_t)from, .iov_len = size};
}

static bool read_pieces(pid_t pid, const struct iovec *local, const struct iovec *remote, size_t count)
{
	ssize_t wanted = 0;

	for (size_t i = 0; i < count; i++)
		wanted += (ssize_t)local[i].iov_len;
	return process_vm_readv(pid, local, count, remote, count, 0) == wanted;
}

/* Everything that counts, with the Ps as they were last seen. */
static bool read_counts(struct concurrency *concurrency, pid_t pid)
{
	struct iovec local[PIECES + PROCS_MAX], remote[PIECES + PROCS_MAX];
	struct counts *counts = &concurrency->counts;
	size_t count = 0;

	add_piece(local, remote, &count, counts->allp, concurrency->allp, sizeof(counts->allp));
	add_piece(local, remote, &count, &counts->allglen, concurrency->allglen, sizeof(counts->allglen));
	add_piece(local, remote, &count, &counts->ngsys, concurrency->ngsys, sizeof(counts->ngsys));
	add_piece(local, remote, &count, &counts->npidle, concurrency->npidle, sizeof(counts->npidle));
	counts->free[1] = 0;
	for (size_t i = 0; i < 2; i++)
		add_piece(local, remote, &count, &counts->free[i], concurrency->free[i], sizeof(counts->free[i]));
	for (size_t i = 0; i < concurrency->nprocs; i++)
		add_piece(local, remote, &count, &counts->p_free[i], concurrency->procs[i] + concurrency->p_free,
			  sizeof(counts->p_free[i]));
	return read_pieces(pid, local, remote, count);
}

/* Whether the Ps are still those that were seen last; takes over their new place and number if not. */
static bool procs_are_known(struct concurrency *concurrency)
{
	const struct counts *counts = &concurrency->counts;

	if (counts->allp[0] == concurrency->procs_at && counts->allp[1] == concurrency->nprocs)
		return true;
	concurrency->procs_at = counts->allp[0];
	concurrency->nprocs = counts->allp[1] <= PROCS_MAX ? counts->allp[1] : 0;
	return false;
}

static bool read_procs(struct concurrency *concurrency, pid_t pid)
{
	size_t size = concurrency->nprocs * sizeof(concurrency->procs[0]);
	struct iovec local = {.iov_base = concurrency->procs, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)concurrency->procs_at, .iov_len = size};

	if (size && read_pieces(pid, &local, &remote, 1)) {
		for (size_t i = 0; i < concurrency->nprocs; i++)
			if (!concurrency->procs[i])
				concurrency->nprocs = 0; /* not made yet */
		if (concurrency->nprocs)
			return true;
	}
	concurrency->nprocs = 0;
	return false;
}

static void count(const struct concurrency *concurrency, struct concurrency_now *now)
{
	const struct counts *counts = &concurrency->counts;
	int64_t goroutines = (int64_t)counts->allglen - counts->ngsys - counts->free[0] - counts->free[1];
	int64_t running = (int64_t)concurrency->nprocs - counts->npidle;

	for (size_t i = 0; i < concurrency->nprocs; i++)
		goroutines -= counts->p_free[i];
	now->goroutines = goroutines < 1 ? 1 : (uint64_t)goroutines; /* as gcount has it */
	now->running = running < 0 ? 0 : (uint64_t)running;
	now->procs = concurrency->nprocs;
}

bool concurrency_read(struct concurrency *concurrency, pid_t pid, struct concurrency_now *now)
{
	*now = (struct concurrency_now){UINT64_MAX, UINT64_MAX, UINT64_MAX};
	if (!concurrency || !read_counts(concurrency, pid))
		return false;
	if (!procs_are_known(concurrency) && (!read_procs(concurrency, pid) || !read_counts(concurrency, pid)))
		return false;
	if (!concurrency->nprocs)
		return false;
	count(concurrency, now);
	return true;
}
