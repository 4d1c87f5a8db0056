/* From a process to the program that it runs, and whether C allocations are what it is about. */
#include "collector/c_target.h"

#include "base/memory.h"
#include "binary/elf_image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool c_target_is_launcher(const char *name)
{
	static const char *const names[] = {
	    "ash",    "bash",    "busybox", "chroot",  "chrt",    "dash",      "dumb-init",   "entr",    "env",
	    "fish",   "flock",   "gosu",    "ionice",  "ip",      "ksh",       "make",        "mksh",    "nice",
	    "nohup",  "nsenter", "numactl", "prlimit", "runuser", "s6-svscan", "script",      "setarch", "setpriv",
	    "setsid", "sh",      "stdbuf",  "su",      "su-exec", "sudo",      "systemd-run", "taskset", "tini",
	    "time",   "timeout", "unshare", "xargs",   "zsh",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The file of PID's program; the caller frees it, NULL when it cannot be told. */
static char *program_of(pid_t pid)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return NULL;
	path[length] = 0;
	return memory_copy_string(access(path, R_OK) ? link : path);
}

enum status c_target_look(struct c_target *target, pid_t pid, pid_t command, struct error *error)
{
	char *path = pid == command ? program_of(pid) : NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct elf_image *image = NULL;
	enum status status = STATUS_NO_ENTRY;

	*target = (struct c_target){0};
	if (!path || c_target_is_launcher(slash ? slash + 1 : path) || elf_image_open(&image, path, NULL) != STATUS_OK)
		goto out;
	if (*elf_image_go_build_id(image))
		goto out;
	if (!elf_image_is_dynamic(image)) {
		status = error_set(error,
				   "cannot profile %s: it is linked statically, so that libescprof.so cannot be put in "
				   "front of its malloc: link it dynamically",
				   path);
		goto out;
	}
	target->path = memory_copy_string(path);
	target->build_id = memory_copy_string(elf_image_build_id(image));
	status = STATUS_OK;
out:
	elf_image_close(image);
	free(path);
	return status;
}

void c_target_free(struct c_target *target)
{
	free(target->path);
	free(target->build_id);
	*target = (struct c_target){0};
}
