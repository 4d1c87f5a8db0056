/*
 * The steps of getting in and out. In: a process and a plan. Out: a region that the agent in the process fills. Nothing
 * that stops threads lasts longer than its few writes, and every way out of here lets them go.
 */
#include "collector/attachment.h"

#include "base/memory.h"
#include "collector/agent_remains.h"
#include "collector/patching.h"
#include "collector/plan.h"
#include "collector/remote_calls.h"
#include "collector/target_memory.h"
#include "collector/thread_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLEAN_TRIES    20
#define CLEAN_PAUSE_NS 5000000
#define SETTLE_TRIES   20
#define SPACES         (REMOTE_SPACES + 1)

struct attachment {
	struct patching patching;
	struct region *region;
	uint64_t code, token;
	bool reused;                        /* the agent's code was there already */
	bool wrote;                         /* the control block in the target is ours */
	bool inside;                        /* a thread was still in the agent at the end: its rings stay */
	struct remote_space spaces[SPACES]; /* those that we use, and behind them the one that `escprof run` uses */
	struct agent_remains remains;
	size_t first_map; /* index of the call that maps the tallies and rings; the control block's follows */
	uint64_t begin_ns, end_ns;
};

static uint64_t control_of(const struct attachment *attachment)
{
	return attachment->code + AGENT_CODE_SIZE;
}

/* What the program's file has where a stub may stand. */
static enum status read_spaces(struct attachment *attachment, struct error *error)
{
	const struct plan *plan = attachment->patching.plan;
	size_t i;

	for (i = 0; i < REMOTE_SPACES; i++)
		attachment->spaces[i].address = plan_start_space(plan, i, &attachment->spaces[i].size);
	attachment->spaces[i].address = plan_stub_space(plan, &attachment->spaces[i].size);
	for (i = 0; i < SPACES; i++) {
		struct remote_space *space = &attachment->spaces[i];
		uint8_t *original;

		if (!space->address)
			continue;
		space->original = original = memory_alloc(space->size, 1);
		if (!plan_file_bytes(plan, space->address, original, space->size))
			return error_set(error, "cannot read the machine code at %#llx of %s",
					 (unsigned long long)space->address, plan_program(plan)->path);
		space->address += attachment->patching.bias;
	}
	return STATUS_OK;
}

/* Whether a stub stands in SPACE still. */
static bool is_used(pid_t pid, const struct remote_space *space)
{
	uint8_t *now;
	bool used;

	if (!space->address)
		return false;
	now = memory_alloc(space->size, 1);
	used = target_memory_read(pid, space->address, now, space->size, NULL) == STATUS_OK &&
	       memcmp(now, space->original, space->size) != 0;
	free(now);
	return used;
}

/*
 * With all threads stopped: put the spaces' own code back. Not while one is in any of them, for it needs what stands in
 * the others too: its floating point state comes back from there. False when one is.
 */
static bool clear_spaces(const struct thread_stop *stop, const struct remote_space *spaces)
{
	struct thread_stop_range used[SPACES];
	bool cleared = true;
	size_t count = 0, i;

	for (i = 0; i < SPACES; i++)
		if (spaces[i].address && is_used(stop->process, &spaces[i]))
			used[count++] =
			    (struct thread_stop_range){spaces[i].address, spaces[i].address + spaces[i].size};
	if (thread_stop_is_inside(stop, used, count))
		return false;
	for (i = 0; i < SPACES; i++)
		if (is_used(stop->process, &spaces[i]))
			cleared &= target_memory_write(thread_stop_any(stop), spaces[i].address, spaces[i].original,
						       spaces[i].size, NULL) == STATUS_OK;
	return cleared;
}

/* STOP is over, or was never whole: *LONGEST_NS is what it took, unless another took longer. */
static void note_stop(const struct thread_stop *stop, uint64_t *longest_ns)
{
	if (stop->longest_ns > *longest_ns)
		*longest_ns = stop->longest_ns;
}

/* Clear away what a killed collector has left. CONTROL: of its agent that calls lead to; 0: none do. */
static enum status clean_once(struct attachment *attachment, uint64_t control, bool *clean, struct error *error)
{
	struct thread_stop stop;
	enum status status = thread_stop_all(&stop, attachment->patching.process, error);

	if (status == STATUS_OK) {
		*clean = clear_spaces(&stop, attachment->spaces);
		if (control)
			status = patching_take_out(&attachment->patching, &stop, control, error);
		thread_stop_release(&stop);
	}
	note_stop(&stop, &attachment->begin_ns);
	return status;
}

static enum status clean(struct attachment *attachment, uint64_t control, struct error *error)
{
	struct timespec pause = {.tv_nsec = CLEAN_PAUSE_NS};
	enum status status = STATUS_OK;
	bool done = false;
	int tries;

	for (tries = 0; tries < CLEAN_TRIES && status == STATUS_OK && !done; tries++) {
		if (tries)
			nanosleep(&pause, NULL);
		status = clean_once(attachment, control, &done, error);
	}
	if (status == STATUS_OK && !done)
		return error_set(error, "a thread of process %d stands where an escprof that was killed has led it",
				 (int)attachment->patching.process);
	return status;
}

/* See who was here before. A collector that lives is an error; what a dead one left is cleared away. */
static enum status look_for_others(struct attachment *attachment, struct error *error)
{
	pid_t pid = attachment->patching.process;
	enum patching_state state;
	uint64_t target, control = 0;
	enum status status;
	bool used = false;
	size_t i;

	if (patching_look(&attachment->patching, &state, &target, error) != STATUS_OK)
		return STATUS_ERROR;
	if (state == PATCHING_PATCHED &&
	    (agent_remains_control(&attachment->patching, target, &control, error) != STATUS_OK ||
	     agent_remains_check_alone(pid, control, error) != STATUS_OK))
		return STATUS_ERROR;
	for (i = 0; i < SPACES; i++)
		used |= is_used(pid, &attachment->spaces[i]);
	if (control || used) {
		status = clean(attachment, control, error);
		if (status != STATUS_OK)
			return status;
	}
	if (agent_remains_find(&attachment->remains, pid, error) != STATUS_OK)
		return STATUS_ERROR;
	for (i = 0; i < attachment->remains.ncontrols; i++)
		if (patching_wait_outside(pid, attachment->remains.controls[i]) != STATUS_OK)
			return error_set(error,
					 "process %d: a thread is within the agent of an earlier escprof and does not "
					 "run, or the process has ended: try again",
					 (int)pid);
	return STATUS_OK;
}

/* Whether all of START..END is free in the target, but for what is to be unmapped. */
static bool is_free(const struct agent_remains *remains, const struct target_mapping *mappings, size_t count,
		    uint64_t start, uint64_t end)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		bool goes = false;

		/* A control block's mapping goes on into the rest that is unmapped: it ends where START is. */
		for (j = 0; j < remains->nrest; j++)
			goes |= mappings[i].end == remains->rest[j].end;
		if (!goes && start < mappings[i].end && mappings[i].start < end)
			return false;
	}
	return true;
}

/* Where the agent goes: where one is already if there is room for the rings, else near the program's code. */
static enum status place(struct attachment *attachment, struct error *error)
{
	const struct patching *patching = &attachment->patching;
	uint64_t text_start, text_end, rest;
	struct target_mapping *mappings;
	size_t count;

	if (attachment->remains.code) {
		if (target_memory_mappings(patching->process, &mappings, &count, error) != STATUS_OK)
			return STATUS_ERROR;
		attachment->code = attachment->remains.code;
		rest = control_of(attachment) + region_rest_offset(attachment->region);
		attachment->reused = is_free(&attachment->remains, mappings, count, rest,
					     control_of(attachment) + attachment->region->size);
		free(mappings);
		if (attachment->reused)
			return STATUS_OK;
	}
	plan_text(patching->plan, &text_start, &text_end);
	return target_memory_hole(patching->process, text_start + patching->bias, text_end + patching->bias,
				  AGENT_CODE_SIZE + attachment->region->size, &attachment->code, error);
}

static const uint64_t no_call[7] = {SYS_getpid};

/* Tallies and rings may not lie on anything else; the control block takes the place of the one before. */
static void rest_call(const struct attachment *attachment, uint64_t words[7])
{
	uint64_t offset = region_rest_offset(attachment->region);

	memcpy(words,
	       (uint64_t[7]){SYS_mmap, control_of(attachment) + offset, attachment->region->size - offset,
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, REMOTE_FD, offset},
	       7 * sizeof(words[0]));
}

static void control_call(const struct attachment *attachment, uint64_t words[7])
{
	memcpy(words,
	       (uint64_t[7]){
		   SYS_mmap, control_of(attachment), region_rest_offset(attachment->region), PROT_READ | PROT_WRITE,
		   MAP_SHARED | (uint64_t)(attachment->reused ? MAP_FIXED : MAP_FIXED_NOREPLACE), REMOTE_FD, 0},
	       7 * sizeof(words[0]));
}

