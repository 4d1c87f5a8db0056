/*
 * What a collector that was killed leaves in a running Go program, wherever it was: the next attach clears it away, but
 * for what a thread still needs.
 */
#include "collector/agent_remains.h"

#include "collector/attachment.h"
#include "collector/plan.h"
#include "collector/remote_calls.h"
#include "collector/target_memory.h"
#include "collector/thread_stop.h"
#include "tests/unit/child_process.h"
#include "tests/unit/service_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static pid_t victim;

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
	service_start(&service);
	places[0] = plan_start_space(service_plan(), 0, &size);
	places[1] = plan_start_space(service_plan(), 1, &size);
	places[2] = plan_stub_space(service_plan(), &size);
	for (i = 0; i < 3; i++) {
		assert_true(places[i] != 0);
		assert_int_equal(
		    target_memory_write(service.pid, places[i] + service.bias + 64, other, sizeof(other), NULL),
		    STATUS_OK);
		assert_true(service_differences(&service, NULL, 0) > 0);
		attachment = service_attach(&service, &region);
		service_expect_planned(&service, &region);
		service_detach(attachment, &region);
		service_expect_own_text(&service);
	}
	service_finish(&service);
}

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
		calls->spaces[i].address = plan_start_space(service_plan(), i, &calls->spaces[i].size);
		original = malloc(calls->spaces[i].size);
		plan_file_bytes(service_plan(), calls->spaces[i].address, original, calls->spaces[i].size);
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
	service_start(&service);
	calls.process = service.pid;
	fill_spaces(&calls, service.bias);
	region_plan(&region, SERVICE_RATE, SERVICE_RING);
	plan_text(service_plan(), &start_of_text, &end_of_text);
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
	attachment = service_attach(&service, &region);
	assert_int_equal(region.code, at);
	service_detach(attachment, &region);
	assert_int_equal(service_agents(&service), 1);
	service_expect_own_text(&service);
	service_finish(&service);
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
	service_start(&service);
	victim = service.pid;
	child_process_fork(&killed, run_long_call);
	killed.state->words[1] = service.bias;
	killed.state->go = 1;
	for (tries = 0; tries < 1000 && !is_in_poll(service.pid); tries++)
		child_process_sleep(1);
	kill(killed.pid, SIGKILL);
	child_process_join(&killed);
	before = service_differences(&service, NULL, 0);
	assert_true(before > 0);
	region_plan(&region, SERVICE_RATE, SERVICE_RING);
	assert_int_equal(attachment_begin(&attachment, service.pid, service_plan(), &region, &error), STATUS_ERROR);
	if (!strstr(error.text, "stands where an escprof that was killed has led it"))
		fail_msg("%s", error.text);
	assert_int_equal(service_differences(&service, NULL, 0), before);
	for (tries = 0; tries < 100; tries++) {
		region_plan(&region, SERVICE_RATE, SERVICE_RING);
		if (attachment_begin(&attachment, service.pid, service_plan(), &region, &error) == STATUS_OK)
			break;
	}
	if (tries == 100)
		fail_msg("%s", error.text);
	service_detach(attachment, &region);
	service_expect_own_text(&service);
	child_process_end(&killed);
	service_finish(&service);
}

/* In and out, again and again, until it is killed. */
static void run_again(struct child_state *state)
{
	struct attachment *attachment;
	struct region region;

	for (;;) {
		region_plan(&region, 1, SERVICE_RING);
		if (attachment_begin(&attachment, victim, service_plan(), &region, NULL) != STATUS_OK)
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
	service_start(&service);
	victim = service.pid;
	for (i = 0; i < 60; i++) {
		struct timespec delay = {.tv_nsec = rand() % 20000000};

		child_process_fork(&killed, run_again);
		nanosleep(&delay, NULL);
		kill(killed.pid, SIGKILL);
		child_process_join(&killed);
		rounds += killed.state->words[0];
		child_process_end(&killed);
		patched += service_differences(&service, NULL, 0) != 0;
		if (i % 3)
			continue;
		attachment = service_attach(&service, &region);
		service_detach(attachment, &region);
		service_expect_own_text(&service);
		assert_in_range(service_agents(&service), 1, 2);
	}
	print_message("killed 60 times in %lu rounds, with the code changed %lu times\n", rounds, patched);
	assert_true(patched > 0);
	service_finish(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_killed_collectors),
	    cmocka_unit_test(test_stub_left_behind),
	    cmocka_unit_test(test_thread_on_its_way_back),
	    cmocka_unit_test(test_memory_without_a_size),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
