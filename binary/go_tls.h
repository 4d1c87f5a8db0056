/* Where a Go program keeps the running goroutine, g, in thread-local storage: what C code that it calls can find it by.
 */
#ifndef BINARY_GO_TLS_H
#define BINARY_GO_TLS_H

#include <stdbool.h>
#include <stdint.h>

struct elf_image;
struct go_pclntab;

/*
 * From the instructions that load g in the Go program IMAGE: *OFFSET from the thread pointer with *SLOT 0, or *SLOT,
 * the link-time address of the word that the loader puts that offset into. False when there is no such instruction.
 */
bool go_tls_find(const struct elf_image *image, const struct go_pclntab *table, uint64_t *slot, int64_t *offset);

#endif
