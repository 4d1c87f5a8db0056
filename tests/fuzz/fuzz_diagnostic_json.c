/* Compiler diagnostics in JSON: any bytes end in verdicts or an error. */
#include "verdicts/diagnostic_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_names names = {"/m", "/m=>example.com/m;/w=>", "/go", false};
	struct verdict_set *set = verdict_set_new();
	struct error error;

	diagnostic_json_read(set, data, size, "fuzz", "", &names, &error);
	verdict_set_free(set);
	return 0;
}
