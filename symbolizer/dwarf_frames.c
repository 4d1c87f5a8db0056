/* C and C++ frames by DWARF: not read yet, so that the symbol table names them. */
#include "symbolizer/dwarf_frames.h"

enum status dwarf_frames_open(struct dwarf_frames **frames, struct elf_image *image, struct error *error)
{
	(void)frames;
	(void)image;
	(void)error;
	return STATUS_NO_ENTRY;
}

void dwarf_frames_close(struct dwarf_frames *frames)
{
	(void)frames;
}

size_t dwarf_frames_at(struct dwarf_frames *frames, uint64_t pc, struct symbol_frame *chain, size_t capacity)
{
	(void)frames;
	(void)pc;
	(void)chain;
	(void)capacity;
	return 0;
}
