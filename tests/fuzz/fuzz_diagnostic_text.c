/* Compiler diagnostics in text: any bytes end in verdicts, and those can be merged with themselves as JSON's. */
#include "verdicts/diagnostic_text.h"
#include "verdicts/verdict_merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_names names = {"/m", "/m=>example.com/m;/w=>", "/go", false};
	struct verdict_set *set = verdict_set_new();
	struct diagnostic_text text;

	diagnostic_text_new(&text);
	diagnostic_text_read(&text, data, size, "p", &names);
	verdict_merge(set, text.blocks, &text);
	diagnostic_text_free(&text);
	verdict_set_free(set);
	return 0;
}
