/* The object access interface of libdwarf, on top of an elf_image. */
#include "binary/dwarf_object.h"

#include "base/memory.h"
#include "binary/elf_image.h"

#include <stdlib.h>
#include <string.h>

struct dwarf_object {
	struct elf_image *image;
	Dwarf_Unsigned nsections;
	struct Dwarf_Obj_Access_Methods_s methods;
	struct Dwarf_Obj_Access_Interface_s interface;
	Dwarf_Debug debug;
};

static int dwarf_object_get_section_info(void *user, Dwarf_Half index, Dwarf_Obj_Access_Section *out, int *error)
{
	struct dwarf_object *object = user;
	struct elf_section section;

	(void)error;
	memset(out, 0, sizeof(*out));
	if (elf_image_section_at(object->image, index, &section) != STATUS_OK)
		return DW_DLV_NO_ENTRY;
	out->addr = section.address;
	/* libdwarf would load the location lists at once, the largest section after .debug_info; nobody asks for them.
	 */
	out->size = strcmp(section.name, ".debug_loclists") != 0 ? section.size : 0;
	out->name = section.name;
	return DW_DLV_OK;
}

static Dwarf_Endianness dwarf_object_byte_order(void *user)
{
	(void)user;
	return DW_OBJECT_LSB;
}

static Dwarf_Small dwarf_object_word_size(void *user)
{
	(void)user;
	return 8;
}

static Dwarf_Unsigned dwarf_object_section_count(void *user)
{
	return ((struct dwarf_object *)user)->nsections;
}

/* Only now are bytes inflated: libdwarf loads what it is asked for. */
static int dwarf_object_load_section(void *user, Dwarf_Half index, Dwarf_Small **data, int *error)
{
	struct dwarf_object *object = user;
	struct elf_section section;

	(void)error;
	if (elf_image_section_at(object->image, index, &section) != STATUS_OK ||
	    elf_image_section(object->image, section.name, &section, NULL) != STATUS_OK || !section.data)
		return DW_DLV_NO_ENTRY;
	*data = (Dwarf_Small *)section.data;
	return DW_DLV_OK;
}

/*
 * libdwarf (to 20210528 at least) aborts the process over an error that it has no place for, as in a damaged
 * abbreviation table, unless there is a handler.
 */
static void dwarf_object_ignore(Dwarf_Error error, Dwarf_Ptr user)
{
	(void)error;
	(void)user;
}

enum status dwarf_object_open(struct dwarf_object **out, struct elf_image *image, struct error *error)
{
	struct dwarf_object *object;
	struct elf_section section;
	Dwarf_Error dwarf_error = NULL;
	int result;
	enum status status = elf_image_section(image, ".debug_info", &section, error);

	if (status != STATUS_OK)
		return status;
	object = memory_alloc(1, sizeof(*object));
	object->image = image;
	while (elf_image_section_at(image, object->nsections, &section) == STATUS_OK)
		object->nsections++;
	object->methods.get_section_info = dwarf_object_get_section_info;
	object->methods.get_byte_order = dwarf_object_byte_order;
	object->methods.get_length_size = dwarf_object_word_size;
	object->methods.get_pointer_size = dwarf_object_word_size;
	object->methods.get_section_count = dwarf_object_section_count;
	object->methods.load_section = dwarf_object_load_section;
	object->interface.object = object;
	object->interface.methods = &object->methods;
	result = dwarf_object_init_b(&object->interface, dwarf_object_ignore, NULL, DW_GROUPNUMBER_ANY, &object->debug,
				     &dwarf_error);
	if (result == DW_DLV_OK) {
		*out = object;
		return STATUS_OK;
	}
	if (result == DW_DLV_ERROR)
		error_set(error, "cannot read the debug information of %s: %s", elf_image_path(image),
			  dwarf_errmsg(dwarf_error));
	if (dwarf_error)
		dwarf_dealloc_error(NULL, dwarf_error);
	free(object);
	return result == DW_DLV_ERROR ? STATUS_ERROR : STATUS_NO_ENTRY;
}

void dwarf_object_close(struct dwarf_object *object)
{
	if (!object)
		return;
	dwarf_object_finish(object->debug, NULL);
	free(object);
}

Dwarf_Debug dwarf_object_debug(const struct dwarf_object *object)
{
	return object->debug;
}
