/*
 * print_agent PID: what the agent in a process has left for its collector so far, as one line: "written BYTES counted
 * SAMPLES lost RECORDS alone PS": bytes that ever went into its rings, samples that were only counted, records that
 * found no room, and how many Ps know that nobody collects. All but the last only grow. Status 1: the process has no
 * agent that is complete, with its rings.
 */
#include "base/memory.h"
#include "collector/agent/agent_shared.h"
#include "collector/target_memory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct left {
	uint64_t written, counted, lost, alone;
};

/* The lowest address at which PID has something of ours: the control block. 0: nowhere. */
static uint64_t find_control(pid_t pid, struct error *error)
{
	struct target_mapping *mappings;
	uint64_t found = 0;
	size_t count, i;

	if (target_memory_mappings(pid, &mappings, &count, error) != STATUS_OK)
		return 0;
	for (i = 0; i < count && !found; i++)
		if (strstr(mappings[i].path, "memfd:escprof"))
			found = mappings[i].start;
	free(mappings);
	if (!found)
		error_set(error, "process %d has no agent", (int)pid);
	return found;
}

/* Add what all Ps have counted to LEFT. */
static enum status add_tallies(pid_t pid, uint64_t at, const struct agent_plan *plan, struct left *left,
			       struct error *error)
{
	struct agent_tally *tally = memory_alloc(1, sizeof(*tally));
	enum status status = STATUS_OK;
	uint32_t i, k;

	for (i = 0; i < plan->ntallies && status == STATUS_OK; i++) {
		status = target_memory_read(pid, at + plan->tallies_offset + i * sizeof(*tally), tally, sizeof(*tally),
					    error);
		for (k = 0; status == STATUS_OK && k < AGENT_SLOTS; k++)
			left->counted += tally->slots[k].count;
	}
	free(tally);
	return status;
}

static enum status add_shards(pid_t pid, uint64_t at, const struct agent_plan *plan, struct left *left,
			      struct error *error)
{
	struct agent_shard shard;
	uint32_t i;

	for (i = 0; i < plan->nshards; i++) {
		if (target_memory_read(pid, at + plan->shards_offset + i * plan->shard_size, &shard,
				       offsetof(struct agent_shard, seen), error) != STATUS_OK)
			return STATUS_ERROR;
		left->written += shard.head;
		left->lost += shard.lost_samples + shard.lost_deaths;
	}
	return STATUS_OK;
}

static enum status look(pid_t pid, struct agent_control *control, struct left *left, struct error *error)
{
	uint64_t at = find_control(pid, error);
	uint32_t i;

	if (!at || target_memory_read(pid, at, control, sizeof(*control), error) != STATUS_OK)
		return STATUS_ERROR;
	if (control->magic != AGENT_MAGIC)
		return error_set(error, "the agent of process %d is not complete", (int)pid);
	left->lost = control->contended + control->contended_deaths;
	for (i = 0; i < AGENT_PROCESSORS; i++)
		left->alone += control->processors[i].alone != 0;
	if (add_tallies(pid, at, &control->plan, left, error) != STATUS_OK)
		return STATUS_ERROR;
	return add_shards(pid, at, &control->plan, left, error);
}

int main(int argc, char **argv)
{
	struct agent_control *control = memory_alloc(1, sizeof(*control));
	struct error error = {""};
	struct left left = {0};
	enum status status;

	if (argc != 2) {
		fprintf(stderr, "usage: print_agent PID\n");
		return 1;
	}
	status = look((pid_t)strtol(argv[1], NULL, 10), control, &left, &error);
	free(control);
	if (status != STATUS_OK) {
		fprintf(stderr, "print_agent: %s\n", error.text);
		return 1;
	}
	printf("written %llu counted %llu lost %llu alone %llu\n", (unsigned long long)left.written,
	       (unsigned long long)left.counted, (unsigned long long)left.lost, (unsigned long long)left.alone);
	return 0;
}