/* THREAD has made the memfd: share it, complete the control block, and only then let it be mapped. */
static enum status share(struct attachment *attachment, struct remote_calls *calls, pid_t thread, int64_t target_fd,
			 struct error *error)
{
	uint64_t words[7];
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread, (int)target_fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(error, "cannot share memory with process %d", (int)attachment->patching.process);
	if (region_map(attachment->region, fd, error) != STATUS_OK)
		return STATUS_ERROR;
	region_arm(attachment->region, attachment->patching.plan, attachment->patching.bias);
	attachment->region->control->plan.first_rate = 0;
	attachment->region->control->collector.rate_was_put = 0;
	attachment->region->code = attachment->code;
	attachment->token = attachment->region->control->collector.token;
	rest_call(attachment, words);
	if (remote_calls_change(calls, thread, attachment->first_map, words, error) != STATUS_OK)
		return STATUS_ERROR;
	control_call(attachment, words);
	return remote_calls_change(calls, thread, attachment->first_map + 1, words, error);
}

static enum status after_map_call(void *user, struct remote_calls *calls, pid_t thread, size_t index, int64_t result,
				  struct error *error)
{
	struct attachment *attachment = user;
	uint64_t size;
	struct agent_entries entries;
	const void *code = region_agent_code(&size, &entries);

	if (result < 0 && calls->calls[index].words[0] != SYS_madvise) {
		errno = (int)-result;
		return region_refused(attachment->region, (int)attachment->patching.process, index, error);
	}
	if (calls->calls[index].words[0] == SYS_memfd_create)
		return share(attachment, calls, thread, result, error);
	if (index == attachment->first_map + 1)
		attachment->wrote = true;
	if (index + 1 == calls->count && !(attachment->reused && attachment->remains.code_is_complete))
		return target_memory_write(thread, attachment->code, code, size, error);
	return STATUS_OK;
}

static void begin_calls(struct attachment *attachment, struct remote_calls *calls)
{
	*calls = (struct remote_calls){.process = attachment->patching.process, .user = attachment};
	memcpy(calls->spaces, attachment->spaces, sizeof(calls->spaces));
}

/* Have the agent's code and the region mapped. */
static enum status map(struct attachment *attachment, struct error *error)
{
	const struct agent_remains *remains = &attachment->remains;
	struct remote_calls calls;
	size_t i;

	begin_calls(attachment, &calls);
	calls.made = after_map_call;
	for (i = 0; i < remains->nrest && i < 2; i++)
		remote_calls_add(&calls, (uint64_t[7]){SYS_munmap, remains->rest[i].start,
						       remains->rest[i].end - remains->rest[i].start});
	if (!attachment->reused) {
		remote_calls_add(&calls,
				 (uint64_t[7]){SYS_mmap, attachment->code, AGENT_CODE_SIZE, PROT_READ | PROT_EXEC,
					       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0});
		remote_calls_add(&calls, (uint64_t[7]){SYS_madvise, attachment->code + AGENT_HERE_PAGE, AGENT_HERE_SIZE,
						       MADV_WIPEONFORK});
	}
	remote_calls_add(&calls, (uint64_t[7]){SYS_memfd_create, REMOTE_NAME, remote_calls_memfd_flags()});
	attachment->first_map = calls.count;
	remote_calls_add(&calls, no_call);
	remote_calls_add(&calls, no_call);
	remote_calls_add(&calls, (uint64_t[7]){SYS_madvise, control_of(attachment), attachment->region->size,
					       MADV_DONTDUMP}); /* of no use in a core, and large */
	remote_calls_add(&calls, (uint64_t[7]){SYS_close, REMOTE_FD});
	return remote_calls_run(&calls, error);
}

/* Whether the control block in the target is the one that we made. */
static bool is_ours(const struct attachment *attachment)
{
	uint64_t magic = 0, token = 0, control = control_of(attachment);
	pid_t pid = attachment->patching.process;

	return target_memory_read(pid, control, &magic, sizeof(magic), NULL) == STATUS_OK && magic == AGENT_MAGIC &&
	       target_memory_read(
		   pid, control + offsetof(struct agent_control, collector) + offsetof(struct agent_collector, token),
		   &token, sizeof(token), NULL) == STATUS_OK &&
	       token == attachment->token;
}

static enum status patch(struct attachment *attachment, struct error *error)
{
	struct thread_stop stop;
	enum status status = thread_stop_all(&stop, attachment->patching.process, error);

	if (status == STATUS_OK) {
		if (is_ours(attachment))
			status =
			    patching_put_in(&attachment->patching, &stop, attachment->code, attachment->region, error);
		else
			status = error_set(error, "another escprof came to process %d first",
					   (int)attachment->patching.process);
		thread_stop_release(&stop);
	}
	note_stop(&stop, &attachment->begin_ns);
	return status;
}

