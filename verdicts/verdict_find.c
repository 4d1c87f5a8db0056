/* Where a binary's verdicts may be: beside it, in the store, in somebody's log. */
#include "verdicts/verdict_find.h"

#include "base/mapfile.h"
#include "base/memory.h"
#include "verdicts/diagnostic_text.h"
#include "verdicts/store.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_merge.h"

#include <stdlib.h>
#include <unistd.h>

static enum status verdict_find_sidecar(struct verdict_set *set, const char *binary, const char *build_id,
					struct error *error)
{
	char *path = memory_format("%s.escv", binary);
	enum status status = store_read_sidecar(path, build_id, set, error);

	free(path);
	return status;
}

enum status verdict_find(struct verdict_set **out, const char *binary, const char *build_id, size_t *missing,
			 struct error *error)
{
	struct verdict_set *set = verdict_set_new();
	enum status status = STATUS_NO_ENTRY;
	size_t absent = 0;

	if (binary)
		status = verdict_find_sidecar(set, binary, build_id, error);
	if (status == STATUS_NO_ENTRY)
		status = store_get_binary(build_id, set, &absent, error);
	if (missing)
		*missing = absent;
	if (status != STATUS_OK) {
		verdict_set_free(set);
		return status;
	}
	*out = set;
	return STATUS_OK;
}

enum status verdict_find_in_log(struct verdict_set **out, const char *path, struct error *error)
{
	struct source_names names = {.goroot = getenv("GOROOT"), .look = true};
	struct diagnostic_text text;
	struct verdict_set *set;
	struct mapfile file;
	char *working;

	if (mapfile_open(&file, path, error) != STATUS_OK)
		return STATUS_ERROR;
	working = getcwd(NULL, 0);
	names.directory = working;
	set = verdict_set_new();
	diagnostic_text_new(&text);
	diagnostic_text_read(&text, file.data, file.size, "", &names);
	verdict_merge(set, NULL, &text);
	diagnostic_text_free(&text);
	free(working);
	mapfile_close(&file);
	if (verdict_set_count(set)) {
		*out = set;
		return STATUS_OK;
	}
	verdict_set_free(set);
	return error_set(error, "no verdicts in the log: %s: give what `go build -gcflags=all=-m=2` prints", path);
}
