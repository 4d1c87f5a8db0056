/*
 * What tells one build's Go function from another's: its machine code without the addresses in it, the functions that
 * it calls, the types that it names, and the inline chain at each of its calls. Two builds of the same source with the
 * same options have the same fingerprint, wherever the linker has put the function; a change that touches what the
 * compiler decided about an allocation changes the code or a call's chain. Not seen: other contents of a constant that
 * the code only points to.
 */
#ifndef BINARY_GO_FINGERPRINT_H
#define BINARY_GO_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

struct elf_image;
struct go_func;
struct go_pclntab;

/*
 * The fingerprint of FUNC, a function of TABLE in IMAGE. Files count by their names without folders, so a build in
 * another folder has the same. False when it cannot be had: no code in the file, or not amd64.
 */
bool go_fingerprint(struct elf_image *image, const struct go_pclntab *table, const struct go_func *func,
		    uint64_t *fingerprint);

enum go_fingerprint_match {
	FINGERPRINT_SAME,
	FINGERPRINT_OTHER,   /* there are functions of that name, and none is the same */
	FINGERPRINT_MISSING, /* there is none */
};

/* Whether a function named NAME in TABLE has FINGERPRINT. Instances of a generic function share their name. */
enum go_fingerprint_match go_fingerprint_match(struct elf_image *image, const struct go_pclntab *table,
					       const char *name, uint64_t fingerprint);

#endif
