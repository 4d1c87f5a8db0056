/*
 * Where verdicts are kept between a build and a report: $ESCPROF_CACHE, or escprof/ in the user's cache directory.
 *
 *     packages/AA/AA…   the verdicts of one compilation, by the go command's action ID
 *     binaries/AA/AA…   the action IDs of the packages in one binary, by the action ID of its link
 *
 * Action IDs are hashes of all that goes into an action, so an entry never becomes stale. Files are written aside and
 * renamed: several builds may run at once.
 */
#ifndef VERDICTS_STORE_H
#define VERDICTS_STORE_H

#include "base/error.h"

#include <stddef.h>

struct verdict_set;

/* The package behind one archive of a link. */
struct store_package {
	char *import_path;
	char *action_id;
};

/* The store's directory, for the caller to free. */
char *store_directory(void);

/* Make the store's directory where it is missing. Errors: it cannot be made, or not be written. */
enum status store_prepare(struct error *error);

/* The part of a Go build ID that names an action: what is before the first '/'. For the caller to free. */
char *store_action_of(const char *build_id);

/* Keep SET as the verdicts of the compilation ACTION_ID. *SIZE (may be NULL) becomes its bytes on disk. */
enum status store_put_package(const char *action_id, const struct verdict_set *set, size_t *size, struct error *error);

/* Add the verdicts of ACTION_ID to SET; STATUS_NO_ENTRY when they are not kept. */
enum status store_get_package(const char *action_id, struct verdict_set *set, struct error *error);

/* Keep which packages the binary linked as ACTION_ID holds. */
enum status store_put_binary(const char *action_id, const struct store_package *packages, size_t count,
			     struct error *error);

/*
 * Add the verdicts of all packages of the binary with the Go build ID BUILD_ID to SET. *MISSING becomes how many
 * packages are no longer kept. STATUS_NO_ENTRY when the binary is not known.
 */
enum status store_get_binary(const char *build_id, struct verdict_set *set, size_t *missing, struct error *error);

/* How much of a binary is in the store. */
struct store_usage {
	size_t kept;    /* packages whose verdicts are there */
	size_t missing; /* packages whose verdicts are not, or are damaged */
	size_t bytes;   /* of those kept, on disk */
};

/* Look at the entries of the binary with the Go build ID BUILD_ID. STATUS_NO_ENTRY when the binary is not known. */
enum status store_check_binary(const char *build_id, struct store_usage *usage, struct error *error);

/* Write SET and BUILD_ID to the sidecar file PATH. */
enum status store_write_sidecar(const char *path, const char *build_id, const struct verdict_set *set,
				struct error *error);

/*
 * Add the verdicts of the sidecar PATH to SET. Errors: damaged, or of a binary whose Go build ID is not BUILD_ID.
 * STATUS_NO_ENTRY when there is no such file.
 */
enum status store_read_sidecar(const char *path, const char *build_id, struct verdict_set *set, struct error *error);

#endif
