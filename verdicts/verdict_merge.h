/* Puts together what the compiler says of one compile in JSON and in text: neither is complete. */
#ifndef VERDICTS_VERDICT_MERGE_H
#define VERDICTS_VERDICT_MERGE_H

#include "verdicts/diagnostic_text.h"
#include "verdicts/verdict.h"

/*
 * Add to INTO: each verdict of EXPLAINED (JSON's; NULL when there is none) with its chain and flow, its message in
 * -m's words where TEXT has it and its function from -m=2's block; then each of TEXT that JSON does not have ("does
 * not escape", and what was lost), with -m=2's flow where there is a block.
 */
void verdict_merge(struct verdict_set *into, const struct verdict_set *explained, const struct diagnostic_text *text);

#endif
