/* JSON held against one of docs/'s schemas. */
#ifndef TESTS_UNIT_SCHEMA_CHECK_H
#define TESTS_UNIT_SCHEMA_CHECK_H

#include <jansson.h>

/* Fail the test that calls it unless VALUE, which is called PATH, is as SCHEMA says. */
void schema_check(const json_t *schema, const json_t *value, const char *path);

#endif
