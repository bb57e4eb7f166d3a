# The fire of 1993: each point takes the mean of those below it and cools a little.
.include "start.s"

	.set SCREEN, 0xa0000
	.set FIRE, 0x100000	# 200 lines that are seen and two of embers
	.set LINE, 320

.code16
video:
	movw $0x13, %ax
	jmp bios_mode

.code32
main:
	xorl %ebx, %ebx
	movl $palette, %edi
	# 0 to 255: black, red, yellow, white.
1:	movl $3, %ecx
	movl %ebx, %eax
2:	movl %eax, %edx
	testl %edx, %edx
	jns 3f
	xorl %edx, %edx
3:	cmpl $63, %edx
	jbe 4f
	movb $63, %dl
4:	movb %dl, (%edi)
	incl %edi
	subl $64, %eax
	loop 2b
	incl %ebx
	cmpl $256, %ebx
	jne 1b
	xorl %ebx, %ebx
	movl $palette, %esi
	movl $256, %edi
	call set_palette
	movl $FIRE, %edi
	movl $202 * LINE / 4, %ecx
	xorl %eax, %eax
	rep stosl

burn:
	movl $FIRE + 200 * LINE, %edi
	movl seed, %eax
	movl $2 * LINE, %ecx
ember:
	imull $1103515245, %eax, %eax
	addl $12345, %eax
	movl %eax, %edx
	sarl $31, %edx		# glows or does not
	movb %dl, (%edi)
	incl %edi
	loop ember
	movl %eax, seed

	movl $FIRE, %edi
	movl $200 * LINE, %ecx
	xorl %edx, %edx
point:
	movzbl LINE - 1(%edi), %eax
	movb LINE(%edi), %dl
	addl %edx, %eax
	movb LINE + 1(%edi), %dl
	addl %edx, %eax
	movb 2 * LINE(%edi), %dl
	addl %edx, %eax
	shrl $2, %eax
	je 1f
	decl %eax
1:	movb %al, (%edi)
	incl %edi
	loop point

	movl $FIRE, %esi
	movl $SCREEN, %edi
	movl $200 * LINE / 4, %ecx
	rep movsl
	call end_of_frame
	jmp burn

seed:	.long 1993
palette:	.skip 768
image_end:
