/* The verdicts that belong to a binary. */
#ifndef VERDICTS_VERDICT_FIND_H
#define VERDICTS_VERDICT_FIND_H

#include "base/error.h"

#include <stddef.h>

struct verdict_set;

/*
 * Find the verdicts of the binary with the Go build ID BUILD_ID: in the sidecar BINARY.escv when BINARY is not NULL and
 * there is one, else in the store. The ID is a hash of all that went into the binary, so what is found belongs to it.
 * *SET is the caller's to free with verdict_set_free; *MISSING (may be NULL) becomes how many of the binary's packages
 * are no longer in the store. STATUS_NO_ENTRY when none are found; STATUS_ERROR for a sidecar that is damaged or of
 * another build.
 */
enum status verdict_find(struct verdict_set **set, const char *binary, const char *build_id, size_t *missing,
			 struct error *error);

/*
 * The verdicts in a build's log of -gcflags=-m or -m=2, the file PATH; *SET as above. The go command writes names
 * relative to where it ran: they are taken to be relative to this process's directory. Errors: unreadable, or not one
 * verdict in it.
 */
enum status verdict_find_in_log(struct verdict_set **set, const char *path, struct error *error);

#endif
