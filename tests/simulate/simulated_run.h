/*
 * Runs a simulated program, samples it as the agent does, and has the real analyzer make a report of the records.
 */
#ifndef TESTS_SIMULATE_SIMULATED_RUN_H
#define TESTS_SIMULATE_SIMULATED_RUN_H

#include "analyzer/analysis.h"
#include "tests/simulate/simulated_program.h"

struct gc_model_run;

/*
 * Run PROGRAM, which is filled with what really was; put the analyzer's result of its records into ANALYSIS (free it
 * with analysis_free). The site of PROGRAM->sites[i] has the line i + 1 there, if it was sampled at all.
 */
void simulated_run(struct simulated_program *program, struct analysis *analysis);

/* What the model would say of SITE if nothing were estimated; RUN is ANALYSIS's own gc_run with the truth put in. */
struct gc_model_run simulated_true_model(const struct simulated_program *program, const struct analysis *analysis);
double simulated_true_saving(const struct simulated_program *program, const struct gc_model_run *run,
			     const struct simulated_site *site);

#endif
