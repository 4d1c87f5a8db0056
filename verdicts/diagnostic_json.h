/* Reads what the compiler writes for -json=0,file://DIRECTORY: one file a source file, one diagnostic a line. */
#ifndef VERDICTS_DIAGNOSTIC_JSON_H
#define VERDICTS_DIAGNOSTIC_JSON_H

#include "base/error.h"
#include "verdicts/source_names.h"
#include "verdicts/verdict.h"

#include <stddef.h>

/*
 * Add the escapes and leaks in SIZE bytes at DATA to SET, with inline chains and flows; other diagnostics are passed
 * over. PACKAGE is put into each verdict; "" takes the one of the file's header. NAME stands for the file in
 * messages; NAMES (or NULL) as in source_names.h. JSON never says what does not escape.
 *
 * Damage is an error that names NAME and the line; what came before it has been added.
 */
enum status diagnostic_json_read(struct verdict_set *set, const void *data, size_t size, const char *name,
				 const char *package, const struct source_names *names, struct error *error);

/* The same for every .json file below the folder DIRECTORY, one level deep (a folder a package). */
enum status diagnostic_json_read_directory(struct verdict_set *set, const char *directory, const char *package,
					   const struct source_names *names, struct error *error);

#endif
