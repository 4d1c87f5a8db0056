/* The program programs/working.go, its plan, and what can be seen of both. */
#include "tests/unit/service_fixture.h"

#include "collector/attachment.h"
#include "collector/plan.h"
#include "collector/target_memory.h"
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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char program[PATH_MAX];
static struct plan *plan;

struct plan *service_plan(void)
{
	return plan;
}

int service_set_up(void **state)
{
	struct error error = {""};
	char *folder;

	if (binary_fixture_set_up(state) || child_process_set_up(state))
		return -1;
	binary_fixture_do("CGO_ENABLED=0 \"$GO\" build -o working \"$PROGRAMS/working.go\"");
	folder = binary_fixture_run(NULL, "printf %%s \"$PWD\"");
	snprintf(program, sizeof(program), "%s/working", folder);
	free(folder);
	if (plan_make(&plan, program, SERVICE_LIVE_RATE, &error) == STATUS_OK)
		return 0;
	print_error("%s\n", error.text);
	return -1;
}

int service_tear_down(void **state)
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

void service_start(struct service *service)
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

void service_finish(struct service *service)
{
	int status;

	close(service->input);
	expect_line(service->output, "fine\n");
	close(service->output);
	assert_int_equal(waitpid(service->pid, &status, 0), service->pid);
	assert_int_equal(status, 0);
}

struct attachment *service_attach(const struct service *service, struct region *region)
{
	struct attachment *attachment = NULL;
	struct error error = {""};

	region_plan(region, SERVICE_RATE, SERVICE_RING);
	if (attachment_begin(&attachment, service->pid, plan, region, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	return attachment;
}

void service_detach(struct attachment *attachment, struct region *region)
{
	struct error error = {""};

	if (attachment_take_out(attachment, &error) != STATUS_OK || attachment_unmap(attachment, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	attachment_free(attachment);
	region_close(region);
}

size_t service_differences(const struct service *service, uint64_t *at, size_t capacity)
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

void service_expect_own_text(const struct service *service)
{
	assert_int_equal(service_differences(service, NULL, 0), 0);
}

size_t service_agents(const struct service *service)
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

void service_expect_planned(const struct service *service, const struct region *region)
{
	struct plan_write writes[PLAN_MAX_WRITES];
	struct agent_entries entries;
	struct plan_targets targets;
	uint64_t at[256], size;
	size_t found = service_differences(service, at, 256), count, i, k;
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
