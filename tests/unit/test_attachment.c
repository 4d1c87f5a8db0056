/*
 * Getting into a running Go program and out again, by the modules themselves: exactly the planned bytes change and come
 * back, no thread may stand in them, others are seen, and whatever a killed collector leaves is cleared away.
 */
#include "collector/attachment.h"

#include "collector/patching.h"
#include "collector/plan.h"
#include "collector/remote_calls.h"
#include "collector/target_memory.h"
#include "collector/thread_stop.h"
#include "tests/unit/binary_fixture.h"
#include "tests/unit/child_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIVE_RATE 65536
#define RATE      512
#define RING      (256 * 1024)

static char program[PATH_MAX];
static struct plan *plan;

struct service {
	pid_t pid;
	int input, output;
	uint64_t bias;
};

static int set_up(void **state)
{
	struct error error = {""};
	char *folder;

	if (binary_fixture_set_up(state) || child_process_set_up(state))
		return -1;
	binary_fixture_do("CGO_ENABLED=0 \"$GO\" build -o working \"$PROGRAMS/working.go\"");
	folder = binary_fixture_run(NULL, "printf %%s \"$PWD\"");
	snprintf(program, sizeof(program), "%s/working", folder);
	free(folder);
	if (plan_make(&plan, program, LIVE_RATE, &error) == STATUS_OK)
		return 0;
	print_error("%s\n", error.text);
	return -1;
}

static int tear_down(void **state)
{
	plan_free(plan);
	return binary_fixture_tear_down(state);
}

static void expect_line(int fd, const char *line)
{
	char got[64] = "";
	size_t length = 0;

	while (length < sizeof(got) - 1 && read(fd, got + length, 1) == 1 && got[length++] != '\n')
		;
	assert_string_equal(got, line);
}

static void start(struct service *service)
{
	uint64_t executable, size;
	int input[2], output[2];

	assert_int_equal(pipe2(input, O_CLOEXEC) | pipe2(output, O_CLOEXEC), 0);
	fflush(NULL);
	service->pid = fork();
	if (!service->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(input[0], 0);
		dup2(output[1], 1);
		execl(program, "working", NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	service->input = input[1];
	service->output = output[0];
	expect_line(service->output, "ready\n");
	plan_executable(plan, &executable, &size);
	assert_int_equal(target_memory_bias(service->pid, executable, &service->bias, NULL), STATUS_OK);
}

/* It has worked on, and all of it right. */
static void finish(struct service *service)
{
	int status;

	close(service->input);
	expect_line(service->output, "fine\n");
	close(service->output);
	assert_int_equal(waitpid(service->pid, &status, 0), service->pid);
	assert_int_equal(status, 0);
}

static struct attachment *attach(const struct service *service, struct region *region)
{
	struct attachment *attachment = NULL;
	struct error error = {""};

	region_plan(region, RATE, RING);
	if (attachment_begin(&attachment, service->pid, plan, region, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	return attachment;
}

static void detach(struct attachment *attachment, struct region *region)
{
	struct error error = {""};

	if (attachment_take_out(attachment, &error) != STATUS_OK || attachment_unmap(attachment, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	attachment_free(attachment);
	region_close(region);
}

/* Where in the program's machine code a byte differs from the file's; at most CAPACITY. Returns how many there are. */
static size_t differences(const struct service *service, uint64_t *at, size_t capacity)
{
	struct target_mapping *mappings;
	size_t count, found = 0, i, k, size;
	uint8_t *file = binary_fixture_read("working", &size), *memory;

	assert_int_equal(target_memory_mappings(service->pid, &mappings, &count, NULL), STATUS_OK);
	for (i = 0; i < count && !(mappings[i].executable && !strcmp(mappings[i].path, program)); i++)
		;
	assert_true(i < count);
	size = mappings[i].end - mappings[i].start;
	memory = malloc(size);
	assert_int_equal(target_memory_read(service->pid, mappings[i].start, memory, size, NULL), STATUS_OK);
	for (k = 0; k < size; k++)
		if (memory[k] != file[mappings[i].offset + k] && found++ < capacity)
			at[found - 1] = mappings[i].start + k;
	free(memory);
	free(mappings);
	free(file);
	return found;
}

static void expect_own_text(const struct service *service)
{
	assert_int_equal(differences(service, NULL, 0), 0);
}

/* How many agents the program has, each with its control block; none may have rings. */
static size_t agents(const struct service *service)
{
	struct target_mapping *mappings;
	size_t count, found = 0, i;

	assert_int_equal(target_memory_mappings(service->pid, &mappings, &count, NULL), STATUS_OK);
	for (i = 0; i < count; i++)
		if (strstr(mappings[i].path, "memfd:escprof")) {
			found++;
			assert_true(mappings[i].end - mappings[i].start <= 128 * 1024);
		}
	free(mappings);
	return found;
}

static int64_t own_rate(const struct service *service)
{
	struct plan_sampling sampling;
	int64_t rate;

	assert_true(plan_sampling(plan, service->bias, &sampling));
	assert_int_equal(target_memory_read(service->pid, sampling.mem_profile_rate, &rate, sizeof(rate), NULL),
			 STATUS_OK);
	return rate;
}

/* Every byte that differs is of a planned write, and these stand there whole. */
static void expect_planned(const struct service *service, const struct region *region)
{
	struct plan_write writes[PLAN_MAX_WRITES];
	struct agent_entries entries;
	struct plan_targets targets;
	uint64_t at[256], size;
	size_t found = differences(service, at, 256), count, i, k;
	uint8_t now[16];

	region_agent_code(&size, &entries);
	targets = plan_agent_targets(plan, region->code, &entries);
	count = plan_calls(plan, service->bias, &targets, writes);
	assert_in_range(found, count, 4 * count);
	for (i = 0; i < found; i++) {
		for (k = 0; k < count && !(at[i] >= writes[k].address && at[i] < writes[k].address + writes[k].size);)
			k++;
		if (k == count)
			fail_msg("%#lx has changed", at[i]);
	}
	for (k = 0; k < count; k++) {
		target_memory_read(service->pid, writes[k].address, now, writes[k].size, NULL);
		assert_memory_equal(now, writes[k].bytes, writes[k].size);
	}
}

static uint64_t written(const struct region *region)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < region->nshards; i++)
		sum += region_shard(region, i)->head;
	for (i = 0; i < region->ntallies; i++)
		sum += region_tally(region, i)->used;
	return sum;
}

static void test_in_and_out(void **state)
{
	struct attachment *attachment;
	struct service service;
	struct region region;
	int64_t rate;
	int i, tries;

	(void)state;
	start(&service);
	rate = own_rate(&service);
	expect_own_text(&service);
	for (i = 0; i < 10; i++) {
		attachment = attach(&service, &region);
		assert_true(attachment_begin_ns(attachment) > 0);
		assert_true(attachment_stands(attachment));
		assert_int_equal(own_rate(&service), rate > 0 ? rate : LIVE_RATE);
		expect_planned(&service, &region);
		for (tries = 0; tries < 1000 && !written(&region); tries++)
			child_process_sleep(1);
		assert_true(written(&region) > 0);
		detach(attachment, &region);
		expect_own_text(&service);
		assert_int_equal(agents(&service), 1);
		assert_int_equal(own_rate(&service), rate);
	}
	finish(&service);
}

/* Have a held thread stand at ADDRESS as if it were there; returns its registers as they were. */
static struct user_regs_struct move_thread(pid_t thread, uint64_t address)
{
	struct user_regs_struct before, moved;

	assert_int_equal(ptrace(PTRACE_GETREGS, thread, NULL, &before), 0);
	moved = before;
	moved.rip = address;
	assert_int_equal(ptrace(PTRACE_SETREGS, thread, NULL, &moved), 0);
	return before;
}

static void expect_within(struct error *error)
{
	if (!strstr(error->text, "is within a call that is to be patched"))
		fail_msg("%s", error->text);
}

/* Neither in nor out while a thread is in the middle of what would change; nothing of it has changed then. */
static void test_thread_within_a_call(void **state)
{
	struct plan_targets own;
	struct plan_write writes[PLAN_MAX_WRITES];
	struct user_regs_struct registers;
	struct attachment *attachment;
	struct patching patching;
	struct region region = {.fd = -1}, other = {.fd = -1};
	struct error error = {""};
	struct thread_stop stop;
	struct service service;
	enum status status;
	size_t count, i;

	(void)state;
	start(&service);
	patching = (struct patching){.process = service.pid, .plan = plan, .bias = service.bias};
	own = plan_own_targets(plan, service.bias);
	count = plan_calls(plan, service.bias, &own, writes);
	region_plan(&other, RATE, RING);
	assert_int_equal(region_map(&other, memfd_create("test", MFD_CLOEXEC), &error), STATUS_OK);
	region_arm(&other, plan, service.bias);
	for (i = 0; i < count; i++) {
		assert_int_equal(thread_stop_all(&stop, service.pid, &error), STATUS_OK);
		registers = move_thread(stop.threads[stop.count - 1].thread, writes[i].address + i % 4);
		status = patching_put_in(&patching, &stop, 0x10000000, &other, &error);
		ptrace(PTRACE_SETREGS, stop.threads[stop.count - 1].thread, NULL, &registers);
		thread_stop_release(&stop);
		assert_int_equal(status, STATUS_ERROR);
		expect_within(&error);
		expect_own_text(&service);
	}
	region_close(&other);
	attachment = attach(&service, &region);
	assert_int_equal(thread_stop_all(&stop, service.pid, &error), STATUS_OK);
	registers = move_thread(thread_stop_any(&stop), writes[count - 1].address + 3);
	status = patching_take_out(&patching, &stop, region.code + AGENT_CODE_SIZE, &error);
	ptrace(PTRACE_SETREGS, thread_stop_any(&stop), NULL, &registers);
	thread_stop_release(&stop);
	assert_int_equal(status, STATUS_ERROR);
	expect_within(&error);
	expect_planned(&service, &region);
	detach(attachment, &region);
	expect_own_text(&service);
	finish(&service);
}

/* A thread that is in the agent when it is switched off is waited for, and its rings stay when it does not come out. */
static void test_thread_in_the_agent(void **state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct service service;
	struct region region;
	uint64_t control;

	(void)state;
	start(&service);
	attachment = attach(&service, &region);
	control = region.code + AGENT_CODE_SIZE;
	region.control->processors[900].inside = 1; /* of a P that nobody has */
	assert_int_equal(attachment_take_out(attachment, &error), STATUS_OK);
	expect_own_text(&service);
	assert_int_equal(attachment_unmap(attachment, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "its rings stay"));
	assert_int_equal(patching_wait_outside(service.pid, control), STATUS_NO_ENTRY);
	region.control->processors[900].inside = 0;
	region.control->inside = 0;
	assert_int_equal(patching_wait_outside(service.pid, control), STATUS_OK);
	attachment_free(attachment);
	region_close(&region);
	attachment = attach(&service, &region); /* the next one clears the rings away */
	detach(attachment, &region);
	assert_int_equal(agents(&service), 1);
	finish(&service);
}

/* The stub of a collector that was killed: wherever one may stand, the next attach puts the program's own code back. */
static void test_stub_left_behind(void **state)
{
	uint8_t other[64];
	struct attachment *attachment;
	struct service service;
	struct region region;
	uint64_t places[3];
	size_t size, i;

	(void)state;
	memset(other, 0xcc, sizeof(other));
	start(&service);
	places[0] = plan_start_space(plan, 0, &size);
	places[1] = plan_start_space(plan, 1, &size);
	places[2] = plan_stub_space(plan, &size);
	for (i = 0; i < 3; i++) {
		assert_true(places[i] != 0);
		assert_int_equal(
		    target_memory_write(service.pid, places[i] + service.bias + 64, other, sizeof(other), NULL),
		    STATUS_OK);
		assert_true(differences(&service, NULL, 0) > 0);
		attachment = attach(&service, &region);
		expect_planned(&service, &region);
		detach(attachment, &region);
		expect_own_text(&service);
	}
	finish(&service);
}

static pid_t victim;

static enum status note(void *user, struct remote_calls *calls, pid_t thread, size_t index, int64_t result,
			struct error *error)
{
	(void)user;
	(void)calls;
	(void)thread;
	(void)index;
	(void)result;
	(void)error;
	return STATUS_OK;
}

/* The program's own code in CALLS' spaces, to be free()d. */
static void fill_spaces(struct remote_calls *calls, uint64_t bias)
{
	uint8_t *original;
	size_t i;

	for (i = 0; i < REMOTE_SPACES; i++) {
		calls->spaces[i].address = plan_start_space(plan, i, &calls->spaces[i].size);
		original = malloc(calls->spaces[i].size);
		plan_file_bytes(plan, calls->spaces[i].address, original, calls->spaces[i].size);
		calls->spaces[i].original = original;
		calls->spaces[i].address += bias;
	}
}

/* `escprof run` was killed before the shared memory had a size: what is mapped of it goes with the next attach. */
static void test_memory_without_a_size(void **state)
{
	struct remote_calls calls = {.made = note};
	struct attachment *attachment;
	struct service service;
	struct region region;
	uint64_t start_of_text, end_of_text, at = 0;

	(void)state;
	start(&service);
	calls.process = service.pid;
	fill_spaces(&calls, service.bias);
	region_plan(&region, RATE, RING);
	plan_text(plan, &start_of_text, &end_of_text);
	assert_int_equal(target_memory_hole(service.pid, start_of_text + service.bias, end_of_text + service.bias,
					    AGENT_CODE_SIZE + region.size, &at, NULL),
			 STATUS_OK);
	remote_calls_add(&calls, (uint64_t[7]){SYS_memfd_create, REMOTE_NAME, MFD_CLOEXEC});
	remote_calls_add(&calls, (uint64_t[7]){SYS_mmap, at, AGENT_CODE_SIZE, PROT_READ | PROT_EXEC,
					       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (uint64_t)-1, 0});
	remote_calls_add(&calls, (uint64_t[7]){SYS_mmap, at + AGENT_CODE_SIZE, region.size, PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_FIXED, REMOTE_FD, 0});
	remote_calls_add(&calls, (uint64_t[7]){SYS_close, REMOTE_FD});
	assert_int_equal(remote_calls_run(&calls, NULL), STATUS_OK);
	free((void *)calls.spaces[0].original);
	free((void *)calls.spaces[1].original);
	attachment = attach(&service, &region);
	assert_int_equal(region.code, at);
	detach(attachment, &region);
	assert_int_equal(agents(&service), 1);
	expect_own_text(&service);
	finish(&service);
}

/* Leads a thread of the victim, loaded at words[1], to a call that takes three seconds. */
static void run_long_call(struct child_state *state)
{
	struct remote_calls calls = {.process = victim, .made = note};

	while (!state->go)
		child_process_sleep(1);
	fill_spaces(&calls, state->words[1]);
	remote_calls_add(&calls, (uint64_t[7]){SYS_poll, 0, 0, 3000});
	remote_calls_run(&calls, NULL);
}

/* Whether a thread of PROCESS stands in a poll. */
static bool is_in_poll(pid_t process)
{
	size_t count, i;
	pid_t *threads = thread_stop_list(process, &count);
	bool found = false;
	char path[64], line[64];

	for (i = 0; i < count; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)process, (int)threads[i]);
		file = fopen(path, "re");
		found |= file && fgets(line, sizeof(line), file) && atoi(line) == SYS_poll;
		if (file)
			fclose(file);
	}
	free(threads);
	return found;
}

/* A thread that a killed collector has led away is on its way back still: nothing that it needs may be cleared away. */
static void test_thread_on_its_way_back(void **state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct service service;
	struct region region;
	struct child killed;
	size_t before;
	int tries;

	(void)state;
	start(&service);
	victim = service.pid;
	child_process_fork(&killed, run_long_call);
	killed.state->words[1] = service.bias;
	killed.state->go = 1;
	for (tries = 0; tries < 1000 && !is_in_poll(service.pid); tries++)
		child_process_sleep(1);
	kill(killed.pid, SIGKILL);
	child_process_join(&killed);
	before = differences(&service, NULL, 0);
	assert_true(before > 0);
	region_plan(&region, RATE, RING);
	assert_int_equal(attachment_begin(&attachment, service.pid, plan, &region, &error), STATUS_ERROR);
	if (!strstr(error.text, "stands where an escprof that was killed has led it"))
		fail_msg("%s", error.text);
	assert_int_equal(differences(&service, NULL, 0), before);
	for (tries = 0; tries < 100; tries++) {
		region_plan(&region, RATE, RING);
		if (attachment_begin(&attachment, service.pid, plan, &region, &error) == STATUS_OK)
			break;
	}
	if (tries == 100)
		fail_msg("%s", error.text);
	detach(attachment, &region);
	expect_own_text(&service);
	child_process_end(&killed);
	finish(&service);
}

static void run_second(struct child_state *state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct region region;

	region_plan(&region, RATE, RING);
	state->words[0] = (uint64_t)attachment_begin(&attachment, victim, plan, &region, &error);
	snprintf(state->text, sizeof(state->text), "%s", error.text);
}

static void test_second_collector(void **state)
{
	struct attachment *attachment;
	struct service service;
	struct region region;
	struct child second;
	char by[64];

	(void)state;
	start(&service);
	attachment = attach(&service, &region);
	victim = service.pid;
	child_process_fork(&second, run_second);
	child_process_join(&second);
	assert_int_equal(second.state->words[0], STATUS_ERROR);
	snprintf(by, sizeof(by), "is being profiled by another escprof, process %d (", (int)getpid());
	if (!strstr(second.state->text, by))
		fail_msg("%s", second.state->text);
	expect_planned(&service, &region);
	detach(attachment, &region);
	expect_own_text(&service);
	child_process_end(&second);
	finish(&service);
}

/* In and out, again and again, until it is killed. */
static void run_again(struct child_state *state)
{
	struct attachment *attachment;
	struct region region;

	for (;;) {
		region_plan(&region, 1, RING);
		if (attachment_begin(&attachment, victim, plan, &region, NULL) != STATUS_OK)
			continue;
		attachment_take_out(attachment, NULL);
		attachment_unmap(attachment, NULL);
		attachment_free(attachment);
		region_close(&region);
		state->words[0]++;
	}
}

static void test_killed_collectors(void **state)
{
	struct attachment *attachment;
	uint64_t patched = 0, rounds = 0;
	struct service service;
	struct region region;
	struct child killed;
	unsigned i;

	(void)state;
	srand(2);
	start(&service);
	victim = service.pid;
	for (i = 0; i < 60; i++) {
		struct timespec delay = {.tv_nsec = rand() % 20000000};

		child_process_fork(&killed, run_again);
		nanosleep(&delay, NULL);
		kill(killed.pid, SIGKILL);
		child_process_join(&killed);
		rounds += killed.state->words[0];
		child_process_end(&killed);
		patched += differences(&service, NULL, 0) != 0;
		if (i % 3)
			continue;
		attachment = attach(&service, &region);
		detach(attachment, &region);
		expect_own_text(&service);
		assert_in_range(agents(&service), 1, 2);
	}
	print_message("killed 60 times in %lu rounds, with the code changed %lu times\n", rounds, patched);
	assert_true(patched > 0);
	finish(&service);
}

static void test_ended(void **state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct service service;
	struct region region;

	(void)state;
	start(&service);
	attachment = attach(&service, &region);
	kill(service.pid, SIGKILL);
	waitpid(service.pid, NULL, 0);
	assert_false(attachment_stands(attachment));
	assert_int_equal(attachment_take_out(attachment, &error), STATUS_NO_ENTRY);
	attachment_free(attachment);
	region_close(&region);
	region_plan(&region, RATE, RING);
	assert_int_not_equal(attachment_begin(&attachment, service.pid, plan, &region, &error), STATUS_OK);
	close(service.input);
	close(service.output);
}

static void test_traced_by_another(void **state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct service service;
	struct region region;
	struct child tracer;

	(void)state;
	start(&service);
	child_process_trace(&tracer, service.pid);
	region_plan(&region, RATE, RING);
	assert_int_equal(attachment_begin(&attachment, service.pid, plan, &region, &error), STATUS_ERROR);
	if (!strstr(error.text, "is traced already, by process"))
		fail_msg("%s", error.text);
	expect_own_text(&service);
	child_process_end(&tracer);
	attachment = attach(&service, &region);
	detach(attachment, &region);
	expect_own_text(&service);
	finish(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_and_out),
	    cmocka_unit_test(test_thread_within_a_call),
	    cmocka_unit_test(test_thread_in_the_agent),
	    cmocka_unit_test(test_second_collector),
	    cmocka_unit_test(test_killed_collectors),
	    cmocka_unit_test(test_ended),
	    cmocka_unit_test(test_traced_by_another),
	    cmocka_unit_test(test_stub_left_behind),
	    cmocka_unit_test(test_thread_on_its_way_back),
	    cmocka_unit_test(test_memory_without_a_size),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
