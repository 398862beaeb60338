/* The texts that the build wrote to the file REFERENCE. */
	.section .rodata
	.global reference_begin
	.global reference_length
reference_begin:
	.incbin REFERENCE
reference_end:
	.balign 8
reference_length:
	.quad reference_end - reference_begin
	.section .note.GNU-stack,"",%progbits
