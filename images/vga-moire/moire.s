# Circles around two moving centres, 640 by 480 in 16 colours. Each set of circles is a plane, cut from one large picture and written anew for each frame.
.include "start.s"

	.set SCREEN, 0xa0000
	.set LINE, 80
	.set CIRCLES, 0x100000	# 1280 by 960 points around the middle
	.set CIRCLES_LINE, 160

.code16
video:
	movw $0x12, %ax
	jmp bios_mode

.code32
main:
	xorl %ebx, %ebx
	movl $palette, %esi
	movl $4, %edi
	call set_palette

	movl $CIRCLES, %edi
	movl $-480, %ebp	# y
	movl $800, %ebx		# the distance from the middle, rounded down
line:
	movl $-640, %esi	# x
byte:
	movl $8, %ecx
bit:
	pushl %ecx
	movl %esi, %eax
	imull %eax, %eax
	movl %ebp, %ecx
	imull %ecx, %ecx
	addl %eax, %ecx		# the square of the distance, which changes by one at most from point to point
1:	movl %ebx, %eax
	imull %eax, %eax
	cmpl %ecx, %eax
	jbe 2f
	decl %ebx
	jmp 1b
2:	leal 1(%ebx), %eax
	imull %eax, %eax
	cmpl %ecx, %eax
	ja 3f
	incl %ebx
	jmp 2b
3:	movl %ebx, %eax
	shrl $4, %eax
	rcrl $1, %eax
	rclb $1, %dl
	popl %ecx
	incl %esi
	loop bit
	movb %dl, (%edi)
	incl %edi
	cmpl $640, %esi
	jne byte
	incl %ebp
	cmpl $480, %ebp
	jne line

next:
	movw $0x3c4, %dx
	movw $0x0102, %ax	# the first plane
	outw %ax, %dx
	movl frame, %eax
	movl frame, %ebx
	addl %ebx, %ebx
	call place
	call cut
	movw $0x3c4, %dx
	movw $0x0202, %ax	# the second one
	outw %ax, %dx
	imull $3, frame, %eax
	addl $90, %eax
	movl frame, %ebx
	negl %ebx
	call place
	call cut
	call end_of_frame
	jmp next

# Sines of the angles EAX and EBX become the left upper corner of what is cut out: EAX, 0 to 639, and EBX, 0 to 479.
place:
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	imull $5, %eax
	sarl $1, %eax
	addl $320, %eax
	movzbl %bl, %ebx
	movsbl sine(%ebx), %ebx
	imull $15, %ebx
	sarl $3, %ebx
	addl $240, %ebx
	ret

# Copies 640 by 480 points from there.
cut:
	imull $CIRCLES_LINE, %ebx
	movl %eax, %ecx
	shrl $3, %eax
	leal CIRCLES(%ebx, %eax), %esi
	andb $7, %cl
	movl $SCREEN, %edi
	movl $480, %ebp
1:	movl (%esi), %edx
	bswapl %edx
	movl $LINE / 4, %ebx
2:	movl 4(%esi), %eax
	bswapl %eax
	shldl %cl, %eax, %edx
	bswapl %edx
	movl %edx, (%edi)
	movl %eax, %edx
	addl $4, %esi
	addl $4, %edi
	decl %ebx
	jne 2b
	addl $CIRCLES_LINE - LINE, %esi
	decl %ebp
	jne 1b
	ret

palette:
	.byte 2, 3, 12,  10, 28, 50,  46, 12, 34,  60, 60, 56
image_end:
