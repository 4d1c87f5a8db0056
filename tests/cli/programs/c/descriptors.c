/*
 * Closes all descriptors after the first sample, as daemons do, and uses their numbers anew; then allocates behind a
 * frame without unwind information. What is in its socket must stay there, and come back as it was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILES 32

__attribute__((noinline, used)) void allocate(void)
{
	void *volatile pointer = malloc(100);

	free(pointer);
}

/* No CFI, and a frame that only its own instructions tell of. */
void hop(void);
__asm__(".text\nhop:\n\tpush %rbx\n\tsub $48, %rsp\n\tcall allocate\n\tadd $48, %rsp\n\tpop %rbx\n\tret\n");

int main(void)
{
	static const char said[] = "nobody else's";
	char heard[FILES][sizeof(said)] = {{0}};
	int ends[FILES][2], bad = 0;

	hop();
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int i = 0; i < FILES; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]) ||
		    write(ends[i][0], said, sizeof(said)) < 0 || write(ends[i][1], said, sizeof(said)) < 0)
			return 2;
	for (int i = 0; i < 1000; i++)
		hop();
	for (int i = 0; i < FILES; i++)
		for (int side = 0; side < 2; side++)
			bad += read(ends[i][side], heard[i], sizeof(said) + 1) != sizeof(said) ||
			       memcmp(heard[i], said, sizeof(said));
	printf("bad %d\n", bad);
	return 0;
}
