/*
 * Whether a program was built with a sanitizer that has a malloc of its own (-fsanitize=address and its like). Such a
 * runtime has to be the first in front of malloc, and its program does not start where another library is.
 */
#ifndef BINARY_ELF_SANITIZER_H
#define BINARY_ELF_SANITIZER_H

#include <stdbool.h>

struct elf_image;

/* Whether IMAGE, a program, has one: linked to, or linked in. Not where the latter was stripped of its symbols. */
bool elf_sanitizer_is_in(struct elf_image *image);

/* Whether one of the LIBRARIES, paths or names with colons or spaces between them (LD_PRELOAD), is one. NULL: none. */
bool elf_sanitizer_is_among(const char *libraries);

/*
 * Whether the program in file PATH has one, or gets one by PRELOADED, LD_PRELOAD's value. Either may be NULL; what is
 * no program has none.
 */
bool elf_sanitizer_is_in_file(const char *path, const char *preloaded);

#endif
