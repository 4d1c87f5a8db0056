/*
 * A small validator of the keywords that our schemas use; a keyword it does not know fails the test, so that none is
 * passed over.
 */
#include "tests/unit/schema_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const json_t *definitions; /* of the schema at hand */

static void validate(const json_t *rule, const json_t *value, const char *path);

static bool has_type(const json_t *value, const char *type)
{
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "number") == 0 && json_is_number(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value));
}

static void check_type(const json_t *types, const json_t *value, const char *path)
{
	bool found = json_is_string(types) && has_type(value, json_string_value(types));

	for (size_t i = 0; i < json_array_size(types); i++)
		found |= has_type(value, json_string_value(json_array_get(types, i)));
	if (!found)
		fail_msg("%s: of another type than the schema says", path);
}

static void check_enum(const json_t *words, const json_t *value, const char *path)
{
	for (size_t i = 0; i < json_array_size(words); i++)
		if (json_equal(json_array_get(words, i), value))
			return;
	fail_msg("%s: not one of the schema's words", path);
}

static void check_properties(const json_t *rule, const json_t *value, const char *path)
{
	const json_t *properties = json_object_get(rule, "properties"), *required = json_object_get(rule, "required");
	const char *key;
	json_t *item;
	char inner[512];

	for (size_t i = 0; i < json_array_size(required); i++)
		if (!json_object_get(value, json_string_value(json_array_get(required, i))))
			fail_msg("%s: no %s", path, json_string_value(json_array_get(required, i)));
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		snprintf(inner, sizeof(inner), "%s.%s", path, key);
		if (!json_object_get(properties, key))
			fail_msg("%s: not in the schema", inner);
		validate(json_object_get(properties, key), item, inner);
	}
}

static void check_items(const json_t *rule, const json_t *value, const char *path)
{
	const json_t *least = json_object_get(rule, "minItems"), *most = json_object_get(rule, "maxItems");
	char inner[512];

	if ((least && (json_int_t)json_array_size(value) < json_integer_value(least)) ||
	    (most && (json_int_t)json_array_size(value) > json_integer_value(most)))
		fail_msg("%s: too few or too many", path);
	for (size_t i = 0; i < json_array_size(value); i++) {
		snprintf(inner, sizeof(inner), "%s[%zu]", path, i);
		validate(json_object_get(rule, "items"), json_array_get(value, i), inner);
	}
}

static void check_keywords(const json_t *rule, const char *path)
{
	static const char known[] =
	    " $schema title $defs type enum properties required additionalProperties items minItems "
	    "maxItems minimum maximum $ref ";
	const char *key;
	json_t *item;
	char word[80];

	json_object_foreach((json_t *)(uintptr_t)rule, key, item)
	{
		(void)item;
		snprintf(word, sizeof(word), " %s ", key);
		if (!strstr(known, word))
			fail_msg("%s: the schema's %s is not known here", path, key);
	}
}

static void validate(const json_t *rule, const json_t *value, const char *path)
{
	const char *reference = json_string_value(json_object_get(rule, "$ref"));
	const json_t *least = json_object_get(rule, "minimum"), *most = json_object_get(rule, "maximum");

	if (reference)
		rule = json_object_get(json_object_get(definitions, "$defs"), reference + strlen("#/$defs/"));
	assert_non_null(rule);
	check_keywords(rule, path);
	if (json_object_get(rule, "type"))
		check_type(json_object_get(rule, "type"), value, path);
	if (json_object_get(rule, "enum"))
		check_enum(json_object_get(rule, "enum"), value, path);
	if (least && json_number_value(value) < json_number_value(least))
		fail_msg("%s: too small", path);
	if (most && json_number_value(value) > json_number_value(most))
		fail_msg("%s: too large", path);
	if (json_is_object(value))
		check_properties(rule, value, path);
	if (json_is_array(value))
		check_items(rule, value, path);
}

void schema_check(const json_t *schema, const json_t *value, const char *path)
{
	definitions = schema;
	validate(schema, value, path);
}
