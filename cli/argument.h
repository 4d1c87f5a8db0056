/* What the commands share of reading their arguments. A wrong one ends the program by argp_error. */
#ifndef CLI_ARGUMENT_H
#define CLI_ARGUMENT_H

#include <argp.h>
#include <stddef.h>
#include <sys/types.h>

/* VALUE of OPTION ("--top") as a whole number from 0 to MOST. */
size_t argument_number(struct argp_state *state, const char *option, const char *value, size_t most);

/* The same as bytes, K, M or G behind it or not; at least 1. */
unsigned long long argument_bytes(struct argp_state *state, const char *option, const char *value);

/*
 * The same as the mean of bytes between two samples, from 1 to AGENT_RATE_MAX. 0: it is the word that may stand there
 * instead, OTHER ("auto"; NULL: there is none).
 */
unsigned long long argument_rate(struct argp_state *state, const char *option, const char *other, const char *value);

/* The same as a share, from a percentage of 0 to MOST. */
double argument_share(struct argp_state *state, const char *option, const char *value, double most);

/* VALUE of --budget, as a share of 1; of --cpu-freq, from 1 on; of --ring-size, in bytes; and of --pid. */
double argument_budget(struct argp_state *state, const char *value);
unsigned argument_cpu_frequency(struct argp_state *state, const char *value);
unsigned long long argument_ring_size(struct argp_state *state, const char *value);
pid_t argument_process(struct argp_state *state, const char *value);

/* The entry of --color in the options of the commands that write text. */
#define ARGUMENT_COLOR(key)                                                                                            \
	{                                                                                                              \
		"color", key, "auto|always|never", 0,                                                                  \
		    "colours in text (default auto: on a terminal, unless NO_COLOR is set)", 0                         \
	}

/* Do what VALUE of --color asks for (terminal_choose_colour). */
void argument_color(struct argp_state *state, const char *value);

/* Names that were given one by one, as those of --source-path; zero-initialise it. */
struct argument_list {
	const char **names; /* owned, but for what they point to */
	size_t count, capacity;
};

/* Add NAME, which is borrowed. */
void argument_list_add(struct argument_list *list, const char *name);

/* Free; a zeroed one is fine. */
void argument_list_free(struct argument_list *list);

#endif
