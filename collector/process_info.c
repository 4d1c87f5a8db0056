/* Parsing /proc/PID/stat and status. Everything there may change or go at any moment. */
#include "collector/process_info.h"

#include "base/clock.h"
#include "base/memory.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STAT_STATE      1  /* fields behind the name, which is in parentheses and may hold anything */
#define STAT_START_TIME 20 /* so the 22nd of the line */

/* Why not. */
#define UNTIL_BOOT "kernel.yama.ptrace_scope is 3, which forbids ptrace to all until the next boot"
#define FOR_ROOT   "kernel.yama.ptrace_scope is 2: run escprof as root or with CAP_SYS_PTRACE"
#define CONTAINER                                                                                                      \
	"the container or its seccomp profile forbids ptrace: allow CAP_SYS_PTRACE (docker: --cap-add SYS_PTRACE)"

static bool read_stat(struct process_info *info, pid_t pid)
{
	char path[64], line[1024], *at;
	unsigned long long start = 0;
	FILE *file;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	at = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (!at)
		return false;
	at++;
	for (field = STAT_STATE; field <= STAT_START_TIME; field++) {
		while (*at == ' ')
			at++;
		if (field == STAT_STATE)
			info->state = *at;
		if (field == STAT_START_TIME)
			start = strtoull(at, NULL, 10);
		at += strcspn(at, " ");
	}
	info->start_time = start;
	return true;
}

static void read_status_line(struct process_info *info, const char *line)
{
	uint64_t rights;
	long number;

	if (sscanf(line, "Name: %63[^\n]", info->name) == 1)
		return;
	if (sscanf(line, "Tgid: %ld", &number) == 1)
		info->group = (pid_t)number;
	else if (sscanf(line, "TracerPid: %ld", &number) == 1)
		info->tracer = (pid_t)number;
	else if (sscanf(line, "Seccomp: %ld", &number) == 1)
		info->seccomp = (int)number;
	else if (sscanf(line, "CapPrm: %" SCNx64, &rights) == 1)
		info->rights = rights;
	else if (!strncmp(line, "VmSize:", 7))
		info->kernel_thread = false;
	else if (!strncmp(line, "x86_Thread_features:", 20))
		info->shadow_stack = strstr(line, "shstk") != NULL;
}

enum status process_info_read(struct process_info *info, pid_t pid)
{
	char path[64], line[1024];
	FILE *file;

	*info = (struct process_info){.kernel_thread = true};
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return STATUS_NO_ENTRY;
	while (fgets(line, sizeof(line), file))
		read_status_line(info, line);
	fclose(file);
	return read_stat(info, pid) ? STATUS_OK : STATUS_NO_ENTRY;
}

uint64_t process_info_namespace(pid_t pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat(path, &status) ? 0 : (uint64_t)status.st_ino;
}

uint64_t process_info_age(uint64_t start_time)
{
	uint64_t since = clock_ns(CLOCK_BOOTTIME), start;
	long ticks = sysconf(_SC_CLK_TCK);

	if (ticks <= 0 || since == UINT64_MAX)
		return 0;
	start =
	    start_time / (uint64_t)ticks * 1000000000u + start_time % (uint64_t)ticks * 1000000000u / (uint64_t)ticks;
	return since > start ? since - start : 0;
}

bool process_info_is(pid_t pid, uint64_t start_time)
{
	struct process_info info;

	return process_info_read(&info, pid) == STATUS_OK && info.start_time == start_time && info.state != 'Z' &&
	       info.state != 'X';
}

char *process_info_program(pid_t pid)
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

char *process_info_environment(pid_t pid, const char *name)
{
	char path[64], *entry = NULL, *value = NULL;
	size_t length = strlen(name), capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	while (!value && getdelim(&entry, &capacity, 0, file) > 0)
		if (!strncmp(entry, name, length) && entry[length] == '=')
			value = memory_copy_string(entry + length + 1);
	free(entry);
	fclose(file);
	return value;
}

void process_info_command(pid_t pid, char *text, size_t size)
{
	char path[64];
	ssize_t length = 0, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, text, size - 1);
		close(fd);
	}
	if (length < 0)
		length = 0;
	while (length && !text[length - 1])
		length--;
	for (i = 0; i < length; i++)
		if (iscntrl((unsigned char)text[i]))
			text[i] = ' ';
	text[length] = 0;
}

static int yama_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%d", &scope) != 1)
		scope = 0;
	fclose(file);
	return scope;
}

/* A program with file capabilities has its user's /proc/PID all the same. */
static bool has_more_rights(pid_t pid)
{
	struct process_info info, own;

	return process_info_read(&info, pid) == STATUS_OK && process_info_read(&own, getpid()) == STATUS_OK &&
	       info.rights & ~own.rights;
}

static bool has_same_owner(pid_t pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return !stat(path, &status) && status.st_uid == geteuid();
}

const char *process_info_why_not(pid_t pid)
{
	int scope = yama_scope();

	if (scope == 3)
		return UNTIL_BOOT;
	if (!geteuid())
		return "root may not trace it here: in a container, allow CAP_SYS_PTRACE (docker: --cap-add "
		       "SYS_PTRACE), or run escprof on the host";
	if (!has_same_owner(pid) || has_more_rights(pid))
		return "it belongs to another user, or is set-user-ID or has capabilities: run escprof as root or with "
		       "CAP_SYS_PTRACE";
	if (scope == 2)
		return FOR_ROOT;
	if (scope == 1)
		return "kernel.yama.ptrace_scope is 1, which allows a user to trace only what was started below the "
		       "tracer: run escprof as root or with CAP_SYS_PTRACE, or set it to 0 (sysctl "
		       "kernel.yama.ptrace_scope=0)";
	return CONTAINER;
}

const char *process_info_why_not_below(void)
{
	int scope = yama_scope();

	if (scope == 3)
		return UNTIL_BOOT;
	return scope == 2 && geteuid() ? FOR_ROOT : CONTAINER;
}
