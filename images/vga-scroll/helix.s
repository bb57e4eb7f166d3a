# A double helix in text mode 3. At each retrace the screen scrolls up by a line, as long listings used to.
.include "start.s"

	.set SCREEN, 0xb8000
	.set ROW, 160
	.set BOTTOM, SCREEN + 24 * ROW

.code16
video:
	movw $3, %ax
	jmp bios_mode

.code32
main:
	movl $SCREEN + ROW, %esi
	movl $SCREEN, %edi
	movl $24 * ROW / 4, %ecx
	rep movsl
	movl $0x08200820, %eax
	movl $ROW / 4, %ecx
	rep stosl

	# A few stars.
	imull $1103515245, seed, %eax
	addl $12345, %eax
	movl %eax, seed
	shrl $16, %eax
	movl $80, %ecx
	xorl %edx, %edx
	divl %ecx
	movb $'.', BOTTOM(, %edx, 2)

	# Where the strands are: EBX the first one's column, EBP the second one's. ESI says which of them is in front.
	imull $8, frame, %ecx
	movzbl %cl, %ecx
	movsbl sine(%ecx), %eax
	imull $36, %eax
	sarl $7, %eax
	leal 40(%eax), %ebx
	negl %eax
	leal 40(%eax), %ebp
	addb $64, %cl
	movsbl sine(%ecx), %esi

	# Every other line has a pair of bases, each half in its own colour.
	testb $1, frame
	jne strands
	movl frame, %eax
	shrl $1, %eax
	andl $3, %eax
	movzwl bases(, %eax, 2), %eax	# the colour on the left, that on the right
	movl %ebx, %ecx
	movl %ebp, %edx
	cmpl %edx, %ecx
	jbe 1f
	xchgl %ecx, %edx
1:	cmpl %edx, %ecx
	jae strands
	cmpl $40, %ecx
	jne 2f
	movb %ah, %al
2:	movb $'-', BOTTOM(, %ecx, 2)
	movb %al, BOTTOM + 1(, %ecx, 2)
	incl %ecx
	jmp 1b

strands:
	movl $0x0b00 + '@', %eax	# in front
	movl $0x0300 + 'o', %edx
	testl %esi, %esi
	jns 1f
	xchgl %eax, %edx
1:	movw %ax, BOTTOM(, %ebx, 2)
	movw %dx, BOTTOM(, %ebp, 2)
	call end_of_frame
	jmp main

seed:	.long 2026
bases:	.byte 0x0c, 0x0e, 0x0a, 0x09, 0x0e, 0x0c, 0x09, 0x0a
image_end:
