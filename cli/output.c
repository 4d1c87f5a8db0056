/* One way to open and close it for all commands, so that a full disk is told by each of them. */
#include "cli/output.h"

#include "cli/terminal.h"

#include <errno.h>
#include <string.h>

bool output_open(struct output *output, const char *path)
{
	*output = (struct output){.stream = path ? fopen(path, "we") : stdout, .path = path};
	if (!output->stream)
		terminal_error("cannot write %s: %s", path, strerror(errno));
	return output->stream != NULL;
}

int output_close(struct output *output, enum status status, struct error *error)
{
	if (fflush(output->stream) && status == STATUS_OK)
		status = error_set_errno(error, "cannot write");
	if (output->path && fclose(output->stream) && status == STATUS_OK)
		status = error_set_errno(error, "cannot write");
	if (status != STATUS_OK && output->path)
		error_prefix(error, "%s", output->path);
	if (status != STATUS_OK)
		terminal_error("%s", error->text);
	return status != STATUS_OK;
}
