/* What the tests of verdicts/ share. */
#ifndef TESTS_UNIT_VERDICT_FIXTURE_H
#define TESTS_UNIT_VERDICT_FIXTURE_H

#include "verdicts/verdict.h"

/* A verdict at FILE:LINE:COLUMN without steps; its place is a static that the next call overwrites. */
struct verdict verdict_fixture_at(enum verdict_kind kind, const char *what, const char *file, uint32_t line,
				  uint32_t column);

/* VERDICT in one line, "kind message @ file:line:col > file:line:col [target|why|line ...] flags"; static. */
const char *verdict_fixture_line(const struct verdict *verdict);

/* Fail the test unless SET holds exactly COUNT verdicts, which read as the LINES, in their order. */
void verdict_fixture_expect(const struct verdict_set *set, const char *const *lines, size_t count);

#endif
