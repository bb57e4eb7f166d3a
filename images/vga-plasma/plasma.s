# Plasma out of text: 80 by 50 cells, whose colour and shade come from three sines.
.include "start.s"

	.set SCREEN, 0xb8000

.code16
video:
	movw $3, %ax
	call bios_mode
	movw $0x1112, %ax	# the font of 8 lines: 50 rows
	xorw %bx, %bx
	int $0x10
	movw $0x1003, %ax	# sixteen backgrounds, nothing blinks
	xorw %bx, %bx
	int $0x10
	movw $0x3c4, %dx	# eight dots a character, so that shades have no seams
	movw $0x0101, %ax
	outw %ax, %dx
	jmp hide_cursor		# the font brought it back

.code32
main:
	movl $SCREEN, %edi
	xorl %ebp, %ebp		# row
row:
	xorl %esi, %esi		# column
cell:
	leal (%esi, %esi, 2), %eax
	addl frame, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %ebx
	imull $5, %ebp, %eax
	subl frame, %eax
	subl frame, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %ecx
	addl %ecx, %ebx
	leal (%esi, %ebp), %eax
	leal (%eax, %eax, 2), %eax
	addl frame, %eax
	addl %ebx, %eax		# the third one bends along the first two
	movzbl %al, %eax
	movsbl sine(%eax), %ecx
	addl %ecx, %ebx
	addl frame, %ebx
	shrl $2, %ebx
	andl $63, %ebx		# 16 pairs of colours with 4 shades each
	movl %ebx, %ecx
	shrl $2, %ecx
	movb ramp(%ecx), %ah	# background
	shlb $4, %ah
	orb ramp + 1(%ecx), %ah
	andl $3, %ebx
	movb shades(%ebx), %al
	stosw
	incl %esi
	cmpl $80, %esi
	jne cell
	incl %ebp
	cmpl $50, %ebp
	jne row
	call end_of_frame
	jmp main

ramp:	.byte 0, 1, 9, 3, 11, 15, 11, 3, 9, 1, 0, 5, 13, 12, 4, 5, 0
shades:	.byte ' ', 0xb0, 0xb1, 0xb2
image_end:
