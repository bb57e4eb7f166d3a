# The Mandelbrot set in 256 colours, eight lines a frame. When it is there, only the palette changes.
.include "start.s"

	.set WIDTH, 640
	.set HEIGHT, 480
	.set LIMIT, 160		# iterations
	.set FRACTION, 26	# bits behind the point
	.set STEP, 307863	# 0.0045875, from -2.2 to 0.736
	.set LEFT, -147639500
	.set TOP, -73887120	# -1.101

# Variables, away from the code: a store beside it would make emulators look at the code again.
	.set rows, 0x20000
	.set columns, 0x20004
	.set c_real, 0x20008
	.set c_imaginary, 0x2000c
	.set square_real, 0x20010
	.set square_imaginary, 0x20014

.code16
video:
	movw $WIDTH, %bx
	movw $HEIGHT, %cx
	movw $8, %dx
	jmp dispi_mode

.code32
main:
	movl frame, %eax
	cmpl $HEIGHT / 8, %eax
	jae cycle
	imull $8, %eax, %ebx
	movl $8, rows
row:
	imull $WIDTH, %ebx, %edi
	addl frame_buffer, %edi
	imull $STEP, %ebx, %eax
	addl $TOP, %eax
	movl %eax, c_imaginary
	movl $LEFT, c_real
	movl $WIDTH, columns
point:
	xorl %esi, %esi		# real part
	xorl %ebp, %ebp		# imaginary part
	xorl %ecx, %ecx
iterate:
	movl %esi, %eax
	imull %esi
	shrdl $FRACTION, %edx, %eax
	movl %eax, square_real
	movl %ebp, %eax
	imull %ebp
	shrdl $FRACTION, %edx, %eax
	movl %eax, square_imaginary
	addl square_real, %eax
	cmpl $4 << FRACTION, %eax
	ja done
	movl %esi, %eax
	imull %ebp
	shrdl $FRACTION - 1, %edx, %eax
	addl c_imaginary, %eax
	movl %eax, %ebp
	movl square_real, %esi
	subl square_imaginary, %esi
	addl c_real, %esi
	incl %ecx
	cmpl $LIMIT, %ecx
	jb iterate
	movl $-1, %ecx		# inside: colour 0
done:
	incl %ecx
	movb %cl, (%edi)
	incl %edi
	addl $STEP, c_real
	decl columns
	jne point
	incl %ebx
	decl rows
	jne row

	# Colours 1 to 255 go in circles, by three sines a third apart.
cycle:
	xorl %ecx, %ecx
	movl $palette + 3, %edi
color:
	leal (, %ecx, 4), %eax
	subl frame, %eax
	subl frame, %eax
	movl $3, %ebx
1:	movzbl %al, %esi
	movb sine(%esi), %dl
	sarb $2, %dl
	addb $32, %dl
	movb %dl, (%edi)
	incl %edi
	addl $40, %eax
	decl %ebx
	jne 1b
	incl %ecx
	cmpl $255, %ecx
	jne color
	xorl %ebx, %ebx
	movl $palette, %esi
	movl $256, %edi
	call set_palette
	call end_of_frame
	jmp main

palette:	.skip 768
image_end:
