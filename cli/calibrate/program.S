/* The Go program of escprof calibrate, as a text that ends in NUL. */
	.section .rodata
	.globl calibrate_source
calibrate_source:
	.incbin "cli/calibrate/main.go"
	.byte 0
	.section .note.GNU-stack, "", @progbits
