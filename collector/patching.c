/*
 * Order matters only for a collector that is killed between two writes: the agent is complete before the first call
 * leads to it, and the draw of the next sampling point is led away last, and back first.
 */
#include "collector/patching.h"

#include "base/memory.h"
#include "collector/agent/agent_math.h"
#include "collector/region.h"
#include "collector/target_memory.h"
#include "collector/thread_stop.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define PROCS_MAX       8192
#define OUTSIDE_TRIES   2000
#define OUTSIDE_WAIT_NS 1000000

/* The mcaches of a program's Ps: those that have one, by their number. */
struct mcaches {
	uint64_t *addresses; /* 0: that P has none */
	size_t count;
};

enum status patching_look(const struct patching *patching, enum patching_state *state, uint64_t *target,
			  struct error *error)
{
	struct plan_targets own = plan_own_targets(patching->plan, patching->bias);
	struct plan_write writes[PLAN_MAX_WRITES];
	size_t count = plan_calls(patching->plan, patching->bias, &own, writes), i;
	int32_t now, wanted;

	*state = PATCHING_NONE;
	for (i = 0; i < count && *state == PATCHING_NONE; i++) {
		if (target_memory_read(patching->process, writes[i].address, &now, sizeof(now), error) != STATUS_OK)
			return STATUS_ERROR;
		memcpy(&wanted, writes[i].bytes, sizeof(wanted));
		if (now == wanted)
			continue;
		*state = PATCHING_PATCHED;
		*target = writes[i].address + sizeof(now) + (uint64_t)(int64_t)now;
	}
	return STATUS_OK;
}

/* The Ps' mcaches; none where they cannot be found. */
static struct mcaches find_mcaches(pid_t thread, const struct plan_sampling *sampling)
{
	struct mcaches found = {0};
	uint64_t list[2], *procs;
	size_t i;

	if (target_memory_read(thread, sampling->allp, list, sizeof(list), NULL) != STATUS_OK || !list[1] ||
	    list[1] > PROCS_MAX)
		return found;
	procs = memory_alloc(list[1], sizeof(*procs));
	found.addresses = memory_alloc(list[1], sizeof(*found.addresses));
	if (target_memory_read(thread, list[0], procs, list[1] * sizeof(*procs), NULL) == STATUS_OK)
		found.count = list[1];
	for (i = 0; i < found.count; i++)
		if (!procs[i] || target_memory_read(thread, procs[i] + sampling->p_mcache, &found.addresses[i],
						    sizeof(uint64_t), NULL) != STATUS_OK)
			found.addresses[i] = 0;
	free(procs);
	return found;
}

/* Have the next allocation of the P with this MCACHE sampled. */
static void sample_next(pid_t thread, const struct plan_sampling *sampling, uint64_t mcache)
{
	int64_t now = 0, never_seen = -1;

	if (sampling->seen_rate) /* unlike the interval, no thread counts this down meanwhile */
		target_memory_write(thread, mcache + sampling->seen_rate, &never_seen, sizeof(never_seen), NULL);
	else
		target_memory_write(thread, mcache + sampling->next_sample, &now, sizeof(now), NULL);
}

static void sample_all_next(const struct patching *patching, pid_t thread)
{
	struct plan_sampling sampling;
	struct mcaches mcaches;
	size_t i;

	if (!plan_sampling(patching->plan, patching->bias, &sampling))
		return; /* then the first interval of each P is the runtime's own */
	mcaches = find_mcaches(thread, &sampling);
	for (i = 0; i < mcaches.count; i++)
		if (mcaches.addresses[i])
			sample_next(thread, &sampling, mcaches.addresses[i]);
	free(mcaches.addresses);
}

/* Write those of the calls' displacements in WRITES that differ from what is there, from the last on if BACKWARDS. */
static enum status write_calls(pid_t thread, const struct plan_write *writes, size_t count, bool backwards,
			       struct error *error)
{
	uint8_t now[sizeof(writes->bytes)];
	size_t i;

	for (i = 0; i < count; i++) {
		const struct plan_write *write = &writes[backwards ? count - 1 - i : i];

		if (target_memory_read(thread, write->address, now, write->size, error) != STATUS_OK)
			return STATUS_ERROR;
		if (memcmp(now, write->bytes, write->size) != 0 &&
		    target_memory_write(thread, write->address, write->bytes, write->size, error) != STATUS_OK)
			return STATUS_ERROR;
	}
	return STATUS_OK;
}

