/* What `escprof run` and `escprof attach` have in common on the command line and at the end. */
#ifndef CLI_RECORD_OPTIONS_H
#define CLI_RECORD_OPTIONS_H

#include "base/error.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

struct session_end;

struct record_arguments {
	const char *output; /* NULL: the default */
	unsigned long long rate, live_rate;
	unsigned long long ring_size;     /* 0: the default */
	unsigned long long cpu_period_ns; /* 0: the default */
	double budget;                    /* of the program's CPU, for a rate that is not fixed */
	bool is_fixed;
	bool no_report, no_cpu, quiet;
};

/* Their defaults. */
struct record_arguments record_arguments_default(void);

/* The options, as a child of a command's own: its input is a struct record_arguments. */
extern const struct argp record_argp;

/* The rate to begin with, and in *BUDGET what it has to keep within; 0: it stays as it is. */
uint64_t record_rate(const struct record_arguments *arguments, double *budget);

/*
 * CPU between two looks at where it is spent, in ns; 0: none. The default is long where the program IS_IN_PRODUCTION,
 * and at the automatic rate what the budget pays for.
 */
uint64_t record_cpu_period(const struct record_arguments *arguments, bool is_in_production);

/*
 * Where the trace goes: the caller's to free(). NAME: the program's, of which the last part is taken; PROCESS: its
 * number, which stands for %p. IS_ONE_OF_MANY: there are more, so that the number is put in where nobody asks for it.
 */
char *record_output(const struct record_arguments *arguments, const char *name, const char *process,
		    bool is_one_of_many);

/* A session_at_end: writes symbols into the trace, and says so where there are none. USER is not looked at. */
void record_at_end(void *user, const struct session_end *end);

/* Say how many samples are in OUTPUT, unless it is to be quiet. */
void record_say(const struct record_arguments *arguments, uint64_t samples, const char *output, uint64_t size);

/* Say what has become of the trace, where DAMAGE is not "". */
void record_say_damage(const struct error *damage);

#endif
