/*
 * Values out of libdwarf's entries, with every handle freed here. In go entries, out go numbers, names, and the address
 * ranges of DWARF 2 to 5 (.debug_ranges, .debug_rnglists) as plain pairs.
 */
#include "binary/dwarf_entry.h"

#include <libdwarf/dwarf.h>
#include <stddef.h>

/* libdwarf's result as a question: done? Its error, which nobody asks for, is freed. */
static bool ok(Dwarf_Debug debug, int result, Dwarf_Error error)
{
	if (result == DW_DLV_ERROR)
		dwarf_dealloc(debug, error, DW_DLA_ERROR);
	return result == DW_DLV_OK;
}

void dwarf_entry_free(Dwarf_Debug debug, Dwarf_Die entry)
{
	dwarf_dealloc(debug, entry, DW_DLA_DIE);
}

bool dwarf_entry_at(Dwarf_Debug debug, Dwarf_Off offset, Dwarf_Die *entry)
{
	Dwarf_Error error = NULL;

	return ok(debug, dwarf_offdie_b(debug, offset, true, entry, &error), error);
}

bool dwarf_entry_next_unit(Dwarf_Debug debug)
{
	Dwarf_Half version, address_size, length_size, extension_size, type;
	Dwarf_Unsigned length, type_offset, next;
	Dwarf_Error error = NULL;
	Dwarf_Off abbreviations;
	Dwarf_Sig8 signature;

	return ok(debug,
		  dwarf_next_cu_header_d(debug, true, &length, &version, &abbreviations, &address_size, &length_size,
					 &extension_size, &signature, &type_offset, &next, &type, &error),
		  error);
}

bool dwarf_entry_of_unit(Dwarf_Debug debug, Dwarf_Die *entry)
{
	return dwarf_entry_sibling(debug, NULL, entry);
}

bool dwarf_entry_child(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Die *child)
{
	Dwarf_Error error = NULL;

	return ok(debug, dwarf_child(entry, child, &error), error);
}

bool dwarf_entry_sibling(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Die *sibling)
{
	Dwarf_Error error = NULL;

	return ok(debug, dwarf_siblingof_b(debug, entry, true, sibling, &error), error);
}

Dwarf_Half dwarf_entry_tag(Dwarf_Debug debug, Dwarf_Die entry)
{
	Dwarf_Error error = NULL;
	Dwarf_Half tag = 0;

	return ok(debug, dwarf_tag(entry, &tag, &error), error) ? tag : 0;
}

Dwarf_Off dwarf_entry_offset(Dwarf_Debug debug, Dwarf_Die entry)
{
	Dwarf_Error error = NULL;
	Dwarf_Off offset = 0;

	return ok(debug, dwarf_dieoffset(entry, &offset, &error), error) ? offset : 0;
}

/*
 * A number of any form: an unsigned one, one that libdwarf takes for signed (implicit_const, sdata), or the offset of a
 * section, which is of a class of its own from version 4 on.
 */
static bool attribute_value(Dwarf_Debug debug, Dwarf_Attribute attribute, uint64_t *number)
{
	Dwarf_Error error = NULL;
	Dwarf_Unsigned value;
	Dwarf_Signed signed_value;
	Dwarf_Off offset;

	if (ok(debug, dwarf_formudata(attribute, &value, &error), error)) {
		*number = value;
		return true;
	}
	error = NULL;
	if (ok(debug, dwarf_formsdata(attribute, &signed_value, &error), error)) {
		*number = (uint64_t)signed_value;
		return true;
	}
	error = NULL;
	if (ok(debug, dwarf_global_formref(attribute, &offset, &error), error)) {
		*number = offset;
		return true;
	}
	return false;
}

bool dwarf_entry_number(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Half name, uint64_t *number)
{
	Dwarf_Attribute attribute;
	Dwarf_Error error = NULL;
	bool found;

	if (!ok(debug, dwarf_attr(entry, name, &attribute, &error), error))
		return false;
	found = attribute_value(debug, attribute, number);
	dwarf_dealloc(debug, attribute, DW_DLA_ATTR);
	return found;
}

static bool is_shared_form(Dwarf_Debug debug, Dwarf_Attribute attribute)
{
	Dwarf_Error error = NULL;
	Dwarf_Half form = 0;

	return ok(debug, dwarf_whatform(attribute, &form, &error), error) &&
	       (form == DW_FORM_GNU_ref_alt || form == DW_FORM_ref_sup4 || form == DW_FORM_ref_sup8);
}

