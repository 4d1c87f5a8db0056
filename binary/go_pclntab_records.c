/* The words, texts and chains of Go's function table, read where they lie in the file. */
#include "binary/go_pclntab_records.h"

#include "base/cursor.h"
#include "binary/elf_image.h"

#include <string.h>

#define FUNCDATA_INLINE_TREE 3 /* cmd/internal/objabi/funcdata.go: FUNCDATA_InlTree */

bool pclntab_u32(const struct go_pclntab *table, uint64_t offset, uint32_t *value)
{
	if (offset > table->size || table->size - offset < 4)
		return false;
	memcpy(value, table->data + offset, 4);
	return true;
}

const char *pclntab_string(const struct go_pclntab *table, uint64_t offset)
{
	if (offset >= table->size || !memchr(table->data + offset, 0, table->size - offset))
		return NULL;
	return (const char *)table->data + offset;
}

bool pclntab_entry(const struct go_pclntab *table, uint32_t index, uint64_t *entry)
{
	uint32_t offset;

	if (!pclntab_u32(table, table->funcs + 8ull * index, &offset))
		return false;
	*entry = table->text_start + offset;
	return true;
}

bool pclntab_record_at(const struct go_pclntab *table, uint32_t index, struct pclntab_record *record)
{
	struct cursor cursor;
	uint32_t offset;
	uint64_t at;

	if (index >= table->nfuncs || !pclntab_u32(table, table->funcs + 8ull * index + 4, &offset))
		return false;
	at = table->funcs + offset;
	if (at > table->size)
		return false;
	cursor = cursor_make(table->data + at, table->size - at);
	record->entry = table->text_start + cursor_u32(&cursor);
	record->name = cursor_u32(&cursor);
	cursor_skip(&cursor, 12);
	record->pcfile = cursor_u32(&cursor);
	record->pcline = cursor_u32(&cursor);
	record->npcdata = cursor_u32(&cursor);
	record->cu = cursor_u32(&cursor);
	record->start_line = table->is_118 ? 0 : (int32_t)cursor_u32(&cursor);
	record->func_id = cursor_u8(&cursor);
	cursor_skip(&cursor, 2);
	record->nfuncdata = cursor_u8(&cursor);
	record->tables = at + (table->is_118 ? 40 : 44);
	return !cursor.failed;
}

int32_t pclntab_value(const struct go_pclntab *table, uint32_t offset, uint64_t entry, uint64_t pc)
{
	uint64_t at = table->pcs + offset, here = entry;
	struct cursor cursor;
	int32_t value = -1;
	bool first = true;

	if (!offset || at >= table->size)
		return -1;
	cursor = cursor_make(table->data + at, table->size - at);
	while (!cursor.failed) {
		uint64_t delta = cursor_uleb(&cursor);

		if (!delta && !first)
			break;
		first = false;
		/* Unsigned: a damaged table may overflow. */
		value = (int32_t)((uint32_t)value + (uint32_t)(delta & 1 ? ~(delta >> 1) : delta >> 1));
		here += cursor_uleb(&cursor);
		if (pc < here)
			return cursor.failed ? -1 : value;
	}
	return -1;
}

int32_t pclntab_pcdata(const struct go_pclntab *table, const struct pclntab_record *record, uint32_t which, uint64_t pc)
{
	uint32_t offset;

	if (which >= record->npcdata || !pclntab_u32(table, record->tables + 4ull * which, &offset))
		return -1;
	return pclntab_value(table, offset, record->entry, pc);
}

uint64_t pclntab_inline_tree(const struct go_pclntab *table, const struct pclntab_record *record)
{
	uint32_t offset;

	if (record->nfuncdata <= FUNCDATA_INLINE_TREE || !table->gofunc ||
	    !pclntab_u32(table, record->tables + 4ull * record->npcdata + 4ull * FUNCDATA_INLINE_TREE, &offset) ||
	    offset == UINT32_MAX)
		return 0;
	return table->gofunc + offset;
}

/* Go 1.20 and later 16 bytes, before that 20. */
bool pclntab_inlined_at(const struct go_pclntab *table, uint64_t tree, int32_t index, struct pclntab_inlined *inlined)
{
	uint64_t entry_size = table->is_118 ? 20 : 16, at = tree + entry_size * (uint64_t)index;
	struct cursor cursor;
	const uint8_t *bytes;
	size_t available;

	bytes = tree && index >= 0 ? elf_image_at(table->image, at, &available) : NULL;
	if (!bytes || available < entry_size)
		return false;
	cursor = cursor_make(bytes, entry_size);
	if (table->is_118) { /* int16 parent, uint8 funcID, pad; int32 file, line, func; int32 parentPc */
		cursor_skip(&cursor, 2);
		inlined->func_id = cursor_u8(&cursor);
		cursor_skip(&cursor, 9);
		inlined->name = cursor_u32(&cursor);
		inlined->parent_pc = (int32_t)cursor_u32(&cursor);
		inlined->start_line = 0;
		return true;
	}
	inlined->func_id = cursor_u8(&cursor);
	cursor_skip(&cursor, 3);
	inlined->name = cursor_u32(&cursor);
	inlined->parent_pc = (int32_t)cursor_u32(&cursor);
	inlined->start_line = (int32_t)cursor_u32(&cursor);
	return true;
}