/* An instruction is not to change under a thread that is in the middle of it; that cannot be, but is easily looked at.
 */
static enum status check_threads(const struct thread_stop *stop, const struct plan_write *writes, size_t count,
				 struct error *error)
{
	struct thread_stop_range ranges[PLAN_MAX_WRITES];
	size_t i;

	for (i = 0; i < count; i++)
		ranges[i] = (struct thread_stop_range){writes[i].address, writes[i].address + writes[i].size};
	if (thread_stop_is_inside(stop, ranges, count))
		return error_set(error, "a thread of process %d is within a call that is to be patched",
				 (int)stop->process);
	return STATUS_OK;
}

static enum status take_back_calls(const struct patching *patching, const struct thread_stop *stop, struct error *error)
{
	struct plan_targets own = plan_own_targets(patching->plan, patching->bias);
	struct plan_write writes[PLAN_MAX_WRITES];
	size_t count = plan_calls(patching->plan, patching->bias, &own, writes);

	if (check_threads(stop, writes, count, error) != STATUS_OK)
		return STATUS_ERROR;
	return write_calls(thread_stop_any(stop), writes, count, true, error);
}

/* Where the program keeps no profile, the runtime samples nothing: give it a rate. */
static enum status put_rate(const struct patching *patching, pid_t thread, struct region *region, struct error *error)
{
	struct agent_control *control = region->control;
	struct plan_sampling sampling;
	int64_t rate, put = (int64_t)plan_live_rate(patching->plan);

	plan_sampling(patching->plan, patching->bias, &sampling);
	if (target_memory_read(thread, sampling.mem_profile_rate, &rate, sizeof(rate), error) != STATUS_OK)
		return STATUS_ERROR;
	control->plan.first_rate = 0;
	control->plan.switched_on = rate <= 0;
	control->collector.rate_was_put = rate <= 0;
	control->collector.rate_before = rate;
	control->collector.rate_put = put;
	if (rate > 0)
		return STATUS_OK;
	return target_memory_write(thread, sampling.mem_profile_rate, &put, sizeof(put), error);
}

static void restore_rate(const struct plan_sampling *sampling, pid_t thread, const struct agent_collector *collector)
{
	int64_t rate;

	if (collector->rate_was_put &&
	    target_memory_read(thread, sampling->mem_profile_rate, &rate, sizeof(rate), NULL) == STATUS_OK &&
	    rate == collector->rate_put)
		target_memory_write(thread, sampling->mem_profile_rate, &collector->rate_before,
				    sizeof(collector->rate_before), NULL);
}

enum status patching_put_in(const struct patching *patching, const struct thread_stop *stop, uint64_t code,
			    struct region *region, struct error *error)
{
	struct plan_write writes[PLAN_MAX_WRITES];
	enum patching_state state;
	struct agent_entries entries;
	struct plan_targets targets;
	pid_t thread = thread_stop_any(stop);
	uint64_t size, elsewhere;
	enum status status;
	size_t count;

	region_agent_code(&size, &entries);
	targets = plan_agent_targets(patching->plan, code, &entries);
	count = plan_calls(patching->plan, patching->bias, &targets, writes);
	if (patching_look(patching, &state, &elsewhere, error) != STATUS_OK)
		return STATUS_ERROR;
	if (state != PATCHING_NONE)
		return error_set(error, "another escprof came to process %d first", (int)patching->process);
	if (check_threads(stop, writes, count, error) != STATUS_OK ||
	    put_rate(patching, thread, region, error) != STATUS_OK)
		return STATUS_ERROR;
	region_heartbeat(region);
	status = write_calls(thread, writes, count, false, error);
	if (status == STATUS_OK)
		sample_all_next(patching, thread);
	else
		take_back_calls(patching, stop, NULL);
	return status;
}

/* Whether the P with the number PROC has an interval that the agent has not drawn. */
static bool is_missed(pid_t thread, const struct plan_sampling *sampling, const struct region *region, size_t proc,
		      uint64_t mcache)
{
	int64_t next;

	return mcache && proc < AGENT_PROCESSORS && !region->control->processors[proc].mean &&
	       target_memory_read(thread, mcache + sampling->next_sample, &next, sizeof(next), NULL) == STATUS_OK &&
	       next > 0;
}

bool patching_is_missed(const struct patching *patching, const struct region *region)
{
	struct plan_sampling sampling;
	struct mcaches mcaches;
	bool missed = false;
	size_t i;

	if (!plan_sampling(patching->plan, patching->bias, &sampling) || sampling.seen_rate)
		return false;
	mcaches = find_mcaches(patching->process, &sampling);
	for (i = 0; i < mcaches.count && !missed; i++)
		missed = is_missed(patching->process, &sampling, region, i, mcaches.addresses[i]);
	free(mcaches.addresses);
	return missed;
}

enum status patching_put_again(const struct patching *patching, const struct thread_stop *stop,
			       const struct region *region, size_t *left, struct error *error)
{
	pid_t thread = thread_stop_any(stop);
	struct plan_sampling sampling;
	struct mcaches mcaches;
	size_t i;

	*left = 0;
	if (!plan_sampling(patching->plan, patching->bias, &sampling))
		return error_set(error, "the Ps of process %d cannot be found", (int)patching->process);
	mcaches = find_mcaches(thread, &sampling);
	for (i = 0; i < mcaches.count; i++) {
		if (!is_missed(thread, &sampling, region, i, mcaches.addresses[i]))
			continue;
		sample_next(thread, &sampling, mcaches.addresses[i]);
		++*left;
	}
	free(mcaches.addresses);
	return STATUS_OK;
}

/* Intervals as the runtime would have drawn them, for the program's own profile: where they began does not matter. */
static void draw_anew(const struct plan_sampling *sampling, pid_t thread)
{
	struct mcaches mcaches = find_mcaches(thread, sampling);
	uint64_t random = 0;
	int64_t rate = 0, most, next;
	size_t i;

	target_memory_read(thread, sampling->mem_profile_rate, &rate, sizeof(rate), NULL);
	most = rate < AGENT_RATE_MAX ? rate : AGENT_RATE_MAX; /* as runtime.fastexprand has it */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = region_ticks();
	for (i = 0; i < mcaches.count; i++) {
		if (!mcaches.addresses[i])
			continue;
		next = rate <= 0 ? INT64_MAX : rate == 1 ? 0 : agent_draw(&random, (double)most);
		if (sampling->seen_rate)
			target_memory_write(thread, mcaches.addresses[i] + sampling->seen_rate, &rate, sizeof(rate),
					    NULL);
		target_memory_write(thread, mcaches.addresses[i] + sampling->next_sample, &next, sizeof(next), NULL);
	}
	free(mcaches.addresses);
}

enum status patching_take_out(const struct patching *patching, const struct thread_stop *stop, uint64_t control,
			      struct error *error)
{
	pid_t thread = thread_stop_any(stop);
	struct agent_collector collector;
	struct plan_sampling sampling;
	uint32_t off = 0;

	if (take_back_calls(patching, stop, error) != STATUS_OK)
		return STATUS_ERROR;
	if (target_memory_read(thread, control + offsetof(struct agent_control, collector), &collector,
			       sizeof(collector), error) != STATUS_OK ||
	    target_memory_write(thread, control + offsetof(struct agent_control, enabled), &off, sizeof(off), error) !=
		STATUS_OK)
		return STATUS_ERROR;
	if (!plan_sampling(patching->plan, patching->bias, &sampling)) {
		restore_rate(&sampling, thread, &collector);
		return STATUS_OK;
	}
	restore_rate(&sampling, thread, &collector);
	draw_anew(&sampling, thread);
	return STATUS_OK;
}

static bool is_anyone_inside(const struct agent_control *control)
{
	size_t i;

	for (i = 0; i < AGENT_PROCESSORS; i++)
		if (control->processors[i].inside)
			return true;
	return control->inside != 0;
}

enum status patching_wait_outside(pid_t process, uint64_t control)
{
	struct agent_control *copy = memory_alloc(1, sizeof(*copy));
	struct timespec pause = {.tv_nsec = OUTSIDE_WAIT_NS};
	enum status status = STATUS_NO_ENTRY;
	int tries;

	for (tries = 0; tries < OUTSIDE_TRIES && status != STATUS_OK; tries++) {
		if (tries)
			nanosleep(&pause, NULL);
		if (target_memory_read(process, control, copy, sizeof(*copy), NULL) != STATUS_OK)
			break;
		if (!is_anyone_inside(copy))
			status = STATUS_OK;
	}
	free(copy);
	return status;
}
