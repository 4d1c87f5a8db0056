/*
 * tell_ends FILE COMMAND…: runs COMMAND and is the parent of whatever it leaves behind, so that nobody ends unseen.
 * FILE gets a line for each process: "PID began" for COMMAND itself, then "PID exited STATUS" or "PID killed SIGNAL"
 * for every one that ends. Ends, with status 0, when the last of them has; with 1 when COMMAND cannot be run.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(FILE *file, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		fprintf(file, "%d killed %d\n", (int)pid, WTERMSIG(status));
	else
		fprintf(file, "%d exited %d\n", (int)pid, WEXITSTATUS(status));
	fflush(file);
}

int main(int argc, char **argv)
{
	FILE *file = argc > 2 ? fopen(argv[1], "we") : NULL;
	pid_t pid;
	int status;

	if (!file || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) {
		fprintf(stderr, "usage: tell_ends FILE COMMAND...\n");
		return 1;
	}
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	fprintf(file, "%d began\n", (int)pid);
	fflush(file);
	for (;;) {
		pid = wait(&status);
		if (pid > 0)
			tell(file, pid, status);
		else if (errno != EINTR)
			break;
	}
	return fclose(file) ? 1 : 0;
}
