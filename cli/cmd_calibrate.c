/*
 * escprof calibrate: what marking takes on this machine. A small Go program builds heaps of known make-up and has them
 * marked; the medians of some runs are kept, and reports of programs that ran on such a machine use them.
 */
#include "analyzer/gc_model.h"
#include "base/buf.h"
#include "base/directory.h"
#include "base/machine.h"
#include "base/memory.h"
#include "cli/calibration.h"
#include "cli/commands.h"
#include "cli/go_command.h"
#include "cli/terminal.h"

#include <argp.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS    7
#define BUSY    0.5 /* half the runs farther apart than that share of the median tell nothing */
#define FAR_OFF 20  /* times a default, or a part of it: something else was measured */

extern const char calibrate_source[]; /* cli/calibrate/main.go */

static const char *const whats[CALIBRATION_CONSTANTS] = {"a cycle", "a small object", "a byte of a big object",
							 "a byte of stacks", "a byte of spans"};

struct calibrating {
	char *go, *folder, *source, *program;
	double measured[CALIBRATION_CONSTANTS][RUNS], spread[CALIBRATION_CONSTANTS];
	char go_version[64];
	struct calibration result;
};

static enum status write_source(const char *path, struct error *error)
{
	FILE *file = fopen(path, "we");
	bool written = file && fputs(calibrate_source, file) >= 0;

	if ((file && fclose(file)) || !written)
		return error_set_errno(error, "cannot write %s", path);
	return STATUS_OK;
}

static enum status prepare(struct calibrating *job, struct error *error)
{
	job->go = go_command_find(error);
	job->folder = job->go ? directory_make_temporary("calibrate", error) : NULL;
	if (!job->folder)
		return STATUS_ERROR;
	job->source = memory_format("%s/main.go", job->folder);
	job->program = memory_format("%s/program", job->folder);
	return write_source(job->source, error);
}

static enum status build_program(const struct calibrating *job, struct error *error)
{
	static char build[] = "build", to[] = "-o", flags[] = "GOFLAGS=", modules[] = "GO111MODULE=off",
		    cgo[] = "CGO_ENABLED=0";
	char *words[] = {job->go, build, to, job->program, job->source, NULL};
	char *environment[] = {flags, modules, cgo, NULL};
	struct go_command_run run = {.argv = words, .environment = environment};

	if (go_command_run(&run))
		return error_set(error, "the Go program that measures could not be built with %s", job->go);
	return STATUS_OK;
}

/* One run of the program, into the column RUN. */
static enum status measure(struct calibrating *job, int run_number, struct error *error)
{
	char *words[] = {job->program, NULL};
	static char debug[] = "GODEBUG=", gogc[] = "GOGC=off", limit[] = "GOMEMLIMIT=off";
	char *environment[] = {debug, gogc, limit, NULL};
	struct buf output = {0};
	struct go_command_run run = {.argv = words, .environment = environment, .output = &output};
	int ended = go_command_run(&run);
	json_t *line = json_loads(buf_string(&output), 0, NULL);
	const char *version = json_string_value(json_object_get(line, "go"));
	enum status status = STATUS_OK;

	if (ended || !version)
		status = error_set(error, "the Go program that measures ended with status %d", ended);
	else
		snprintf(job->go_version, sizeof(job->go_version), "%s", version);
	for (int i = 0; i < CALIBRATION_CONSTANTS; i++)
		job->measured[i][run_number] = json_number_value(json_object_get(line, calibration_name(i)));
	json_decref(line);
	buf_free(&output);
	return status;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The medians, and whether they can be believed. */
static enum status conclude(struct calibrating *job, struct error *error)
{
	struct gc_model_costs defaults = gc_model_costs_for(job->go_version);

	for (int i = 0; i < CALIBRATION_CONSTANTS; i++) {
		double *values = job->measured[i], usual = *calibration_constant(&defaults, i), median;

		qsort(values, RUNS, sizeof(*values), compare);
		median = fmax(0, values[RUNS / 2]);
		if (usual <= 0)
			median = 0; /* no such cost in this version's collector */
		job->spread[i] = median > 0 ? (values[RUNS * 3 / 4] - values[RUNS / 4]) / median : 0;
		if (usual > 0 && (job->spread[i] > BUSY || median > FAR_OFF * usual || median < usual / FAR_OFF))
			return error_set(error,
					 "%s took %.3g ns, give or take %.0f %%: the machine is too busy to tell; "
					 "nothing is kept",
					 whats[i], median, 50 * job->spread[i]);
		*calibration_constant(&job->result.costs, i) = median;
	}
	return STATUS_OK;
}

static enum status keep(struct calibrating *job, struct error *error)
{
	time_t now = time(NULL);
	char *cpu = machine_cpu();
	enum status status;
	struct tm day;

	localtime_r(&now, &day);
	strftime(job->result.date, sizeof(job->result.date), "%Y-%m-%d", &day);
	status = calibration_keep(&job->result, cpu, job->go_version, error);
	free(cpu);
	return status;
}

static void print(struct calibrating *job)
{
	struct gc_model_costs defaults = gc_model_costs_for(job->go_version);
	char *path = calibration_path();

	printf("%-24s %10s %10s %8s\n", "ns of marking for", "default", "here", "±");
	for (int i = 0; i < CALIBRATION_CONSTANTS; i++)
		printf("%-24s %10.4g %10.4g %6.0f %%\n", whats[i], *calibration_constant(&defaults, i),
		       *calibration_constant(&job->result.costs, i), 50 * job->spread[i]);
	printf("kept for %s and this machine's CPU in %s\n", job->go_version, path);
	free(path);
}

static void release(struct calibrating *job)
{
	if (job->program) {
		unlink(job->program);
		unlink(job->source);
		rmdir(job->folder);
	}
	free(job->program);
	free(job->source);
	free(job->folder);
	free(job->go);
}

static const struct argp calibrate_argp = {
    .doc =
	"Measure once what marking takes on this machine, some ten seconds, best when it is idle. Reports of programs "
	"that ran on a machine with this CPU, and were built by the same minor version of Go, use it; others use "
	"constants that were measured elsewhere.",
};

int cmd_calibrate(int argc, char **argv)
{
	struct calibrating job = {0};
	struct error error = {""};
	enum status status;

	argp_err_exit_status = 2;
	argp_parse(&calibrate_argp, argc, argv, 0, NULL, NULL);
	status = prepare(&job, &error);
	if (status == STATUS_OK)
		status = build_program(&job, &error);
	for (int i = 0; i < RUNS && status == STATUS_OK; i++) {
		status = measure(&job, i, &error);
		terminal_progress("measuring", (size_t)i + 1, RUNS);
	}
	if (status == STATUS_OK)
		status = conclude(&job, &error);
	if (status == STATUS_OK)
		status = keep(&job, &error);
	if (status == STATUS_OK)
		print(&job);
	else
		terminal_error("%s", error.text);
	release(&job);
	return status == STATUS_OK ? 0 : 1;
}
