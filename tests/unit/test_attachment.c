/*
 * Getting into a running Go program and out again, by the modules themselves: exactly the planned bytes change and come
 * back, no thread may stand in them, and others are seen.
 */
#include "collector/attachment.h"

#include "collector/patching.h"
#include "collector/plan.h"
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
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t own_rate(const struct service *service)
{
	struct plan_sampling sampling;
	int64_t rate;

	assert_true(plan_sampling(service_plan(), service->bias, &sampling));
	assert_int_equal(target_memory_read(service->pid, sampling.mem_profile_rate, &rate, sizeof(rate), NULL),
			 STATUS_OK);
	return rate;
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
	service_start(&service);
	rate = own_rate(&service);
	service_expect_own_text(&service);
	for (i = 0; i < 10; i++) {
		attachment = service_attach(&service, &region);
		assert_true(attachment_begin_ns(attachment) > 0);
		assert_true(attachment_stands(attachment));
		assert_int_equal(own_rate(&service), rate > 0 ? rate : SERVICE_LIVE_RATE);
		service_expect_planned(&service, &region);
		for (tries = 0; tries < 1000 && !written(&region); tries++)
			child_process_sleep(1);
		assert_true(written(&region) > 0);
		service_detach(attachment, &region);
		service_expect_own_text(&service);
		assert_int_equal(service_agents(&service), 1);
		assert_int_equal(own_rate(&service), rate);
	}
	service_finish(&service);
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
	service_start(&service);
	patching = (struct patching){.process = service.pid, .plan = service_plan(), .bias = service.bias};
	own = plan_own_targets(service_plan(), service.bias);
	count = plan_calls(service_plan(), service.bias, &own, writes);
	region_plan(&other, SERVICE_RATE, SERVICE_RING);
	assert_int_equal(region_map(&other, memfd_create("test", MFD_CLOEXEC), &error), STATUS_OK);
	region_arm(&other, service_plan(), service.bias);
	for (i = 0; i < count; i++) {
		assert_int_equal(thread_stop_all(&stop, service.pid, &error), STATUS_OK);
		registers = move_thread(stop.threads[stop.count - 1].thread, writes[i].address + i % 4);
		status = patching_put_in(&patching, &stop, 0x10000000, &other, &error);
		ptrace(PTRACE_SETREGS, stop.threads[stop.count - 1].thread, NULL, &registers);
		thread_stop_release(&stop);
		assert_int_equal(status, STATUS_ERROR);
		expect_within(&error);
		service_expect_own_text(&service);
	}
	region_close(&other);
	attachment = service_attach(&service, &region);
	assert_int_equal(thread_stop_all(&stop, service.pid, &error), STATUS_OK);
	registers = move_thread(thread_stop_any(&stop), writes[count - 1].address + 3);
	status = patching_take_out(&patching, &stop, region.code + AGENT_CODE_SIZE, &error);
	ptrace(PTRACE_SETREGS, thread_stop_any(&stop), NULL, &registers);
	thread_stop_release(&stop);
	assert_int_equal(status, STATUS_ERROR);
	expect_within(&error);
	service_expect_planned(&service, &region);
	service_detach(attachment, &region);
	service_expect_own_text(&service);
	service_finish(&service);
}

/* A thread that is in the agent when it is switched off is waited for, and its rings stay when it does not come out. */
static void test_thread_in_the_agent(void **state)
{
	struct attachment *attachment, *second;
	struct error error = {""};
	struct region region, next;
	struct service service;
	uint64_t control;

	(void)state;
	service_start(&service);
	attachment = service_attach(&service, &region);
	control = region.code + AGENT_CODE_SIZE;
	region.control->processors[900].inside = 1; /* of a P that nobody has */
	assert_int_equal(attachment_take_out(attachment, &error), STATUS_OK);
	service_expect_own_text(&service);
	assert_int_equal(attachment_unmap(attachment, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "its rings stay"));
	assert_int_equal(patching_wait_outside(service.pid, control), STATUS_NO_ENTRY);
	region_plan(&next, SERVICE_RATE, SERVICE_RING);
	assert_int_equal(attachment_begin(&second, service.pid, service_plan(), &next, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "is within the agent of an earlier escprof"));
	service_expect_own_text(&service);
	region.control->processors[900].inside = 0;
	region.control->inside = 0;
	assert_int_equal(patching_wait_outside(service.pid, control), STATUS_OK);
	attachment_free(attachment);
	region_close(&region);
	attachment = service_attach(&service, &region); /* the next one clears the rings away */
	service_detach(attachment, &region);
	assert_int_equal(service_agents(&service), 1);
	service_finish(&service);
}

static pid_t victim;

static void run_second(struct child_state *state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct region region;

	region_plan(&region, SERVICE_RATE, SERVICE_RING);
	state->words[0] = (uint64_t)attachment_begin(&attachment, victim, service_plan(), &region, &error);
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
	service_start(&service);
	attachment = service_attach(&service, &region);
	victim = service.pid;
	child_process_fork(&second, run_second);
	child_process_join(&second);
	assert_int_equal(second.state->words[0], STATUS_ERROR);
	snprintf(by, sizeof(by), "is being profiled by another escprof, process %d (", (int)getpid());
	if (!strstr(second.state->text, by))
		fail_msg("%s", second.state->text);
	service_expect_planned(&service, &region);
	service_detach(attachment, &region);
	service_expect_own_text(&service);
	child_process_end(&second);
	service_finish(&service);
}

static void test_ended(void **state)
{
	struct attachment *attachment;
	struct error error = {""};
	struct service service;
	struct region region;

	(void)state;
	service_start(&service);
	attachment = service_attach(&service, &region);
	kill(service.pid, SIGKILL);
	waitpid(service.pid, NULL, 0);
	assert_false(attachment_stands(attachment));
	assert_int_equal(attachment_take_out(attachment, &error), STATUS_NO_ENTRY);
	attachment_free(attachment);
	region_close(&region);
	region_plan(&region, SERVICE_RATE, SERVICE_RING);
	assert_int_not_equal(attachment_begin(&attachment, service.pid, service_plan(), &region, &error), STATUS_OK);
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
	service_start(&service);
	child_process_trace(&tracer, service.pid);
	region_plan(&region, SERVICE_RATE, SERVICE_RING);
	assert_int_equal(attachment_begin(&attachment, service.pid, service_plan(), &region, &error), STATUS_ERROR);
	if (!strstr(error.text, "is traced already, by process"))
		fail_msg("%s", error.text);
	service_expect_own_text(&service);
	child_process_end(&tracer);
	attachment = service_attach(&service, &region);
	service_detach(attachment, &region);
	service_expect_own_text(&service);
	service_finish(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_and_out),
	    cmocka_unit_test(test_thread_within_a_call),
	    cmocka_unit_test(test_thread_in_the_agent),
	    cmocka_unit_test(test_second_collector),
	    cmocka_unit_test(test_ended),
	    cmocka_unit_test(test_traced_by_another),
	};

	return cmocka_run_group_tests(tests, service_set_up, service_tear_down);
}
