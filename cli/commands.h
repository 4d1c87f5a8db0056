/* The subcommands. Each takes its own arguments (argv[0] is its name) and returns the exit status: 0, 1, 2 or 3. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* go build, keeping the compiler's verdicts. */
int cmd_build(int argc, char **argv);

/* What the go command runs in place of each tool during escprof build. */
int cmd_toolexec(int argc, char **argv);

/* Profile a command; returns the command's own exit status. */
int cmd_run(int argc, char **argv);

/* Profile a process that runs. */
int cmd_attach(int argc, char **argv);
/* Watch a program's costs as it runs. */
int cmd_top(int argc, char **argv);

/* Rank the escapes of a trace or a Go heap profile. */
int cmd_report(int argc, char **argv);

/* Show the source with what its lines cost. */
int cmd_annotate(int argc, char **argv);

/* Write a trace in other tools' formats. */
int cmd_export(int argc, char **argv);

/* Say what changed from one trace to another. */
int cmd_diff(int argc, char **argv);

/* Put many traces of one program into one. */
int cmd_merge(int argc, char **argv);

/* Hold a trace against limits, and against another: 3 when one is breached. */
int cmd_check(int argc, char **argv);

/* Say what a trace holds. */
int cmd_info(int argc, char **argv);

/* Measure the constants of the GC's cost model on this machine. */
int cmd_calibrate(int argc, char **argv);

/* Say what the store of verdicts holds, or empty it. */
int cmd_cache(int argc, char **argv);

#endif
