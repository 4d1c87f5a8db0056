/* In: /proc. Out: names. */
#include "base/machine.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

char *machine_cpu(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *line = NULL, *found = NULL, *colon;
	struct utsname name;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) > 0) {
		colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		found = memory_copy_bytes(colon, strcspn(colon, "\n"));
	}
	free(line);
	if (file)
		fclose(file);
	if (!found)
		found = memory_copy_string(uname(&name) ? "" : name.machine);
	return found;
}
