/* Options, names and messages of the commands that record. */
#include "cli/record_options.h"

#include "base/memory.h"
#include "cli/argument.h"
#include "cli/embed_symbols.h"
#include "cli/terminal.h"
#include "collector/rate_control.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_BUDGET    0.005
#define DEFAULT_LIVE_RATE (256 * 1024)

/* Between samples of CPU, in step with nothing that happens every ms. */
#define CPU_FINE_NS   3989000
#define CPU_COARSE_NS 9973000

#define TEXT_OF_WORD(word) #word
#define TEXT_OF(macro)     TEXT_OF_WORD(macro)
#define LEAST_PERCENT      TEXT_OF(RATE_CONTROL_LEAST)

enum record_option {
	OPTION_RATE = 0x100,
	OPTION_BUDGET,
	OPTION_LIVE_RATE,
	OPTION_NO_REPORT,
	OPTION_NO_CPU,
	OPTION_CPU_FREQUENCY
};

static const struct argp_option record_options[] = {
    {"output", 'o', "TRACE", 0,
     "write the trace here (default: PROGRAM.PID.escprof); %p in it becomes the number of the process", 0},
    {"rate", OPTION_RATE, "auto|BYTES", 0,
     "mean bytes allocated between two samples; 1: every allocation; auto (the default): from 4K on, as coarse as the "
     "budget asks for",
     0},
    {"budget", OPTION_BUDGET, "PERCENT", 0,
     "what an automatic rate may cost, of the program's CPU (default 0.5); " LEAST_PERCENT
     " percent of one CPU it always "
     "may, and looking at a program costs some 0.25 percent on a virtual machine whatever the budget. "
     "Samples of CPU that --cpu-freq asks for, and the 251 a second of run, come on top",
     0},
    {"live-rate", OPTION_LIVE_RATE, "BYTES", 0,
     "mean bytes between objects that are followed to their death, in a program that keeps no heap profile of its own "
     "(default 256K)",
     0},
    {"ring-size", 'm', "BYTES", 0,
     "room for samples on their way to the trace, for each CPU, in BYTES or as 1M: a power of two pages (default: 16M, "
     "64M below --rate 64, less on machines of many CPUs); `escprof info` says how full the rings were and what they lost",
     0},
    {"cpu-freq", OPTION_CPU_FREQUENCY, "HZ", 0,
     "samples of where CPU is spent, for each second of CPU that the program uses; each costs it some microseconds, in a "
     "virtual machine up to 60 (default: 251 in run; in attach and run -D 100 with --rate BYTES, else as many as the "
     "budget allows, 10 at the usual one)",
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
		arguments->rate = argument_rate(state, "--rate", "auto", value);
		arguments->is_fixed = arguments->rate != 0;
		break;
	case OPTION_BUDGET:
		arguments->budget = argument_budget(state, value);
		break;
	case OPTION_LIVE_RATE:
		arguments->live_rate = argument_rate(state, "--live-rate", NULL, value);
		break;
	case 'm':
		arguments->ring_size = argument_ring_size(state, value);
		break;
	case OPTION_CPU_FREQUENCY:
		arguments->cpu_period_ns = 1000000000u / argument_cpu_frequency(state, value);
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
	return (struct record_arguments){
	    .rate = RATE_CONTROL_FINEST, .live_rate = DEFAULT_LIVE_RATE, .budget = DEFAULT_BUDGET};
}

uint64_t record_rate(const struct record_arguments *arguments, double *budget)
{
	*budget = arguments->is_fixed ? 0 : arguments->budget;
	return arguments->is_fixed ? arguments->rate : RATE_CONTROL_FINEST;
}

uint64_t record_cpu_period(const struct record_arguments *arguments, bool is_in_production)
{
	if (arguments->no_cpu || arguments->cpu_period_ns)
		return arguments->no_cpu ? 0 : arguments->cpu_period_ns;
	if (!is_in_production)
		return CPU_FINE_NS;
	return arguments->is_fixed ? CPU_COARSE_NS : rate_control_cpu_period(arguments->budget);
}

/* PATTERN with PROCESS for each %p. */
static char *record_expand(const char *pattern, const char *process)
{
	char *name = memory_alloc(strlen(pattern) * (strlen(process) + 1) + 1, 1), *at = name;

	while (*pattern) {
		if (pattern[0] == '%' && pattern[1] == 'p') {
			at = stpcpy(at, process);
			pattern += 2;
		} else {
			*at++ = *pattern++;
		}
	}
	return name;
}

char *record_output(const struct record_arguments *arguments, const char *name, const char *process,
		    bool is_one_of_many)
{
	const char *output = arguments->output, *slash = strrchr(output ? output : name, '/'), *file, *dot;

	if (!output)
		return memory_format("%s.%s.escprof", slash ? slash + 1 : name, process);
	if (strstr(output, "%p") || !is_one_of_many)
		return record_expand(output, process);
	file = slash ? slash + 1 : output;
	dot = strrchr(file, '.');
	if (!dot || dot == file)
		dot = file + strlen(file);
	return memory_format("%.*s.%s%s", (int)(dot - output), output, process, dot);
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
