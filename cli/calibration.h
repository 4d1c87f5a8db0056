/*
 * What `escprof calibrate` measured: the constants of the GC's cost model, by CPU and by Go's minor version. Kept in
 * $XDG_CONFIG_HOME/escprof/calibration.json, else ~/.config/escprof/.
 */
#ifndef CLI_CALIBRATION_H
#define CLI_CALIBRATION_H

#include "analyzer/gc_model.h"
#include "base/error.h"

struct calibration {
	struct gc_model_costs costs;
	char date[11]; /* 2026-11-24 */
};

#define CALIBRATION_CONSTANTS 5

/* The constant NUMBER, from 0, of COSTS; ns. */
double *calibration_constant(struct gc_model_costs *costs, int number);

/* Its name in the file. */
const char *calibration_name(int number);

/* The file's path; the caller's to free. */
char *calibration_path(void);

/*
 * What was measured on CPU (base/machine.h) with GO_VERSION ("go1.26.8": any go1.26 will do). STATUS_NO_ENTRY: nothing
 * was; STATUS_ERROR: the file is not what it should be, ERROR names it.
 */
enum status calibration_find(struct calibration *calibration, const char *cpu, const char *go_version,
			     struct error *error);

/* Keep CALIBRATION in place of what there was for CPU and GO_VERSION; what else is in the file stays. */
enum status calibration_keep(const struct calibration *calibration, const char *cpu, const char *go_version,
			     struct error *error);

#endif
