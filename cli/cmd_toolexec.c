/* escprof toolexec: what the go command runs during escprof build. */
#include "cli/commands.h"
#include "cli/terminal.h"
#include "verdicts/toolexec.h"

int cmd_toolexec(int argc, char **argv)
{
	struct error error = {""};
	int status;

	if (argc < 2) {
		terminal_error("toolexec: no tool given: this is for `go build -toolexec='escprof toolexec'`");
		return 2;
	}
	status = toolexec_run(argv + 1, &error);
	if (*error.text)
		terminal_error("%s", error.text);
	return status;
}
