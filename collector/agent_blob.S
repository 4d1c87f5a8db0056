/* The agent's code as bytes, for the collector to copy into targets. */
	.section .rodata
	.globl agent_blob
	.globl agent_blob_size
	.p2align 4
agent_blob:
	.incbin "agent.bin"
agent_blob_end:
	.p2align 3
agent_blob_size:
	.quad agent_blob_end - agent_blob
	.section .note.GNU-stack, "", @progbits
