/*
 * Offsets of the runtime's structs as the machine code has them: of those that a profiler cannot do without, read from
 * the functions of Go 1.26 and 1.27 that must use them. For Go versions that no table knows. For binary/ alone.
 */
#ifndef BINARY_GO_LAYOUT_CODE_H
#define BINARY_GO_LAYOUT_CODE_H

#include <stdint.h>

struct elf_image;
struct go_pclntab;

/* What was not found is GO_LAYOUT_NONE. */
struct go_layout_code {
	uint32_t g_m, g_goid, g_gopc, g_labels;
	uint32_t m_g0, m_curg, m_p;
	uint32_t p_id, p_mcache;
	uint32_t mcache_next_sample,
	    mcache_seen_rate;                        /* the latter: MemProfileRate as last seen, to Go 1.23 not there */
	uint32_t special_kind, special_kind_profile; /* the latter: the value */
};

/* Read them from IMAGE. */
void go_layout_code_read(struct go_layout_code *found, const struct elf_image *image, const struct go_pclntab *table);

#endif
