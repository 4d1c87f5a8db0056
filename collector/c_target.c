/* From a process to the program that it runs, and whether C allocations are what it is about. */
#include "collector/c_target.h"

#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/elf_sanitizer.h"
#include "collector/process_info.h"

#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

bool c_target_is_launcher(const char *name)
{
	static const char *const names[] = {
	    "ash",    "bash",        "busybox", "chroot",  "chrt",    "dash",    "dumb-init", "entr",    "env",
	    "fish",   "flock",       "gdb",     "gosu",    "ionice",  "ip",      "ksh",       "ltrace",  "make",
	    "mksh",   "nice",        "nohup",   "nsenter", "numactl", "perf",    "prlimit",   "runuser", "s6-svscan",
	    "script", "setarch",     "setpriv", "setsid",  "sh",      "stdbuf",  "strace",    "su",      "su-exec",
	    "sudo",   "systemd-run", "taskset", "tini",    "time",    "timeout", "unshare",   "xargs",   "zsh",
	};

	return is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

bool c_target_is_interpreter(const char *name)
{
	static const char *const names[] = {"python", "perl", "ruby", "php",   "lua",
					    "pypy",   "node", "java", "tclsh", "guile"};
	char stem[32];
	size_t length = strcspn(name, "0123456789.-"); /* python3.11 */

	if (!length || length >= sizeof(stem))
		return false;
	memcpy(stem, name, length);
	stem[length] = 0;
	return is_one_of(stem, names, sizeof(names) / sizeof(names[0]));
}

const char *c_target_why_not(bool dynamic, bool sanitized)
{
	if (sanitized)
		return "it has the runtime of a sanitizer, which has to be the first in front of malloc: build it "
		       "without -fsanitize (go build -asan)";
	return dynamic ? "it is linked with another C library than glibc (Alpine Linux has musl), for which "
			 "libescprof.so is not made: link it with glibc"
		       : "it is linked statically, so that libescprof.so cannot be put in front of its malloc: link it "
			 "dynamically";
}

bool c_target_is_sanitized(pid_t pid)
{
	char *path = process_info_program(pid), *preloaded = process_info_environment(pid, "LD_PRELOAD");
	bool is_sanitized = elf_sanitizer_is_in_file(path, preloaded);

	free(preloaded);
	free(path);
	return is_sanitized;
}

static bool is_looked_through(const char *path, bool interpreters)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return c_target_is_launcher(name) || (!interpreters && c_target_is_interpreter(name));
}

enum status c_target_look(struct c_target *target, pid_t pid, pid_t command, bool interpreters, struct error *error)
{
	char *path = pid == command ? process_info_program(pid) : NULL;
	struct elf_image *image = NULL;
	enum status status = STATUS_NO_ENTRY;
	bool is_sanitized;

	*target = (struct c_target){0};
	if (!path || is_looked_through(path, interpreters) || elf_image_open(&image, path, NULL) != STATUS_OK)
		goto out;
	if (*elf_image_go_build_id(image))
		goto out;
	is_sanitized = c_target_is_sanitized(pid);
	if (is_sanitized || !elf_image_is_glibc(image)) {
		status = error_set(error, "cannot profile %s: %s", path,
				   c_target_why_not(elf_image_is_dynamic(image), is_sanitized));
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
