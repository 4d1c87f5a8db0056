/*
 * Telling the collector, where it follows the program into its children, that a process of the target is about to
 * become another program, and waiting until it holds that process by ptrace. So the target itself is traced by nobody:
 * a tracer would stop it at every signal, of which Go sends itself many, and keep debuggers away.
 *
 * Like the rest of the agent this trusts nothing and needs nobody: without a collector the socket refuses at once, one
 * that dies closes it, and one that stands still costs AGENT_PATIENCE.
 */
#include "collector/agent/agent_control.h"
#include "collector/preload/preload_protocol.h"

#include <asm/unistd_64.h>
#include <stdbool.h>

#define AGENT_PATIENCE 2 /* seconds */

/* Of the system's interface (sys/socket.h, which is libc's). */
#define UNIX         1
#define SEQPACKET    5
#define CLOEXEC      02000000
#define SOCKET_LEVEL 1
#define RECEIVE_TIME 20
#define SEND_TIME    21
#define NO_SIGNAL    0x4000

void agent_tell(uint64_t kind);

struct agent_address {
	uint16_t family;
	char name[1 + AGENT_NAME_MAX]; /* an abstract one begins with NUL */
};

struct agent_time {
	int64_t seconds, microseconds;
};

static inline int64_t agent_call(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
	register int64_t r10 __asm__("r10") = d;
	register int64_t r8 __asm__("r8") = e;
	register int64_t r9 __asm__("r9") = f;
	int64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* Whether SOCKET is connected to the collector, and neither end will wait for the other for long. */
static bool agent_connect(const struct agent_plan *plan, int64_t socket)
{
	struct agent_time patience = {AGENT_PATIENCE, 0};
	struct agent_address address = {.family = UNIX};
	uint32_t i;

	for (i = 0; i < plan->follower_size && i < AGENT_NAME_MAX; i++)
		address.name[1 + i] = plan->follower[i];
	return !agent_call(__NR_setsockopt, socket, SOCKET_LEVEL, RECEIVE_TIME, (int64_t)&patience, sizeof(patience),
			   0) &&
	       !agent_call(__NR_setsockopt, socket, SOCKET_LEVEL, SEND_TIME, (int64_t)&patience, sizeof(patience), 0) &&
	       !agent_call(__NR_connect, socket, (int64_t)&address, sizeof(address.family) + 1 + i, 0, 0, 0);
}

/* KIND is an enum preload_kind. */
void agent_tell(uint64_t kind)
{
	const struct agent_plan *plan = &agent_control_get()->plan;
	struct preload_request request = {.magic = PRELOAD_MAGIC, .kind = (uint32_t)kind};
	int64_t socket;

	if (!plan->follower_size)
		return;
	socket = agent_call(__NR_socket, UNIX, SEQPACKET | CLOEXEC, 0, 0, 0, 0);
	if (socket < 0)
		return;
	request.pid = (int32_t)agent_call(__NR_gettid, 0, 0, 0, 0, 0, 0);
	if (agent_connect(plan, socket) && agent_call(__NR_sendto, socket, (int64_t)&request, sizeof(request),
						      NO_SIGNAL, 0, 0) == (int64_t)sizeof(request))
		agent_call(__NR_recvfrom, socket, (int64_t)&request, sizeof(request), 0, 0, 0);
	agent_call(__NR_close, socket, 0, 0, 0, 0, 0);
}
