/*
 * Where the patched calls of the Go runtime arrive. Go's ABIInternal has no callee-saved registers, but the original
 * must get its arguments (AX, BX, CX), g (R14), the frame pointer, a zero X15 and the stack as the runtime left them,
 * and it must be reached by a jump: a return address of ours on the stack would break the runtime's unwinding.
 */
	.section .text.entries, "ax", @progbits
	.long agent_malloc_entry
	.long agent_free_entry
	.long agent_draw_entry
	.long agent_fork_entry
	.long agent_exec_entry
	.long agent_old_malloc_entry

/*
 * A signal may come while the agent runs, and the runtime then asks where the goroutine stands (for a CPU profile, for
 * the traceback of SIGQUIT). It does not know our code, but it has a way for the kernel's vDSO, which it does not know
 * either: where m.vdsoSP is not 0, the stack is taken to be as at a call that returns to m.vdsoPC with that SP
 * (runtime.sigprof, traceback1; runtime.nanotime1 sets them). So it sees us as a part of the runtime function that
 * called. R12, which C code keeps, holds the place, or one below the stack pointer where it is not known; R8 is m.
 */
	.macro agent_enter_unknown_code
	mov agent_g_m(%rip), %edx
	mov agent_m_vdso(%rip), %esi
	mov (%r14,%rdx), %r8
	lea -16(%rsp), %r12
	lea (%r8,%rsi), %rdx
	test %esi, %esi
	cmovnz %rdx, %r12
	mov (%rsp), %rdi
	lea 8(%rsp), %rsi
	mov %rdi, 8(%r12)
	mov %rsi, (%r12) /* from here on it counts */
	.endm

	/* Flags stay as they are. */
	.macro agent_leave_unknown_code
	movq $0, (%r12)
	.endm

	.text
	/* To agent_malloc, with the object and its size in these registers. */
	.macro agent_arrive object, size
	push %rax
	push %rbx
	push %rcx
	mov \object, %rdi
	mov \size, %rsi
	mov %r14, %rdx
	mov %rbp, %rcx
	mov %rsp, %rbx
	and $-16, %rsp
	call agent_malloc
	mov %rbx, %rsp
	test %eax, %eax
	pop %rcx
	pop %rbx
	pop %rax
	agent_leave_unknown_code
	jz 1f
	jmp *agent_malloc_target(%rip)
1:	ret
	.endm

	/* In place of runtime.mProf_Malloc(mp *m, p unsafe.Pointer, size uintptr), from Go 1.23 on. */
	.globl agent_malloc_entry
	.p2align 4
agent_malloc_entry:
	agent_enter_unknown_code
	lea new_arrives(%rip), %r15
	jmp agent_quick
new_arrives:
	agent_arrive %rbx, %rcx

	/* To Go 1.22: mProf_Malloc(p unsafe.Pointer, size uintptr). */
	.globl agent_old_malloc_entry
	.p2align 4
agent_old_malloc_entry:
	agent_enter_unknown_code
	mov %rbx, %rcx
	lea old_arrives(%rip), %r15
	jmp agent_quick
old_arrives:
	agent_arrive %rax, %rbx

	.globl agent_free_entry
	.p2align 4
agent_free_entry:
	agent_enter_unknown_code
	push %rax
	push %rbx
	push %rcx
	mov %rax, %rdi
	mov %rbx, %rsi
	mov %r14, %rdx
	mov %rsp, %rbx
	and $-16, %rsp
	call agent_free
	mov %rbx, %rsp
	pop %rcx
	pop %rbx
	pop %rax
	agent_leave_unknown_code
	jmp *agent_free_target(%rip)

/*
 * In place of runtime.fastexprand(mean int) int32, which draws the next sampling point just before agent_malloc draws
 * it anew: the mean in AX is good enough for as long as it stands, and the logarithm is spared.
 */
	.globl agent_draw_entry
	.p2align 4
agent_draw_entry:
	ret

/*
 * Before syscall.runtime_AfterForkInChild, in a process that is about to become another program: it shares the memory
 * and the stack of the one that started it, and all signals are blocked. And before syscall.runtime_BeforeExec. Neither
 * takes arguments or returns anything.
 */
	.globl agent_fork_entry
	.p2align 4
agent_fork_entry:
	mov %rsp, %rbx
	and $-16, %rsp
	mov $1, %edi		/* PRELOAD_FORKED */
	call agent_tell
	mov %rbx, %rsp
	jmp *agent_fork_target(%rip)

	.globl agent_exec_entry
	.p2align 4
agent_exec_entry:
	mov %rsp, %rbx
	and $-16, %rsp
	mov $2, %edi		/* PRELOAD_EXECS */
	call agent_tell
	mov %rbx, %rsp
	jmp *agent_exec_target(%rip)

	.section .note.GNU-stack, "", @progbits
