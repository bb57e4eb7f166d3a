# Munching squares in CGA's four colours.
.include "start.s"

	.set SCREEN, 0xb8000
	.set ODD_LINES, 0x2000

.code16
video:
	movw $4, %ax
	jmp bios_mode

.code32
main:
	xorl %ebp, %ebp		# line
line:
	movl %ebp, %eax
	shrl $1, %eax
	imull $80, %eax, %edi
	addl $SCREEN, %edi
	testl $1, %ebp
	je 1f
	addl $ODD_LINES, %edi
1:	xorl %esi, %esi		# column
quad:
	xorl %ebx, %ebx
	movl $4, %ecx
pixel:
	movl %esi, %eax
	xorl %ebp, %eax
	addl frame, %eax
	shrl $4, %eax
	andl $3, %eax
	shll $2, %ebx
	orl %eax, %ebx
	incl %esi
	loop pixel
	movb %bl, (%edi)
	incl %edi
	cmpl $320, %esi
	jne quad
	incl %ebp
	cmpl $200, %ebp
	jne line
	call end_of_frame
	jmp main
image_end:
