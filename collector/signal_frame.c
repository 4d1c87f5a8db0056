/* The kernel's part of a signal frame (arch/x86, struct sigcontext), in the C library's names. */
#include "collector/signal_frame.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define UC_SIGCONTEXT_SS     2
#define UC_STRICT_RESTORE_SS 4
#define SS_IGNORED           0x7fffffff /* stack flags that sigaltstack refuses, so that the alternate stack stays as it is */

static_assert(offsetof(ucontext_t, uc_sigmask) + sizeof(uint64_t) == SIGNAL_FRAME_SIZE, "the kernel's layout");

void signal_frame_fill(ucontext_t *context, const struct user_regs_struct *registers, uint64_t mask)
{
	greg_t *gregs = context->uc_mcontext.gregs;

	memset(context, 0, sizeof(*context));
	context->uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	context->uc_stack.ss_flags = SS_IGNORED;
	gregs[REG_R8] = (greg_t)registers->r8;
	gregs[REG_R9] = (greg_t)registers->r9;
	gregs[REG_R10] = (greg_t)registers->r10;
	gregs[REG_R11] = (greg_t)registers->r11;
	gregs[REG_R12] = (greg_t)registers->r12;
	gregs[REG_R13] = (greg_t)registers->r13;
	gregs[REG_R14] = (greg_t)registers->r14;
	gregs[REG_R15] = (greg_t)registers->r15;
	gregs[REG_RDI] = (greg_t)registers->rdi;
	gregs[REG_RSI] = (greg_t)registers->rsi;
	gregs[REG_RBP] = (greg_t)registers->rbp;
	gregs[REG_RBX] = (greg_t)registers->rbx;
	gregs[REG_RDX] = (greg_t)registers->rdx;
	gregs[REG_RAX] = (greg_t)registers->rax;
	gregs[REG_RCX] = (greg_t)registers->rcx;
	gregs[REG_RSP] = (greg_t)registers->rsp;
	gregs[REG_RIP] = (greg_t)registers->rip;
	gregs[REG_EFL] = (greg_t)registers->eflags;
	gregs[REG_CSGSFS] = (greg_t)((registers->cs & 0xffff) | (registers->ss & 0xffff) << 48);
	memcpy(&context->uc_sigmask, &mask, sizeof(mask));
}
