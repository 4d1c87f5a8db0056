/* Answering the preloaded library: decide where the agent goes, send it with the patches, hear how it went. */
#include "collector/preload_host.h"

#include "base/memory.h"
#include "collector/plan.h"
#include "collector/preload/preload_protocol.h"
#include "collector/target_memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8
#endif

struct preload_host {
	int listener;
	int client; /* whose question is open, or -1 */
	char name[AGENT_NAME_MAX];
};

enum status preload_host_open(struct preload_host **out, struct error *error)
{
	struct preload_host *host = memory_alloc(1, sizeof(*host));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t token; /* a later escprof of this number has another name */
	size_t length;

	if (getrandom(&token, sizeof(token), GRND_NONBLOCK) < 0)
		token = region_ticks();
	snprintf(host->name, sizeof(host->name), "escprof-%d-%016llx", (int)getpid(), (unsigned long long)token);
	length = strlen(host->name);
	memcpy(address.sun_path + 1, host->name, length);
	host->client = -1;
	host->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (host->listener < 0 ||
	    bind(host->listener, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) ||
	    listen(host->listener, 64)) {
		error_set_errno(error, "cannot listen for programs that load libescprof.so");
		preload_host_close(host);
		return STATUS_ERROR;
	}
	*out = host;
	return STATUS_OK;
}

void preload_host_close(struct preload_host *host)
{
	if (!host)
		return;
	if (host->client >= 0)
		close(host->client);
	if (host->listener >= 0)
		close(host->listener);
	free(host);
}

int preload_host_fd(const struct preload_host *host)
{
	return host->listener;
}

const char *preload_host_name(const struct preload_host *host)
{
	return host->name;
}

void preload_host_hang_up(struct preload_host *host)
{
	close(host->client);
	host->client = -1;
}

enum status preload_host_accept(struct preload_host *host, struct preload_question *question, struct error *error)
{
	struct preload_request request;
	struct timeval limit = {.tv_sec = 1};
	struct ucred peer;
	socklen_t length = sizeof(peer);

	host->client = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
	if (host->client < 0)
		return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR
			   ? STATUS_NO_ENTRY
			   : error_set_errno(error, "cannot hear a program that loads libescprof.so");
	setsockopt(host->client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (getsockopt(host->client, SOL_SOCKET, SO_PEERCRED, &peer, &length) ||
	    (peer.uid != geteuid() && geteuid() != 0) ||
	    recv(host->client, &request, sizeof(request), 0) != (ssize_t)sizeof(request) ||
	    request.magic != PRELOAD_MAGIC) {
		preload_host_hang_up(host);
		return STATUS_NO_ENTRY;
	}
	*question = (struct preload_question){peer.pid, request.kind, request.pid};
	return STATUS_OK;
}

/* With the memories, of which each may be -1. */
static bool preload_host_send(struct preload_host *host, const struct preload_answer *answer, int agent, int c)
{
	struct iovec vector = {.iov_base = (void *)answer, .iov_len = sizeof(*answer)};
	char control[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8))) = {0};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	int fds[2];
	size_t count = 0;

	if (agent >= 0)
		fds[count++] = agent;
	if (c >= 0)
		fds[count++] = c;
	if (count) {
		struct cmsghdr *header;

		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	return sendmsg(host->client, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*answer);
}

void preload_host_decline(struct preload_host *host)
{
	struct preload_answer *answer = memory_alloc(1, sizeof(*answer));

	answer->magic = PRELOAD_MAGIC;
	preload_host_send(host, answer, -1, -1); /* one that does not hear it goes on by itself */
	free(answer);
	preload_host_hang_up(host);
}

static void preload_host_fill(struct preload_answer *answer, const struct plan *plan, uint64_t bias, uint64_t code_at,
			      const struct region *region)
{
	struct plan_write writes[PLAN_MAX_WRITES];
	struct agent_entries entries;
	const void *code = region_agent_code(&answer->code_size, &entries);
	size_t count = plan_writes(plan, bias, code_at, &entries, writes), i;

	answer->magic = PRELOAD_MAGIC;
	answer->attach = 1;
	answer->code_address = code_at;
	answer->region_size = region->size;
	memcpy(answer->code, code, answer->code_size);
	answer->nwrites = (uint32_t)count;
	for (i = 0; i < count; i++) {
		answer->writes[i].address = writes[i].address;
		answer->writes[i].size = writes[i].size;
		memcpy(answer->writes[i].bytes, writes[i].bytes, sizeof(writes[i].bytes));
	}
}

static enum status preload_host_place(pid_t pid, const struct plan *plan, uint64_t size, uint64_t *bias, uint64_t *code,
				      struct error *error)
{
	uint64_t executable, executable_size, text_start, text_end;

	plan_executable(plan, &executable, &executable_size);
	plan_text(plan, &text_start, &text_end);
	if (target_memory_bias(pid, executable, bias, error) != STATUS_OK)
		return STATUS_ERROR;
	return target_memory_hole(pid, text_start + *bias, text_end + *bias, AGENT_CODE_SIZE + size, code, error);
}

static int preload_host_memfd(void)
{
	int fd = memfd_create("escprof", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("escprof", MFD_CLOEXEC) : fd;
}

static enum status preload_host_hear(struct preload_host *host, pid_t pid, const struct preload_answer *answer,
				     const struct region *region, struct preload_heard *heard, struct error *error)
{
	struct preload_result result;

	if (recv(host->client, &result, sizeof(result), 0) != (ssize_t)sizeof(result) || result.magic != PRELOAD_MAGIC)
		return error_set(error, "libescprof.so in process %d did not report back", (int)pid);
	heard->agent = answer->attach && !result.failed_step;
	heard->c = answer->c_attach && !result.c_failed_step;
	heard->has_libunwind = result.has_libunwind;
	heard->has_own_malloc = !result.is_first;
	if (answer->attach && result.failed_step) {
		errno = result.error_number;
		return region_refused(region, (int)pid, (size_t)result.failed_step, error);
	}
	if (answer->c_attach && result.c_failed_step && result.c_error_number == PRELOAD_OTHER_BUILD)
		return error_set(error, "libescprof.so in process %d is of another build than escprof: install it anew",
				 (int)pid);
	if (answer->c_attach && result.c_failed_step) {
		errno = result.c_error_number;
		return error_set_errno(error, "process %d cannot have its C allocations sampled (step %d)", (int)pid,
				       result.c_failed_step);
	}
	return STATUS_OK;
}

/* Make the agent's memory and put it and PLAN's patches into ANSWER. */
static enum status preload_host_prepare(struct preload_answer *answer, pid_t pid, const struct plan *plan,
					struct region *region, uint64_t *bias, struct error *error)
{
	uint64_t code;
	int fd;

	if (preload_host_place(pid, plan, region->size, bias, &code, error) != STATUS_OK)
		return STATUS_ERROR;
	fd = preload_host_memfd();
	if (fd < 0)
		return error_set_errno(error, "cannot make a shared memory");
	if (region_map(region, fd, error) != STATUS_OK)
		return STATUS_ERROR;
	region->code = code;
	region_arm(region, plan, *bias);
	preload_host_fill(answer, plan, *bias, code, region);
	return STATUS_OK;
}

enum status preload_host_attach(struct preload_host *host, pid_t pid, const struct plan *plan, int c_memory,
				struct region *region, uint64_t *bias, struct preload_heard *heard, struct error *error)
{
	struct preload_answer *answer = memory_alloc(1, sizeof(*answer));
	enum status status = STATUS_OK;

	*heard = (struct preload_heard){0};
	answer->magic = PRELOAD_MAGIC;
	answer->c_attach = c_memory >= 0;
	if (plan)
		status = preload_host_prepare(answer, pid, plan, region, bias, error);
	if (status == STATUS_OK)
		status = preload_host_send(host, answer, plan ? region->fd : -1, c_memory)
			     ? preload_host_hear(host, pid, answer, region, heard, error)
			     : error_set_errno(error, "cannot answer process %d", (int)pid);
	free(answer);
	if (!heard->agent)
		region_close(region);
	preload_host_hang_up(host);
	return status;
}
