/* Go's run-time type descriptors (internal/abi.Type; Go 1.18 to 1.27): what an allocation's *_type points to. */
#ifndef BINARY_GO_TYPES_H
#define BINARY_GO_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image;
struct go_pclntab;

struct go_type {
	uint64_t size;      /* bytes of a value */
	uint64_t ptr_bytes; /* bytes of the prefix that can hold pointers; 0: never scanned */
	uint8_t kind;       /* abi.Kind without its flags */
	uint64_t elem;      /* address of the element type of an array, chan, map (value), pointer or slice; else 0 */
};

/*
 * Read the type descriptor at the link-time ADDRESS, which must lie in moduledata's types..etypes. False when it does
 * not, or does not look like a type (size, kind and alignment are checked).
 */
bool go_type_read(struct elf_image *image, const struct go_pclntab *table, uint64_t address, struct go_type *type);

/*
 * How many pointers to its own type the struct at ADDRESS (as above) holds, itself or in a struct or array within it: 1
 * as of a list, 2 for more, as of a tree. 0 for everything else, and for what cannot be read.
 */
unsigned go_type_self_links(struct elf_image *image, const struct go_pclntab *table, uint64_t address);

/*
 * The type's name as reflect and fmt's %T print it: "main.E", "[]int", "*http.Request". Packages are named, not given
 * by their paths, as in the compiler's messages too; only in type arguments stand paths
 * ("main.tree[net/http.Request]"). A new string for the caller to free(); NULL when it cannot be read.
 */
char *go_type_name(struct elf_image *image, const struct go_pclntab *table, uint64_t address);

#endif
