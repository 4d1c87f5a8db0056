/* Type descriptors of the Go runtime, read from the file (internal/abi/type.go). */
#include "binary/go_types.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_pclntab.h"

#include <string.h>

#define TYPE_SIZE       48
#define KIND_MASK       0x1f
#define KIND_MAX        26 /* UnsafePointer */
#define FLAG_EXTRA_STAR 2
#define NAME_MAX_BYTES  65536

enum type_kind { KIND_ARRAY = 17, KIND_CHAN = 18, KIND_MAP = 21, KIND_POINTER = 22, KIND_SLICE = 23, KIND_STRUCT = 25 };

/* abi.StructType: Type, PkgPath, Fields; abi.StructField: Name, Typ, Offset. */
#define ARRAY_LENGTH  64 /* abi.ArrayType: Type, Elem, Slice, Len */
#define STRUCT_FIELDS 56
#define STRUCT_COUNT  64
#define FIELD_SIZE    24
#define FIELD_TYPE    8
#define FIELDS_MAX    1024 /* of a struct: more are not looked at */
#define NESTED_MAX    3    /* structs within structs */

/* The fixed part of abi.Type. */
struct type_descriptor {
	struct go_type type;
	uint8_t flags;
	uint32_t name;
};

static bool types_in_range(const struct go_pclntab *table, uint64_t address, uint64_t size)
{
	uint64_t start, end;

	go_pclntab_types(table, &start, &end);
	return address >= start && address < end && size <= end - address;
}

static bool types_read_descriptor(struct elf_image *image, const struct go_pclntab *table, uint64_t address,
				  struct type_descriptor *descriptor)
{
	size_t available;
	const uint8_t *bytes;
	struct cursor cursor;
	uint8_t align;

	if (!types_in_range(table, address, TYPE_SIZE))
		return false;
	bytes = elf_image_at(image, address, &available);
	if (!bytes || available < TYPE_SIZE)
		return false;
	cursor = cursor_make(bytes, TYPE_SIZE);
	descriptor->type.size = cursor_u64(&cursor);
	descriptor->type.ptr_bytes = cursor_u64(&cursor);
	cursor_skip(&cursor, 4);
	descriptor->flags = cursor_u8(&cursor);
	align = cursor_u8(&cursor);
	cursor_skip(&cursor, 1);
	descriptor->type.kind = cursor_u8(&cursor) & KIND_MASK;
	cursor_skip(&cursor, 16);
	descriptor->name = cursor_u32(&cursor);
	return descriptor->type.kind && descriptor->type.kind <= KIND_MAX && align && align <= 64 &&
	       !(align & (align - 1)) && descriptor->type.ptr_bytes <= descriptor->type.size &&
	       descriptor->type.size < 1ull << 48;
}

static uint64_t types_element(struct elf_image *image, uint64_t address, uint8_t kind)
{
	uint64_t element = 0;

	switch (kind) {
	case KIND_ARRAY:
	case KIND_CHAN:
	case KIND_POINTER:
	case KIND_SLICE:
		elf_image_pointer(image, address + 48, &element);
		break;
	case KIND_MAP:
		elf_image_pointer(image, address + 56, &element);
		break;
	default:
		break;
	}
	return element;
}

bool go_type_read(struct elf_image *image, const struct go_pclntab *table, uint64_t address, struct go_type *type)
{
	struct type_descriptor descriptor;

	if (!types_read_descriptor(image, table, address, &descriptor))
		return false;
	*type = descriptor.type;
	type->elem = types_element(image, address, type->kind);
	return true;
}

/* How many pointers to TARGET a value of the type at ADDRESS holds, at most DEPTH structs or arrays down; 2 for more.
 */
static unsigned types_point_to(struct elf_image *image, const struct go_pclntab *table, uint64_t address,
			       uint64_t target, int depth)
{
	uint64_t fields = 0, count = 0, field;
	unsigned pointers = 0;
	struct go_type type;

	if (!go_type_read(image, table, address, &type) || type.ptr_bytes == 0)
		return 0;
	if (type.kind == KIND_POINTER)
		return type.elem == target;
	if (depth == 0)
		return 0;
	if (type.kind == KIND_ARRAY) {
		pointers = types_point_to(image, table, type.elem, target, depth - 1);
		elf_image_pointer(image, address + ARRAY_LENGTH, &count);
		return pointers && count > 1 ? 2 : pointers;
	}
	if (type.kind != KIND_STRUCT || !elf_image_pointer(image, address + STRUCT_FIELDS, &fields) ||
	    !elf_image_pointer(image, address + STRUCT_COUNT, &count))
		return 0;
	for (uint64_t i = 0; i < count && i < FIELDS_MAX && pointers < 2; i++) {
		if (elf_image_pointer(image, fields + i * FIELD_SIZE + FIELD_TYPE, &field))
			pointers += types_point_to(image, table, field, target, depth - 1);
	}
	return pointers < 2 ? pointers : 2;
}

unsigned go_type_self_links(struct elf_image *image, const struct go_pclntab *table, uint64_t address)
{
	struct go_type type;

	if (!go_type_read(image, table, address, &type) || type.kind != KIND_STRUCT)
		return 0;
	return types_point_to(image, table, address, address, NESTED_MAX);
}

char *go_type_name(struct elf_image *image, const struct go_pclntab *table, uint64_t address)
{
	struct type_descriptor descriptor;
	uint64_t start, end, length;
	struct cursor cursor;
	const uint8_t *bytes;
	size_t available;

	if (!types_read_descriptor(image, table, address, &descriptor))
		return NULL;
	go_pclntab_types(table, &start, &end);
	if (!types_in_range(table, start + descriptor.name, 2))
		return NULL;
	bytes = elf_image_at(image, start + descriptor.name, &available);
	if (!bytes)
		return NULL;
	cursor = cursor_make(bytes, available);
	cursor_skip(&cursor, 1);
	length = cursor_uleb(&cursor);
	bytes = length <= NAME_MAX_BYTES ? cursor_bytes(&cursor, length) : NULL;
	if (!bytes || memchr(bytes, 0, length))
		return NULL;
	if (descriptor.flags & FLAG_EXTRA_STAR && length && bytes[0] == '*') {
		bytes++;
		length--;
	}
	return memory_copy_bytes(bytes, length);
}
