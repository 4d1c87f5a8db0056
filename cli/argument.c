/* In: words of the command line. Out: numbers and lists. */
#include "cli/argument.h"

#include "base/memory.h"
#include "cli/terminal.h"
#include "collector/region.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CPU_FREQUENCY_MAX 10000

size_t argument_number(struct argp_state *state, const char *option, const char *value, size_t most)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (*end || end == value || *value == '-' || number > most)
		argp_error(state, "%s: not a number from 0 to %zu: %s", option, most, value);
	return number;
}

unsigned long long argument_bytes(struct argp_state *state, const char *option, const char *value)
{
	unsigned long long bytes = 0;

	if (!terminal_parse_bytes(value, &bytes))
		argp_error(state, "%s: not a number of bytes, as 512M: %s", option, value);
	return bytes;
}

unsigned long long argument_rate(struct argp_state *state, const char *option, const char *other, const char *value)
{
	unsigned long long bytes = 0;

	if (other && !strcmp(value, other))
		return 0;
	if (!terminal_parse_bytes(value, &bytes) || bytes > AGENT_RATE_MAX)
		argp_error(state, "%s: not %s%sa number of bytes from 1 to %dM: %s", option, other ? other : "",
			   other ? ", nor " : "", AGENT_RATE_MAX >> 20, value);
	return bytes;
}

double argument_share(struct argp_state *state, const char *option, const char *value, double most)
{
	char *end;
	double percent = strtod(value, &end);

	if (*end || end == value || !(percent >= 0 && percent <= most))
		argp_error(state, "%s: not a percentage: %s", option, value);
	return percent / 100;
}

double argument_budget(struct argp_state *state, const char *value)
{
	char *end;
	double percent = strtod(value, &end);

	if (*end == '%')
		end++;
	if (end == value || *end || !(percent > 0 && percent <= 100))
		argp_error(state, "--budget: not a percentage from above 0 to 100: %s", value);
	return percent / 100;
}

unsigned argument_cpu_frequency(struct argp_state *state, const char *value)
{
	char *end;
	unsigned long frequency = strtoul(value, &end, 10);

	if (end == value || *end || *value == '-' || frequency < 1 || frequency > CPU_FREQUENCY_MAX)
		argp_error(state, "--cpu-freq: not a number from 1 to %d: %s", CPU_FREQUENCY_MAX, value);
	return (unsigned)frequency;
}

unsigned long long argument_ring_size(struct argp_state *state, const char *value)
{
	struct error error = {"not a number of bytes"};
	unsigned long long bytes = 0;

	if (!terminal_parse_bytes(value, &bytes) || region_check_ring_size(bytes, &error) != STATUS_OK)
		argp_error(state, "--ring-size: %s: %s", value, error.text);
	return bytes;
}

void argument_color(struct argp_state *state, const char *value)
{
	if (!terminal_choose_colour(value))
		argp_error(state, "--color: auto, always or never, not %s", value);
}

pid_t argument_process(struct argp_state *state, const char *value)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(value, &end, 10);
	if (errno || *end || end == value || pid < 1 || pid > INT_MAX)
		argp_error(state, "--pid: not the number of a process: %s", value);
	return (pid_t)pid;
}

void argument_list_add(struct argument_list *list, const char *name)
{
	list->names = memory_reserve(list->names, list->count, &list->capacity, sizeof(*list->names));
	list->names[list->count++] = name;
}

void argument_list_free(struct argument_list *list)
{
	free(list->names);
	*list = (struct argument_list){0};
}
