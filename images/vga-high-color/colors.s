# The same moving colours, 640 by 480, at 15, 16 and 24 bits a pixel, 128 frames each.
.include "start.s"

	.set WIDTH, 640
	.set HEIGHT, 480

.code16
video:
	movw $WIDTH, %bx
	movw $HEIGHT, %cx
	movw $15, %dx
	jmp dispi_mode

.code32
main:
	testb $127, frame
	jne draw
	# Another depth: 15, 16, 24 bits in turn.
	movl frame, %eax
	shrl $7, %eax
	xorl %edx, %edx
	movl $3, %ecx
	divl %ecx
	movl drawers(, %edx, 4), %eax
	movl %eax, drawer
	movzbl depths(%edx), %ecx
	movl $4, %eax
	xorl %ebx, %ebx
	call dispi
	movl $3, %eax
	movl %ecx, %ebx
	call dispi
	movl $4, %eax
	movl $0x41, %ebx
	call dispi
draw:
	movl frame_buffer, %edi
	xorl %ebp, %ebp		# line
line:
	xorl %esi, %esi		# column
	jmp *drawer
line_done:
	incl %ebp
	cmpl $HEIGHT, %ebp
	jne line
	call end_of_frame
	jmp main

# Draws a line: red across (EBX), green down (ECX), blue along the diagonal (EDX), each 0 to 255; PACK stores the point.
.macro draw_line pack
1:	movl %esi, %eax
	shrl $1, %eax
	addl frame, %eax
	movzbl %al, %eax
	movzbl sine(%eax), %ebx
	movl %ebp, %eax
	shrl $1, %eax
	subl frame, %eax
	movzbl %al, %eax
	movzbl sine(%eax), %ecx
	leal (%esi, %ebp), %eax
	shrl $2, %eax
	addl frame, %eax
	addl frame, %eax
	movzbl %al, %eax
	movzbl sine(%eax), %edx
	addb $128, %bl
	addb $128, %cl
	addb $128, %dl
	\pack
	incl %esi
	cmpl $WIDTH, %esi
	jne 1b
	jmp line_done
.endm

.macro pack_word green_bits, green_shift, red_shift
	shrl $3, %ebx
	shll $\red_shift, %ebx
	shrl $8 - \green_bits, %ecx
	shll $\green_shift, %ecx
	shrl $3, %edx
	orl %ebx, %ecx
	orl %ecx, %edx
	movw %dx, (%edi)
	addl $2, %edi
.endm

.macro pack_bytes
	movb %dl, (%edi)
	movb %cl, 1(%edi)
	movb %bl, 2(%edi)
	addl $3, %edi
.endm

line_15:	draw_line "pack_word 5, 5, 10"
line_16:	draw_line "pack_word 6, 5, 11"
line_24:	draw_line "pack_bytes"

# Register EAX of dispi becomes EBX.
dispi:
	movw $0x1ce, %dx
	outw %ax, %dx
	incl %edx
	movl %ebx, %eax
	outw %ax, %dx
	ret

	.balign 4
drawer:	.long 0
drawers:	.long line_15, line_16, line_24
depths:	.byte 15, 16, 24
image_end:
