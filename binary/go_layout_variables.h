/*
 * Where the runtime's variables lie: by the symbol table, and in stripped programs by the machine code of functions
 * that must use them. For binary/ alone.
 */
#ifndef BINARY_GO_LAYOUT_VARIABLES_H
#define BINARY_GO_LAYOUT_VARIABLES_H

struct elf_image;
struct go_layout;
struct go_pclntab;

/* Fill in the addresses in LAYOUT, whose offsets are known; what is not found stays 0. */
void go_layout_variables_find(struct go_layout *layout, struct elf_image *image, const struct go_pclntab *table);

#endif
