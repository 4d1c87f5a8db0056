/* A trace's report: finding its verdicts, analysing it, printing it. */
#ifndef CLI_SHOW_REPORT_H
#define CLI_SHOW_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Print the ranked report of the trace PATH to STREAM with the default options. Returns the exit status: 0 or 1.
 * *HAS_FEW_CPU_SAMPLES, unless NULL: its samples of CPU were too few to tell the GC's.
 */
int show_report_text(FILE *stream, const char *path, bool *has_few_cpu_samples);

#endif
