/*
 * libdwarf over an image whose sections are inflated here, since Debian's libdwarf and libelf do not know zstd.
 */
#ifndef BINARY_DWARF_OBJECT_H
#define BINARY_DWARF_OBJECT_H

#include "base/error.h"

#include <libdwarf/libdwarf.h>

struct elf_image;
struct dwarf_object;

/*
 * Open the DWARF of IMAGE, which must outlive it. STATUS_NO_ENTRY: there is none, which is no error. Close with
 * dwarf_object_close.
 */
enum status dwarf_object_open(struct dwarf_object **object, struct elf_image *image, struct error *error);

/* Free; NULL is ignored. */
void dwarf_object_close(struct dwarf_object *object);

/* The handle for libdwarf's calls, borrowed. Items got by it are freed with dwarf_dealloc, as usual. */
Dwarf_Debug dwarf_object_debug(const struct dwarf_object *object);

#endif
