/* Verdicts for a program that was not built with `escprof build`: its source is built once more, the same way. */
#ifndef CLI_SOURCE_VERDICTS_H
#define CLI_SOURCE_VERDICTS_H

#include "base/error.h"

struct go_buildinfo;
struct verdict_proof;
struct verdict_set;

/*
 * Build the package that INFO names in DIRECTORY, with INFO's settings and Go version, keeping the verdicts: *SET the
 * build's (free with verdict_set_free), *PROOF to compare that build with the program at hand (verdict_proof_free).
 * Shows its progress on a terminal. Errors: no go command, the build fails (what it said has been printed), another Go
 * version than INFO's came out.
 */
enum status source_verdicts_make(struct verdict_set **set, struct verdict_proof **proof, const char *directory,
				 const struct go_buildinfo *info, struct error *error);

#endif
