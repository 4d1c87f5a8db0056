/* Starts the program that it is given, waits for it, and ends as it did: as a supervisor of its own making would. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	void *own = malloc(1000);
	int status = 0;
	pid_t child;

	if (argc < 2)
		return 2;
	child = fork();
	if (!child) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(child, &status, 0);
	free(own);
	return WEXITSTATUS(status);
}
