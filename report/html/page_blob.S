/* The HTML report's page, assembled from the files in this folder, as a text that ends in NUL. */
	.section .rodata
	.globl report_page
report_page:
	.incbin "report_page.html"
	.byte 0
	.section .note.GNU-stack, "", @progbits
