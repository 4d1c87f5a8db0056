/* Running the user's go command. */
#ifndef CLI_GO_COMMAND_H
#define CLI_GO_COMMAND_H

#include "base/buf.h"
#include "base/error.h"

/* The path of the go command: $ESCPROF_GO, else on PATH, else in $GOROOT/bin. The caller's to free; NULL: ERROR. */
char *go_command_find(struct error *error);

/* The option that makes go build keep verdicts, "-toolexec=…/escprof toolexec"; as above. */
char *go_command_toolexec(struct error *error);

struct go_command_run {
	char **argv;           /* NULL-terminated, the first the command's path */
	const char *directory; /* where it works; NULL: here */
	char **environment;    /* "NAME=VALUE" set on top of this process's, NULL-terminated; may be NULL */
	struct buf *output;    /* its standard output is appended here; NULL: goes where ours does */
	/* Each line of its standard error, without the newline; NULL: goes where ours does. */
	void (*on_message)(void *user, char *line);
	void *user;
};

/* Run it to its end. Returns its exit status; 128 and the signal when one ended it, 127 when it cannot be run. */
int go_command_run(const struct go_command_run *run);

#endif
