/*
 * An agent is found by its control block: a mapping of the memfd "escprof" from offset 0, its code right before it. The
 * program may have written there what it likes, so that nothing in it is believed beyond what is compared here.
 */
#include "collector/agent_remains.h"

#include "base/memory.h"
#include "collector/process_info.h"
#include "collector/region.h"
#include "collector/target_memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEMFD_PATH      "/memfd:escprof (deleted)"
#define HEARTBEAT_NS    3000000000u /* as the agent has it; a collector that lives renews it seven times in this time */
#define HEARTBEAT_LOOKS 30

static bool is_ours(const struct target_mapping *mapping)
{
	return !strcmp(mapping->path, MEMFD_PATH);
}

static bool is_agent(pid_t process, uint64_t control)
{
	uint64_t magic;

	return target_memory_read(process, control, &magic, sizeof(magic), NULL) == STATUS_OK && magic == AGENT_MAGIC;
}

static enum status unknown_patch(pid_t process, struct error *error)
{
	return error_set(
	    error,
	    "process %d: the calls of its runtime that escprof patches lead elsewhere already, and not to an "
	    "escprof that this one knows (another version?): restart the program to profile it",
	    (int)process);
}

enum status agent_remains_control(const struct patching *patching, uint64_t target, uint64_t *control,
				  struct error *error)
{
	struct target_mapping *mappings;
	size_t count, i;

	if (target_memory_mappings(patching->process, &mappings, &count, error) != STATUS_OK)
		return STATUS_ERROR;
	*control = 0;
	for (i = 0; i < count; i++)
		if (is_ours(&mappings[i]) && !mappings[i].offset && target < mappings[i].start &&
		    target >= mappings[i].start - AGENT_CODE_SIZE)
			*control = mappings[i].start;
	free(mappings);
	if (!*control || !is_agent(patching->process, *control))
		return unknown_patch(patching->process, error);
	return STATUS_OK;
}

static enum status is_profiled(pid_t process, const struct agent_collector *collector, bool seen, struct error *error)
{
	char command[256] = "";

	if (!seen)
		return error_set(error,
				 "process %d is being profiled by another escprof (process %u of its own PID "
				 "namespace): end that first",
				 (int)process, collector->pid);
	process_info_command((pid_t)collector->pid, command, sizeof(command));
	return error_set(error, "process %d is being profiled by another escprof, process %u (%s): end that first",
			 (int)process, collector->pid, command);
}

enum status agent_remains_check_alone(pid_t process, uint64_t control, struct error *error)
{
	struct timespec pause = {.tv_nsec = HEARTBEAT_NS / HEARTBEAT_LOOKS};
	struct agent_collector collector;
	uint64_t first, heartbeat;
	int i;

	if (target_memory_read(process, control + offsetof(struct agent_control, collector), &collector,
			       sizeof(collector), error) != STATUS_OK ||
	    target_memory_read(process, control + offsetof(struct agent_control, heartbeat), &first, sizeof(first),
			       error) != STATUS_OK)
		return STATUS_ERROR;
	if (collector.namespace && collector.namespace == process_info_namespace(getpid()))
		return process_info_is((pid_t)collector.pid, collector.start_time)
			   ? is_profiled(process, &collector, true, error)
			   : STATUS_OK;
	for (i = 0; i < HEARTBEAT_LOOKS; i++) {
		nanosleep(&pause, NULL);
		if (target_memory_read(process, control + offsetof(struct agent_control, heartbeat), &heartbeat,
				       sizeof(heartbeat), error) != STATUS_OK)
			return STATUS_ERROR;
		if (heartbeat != first)
			return is_profiled(process, &collector, false, error);
	}
	return STATUS_OK;
}

static void add_rest(struct agent_remains *remains, uint64_t start, uint64_t end)
{
	if (start < end && remains->nrest < REMAINS_MAX)
		remains->rest[remains->nrest++] = (struct remains_range){start, end};
}

/*
 * Whether the code before CONTROL can be used: it is ours to the byte, or nothing has ever led there; so also where the
 * control block cannot be read, because its memory was never given a size.
 */
static bool is_usable(pid_t process, uint64_t control, bool *complete)
{
	uint64_t size, magic = 0, code = control - AGENT_CODE_SIZE;
	struct agent_entries entries;
	const void *agent = region_agent_code(&size, &entries);
	uint8_t *there = memory_alloc(size, 1);
	bool usable = target_memory_read(process, code, there, size, NULL) == STATUS_OK;

	if (target_memory_read(process, control, &magic, sizeof(magic), NULL) != STATUS_OK)
		magic = 0;

	*complete = usable && !memcmp(there, agent, size);
	free(there);
	return usable && (*complete || !magic);
}

/* Whether the COUNT mappings end with one, or with two side by side, where an agent's code would be before CONTROL. */
static bool hold_code(const struct target_mapping *mappings, size_t count, uint64_t control)
{
	uint64_t start = control;

	while (count && start > control - AGENT_CODE_SIZE) {
		const struct target_mapping *mapping = &mappings[--count];

		if (!mapping->executable || mapping->path[0] || mapping->end != start)
			return false;
		start = mapping->start;
	}
	return start <= control - AGENT_CODE_SIZE;
}

enum status agent_remains_find(struct agent_remains *remains, pid_t process, struct error *error)
{
	struct region region = {0};
	uint64_t control_size = region_rest_offset(&region);
	struct target_mapping *mappings;
	size_t count, i;

	*remains = (struct agent_remains){0};
	if (target_memory_mappings(process, &mappings, &count, error) != STATUS_OK)
		return STATUS_ERROR;
	for (i = 0; i < count; i++) {
		const struct target_mapping *mapping = &mappings[i];
		bool complete;

		if (!is_ours(mapping))
			continue;
		if (mapping->offset) {
			add_rest(remains, mapping->start, mapping->end);
			continue;
		}
		if (remains->ncontrols == REMAINS_MAX)
			continue;
		if (is_agent(process, mapping->start))
			remains->controls[remains->ncontrols++] = mapping->start;
		if (hold_code(mappings, i, mapping->start) && is_usable(process, mapping->start, &complete) &&
		    (!remains->code || complete)) {
			remains->code = mapping->start - AGENT_CODE_SIZE;
			remains->code_is_complete = complete;
			add_rest(remains, mapping->start + control_size, mapping->end);
		}
	}
	free(mappings);
	return STATUS_OK;
}
