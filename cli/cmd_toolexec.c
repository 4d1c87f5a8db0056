/* escprof toolexec: what the go command runs during escprof build. */
#include "cli/commands.h"
#include "cli/terminal.h"
#include "verdicts/toolexec.h"

int cmd_toolexec(int argc, char **argv)
{
	if (argc < 2) {
		terminal_error("toolexec: no tool given: this is for `go build -toolexec='escprof toolexec'`");
		return 2;
	}
	return toolexec_run(argv + 1);
}