static enum status begin(struct attachment *attachment, struct error *error)
{
	struct patching *patching = &attachment->patching;
	uint64_t executable, size;
	enum status status;

	plan_executable(patching->plan, &executable, &size);
	if (target_memory_bias(patching->process, executable, &patching->bias, error) != STATUS_OK ||
	    read_spaces(attachment, error) != STATUS_OK)
		return STATUS_ERROR;
	status = look_for_others(attachment, error);
	if (status == STATUS_OK)
		status = place(attachment, error);
	if (status == STATUS_OK)
		status = map(attachment, error);
	if (status == STATUS_OK)
		status = patch(attachment, error);
	return status;
}

enum status attachment_begin(struct attachment **out, pid_t pid, const struct plan *plan, struct region *region,
			     struct error *error)
{
	struct attachment *attachment = memory_alloc(1, sizeof(*attachment));
	enum status status;

	attachment->patching = (struct patching){.process = pid, .plan = plan};
	attachment->region = region;
	status = begin(attachment, error);
	if (status == STATUS_OK) {
		*out = attachment;
		return status;
	}
	if (attachment->wrote) { /* it is in, but not switched on */
		region->control->enabled = 0;
		attachment_unmap(attachment, NULL);
	} else if (region->control) { /* may be mapped there all the same: for the next one to take */
		region->control->magic = 0;
	}
	attachment_free(attachment);
	region_close(region);
	return status;
}

void attachment_settle(struct attachment *attachment)
{
	struct timespec pause = {.tv_nsec = CLEAN_PAUSE_NS};
	struct thread_stop stop;
	enum status status;
	size_t left;
	int tries;

	for (tries = 0; tries < SETTLE_TRIES; tries++) {
		nanosleep(&pause, NULL);
		if (!patching_is_missed(&attachment->patching, attachment->region))
			return;
		status = thread_stop_all(&stop, attachment->patching.process, NULL);
		if (status == STATUS_OK) {
			patching_put_again(&attachment->patching, &stop, attachment->region, &left, NULL);
			thread_stop_release(&stop);
		}
		note_stop(&stop, &attachment->begin_ns);
		if (status != STATUS_OK)
			return;
	}
}

uint64_t attachment_bias(const struct attachment *attachment)
{
	return attachment->patching.bias;
}

uint64_t attachment_begin_ns(const struct attachment *attachment)
{
	return attachment->begin_ns;
}

uint64_t attachment_end_ns(const struct attachment *attachment)
{
	return attachment->end_ns;
}

bool attachment_stands(const struct attachment *attachment)
{
	return is_ours(attachment);
}

enum status attachment_take_out(struct attachment *attachment, struct error *error)
{
	struct thread_stop stop;
	enum status status = thread_stop_all(&stop, attachment->patching.process, error);

	if (status == STATUS_OK) {
		if (is_ours(attachment))
			status = patching_take_out(&attachment->patching, &stop, control_of(attachment), error);
		else
			status = STATUS_NO_ENTRY;
		thread_stop_release(&stop);
	}
	note_stop(&stop, &attachment->end_ns);
	if (status == STATUS_OK)
		attachment->inside =
		    patching_wait_outside(attachment->patching.process, control_of(attachment)) != STATUS_OK;
	return status;
}

static enum status after_unmap_call(void *user, struct remote_calls *calls, pid_t thread, size_t index, int64_t result,
				    struct error *error)
{
	(void)user;
	(void)index;
	if (result >= 0)
		return STATUS_OK;
	errno = (int)-result;
	return error_set_errno(error, "process %d (thread %d) cannot unmap the rings", (int)calls->process,
			       (int)thread);
}

enum status attachment_unmap(struct attachment *attachment, struct error *error)
{
	uint64_t offset = region_rest_offset(attachment->region);
	struct remote_calls calls;
	enum status status;

	if (attachment->inside)
		return error_set(error, "a thread of process %d is within the agent and does not run: its rings stay",
				 (int)attachment->patching.process);
	begin_calls(attachment, &calls);
	calls.made = after_unmap_call;
	remote_calls_add(&calls,
			 (uint64_t[7]){SYS_munmap, control_of(attachment) + offset, attachment->region->size - offset});
	status = remote_calls_run(&calls, error);
	region_give_back(attachment->region);
	return status;
}

void attachment_free(struct attachment *attachment)
{
	size_t i;

	if (!attachment)
		return;
	for (i = 0; i < SPACES; i++)
		free((void *)attachment->spaces[i].original);
	free(attachment);
}
