/* Plans by the files that they were made of: a program that is started again and again is read once. */
#ifndef COLLECTOR_PLAN_STORE_H
#define COLLECTOR_PLAN_STORE_H

#include "base/error.h"

#include <stdint.h>

struct plan;
struct plan_store;

#define PLAN_STORE_MAX 16 /* plans that are kept */

/*
 * An empty one, of plans with LIVE_RATE (plan_make) that have FOLLOWER told of children (plan_follow; NULL: nobody),
 * which is borrowed. Free with plan_store_free.
 */
struct plan_store *plan_store_new(uint64_t live_rate, const char *follower);

/* Free; NULL is ignored. Plans that were handed out stay. */
void plan_store_free(struct plan_store *store);

/*
 * The plan of the program file PATH, which is to be freed with plan_free: the one that is kept, unless the file has
 * changed since. Status and ERROR as of plan_make.
 */
enum status plan_store_get(struct plan_store *store, const char *path, struct plan **plan, struct error *error);

#endif
