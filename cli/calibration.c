/* In: a small JSON file. Out: the entry for a CPU and a Go version. A file that is replaced is replaced whole. */
#include "cli/calibration.h"

#include "base/directory.h"
#include "base/memory.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT 2 /* in 1 a byte of a big object was measured of nothing but pointers */

/* The constants by their names in the file. */
static const struct {
	const char *name;
	size_t offset;
} constants[CALIBRATION_CONSTANTS] = {
    {"cycle", offsetof(struct gc_model_costs, cycle)},
    {"object", offsetof(struct gc_model_costs, object)},
    {"scan_byte", offsetof(struct gc_model_costs, scan_byte)},
    {"root_byte", offsetof(struct gc_model_costs, root_byte)},
    {"span_byte", offsetof(struct gc_model_costs, span_byte)},
};

double *calibration_constant(struct gc_model_costs *costs, int number)
{
	return (double *)(void *)((char *)costs + constants[number].offset);
}

const char *calibration_name(int number)
{
	return constants[number].name;
}

char *calibration_path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config)
		return memory_format("%s/escprof/calibration.json", config);
	return memory_format("%s/.config/escprof/calibration.json", home && *home ? home : "/tmp");
}

/* "go1.26" of "go1.26.8"; the caller's to free. */
static char *minor_of(const char *go_version)
{
	const char *dot = strchr(go_version, '.');
	size_t length = dot ? (size_t)(dot - go_version) + 1 + strspn(dot + 1, "0123456789") : strlen(go_version);

	return memory_copy_bytes(go_version, length);
}

/* The file's root; STATUS_NO_ENTRY where there is no file, or one from before the constants were measured as they are.
 */
static enum status read_root(json_t **root, const char *path, struct error *error)
{
	json_error_t problem;
	long long format;

	*root = NULL;
	if (access(path, F_OK) && errno == ENOENT)
		return STATUS_NO_ENTRY;
	*root = json_load_file(path, 0, &problem);
	if (!*root)
		return error_set(error, "not a calibration: %s, line %d: %s: remove it, then `escprof calibrate`", path,
				 problem.line, problem.text);
	format = json_integer_value(json_object_get(*root, "format"));
	if (format == FORMAT && json_is_array(json_object_get(*root, "measured")))
		return STATUS_OK;
	json_decref(*root);
	*root = NULL;
	if (format > 0 && format < FORMAT)
		return STATUS_NO_ENTRY;
	return error_set(error, "not a calibration that this escprof knows: %s: remove it, then `escprof calibrate`",
			 path);
}

static bool is_of(const json_t *entry, const char *cpu, const char *minor)
{
	const char *its_cpu = json_string_value(json_object_get(entry, "cpu"));
	const char *its_go = json_string_value(json_object_get(entry, "go"));

	return its_cpu && its_go && strcmp(its_cpu, cpu) == 0 && strcmp(its_go, minor) == 0;
}

/* The number of the entry for CPU and MINOR in LIST; its length when there is none. */
static size_t find_entry(const json_t *list, const char *cpu, const char *minor)
{
	size_t i = 0;

	while (i < json_array_size(list) && !is_of(json_array_get(list, i), cpu, minor))
		i++;
	return i;
}

static enum status take_entry(struct calibration *calibration, const json_t *entry, const char *path,
			      struct error *error)
{
	const char *date = json_string_value(json_object_get(entry, "date"));

	for (int i = 0; i < CALIBRATION_CONSTANTS; i++) {
		double value = json_number_value(json_object_get(entry, constants[i].name));

		if (value < 0 || (value <= 0 && strcmp(constants[i].name, "span_byte") != 0))
			return error_set(error,
					 "not a calibration: %s: no %s above 0: remove it, then `escprof calibrate`",
					 path, constants[i].name);
		*calibration_constant(&calibration->costs, i) = value;
	}
	if (!date || strlen(date) >= sizeof(calibration->date))
		return error_set(error, "not a calibration: %s: no date: remove it, then `escprof calibrate`", path);
	memcpy(calibration->date, date, strlen(date) + 1);
	return STATUS_OK;
}

enum status calibration_find(struct calibration *calibration, const char *cpu, const char *go_version,
			     struct error *error)
{
	char *path = calibration_path(), *minor = minor_of(go_version);
	json_t *root;
	enum status status = read_root(&root, path, error);

	if (status == STATUS_OK) {
		json_t *list = json_object_get(root, "measured");
		size_t at = find_entry(list, cpu, minor);

		status = at < json_array_size(list) ? take_entry(calibration, json_array_get(list, at), path, error)
						    : STATUS_NO_ENTRY;
	}
	json_decref(root);
	free(minor);
	free(path);
	return status;
}

static json_t *make_entry(const struct calibration *calibration, const char *cpu, const char *minor)
{
	struct gc_model_costs costs = calibration->costs;
	json_t *entry = json_object();

	json_object_set_new(entry, "cpu", json_string(cpu));
	json_object_set_new(entry, "go", json_string(minor));
	json_object_set_new(entry, "date", json_string(calibration->date));
	for (int i = 0; i < CALIBRATION_CONSTANTS; i++)
		json_object_set_new(entry, constants[i].name, json_real(*calibration_constant(&costs, i)));
	return entry;
}

static enum status write_root(const json_t *root, const char *path, struct error *error)
{
	char *other = memory_format("%s.%ld", path, (long)getpid());
	enum status status = directory_make_parents(path, error);

	if (status == STATUS_OK &&
	    (json_dump_file(root, other, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) || rename(other, path))) {
		status = error_set_errno(error, "cannot write %s", path);
		unlink(other);
	}
	free(other);
	return status;
}

enum status calibration_keep(const struct calibration *calibration, const char *cpu, const char *go_version,
			     struct error *error)
{
	char *path = calibration_path(), *minor = minor_of(go_version);
	json_t *root, *list;
	enum status status = read_root(&root, path, error);

	if (status == STATUS_NO_ENTRY) {
		root = json_object();
		json_object_set_new(root, "format", json_integer(FORMAT));
		json_object_set_new(root, "measured", json_array());
		status = STATUS_OK;
	}
	if (status == STATUS_OK) {
		list = json_object_get(root, "measured");
		json_array_remove(list, find_entry(list, cpu, minor));
		json_array_append_new(list, make_entry(calibration, cpu, minor));
		status = write_root(root, path, error);
	}
	json_decref(root);
	free(minor);
	free(path);
	return status;
}
