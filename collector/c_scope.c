/* From what a session is asked for and what a program is to whether its C allocations are sampled. */
#include "collector/c_scope.h"

#include "collector/c_drain.h"
#include "collector/c_target.h"
#include "collector/plan.h"
#include "collector/preload_host.h"
#include "collector/profiled.h"
#include "collector/target_memory.h"

#include <stddef.h>
#include <stdint.h>

enum status c_scope_check(const struct session_options *options, pid_t pid, pid_t command, struct error *error)
{
	struct c_target target;
	enum status status;

	if (!options->c_rate)
		return STATUS_OK;
	status = c_target_look(&target, pid, command, options->c_interpreters, error);
	c_target_free(&target);
	return status == STATUS_ERROR ? STATUS_ERROR : STATUS_OK;
}

enum status c_scope_check_entered(const struct session_options *options, const struct plan_program *program,
				  struct error *error)
{
	if (!options->c_rate || options->c_yields || program->is_preloaded || !program->has_c)
		return STATUS_OK;
	return error_set(error, "cannot sample the C allocations of %s: %s", program->path,
			 c_target_why_not(program->is_dynamic, program->is_sanitized));
}

/* Where Go is in the program that PID runs by PLAN; zeroes where that cannot be told. */
static struct c_go locate_go(const struct plan *plan, pid_t pid)
{
	uint64_t executable, size, bias;
	struct c_go go = {0};

	plan_executable(plan, &executable, &size);
	if (target_memory_bias(pid, executable, &bias, NULL) == STATUS_OK)
		plan_c_go(plan, bias, &go);
	return go;
}

enum status c_scope_prepare(struct profiled *profiled, const struct session_options *options, pid_t pid, pid_t command,
			    struct error *error)
{
	struct c_go go = {0};

	c_target_free(&profiled->c_target);
	if (!options->c_rate)
		return STATUS_NO_ENTRY;
	if (profiled->plan)
		go = locate_go(profiled->plan, pid);
	else if (c_target_look(&profiled->c_target, pid, command, options->c_interpreters, NULL) != STATUS_OK)
		return STATUS_NO_ENTRY;
	return c_drain_new(&profiled->c, options->c_rate, &go, error);
}

bool c_scope_settle(struct profiled *profiled, const struct preload_heard *heard)
{
	if (heard->c && (heard->agent || !profiled->plan))
		return true;
	c_drain_free(profiled->c);
	profiled->c = NULL;
	return false;
}
