/* Debug information that lies in a file of its own, as distributions ship it. */
#ifndef SYMBOLIZER_DEBUG_FILE_H
#define SYMBOLIZER_DEBUG_FILE_H

struct elf_image;

/*
 * Open the file with IMAGE's debug information: by its build ID below /usr/lib/debug/.build-id, or by its
 * .gnu_debuglink beside it, in .debug/ there, or below /usr/lib/debug. What is opened has the same build ID, or the
 * checksum that the link tells. NULL when there is none; close it with elf_image_close.
 */
struct elf_image *debug_file_open(struct elf_image *image);

/*
 * Open the file that IMAGE's debug information shares with others' (.gnu_debugaltlink, which DWZ writes): where the
 * link says, or by its build ID below /usr/lib/debug/.build-id; it has that build ID. NULL when there is none; close it
 * with elf_image_close.
 */
struct elf_image *debug_file_open_shared(struct elf_image *image);

#endif
