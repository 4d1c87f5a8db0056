/*
 * Loads a library, then forbids itself all that has to do with files, on pain of death, as programs do that are about
 * to read what strangers have sent; then the library allocates for the first time. usage: sealed LIBRARY
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FORBID(name)                                                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static int forbid(void)
{
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    FORBID(stat),
	    FORBID(fstat),
	    FORBID(lstat),
	    FORBID(newfstatat),
	    FORBID(statx),
	    FORBID(open),
	    FORBID(openat),
	    FORBID(read),
	    FORBID(pipe2),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	void (*make)(int);

	if (!library)
		return 1;
	*(void **)&make = dlsym(library, "library_make");
	puts("about to be sealed");
	fflush(stdout);
	if (forbid())
		return 3;
	make(10);
	puts("and lives");
	return 0;
}