bool dwarf_entry_reference(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Half name, Dwarf_Off *offset, bool *shared)
{
	Dwarf_Attribute attribute;
	Dwarf_Error error = NULL;
	bool found;

	if (!ok(debug, dwarf_attr(entry, name, &attribute, &error), error))
		return false;
	error = NULL;
	found = ok(debug, dwarf_global_formref(attribute, offset, &error), error);
	if (found)
		*shared = is_shared_form(debug, attribute);
	dwarf_dealloc(debug, attribute, DW_DLA_ATTR);
	return found;
}

const char *dwarf_entry_name(Dwarf_Debug debug, Dwarf_Die entry)
{
	Dwarf_Error error = NULL;
	char *text;

	return ok(debug, dwarf_diename(entry, &text, &error), error) ? text : NULL;
}

/* Addresses below a page are of functions that the linker dropped. */
static void visit_range(dwarf_range_visitor *visit, void *context, uint64_t low, uint64_t high)
{
	if (low >= 4096 && low < high)
		visit(context, low, high);
}

/* DW_AT_ranges of version 5, from .debug_rnglists. */
static void visit_range_lists(Dwarf_Debug debug, Dwarf_Die entry, dwarf_range_visitor *visit, void *context)
{
	Dwarf_Unsigned count = 0, where = 0, value = 0, i;
	Dwarf_Rnglists_Head head = NULL;
	Dwarf_Attribute attribute;
	Dwarf_Error error = NULL;
	Dwarf_Half form = 0;
	bool found;

	if (!ok(debug, dwarf_attr(entry, DW_AT_ranges, &attribute, &error), error))
		return;
	error = NULL;
	found = ok(debug, dwarf_whatform(attribute, &form, &error), error);
	error = NULL;
	found = found && (form == DW_FORM_rnglistx ? ok(debug, dwarf_formudata(attribute, &value, &error), error)
						   : ok(debug, dwarf_global_formref(attribute, &value, &error), error));
	error = NULL;
	found = found &&
		ok(debug, dwarf_rnglists_get_rle_head(attribute, form, value, &head, &count, &where, &error), error);
	for (i = 0; found && i < count; i++) {
		Dwarf_Unsigned raw1, raw2, low = 0, high = 0;
		unsigned length, code = 0;
		Dwarf_Bool no_address = false;

		error = NULL;
		found = ok(debug,
			   dwarf_get_rnglists_entry_fields_a(head, i, &length, &code, &raw1, &raw2, &no_address, &low,
							     &high, &error),
			   error);
		if (found && !no_address && code != DW_RLE_end_of_list && code != DW_RLE_base_address &&
		    code != DW_RLE_base_addressx)
			visit_range(visit, context, low, high);
	}
	if (head)
		dwarf_dealloc_rnglists_head(head);
	dwarf_dealloc(debug, attribute, DW_DLA_ATTR);
}

/* DW_AT_ranges before version 5, from .debug_ranges: relative to BASE, the unit's address, or what they say. */
static void visit_old_ranges(Dwarf_Debug debug, Dwarf_Die entry, uint64_t base, dwarf_range_visitor *visit,
			     void *context)
{
	Dwarf_Signed count = 0, i;
	Dwarf_Ranges *list = NULL;
	Dwarf_Error error = NULL;
	uint64_t offset;

	if (!dwarf_entry_number(debug, entry, DW_AT_ranges, &offset) ||
	    !ok(debug, dwarf_get_ranges_b(debug, offset, entry, NULL, &list, &count, NULL, &error), error))
		return;
	for (i = 0; i < count && list[i].dwr_type != DW_RANGES_END; i++) {
		if (list[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
			base = list[i].dwr_addr2;
		else
			visit_range(visit, context, base + list[i].dwr_addr1, base + list[i].dwr_addr2);
	}
	dwarf_ranges_dealloc(debug, list, count);
}

uint64_t dwarf_entry_low(Dwarf_Debug debug, Dwarf_Die entry)
{
	Dwarf_Error error = NULL;
	Dwarf_Addr low = 0;

	return ok(debug, dwarf_lowpc(entry, &low, &error), error) ? low : 0;
}

void dwarf_entry_visit_ranges(Dwarf_Debug debug, Dwarf_Die entry, uint64_t base, dwarf_range_visitor *visit,
			      void *context)
{
	Dwarf_Half form, version = 0, offset_size;
	enum Dwarf_Form_Class class;
	Dwarf_Error error = NULL;
	Dwarf_Addr high;

	if (ok(debug, dwarf_highpc_b(entry, &high, &form, &class, &error), error)) {
		uint64_t low = dwarf_entry_low(debug, entry);

		visit_range(visit, context, low, class == DW_FORM_CLASS_CONSTANT ? low + high : high);
		return;
	}
	dwarf_get_version_of_die(entry, &version, &offset_size);
	if (version >= 5)
		visit_range_lists(debug, entry, visit, context);
	else
		visit_old_ranges(debug, entry, base, visit, context);
}
