/*
 * C and C++ frames by DWARF: for a PC the chain of inlined calls with function, file and line. libdwarf reads the
 * entries; the line tables have a decoder of their own (dwarf_lines.h says why). Compilation units are read when a PC
 * first falls into them. Not thread-safe.
 */
#ifndef SYMBOLIZER_DWARF_FRAMES_H
#define SYMBOLIZER_DWARF_FRAMES_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct dwarf_frames;
struct elf_image;
struct symbol_frame;

/*
 * Open the debug information of IMAGE, which must outlive it. STATUS_NO_ENTRY: it has none (or only Go's, which
 * pclntab knows better). Close with dwarf_frames_close.
 */
enum status dwarf_frames_open(struct dwarf_frames **frames, struct elf_image *image, struct error *error);

/*
 * SHARED has what FRAMES' debug information refers to in a file that several share, and must outlive it. Before the
 * first dwarf_frames_at; without it names that stand there are "?".
 */
void dwarf_frames_share(struct dwarf_frames *frames, struct elf_image *shared);

/* Free; NULL is ignored. Every string handed out dies with it. */
void dwarf_frames_close(struct dwarf_frames *frames);

/*
 * The inline chain at the link-time PC into CHAIN, innermost first, at most CAPACITY levels. Returns their number; 0
 * when no entry covers PC, or its unit is damaged.
 */
size_t dwarf_frames_at(struct dwarf_frames *frames, uint64_t pc, struct symbol_frame *chain, size_t capacity);

#endif
