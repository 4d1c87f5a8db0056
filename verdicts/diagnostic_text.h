/* Reading what the compiler prints with -m or -m=2, of Go 1.18 to 1.27. */
#ifndef VERDICTS_DIAGNOSTIC_TEXT_H
#define VERDICTS_DIAGNOSTIC_TEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct verdict_set;

/*
 * Add the verdicts in the SIZE bytes at TEXT to SET. The text knows only the outermost place of what was inlined: its
 * verdicts have chain_known false. PACKAGE names the package when the text is of one alone; NULL: a build's log, in
 * which lines "# import/path" name it. With FILL_ONLY an escape is added only where SET has none with these words at
 * this place: the merge with JSON, which tells more. DIRECTORY is put before relative file names ("./x.go", "x.go");
 * NULL: they stay. Lines that are no verdicts are passed over; there is no error.
 */
void diagnostic_text_read(struct verdict_set *set, const char *package, const char *directory, bool fill_only,
			  const char *text, size_t size);

#endif
