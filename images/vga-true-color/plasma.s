# Plasma, 1280 by 800 at 32 bits a pixel. It waits for no retrace: the next picture begins when one is done.
.include "start.s"

	.set WIDTH, 1280
	.set HEIGHT, 800

# Tables, away from the code: a store beside it would make emulators look at the code again.
	.set colors, 0x20000
	.set across, 0x21000

.code16
video:
	movw $WIDTH, %bx
	movw $HEIGHT, %cx
	movw $32, %dx
	jmp dispi_mode

.code32
main:
	# 256 colours that meet at their ends: three sines a third apart.
	xorl %ecx, %ecx
1:	movzbl %cl, %eax
	movzbl sine(%eax), %ebx
	addb $128, %bl
	addb $85, %al
	movzbl sine(%eax), %edx
	addb $128, %dl
	shll $8, %ebx
	movb %dl, %bl
	addb $85, %al
	movzbl sine(%eax), %edx
	addb $128, %dl
	shll $8, %ebx
	movb %dl, %bl
	movl %ebx, colors(, %ecx, 4)
	incl %ecx
	cmpl $256, %ecx
	jne 1b

picture:
	# A sine for each column; the lines add theirs.
	xorl %ecx, %ecx
2:	movl %ecx, %eax
	shrl $1, %eax
	addl frame, %eax
	movzbl %al, %eax
	movb sine(%eax), %dl
	leal (%ecx, %ecx), %eax
	shrl $3, %eax
	subl frame, %eax
	movzbl %al, %eax
	addb sine(%eax), %dl
	movb %dl, across(%ecx)
	incl %ecx
	cmpl $WIDTH + 64, %ecx
	jne 2b
	movl frame_buffer, %edi
	xorl %ebp, %ebp		# line
line:
	movl %ebp, %eax
	shrl $1, %eax
	addl frame, %eax
	addl frame, %eax
	movzbl %al, %eax
	movb sine(%eax), %bl
	addb frame, %bl
	# The waves across move to and fro from line to line.
	movl %ebp, %eax
	subl frame, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %esi
	sarl $2, %esi
	addl $32, %esi
	movl $-WIDTH, %ecx
point:
	movzbl across + WIDTH(%esi, %ecx), %eax
	addb %bl, %al
	movl colors(, %eax, 4), %eax
	movl %eax, (%edi)
	addl $4, %edi
	incl %ecx
	jne point
	incl %ebp
	cmpl $HEIGHT, %ebp
	jne line
	call count_frame
	jmp picture

image_end:
