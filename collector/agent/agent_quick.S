/*
 * The usual sample of a fine mean, in as few instructions as can be: the program's own profile does not get it, its
 * context has a counter, no cycle has ended, and it is not its P's turn to look at the clock. It is counted, and the next
 * interval drawn. Whatever is otherwise is left to agent_malloc, with nothing counted or drawn, and goes the long way
 * there with the same random number.
 *
 * What C functions are named have the same outcome. In C this takes half as many instructions again: in Go's ABI all
 * registers are free, and none has to be saved here but where a walk is kept.
 */
#include "collector/agent/agent_numbers.h"
#include "collector/agent/agent_offsets.h"

	.hidden agent_control_block
	.hidden agent_here

	.section .rodata
	.p2align 4
hash_factor:	.quad AGENT_HASH_FACTOR
size_factor:	.quad AGENT_SIZE_FACTOR
type_factor:	.quad AGENT_TYPE_FACTOR
creator_factor:	.quad AGENT_CREATOR_FACTOR

	.text

	/* In which bits the kept frame at LINK(BASE) differs from the stack, into xmm0. */
	.macro compare_link base, link
	mov \link+LINK_SIZE(\base), %rdx
	movdqu (%rdx), %xmm1
	pxor \link(\base), %xmm1
	por %xmm1, %xmm0
	.endm

	.macro compare_four base, link
	compare_link \base, \link
	compare_link \base, \link+LINK_SIZE
	compare_link \base, \link+2*LINK_SIZE
	compare_link \base, \link+3*LINK_SIZE
	.endm

/*
 * In: RAX, RBX, R14, RBP as they came from the runtime, RCX the size; R8 m, R12 where it is marked that the agent runs,
 * R15 where to go on, with RAX, RBX, RCX, R12, R14 and RBP as they are, when the sample is not counted here.
 */
	.globl agent_quick
	.hidden agent_quick
	.p2align 4
agent_quick:
	mov %rax, %r13
	mov agent_control_block + CONTROL_M_CURG(%rip), %eax
	cmp %r14, (%r8,%rax)
	jne go_on
	mov agent_control_block + CONTROL_M_P(%rip), %eax
	mov (%r8,%rax), %rdi
	test %rdi, %rdi
	jz go_on
	cmpl $0, agent_here(%rip)
	je go_on
	mov agent_control_block + CONTROL_P_ID(%rip), %eax
	mov (%rdi,%rax), %eax
	cmp agent_control_block + CONTROL_NTALLIES(%rip), %eax
	jae go_on
	mov agent_control_block + CONTROL_P_MCACHE(%rip), %edx
	movq (%rdi,%rdx), %xmm2
	lea agent_control_block(%rip), %r8
	mov %eax, %r9d
	shl $PROCESSOR_SHIFT, %r9
	lea CONTROL_PROCESSORS(%r8,%r9), %r9
	imul $TALLY_SIZE, %rax, %r10
	add CONTROL_TALLIES_OFFSET(%r8), %r10
	add %r8, %r10
	/* From here on: xmm2 the mcache, R8 the control block, R9 the processor, R10 its tally, which is not touched yet. */
	mov PROCESSOR_QUICK(%r9), %edx
	cmp %rdx, CONTROL_RATE(%r8)
	jne go_on
	mov PROCESSOR_RANDOM(%r9), %rax
	test $AGENT_TURN_BITS, %al
	jz go_on
	incl PROCESSOR_INSIDE(%r9)
	cmpl $0, CONTROL_ENABLED(%r8)
	je leave

	/* agent_may_be_kept: it would be the program's own profile's too. */
	movabs $AGENT_WEYL, %rdx
	add %rdx, %rax
	movabs $AGENT_WEYL_MASK, %rdx
	xor %rax, %rdx
	mul %rdx
	xor %rdx, %rax
	mov CONTROL_MEM_PROFILE_RATE(%r8), %rdx
	mulq (%rdx)
	mov PROCESSOR_QUICK(%r9), %eax
	add %rcx, %rax
	cmp %rax, %rdx
	jbe leave
	mov CONTROL_NUMGC(%r8), %rdx
	mov (%rdx), %edx
	cmp %edx, CONTROL_LAST_NUMGC(%r8)
	jne leave

	/* agent_walk_quickly: RDX the frame, RSI the link that it may be at, R11 the hash, EDI how many frames of its own,
	 * from the negative of one more than may be on. */
	mov TALLY_TOP(%r10), %rax
	cmp (%r14), %rbp
	jb leave
	cmp %rax, %rbp
	ja leave
	add $32, %rax /* the frame, and what agent_type_in reads above it */
	cmp 8(%r14), %rax
	ja leave
	mov TALLY_COUNT(%r10), %esi
	shl $LINK_SHIFT, %rsi
	lea TALLY_LINKS(%r10,%rsi), %rsi
	mov %rbp, %rdx
	mov $AGENT_HASH_START, %r11d
	mov $-(AGENT_CHAIN_OWN+1), %edi
	jmp 1f
next_link:
	cmp TALLY_TOP(%r10), %rdx
	ja leave
	sub $LINK_SIZE, %rsi
1:	mov (%rsi), %r8
	cmp %rdx, %r8
	jb next_link
	je may_be_kept
from_here:
	sub %rbp, %r8
	/* R8: how far the kept frame is from the innermost. Those that don't rise are not told apart; there are at most
	 * AGENT_CHAIN_OWN of them. */
own_frame:
	mov (%rdx), %rax
	add 8(%rdx), %r11
	imul hash_factor(%rip), %r11
	mov %rax, %rdx
	inc %edi
	jz leave
	sub %rbp, %rax
	cmp %r8, %rax
	jb own_frame
	je may_be_kept
	cmp %rbp, %rdx
	ja next_link
	jmp leave
may_be_kept:
	mov (%rdx), %rax
	cmp %rax, -LINK_SIZE(%rsi)
	jne 1f
	mov 8(%rdx), %r8
	cmp %r8, 8-LINK_SIZE(%rsi)
	je kept
1:	cmp TALLY_TOP(%r10), %rdx
	jae leave
	sub $LINK_SIZE, %rsi
	mov (%rsi), %r8
	jmp from_here
kept:
	/* agent_outer_stand: RSI all kept frames from here outwards, in bytes of links, RAX the outermost. */
	sub %r10, %rsi
	lea TALLY_LINKS(%r10), %rax
	sub $TALLY_LINKS, %rsi
	pxor %xmm0, %xmm0
	cmp $5 * LINK_SIZE, %rsi
	jb few
	lea -5 * LINK_SIZE(%rax,%rsi), %r8
	jmp 2f
1:	compare_four %r8, 0
	sub $4 * LINK_SIZE, %r8
2:	cmp %rax, %r8
	ja 1b
	compare_four %rax, 0
outer_compared:
	pxor %xmm1, %xmm1
	pcmpeqb %xmm1, %xmm0
	pmovmskb %xmm0, %edx
	cmp $0xffff, %edx
	jne leave
	lea AGENT_CHAIN_OWN+1-AGENT_CHAIN_LEFT(%rdi), %edx
	test %edx, %edx
	jle is_kept
	sub %edx, TALLY_PAID(%r10)
	js keep
is_kept:
	imul TALLY_RESTS - LINK_SIZE(%r10,%rsi), %r11
	add TALLY_RESTS + 8 - LINK_SIZE(%r10,%rsi), %r11

	/* agent_type_in, into RDX; R8 the frame of mallocgc's caller. */
	or $-1, %rdx
	mov (%rbp), %r8
	cmpl $1, agent_control_block + CONTROL_TYPE_HOPS(%rip)
	ja 3f
	jb 1f
	mov (%r8), %r8
1:	mov 16(%r8), %rax
	mov %rcx, %rdi
	sub %rax, %rdi
	add $16, %rax
	cmp %rax, %rdi
	ja 3f
	mov 24(%r8), %rax
	test %rax, %rax
	jz 2f
	cmp agent_control_block + CONTROL_TYPES_START(%rip), %rax
	jb 3f
	cmp agent_control_block + CONTROL_TYPES_END(%rip), %rax
	jae 3f
2:	mov %rax, %rdx

	/* agent_context_hash, and the counter. */
3:	imul type_factor(%rip), %rdx
	mov agent_control_block + CONTROL_G_GOPC(%rip), %eax
	mov size_factor(%rip), %r8
	mov (%r14,%rax), %rax
	imul %rcx, %r8
	imul creator_factor(%rip), %rax
	add %rdx, %r11
	add %r8, %r11
	add %rax, %r11
	mov %r11, %rdx
	shr $64 - AGENT_SLOT_BITS, %rdx
	shl $COUNTER_SHIFT, %rdx
	lea TALLY_SLOTS(%r10,%rdx), %rdx
	mov PROCESSOR_QUICK(%r9), %edi
	cmp %r11, (%rdx)
	jne other_counter
	cmp %edi, COUNTER_RATE(%rdx)
	jne other_counter
found:
	incq COUNTER_COUNT(%rdx)

	movabs $AGENT_WEYL, %rax
	add %rax, PROCESSOR_RANDOM(%r9)
	cmp $1, %edi
	ja draw
	mov agent_control_block + CONTROL_NEXT_SAMPLE(%rip), %eax
	movq %xmm2, %rdx
	movq $0, (%rdx,%rax)
	decl PROCESSOR_INSIDE(%r9)
	movq $0, (%r12)
	ret

draw:
	movq %xmm2, %rsi
	mov %edi, %edx
	mov %r9, %rdi
	mov %r9, %r13
	mov %rsp, %rbx
	and $-16, %rsp
	call agent_draw_next
	mov %rbx, %rsp
	decl PROCESSOR_INSIDE(%r13)
	movq $0, (%r12)
	ret

	/* As agent_counter_at, but for a place at the table's end. */
other_counter:
	lea TALLY_END(%r10), %rax
	lea (AGENT_PROBES-1)*COUNTER_SIZE(%rdx), %r8
	cmp %rax, %r8
	jae leave
1:	add $COUNTER_SIZE, %rdx
	cmp %r8, %rdx
	ja leave
	cmp %r11, (%rdx)
	jne 1b
	cmp %edi, COUNTER_RATE(%rdx)
	jne 1b
	jmp found

	/* Walks have come to many frames of their own: this one is kept for those to come. EDX: its frames but the
	 * innermost, RSI all kept ones, in bytes of links. */
keep:
	mov %rsi, %rax
	shr $LINK_SHIFT, %eax
	add $AGENT_CHAIN_LEFT, %edx
	movq %xmm2, %r8
	push %rbx
	push %rcx
	push %rsi
	push %r8
	push %r9
	push %r10
	push %r11
	mov %r10, %rdi
	mov %eax, %esi
	mov %rbp, %rcx
	mov %rsp, %rbx
	and $-16, %rsp
	call agent_keep_walk
	mov %rbx, %rsp
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rsi
	pop %rcx
	pop %rbx
	movq %r8, %xmm2
	test %eax, %eax
	jnz is_kept
	jmp leave

	/* Fewer than four frames to compare; with less than four in all it is left to the long way to look for arguments. */
few:
	mov %rsi, %rdx
	shr $LINK_SHIFT, %edx
	lea AGENT_CHAIN_OWN+1(%rdx,%rdi), %edx
	cmp $4, %edx
	jb leave
	movd %edi, %xmm3
	mov %rax, %r8
	lea -LINK_SIZE(%rax,%rsi), %rdi
	jmp 2f
1:	compare_link %r8, 0
	add $LINK_SIZE, %r8
2:	cmp %rdi, %r8
	jb 1b
	movd %xmm3, %edi
	jmp outer_compared

leave:
	decl PROCESSOR_INSIDE(%r9)
go_on:
	mov %r13, %rax
	jmp *%r15

	.section .note.GNU-stack, "", @progbits
