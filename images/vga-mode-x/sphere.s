# A sphere of dots in mode X: drawn into the page that is not seen, which is then flipped. Below a split screen with a panel that never moves.
# Mode X: M. Abrash, Graphics Programming Black Book, chapter 47.
.include "start.s"

	.set SCREEN, 0xa0000
	.set LINE, 80		# bytes in each of the four planes
	.set PANEL, 0		# what lies below the split starts at address 0
	.set PAGE, 0x1000	# the first page, and what lies between two
	.set PAGES, 0x4000
	.set HEIGHT, 200
	.set DOTS, 512

.code16
video:
	movw $0x1130, %ax	# the ROM's font of 16 lines
	movb $6, %bh
	int $0x10
	movw %es, %ax
	movzwl %ax, %eax
	shll $4, %eax
	movzwl %bp, %ebp
	addl %ebp, %eax
	movl %eax, font
	xorw %ax, %ax
	movw %ax, %es
	movw $0x13, %ax
	jmp bios_mode

.code32
main:
	movw $0x3c4, %dx
	movw $0x0604, %ax	# planes side by side
	outw %ax, %dx
	movw $0x0100, %ax	# a reset, while the clock becomes that of 480 lines
	outw %ax, %dx
	movw $0x3c2, %dx
	movb $0xe3, %al
	outb %al, %dx
	movw $0x3c4, %dx
	movw $0x0300, %ax
	outw %ax, %dx
	movw $0x3d4, %dx
	movb $0x11, %al
	outb %al, %dx
	incl %edx
	inb %dx, %al
	andb $0x7f, %al		# the first registers are no longer protected
	outb %al, %dx
	decl %edx
	movl $timing, %esi
	movl $(timing_end - timing) / 2, %ecx
	rep outsw
	xorl %ebx, %ebx
	movl $palette, %esi
	movl $5, %edi
	call set_palette
	# 64 to 127: from far to near.
	xorl %ecx, %ecx
	movl $shades, %edi
1:	movl %ecx, %eax
	shrl $1, %eax
	stosb
	movl %ecx, %eax
	imull %ecx, %eax
	shrl $6, %eax
	stosb
	leal 32(%ecx), %eax
	cmpl $63, %eax
	jbe 2f
	movb $63, %al
2:	stosb
	incl %ecx
	cmpl $64, %ecx
	jne 1b
	movl $64, %ebx
	movl $shades, %esi
	movl $64, %edi
	call set_palette

	# The panel: a line, and words.
	movb $15, %al
	call select
	movl $SCREEN + PANEL, %edi
	movl $0x03030303, %eax
	movl $2 * LINE / 4, %ecx
	rep stosl
	movl $0x01010101, %eax
	movl $38 * LINE / 4, %ecx
	rep stosl
	movl $words, %esi
	movl $SCREEN + PANEL + 13 * LINE + 2, %edi
letter:
	lodsb
	testb %al, %al
	je turn
	movzbl %al, %ebx
	shll $4, %ebx
	addl font, %ebx
	call glyph
	addl $2, %edi
	jmp letter

turn:
	movl frame, %eax
	andl $1, %eax
	imull $PAGES, %eax
	addl $PAGE, %eax
	movl %eax, page
	movb $15, %al
	call select
	movl page, %edi
	addl $SCREEN, %edi
	xorl %eax, %eax
	movl $HEIGHT * LINE / 4, %ecx
	rep stosl

	# The sphere's centre moves along, and bounces.
	movl frame, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	sarl $1, %eax
	addl $160, %eax
	movl %eax, center_x
	movl frame, %eax
	addl %eax, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	testl %eax, %eax
	jns 1f
	negl %eax
1:	negl %eax
	sarl $1, %eax
	addl $125, %eax
	movl %eax, center_y

	xorl %ebp, %ebp
dot:
	# Latitude from pole to pole, longitude by the golden angle, turned by the frame.
	movl %ebp, %eax
	shrl $2, %eax
	movsbl sine(%eax), %ecx		# radius of the circle of latitude
	addl $64, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %esi		# height
	imull $98, %ebp, %eax
	addl frame, %eax
	addl frame, %eax
	movzbl %al, %edx
	movsbl sine(%edx), %ebx
	imull %ecx, %ebx
	sarl $7, %ebx			# x
	addb $64, %dl
	movsbl sine(%edx), %edi
	imull %ecx, %edi
	sarl $7, %edi			# z, -127 to 127
	# Leaning over by a quarter: y and z take from each other.
	movl %edi, %eax
	sarl $2, %eax
	addl %esi, %eax
	sarl $2, %esi
	subl %esi, %edi
	movl %eax, %esi
	leal 640(%edi), %ecx		# nearer is larger
	imull %ecx, %ebx
	sarl $10, %ebx
	addl center_x, %ebx
	imull %ecx, %esi
	sarl $10, %esi
	addl center_y, %esi
	imull $25, %edi
	sarl $7, %edi
	addl $96, %edi		# colour, 31 from the middle at most
	cmpl $HEIGHT - 1, %esi
	jae next
	cmpl $318, %ebx
	jae next
	movl %edi, %eax
	movb %al, %ah
	imull $LINE, %esi
	addl page, %esi
	call plot
	incl %ebx
	call plot
next:
	incl %ebp
	cmpl $DOTS, %ebp
	jne dot

	movw $0x3d4, %dx
	movb $0x0c, %al
	movb page + 1, %ah
	outw %ax, %dx
	movb $0x0d, %al
	movb page, %ah
	outw %ax, %dx
	call end_of_frame
	jmp turn

# Two points one below the other: colour AH, column EBX, line's address ESI.
plot:
	movl %ebx, %ecx
	andb $3, %cl
	movb $1, %al
	shlb %cl, %al
	call select
	movl %ebx, %ecx
	shrl $2, %ecx
	movb %ah, SCREEN(%esi, %ecx)
	movb %ah, SCREEN + LINE(%esi, %ecx)
	ret

# A letter of the font at EBX, to EDI: eight columns by sixteen lines.
glyph:
	pushl %esi
	movl $8, %ecx
1:	decl %ecx
	pushl %ecx
	movl $7, %eax
	subl %ecx, %eax		# column
	movl %eax, %esi
	shrl $2, %esi
	movb %al, %cl
	andb $3, %cl
	movb $1, %al
	shlb %cl, %al
	call select
	popl %ecx
	xorl %edx, %edx
2:	movzbl (%ebx, %edx), %eax
	btl %ecx, %eax
	jnc 3f
	imull $LINE, %edx, %eax
	addl %edi, %eax
	movb $4, (%eax, %esi)
3:	incl %edx
	cmpl $16, %edx
	jne 2b
	testl %ecx, %ecx
	jne 1b
	popl %esi
	ret

# Planes that writes go to: AL.
select:
	pushl %eax
	movb %al, %ah
	movb $2, %al
	movw $0x3c4, %dx
	outw %ax, %dx
	popl %eax
	ret

timing:
	.byte 0x06, 0x0d, 0x07, 0x3e, 0x09, 0x01, 0x10, 0xea, 0x11, 0xac, 0x12, 0xdf, 0x14, 0x00, 0x15, 0xe7, 0x16, 0x06, 0x17, 0xe3
	.byte 0x18, 0x8f		# the split, after line 399 of 480
timing_end:
palette:
	.byte 0, 0, 0,  3, 6, 16,  0, 0, 0,  20, 40, 63,  58, 61, 63
words:	.asciz "Mode X: 320 by 240, two pages, a split"
	.balign 4
font:	.long 0
page:	.long 0
center_x:	.long 0
center_y:	.long 0
shades:	.skip 192
image_end:
