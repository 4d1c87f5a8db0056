/*
 * libescprof.so: way 1 into a program. The dynamic loader runs its constructor before the program's own start; it asks
 * the collector what to do, maps the agent, writes the patches, and begins to sample C allocations. It has no plan of
 * its own, keeps nothing open, allocates nothing, and whatever fails, the program goes on.
 */
#include "collector/preload/c_sampler.h"
#include "collector/preload/interpose.h"
#include "collector/preload/preload_list.h"
#include "collector/preload/preload_protocol.h"
#include "collector/preload/unwind.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define LEAST_SHARE 64 /* of the memory that a program may map, what we map is to be less than one in so many */

/*
 * Not there in programs of another C library than glibc (musl, of Alpine Linux): a shell that has LD_PRELOAD from us
 * may start such a one. Its loader takes this library in, as long as all else that is asked for here is there too; then
 * nothing is done but to pass allocations on.
 */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

enum preload_step { STEP_NONE, STEP_CODE, STEP_REGION, STEP_MEMORY, STEP_COPY, STEP_WRITE, STEP_BEGIN };

/* The descriptors that come with the answer; -1: none. */
struct preload_memory {
	int agent, c;
};

/* The answer is too big for a stack that may be small. */
static struct preload_answer answer;

static int preload_connect(void)
{
	const char *name = getenv(PRELOAD_SOCKET_VARIABLE);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = PRELOAD_WAIT_SECONDS};
	size_t length = name ? strlen(name) : 0;
	int fd;

	if (!length || length + 1 > sizeof(address.sun_path))
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	memcpy(address.sun_path + 1, name, length);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Send the request and take the answer, with what comes along into MEMORY. */
static int preload_ask(int socket, struct preload_memory *memory)
{
	struct preload_request request = {.magic = PRELOAD_MAGIC, .pid = getpid()};
	struct iovec vector = {.iov_base = &answer, .iov_len = sizeof(answer)};
	char control[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8)));
	struct msghdr message = {
	    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	int fds[2] = {-1, -1};

	if (send(socket, &request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request) ||
	    recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(answer) || answer.magic != PRELOAD_MAGIC)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(header),
		       header->cmsg_len >= CMSG_LEN(sizeof(fds)) ? sizeof(fds) : sizeof(fds[0]));
	memory->agent = answer.attach ? fds[0] : -1;
	memory->c = answer.attach ? fds[1] : fds[0];
	return 0;
}

/* Overwrite memory that may be read-only: through /proc/self/mem, which needs no change of protection. */
static int preload_put(int memory, uint64_t address, const void *bytes, size_t size)
{
	return pwrite(memory, bytes, size, (off_t)address) == (ssize_t)size ? 0 : -1;
}

/* The same where /proc/self/mem is not writable: the pages are made writable meanwhile. */
static int preload_put_by_protection(uint64_t address, const void *bytes, size_t size)
{
	uint64_t start = address & ~4095ull, length = ((address + size + 4095) & ~4095ull) - start;

	if (mprotect((void *)start, length, PROT_READ | PROT_WRITE | PROT_EXEC))
		return -1;
	memcpy((void *)address, bytes, size);
	return mprotect((void *)start, length, PROT_READ | PROT_EXEC);
}

/* Data is written in place: a later change of its protection would be wrong. */
static int preload_write(int memory, const struct preload_write *write)
{
	if (memory >= 0 && !preload_put(memory, write->address, write->bytes, write->size))
		return 0;
	if (write->size != 4)
		return memcpy((void *)write->address, write->bytes, write->size) ? 0 : -1;
	return preload_put_by_protection(write->address, write->bytes, write->size);
}

static enum preload_step preload_map(int region)
{
	void *code = (void *)answer.code_address;

	if (mmap(code, AGENT_CODE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0) != code)
		return STEP_CODE;
	madvise((char *)code + AGENT_HERE_PAGE, AGENT_HERE_SIZE, MADV_WIPEONFORK);
	if (mmap((char *)code + AGENT_CODE_SIZE, answer.region_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, region, 0) == MAP_FAILED)
		return STEP_REGION;
	madvise((char *)code + AGENT_CODE_SIZE, answer.region_size, MADV_DONTDUMP); /* of no use in a core, and large */
	return STEP_NONE;
}

/* Copy the agent in and patch the program, in the order given: the calls come last. */
static enum preload_step preload_apply(void)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	enum preload_step step = STEP_NONE;
	uint32_t i;

	if ((memory < 0 || preload_put(memory, answer.code_address, answer.code, answer.code_size)) &&
	    preload_put_by_protection(answer.code_address, answer.code, answer.code_size))
		step = STEP_COPY;
	for (i = 0; step == STEP_NONE && i < answer.nwrites && i < PRELOAD_MAX_WRITES; i++)
		if (preload_write(memory, &answer.writes[i]))
			step = STEP_WRITE;
	if (memory >= 0)
		close(memory);
	return step;
}

/*
 * Children of the profiled program are not ours to touch: this library is taken out of LD_PRELOAD, in place, since what
 * the kernel tells of the environment is then right too.
 */
static void preload_clean_environment(void)
{
	char *list = getenv("LD_PRELOAD");
	Dl_info here;

	unsetenv(PRELOAD_SOCKET_VARIABLE);
	if (!list || !dladdr(&answer, &here) || !preload_list_remove(list, here.dli_fname))
		return;
	if (!*list)
		unsetenv("LD_PRELOAD");
}

/* Put the agent of a Go program in. */
static void preload_attach(int memory, struct preload_result *result)
{
	enum preload_step step = preload_map(memory);

	if (step == STEP_NONE)
		step = preload_apply();
	result->failed_step = step;
	result->error_number = step == STEP_NONE ? 0 : errno;
}

/* Map what is shared with the collector and begin to sample into it. */
static void preload_map_c(int memory, struct preload_result *result)
{
	struct c_control *region = mmap(NULL, C_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	if (region == MAP_FAILED || region->magic != C_MAGIC) {
		result->c_failed_step = STEP_REGION;
		result->c_error_number = region == MAP_FAILED ? errno : PRELOAD_OTHER_BUILD;
		return;
	}
	madvise(region, C_REGION_SIZE, MADV_DONTDUMP);
	interpose_look();
	result->c_error_number = c_sampler_begin(region);
	result->c_failed_step = result->c_error_number ? STEP_BEGIN : STEP_NONE;
	result->has_libunwind = unwind_has_library();
	result->is_first = interpose_is_first();
}

/* Whether the program may map so little that it would miss what we map. */
static bool is_limited(void)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY &&
	       limit.rlim_cur / LEAST_SHARE < C_REGION_SIZE;
}

/* Begin with C allocations. */
static void preload_begin_c(int memory, struct preload_result *result)
{
	if (is_limited()) {
		result->c_failed_step = STEP_MEMORY;
		result->c_error_number = ENOMEM;
		return;
	}
	preload_map_c(memory, result);
}

static void preload_close(struct preload_memory *memory, int socket)
{
	if (memory->agent >= 0)
		close(memory->agent);
	if (memory->c >= 0)
		close(memory->c);
	if (socket >= 0)
		close(socket);
}

__attribute__((constructor)) static void preload_start(void)
{
	struct preload_result result = {.magic = PRELOAD_MAGIC, .c_failed_step = STEP_REGION};
	struct preload_memory memory = {-1, -1};
	int saved_errno = errno, socket = -1;

	interpose_find();
	interpose_find_operators();
	if (!gnu_get_libc_version)
		goto out;
	socket = preload_connect();
	if (socket < 0 || preload_ask(socket, &memory) || answer.code_size > AGENT_CODE_SIZE)
		goto out;
	if (memory.agent < 0 && memory.c < 0)
		goto out;
	preload_clean_environment();
	if (memory.agent >= 0)
		preload_attach(memory.agent, &result);
	if (memory.c >= 0)
		preload_begin_c(memory.c, &result);
	if (send(socket, &result, sizeof(result), MSG_NOSIGNAL) < 0)
		errno = 0; /* the collector is gone; agent and sampler will notice and stay quiet */
out:
	if (result.c_failed_step != STEP_NONE)
		c_sampler_never();
	preload_close(&memory, socket);
	errno = saved_errno;
}
