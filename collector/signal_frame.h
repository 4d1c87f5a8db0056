/*
 * The frame that rt_sigreturn takes a thread's registers from: what an injected stub ends with, so that a thread comes
 * back to where it was without the collector's help.
 */
#ifndef COLLECTOR_SIGNAL_FRAME_H
#define COLLECTOR_SIGNAL_FRAME_H

#include <stdint.h>
#include <sys/user.h>
#include <ucontext.h>

/*
 * Fill CONTEXT, which leads back to REGISTERS and the signal mask MASK; the alternate stack is left as it is. The
 * thread's stack pointer must be at it when rt_sigreturn is called. Floating point is reset unless the caller sets
 * uc_mcontext.fpregs.
 */
void signal_frame_fill(ucontext_t *context, const struct user_regs_struct *registers, uint64_t mask);

/* Bytes of it that the kernel reads: the rest is the C library's. */
#define SIGNAL_FRAME_SIZE 304

#endif
