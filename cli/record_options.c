/* Options, names and messages of the commands that record. */
#include "cli/record_options.h"

#include "base/memory.h"
#include "cli/embed_symbols.h"
#include "cli/terminal.h"

#include <string.h>

#define DEFAULT_RATE      4096
#define DEFAULT_LIVE_RATE (256 * 1024)
#define CPU_PERIOD_NS     997000 /* about 1 ms, but in step with nothing that happens every ms */

enum record_option { OPTION_RATE = 0x100, OPTION_LIVE_RATE, OPTION_NO_REPORT, OPTION_NO_CPU };

static const struct argp_option record_options[] = {
    {"output", 'o', "TRACE", 0, "write the trace here (default: PROGRAM.PID.escprof)", 0},
    {"rate", OPTION_RATE, "BYTES", 0, "mean bytes allocated between two samples; 1: every allocation (default 4096)",
     0},
    {"live-rate", OPTION_LIVE_RATE, "BYTES", 0,
     "mean bytes between objects that are followed to their death, in a program that keeps no heap profile of its own "
     "(default 256K)",
     0},
    {"no-cpu-samples", OPTION_NO_CPU, NULL, 0,
     "do not sample where CPU is spent: the GC's CPU is then the runtime's own estimate", 0},
    {"no-report", OPTION_NO_REPORT, NULL, 0, "only record", 0},
    {"quiet", 'q', NULL, 0, "say nothing but errors", 0},
    {0},
};

static error_t record_parse(int key, char *value, struct argp_state *state)
{
	struct record_arguments *arguments = state->input;

	switch (key) {
	case 'o':
		arguments->output = value;
		break;
	case 'q':
		arguments->quiet = arguments->no_report = true;
		break;
	case OPTION_RATE:
		if (!terminal_parse_bytes(value, &arguments->rate) || arguments->rate > 0x7000000)
			argp_error(state, "--rate: not a number of bytes from 1 to 112M: %s", value);
		break;
	case OPTION_LIVE_RATE:
		if (!terminal_parse_bytes(value, &arguments->live_rate) || arguments->live_rate > 0x7000000)
			argp_error(state, "--live-rate: not a number of bytes from 1 to 112M: %s", value);
		break;
	case OPTION_NO_CPU:
		arguments->no_cpu = true;
		break;
	case OPTION_NO_REPORT:
		arguments->no_report = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp record_argp = {.options = record_options, .parser = record_parse};

struct record_arguments record_arguments_default(void)
{
	return (struct record_arguments){.rate = DEFAULT_RATE, .live_rate = DEFAULT_LIVE_RATE};
}

uint64_t record_cpu_period(const struct record_arguments *arguments)
{
	return arguments->no_cpu ? 0 : CPU_PERIOD_NS;
}

char *record_output(const struct record_arguments *arguments, const char *name, int pid)
{
	const char *slash = strrchr(name, '/');

	if (arguments->output)
		return memory_copy_string(arguments->output);
	return memory_format("%s.%d.escprof", slash ? slash + 1 : name, pid);
}

void record_at_end(void *user, const struct session_end *end)
{
	struct error error;

	(void)user;
	if (embed_symbols(end, &error) != STATUS_OK)
		terminal_error("the trace holds no symbols: %s", error.text);
}

void record_say(const struct record_arguments *arguments, uint64_t samples, const char *output, uint64_t size)
{
	if (!arguments->quiet)
		terminal_error("%llu samples in %s (%.1f MB)", (unsigned long long)samples, output, (double)size / 1e6);
}

void record_say_damage(const struct error *damage)
{
	if (damage->text[0])
		terminal_error("the trace is not complete: %s", damage->text);
}
