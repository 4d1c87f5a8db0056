/* A file is the same as long as its path, inode, size and time of change are. The oldest plan makes room for the next.
 */
#include "collector/plan_store.h"

#include "base/memory.h"
#include "collector/plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct kept_plan {
	struct plan *plan;
	struct stat file; /* as it was before it was read */
};

struct plan_store {
	uint64_t live_rate;
	const char *follower;
	struct kept_plan kept[PLAN_STORE_MAX]; /* a ring */
	size_t next;
};

struct plan_store *plan_store_new(uint64_t live_rate, const char *follower)
{
	struct plan_store *store = memory_alloc(1, sizeof(*store));

	store->live_rate = live_rate;
	store->follower = follower;
	return store;
}

void plan_store_free(struct plan_store *store)
{
	size_t i;

	if (!store)
		return;
	for (i = 0; i < PLAN_STORE_MAX; i++)
		plan_free(store->kept[i].plan);
	free(store);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A path in /proc leads to the file of a process, and elsewhere or nowhere when that has ended. */
static bool is_lasting(const char *path)
{
	return strncmp(path, "/proc/", 6) != 0;
}

static void keep(struct plan_store *store, struct plan *plan, const struct stat *file)
{
	struct kept_plan *place = &store->kept[store->next++ % PLAN_STORE_MAX];

	plan_free(place->plan);
	*place = (struct kept_plan){plan_share(plan), *file};
}

enum status plan_store_get(struct plan_store *store, const char *path, struct plan **plan, struct error *error)
{
	struct stat file;
	bool is_known = !stat(path, &file) && is_lasting(path);
	enum status status;
	size_t i;

	for (i = 0; is_known && i < PLAN_STORE_MAX; i++) {
		const struct kept_plan *kept = &store->kept[i];

		if (!kept->plan || !is_same_file(&kept->file, &file) ||
		    strcmp(plan_program(kept->plan)->path, path) != 0)
			continue;
		*plan = plan_share(kept->plan);
		return STATUS_OK;
	}
	status = plan_make(plan, path, store->live_rate, error);
	if (status != STATUS_OK)
		return status;
	if (store->follower)
		plan_follow(*plan, store->follower);
	if (is_known)
		keep(store, *plan, &file);
	return STATUS_OK;
}
