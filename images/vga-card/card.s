# A Christmas card in text mode: 80 by 25 characters, written once. What moves are their shapes and the palette.
#
#   - The font lies in plane 2, 32 bytes a character. 128 characters tile the sky; their shapes are drawn anew for each frame, so it snows everywhere at once, for
#     2 KiB a frame, whatever the size of the sky.
#   - 32 more are pieces of pictures: slopes, a ball, a star, sixteen heights of snow.
#   - The lights on the tree are four colours of the palette, brighter and darker in turn.
#   - Cells are 8 pixels wide instead of 9, or there would be a gap between the tiles; and bit 7 of an attribute is a colour instead of blinking.
.include "start.s"

	.set TEXT, 0xb8000
	.set FONT, 0xa0000
	.set ROW, 160
	.set COLUMNS, 80
	.set ROWS, 25
	.set TREE, 24		# its middle
	.set FLAKES, 90

	# Characters.
	.set G_LEVEL, 0x00	# 16: so many lines from below
	.set G_LEFT, 0x10	# a slope: below it on its right, on its left
	.set G_RIGHT, 0x11
	.set G_NEEDLES, 0x12
	.set G_BALL, 0x13
	.set G_STAR, 0x14	# 2
	.set G_PANE, 0x16
	.set G_GIFT, 0x17
	.set G_MOON, 0x18	# 8: 4 beside each other, 2 rows
	.set G_SKY, 0x80	# 128: 16 beside each other, 8 rows

	# Colours.
	.set C_SKY, 0		# 5, from the zenith down
	.set C_DARK, 5
	.set C_GREEN, 6
	.set C_SNOW, 7
	.set C_FLAKE, 8
	.set C_RED, 9
	.set C_GOLD, 10
	.set C_BLUE, 11
	.set C_STAR, 12
	.set C_LAMP, 13
	.set C_MOON, 14
	.set C_WOOD, 15

.code16
video:
	movw $3, %ax
	int $0x10
	movw $0x1003, %ax	# no blinking: 16 colours behind the characters
	xorw %bx, %bx
	int $0x10
	jmp hide_cursor

.code32
main:
	movw $0x3c4, %dx	# 8 dots a character, at the clock that goes with them
	movw $0x0100, %ax
	outw %ax, %dx
	movw $0x0101, %ax
	outw %ax, %dx
	movw $0x3c2, %dx
	movb $0x63, %al
	outb %al, %dx
	movw $0x3c4, %dx
	movw $0x0300, %ax
	outw %ax, %dx
	call sky
	call moon
	movl $trees, %esi
1:	cmpb $0, (%esi)
	je 2f
	call tree
	addl $3, %esi
	jmp 1b
2:	call house
	call ground
	movl $things, %esi
	call put_things
	call words

	# From here on the window shows plane 2 alone, byte by byte. What is on the screen does not depend on that.
	movl $window, %esi
	movl $3, %ecx
	movw $0x3c4, %dx
	rep outsw
	movl $3, %ecx
	movw $0x3ce, %dx
	rep outsw
	call shapes
	call moon_shape

turn:
	call snow
	call lights
	call end_of_frame
	jmp turn

window:	.word 0x0402, 0x0704, 0x0300	# planes to write, no odd and even, end of reset
	.word 0x0204, 0x0005, 0x0406	# plane 2 to read, bytes as they are, at 0xa0000

# A character: AX (attribute, character) in column EBX of row ECX. Outside of the screen nothing happens.
put:
	cmpl $COLUMNS, %ebx
	jae 1f
	cmpl $ROWS, %ecx
	jae 1f
	pushl %ecx
	imull $ROW, %ecx
	movw %ax, TEXT(%ecx, %ebx, 2)
	popl %ecx
1:	ret

# AH = the sky's colour behind a character of row ECX, with the colour AH before it.
over_sky:
	pushl %ecx
	shrl $2, %ecx
	cmpl $4, %ecx
	jbe 1f
	movl $4, %ecx
1:	shlb $4, %cl
	orb %cl, %ah
	popl %ecx
	ret

sky:
	xorl %ecx, %ecx
1:	xorl %ebx, %ebx
2:	movb $C_FLAKE, %ah
	call over_sky
	movl %ecx, %edx
	andl $7, %edx
	shll $4, %edx
	movb %bl, %al
	andb $15, %al
	orb %dl, %al
	orb $G_SKY, %al
	call put
	incl %ebx
	cmpl $COLUMNS, %ebx
	jne 2b
	incl %ecx
	cmpl $ROWS, %ecx
	jne 1b
	ret

moon:
	movb $G_MOON, %al
	movl $2, %ecx
1:	movl $58, %ebx
2:	movb $C_MOON, %ah
	call over_sky
	call put
	incb %al
	incl %ebx
	cmpl $62, %ebx
	jne 2b
	incl %ecx
	cmpl $4, %ecx
	jne 1b
	ret

# A tree at ESI: its middle column, top row, and how many storeys. A storey has four rows, each a column wider on both sides; the next begins two columns narrower.
tree:
	movzbl 1(%esi), %ecx
	xorl %edi, %edi		# storey
1:	leal 1(, %edi, 2), %ebp	# half the width
	movl $4, %edx
2:	movzbl (%esi), %ebx
	subl %ebp, %ebx
	movb $C_DARK, %ah
	call over_sky
	movb $G_LEFT, %al
	call put
	pushl %edx
	leal -2(%ebp, %ebp), %edx
	movw $(C_DARK << 4 | C_GREEN) << 8 | G_NEEDLES, %ax
3:	incl %ebx
	decl %edx
	js 4f
	call put
	jmp 3b
4:	popl %edx
	movb $C_DARK, %ah
	call over_sky
	movb $G_RIGHT, %al
	call put
	incl %ecx
	incl %ebp
	decl %edx
	jne 2b
	incl %edi
	movzbl 2(%esi), %eax
	cmpl %eax, %edi
	jne 1b
	movzbl (%esi), %ebx	# the trunk
	movw $(C_WOOD << 4) << 8 | ' ', %ax
	call put
	decl %ebx
	call put
	incl %ecx
	call put
	incl %ebx
	call put
	ret

# A house: the roof of snow, then boxes.
house:
	movl $8, %ecx
	movl $1, %ebp		# half the width
1:	movl $64, %ebx
	subl %ebp, %ebx
	movb $C_SNOW, %ah
	call over_sky
	movb $G_LEFT, %al
	call put
	leal -2(%ebp, %ebp), %edx
	movw $(C_SNOW << 4) << 8 | ' ', %ax
2:	incl %ebx
	decl %edx
	js 3f
	call put
	jmp 2b
3:	movb $C_SNOW, %ah
	call over_sky
	movb $G_RIGHT, %al
	call put
	incl %ebp
	incl %ecx
	cmpl $16, %ecx
	jne 1b
	movl $boxes, %esi
4:	movzbl 2(%esi), %edi	# width
	testl %edi, %edi
	je 7f
	movzbl 1(%esi), %ecx
	movzbl 3(%esi), %edx
	movw 4(%esi), %ax
5:	movzbl (%esi), %ebx
	pushl %edi
6:	call put
	incl %ebx
	decl %edi
	jne 6b
	popl %edi
	incl %ecx
	decl %edx
	jne 5b
	addl $6, %esi
	jmp 4b
7:	ret

# Snow from below: each column so many lines high. Sixteen heights of a character make it smooth.
ground:
	xorl %ebx, %ebx
1:	imull $5, %ebx, %eax
	movzbl %al, %eax
	movsbl sine(%eax), %edx
	sarl $3, %edx
	leal 40(, %ebx, 2), %eax
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	sarl $4, %eax
	addl %eax, %edx
	addl $72, %edx		# 49 to 95 lines
	movl $ROWS - 1, %ecx
2:	movw $(C_SNOW << 4 | C_FLAKE) << 8 | ' ', %ax
	subl $16, %edx
	js 3f
	call put
	decl %ecx
	jmp 2b
3:	imull $ROW, %ecx, %eax	# what is behind keeps its colour
	movb TEXT + 1(%eax, %ebx, 2), %ah
	andb $0xf0, %ah
	orb $C_SNOW, %ah
	leal 16 + G_LEVEL(%edx), %edx
	movb %dl, %al
	call put
	incl %ebx
	cmpl $COLUMNS, %ebx
	jne 1b
	ret

# Single characters at ESI: column, row, character, attribute. The end is a row of 255.
put_things:
1:	movzbl 1(%esi), %ecx
	cmpb $255, %cl
	je 2f
	movzbl (%esi), %ebx
	movw 2(%esi), %ax
	call put
	addl $4, %esi
	jmp 1b
2:	ret

words:
	movl $text, %esi
	movl $TEXT + 23 * ROW + (COLUMNS - (text_end - text)) / 2 * 2, %edi
	movl $text_end - text, %ecx
1:	movsb
	movb $C_SNOW << 4 | 2, %al
	stosb
	loop 1b
	ret

# The shapes that stay.
shapes:
	xorl %ecx, %ecx		# heights of snow
1:	movl %ecx, %edi
	shll $5, %edi
	addl $FONT + 32 * G_LEVEL, %edi
	movl $16, %edx
2:	xorl %eax, %eax
	cmpl %ecx, %edx
	ja 3f
	decl %eax
3:	stosb
	decl %edx
	jne 2b
	incl %ecx
	cmpl $16, %ecx
	jne 1b
	movl $drawn, %esi
	movl $FONT + 32 * G_LEFT, %edi
	movl $8, %edx
4:	movl $16, %ecx
	rep movsb
	addl $16, %edi
	decl %edx
	jne 4b
	ret

# A disc of 28 lines over eight characters.
moon_shape:
	movl $FONT + 32 * G_MOON, %edi
	xorl %eax, %eax
	movl $8 * 32 / 4, %ecx
	rep stosl
	xorl %esi, %esi		# line
1:	xorl %ebx, %ebx		# column
2:	leal -31(%ebx, %ebx), %eax
	imull %eax, %eax
	leal -31(%esi, %esi), %ecx
	imull %ecx, %ecx
	addl %ecx, %eax
	cmpl $784, %eax
	jae 3f
	movl %ebx, %edi		# character
	shrl $3, %edi
	movl %esi, %eax
	shrl $4, %eax
	leal (%edi, %eax, 4), %edi
	shll $5, %edi
	movl %esi, %eax
	andl $15, %eax
	addl %eax, %edi
	movl %ebx, %ecx
	andb $7, %cl
	movb $0x80, %al
	shrb %cl, %al
	orb %al, FONT + 32 * G_MOON(%edi)
3:	incl %ebx
	cmpl $32, %ebx
	jne 2b
	incl %esi
	cmpl $32, %esi
	jne 1b
	ret

# The snow of this frame: 128 by 128 pixels, in the order of the characters; then into the font.
snow:
	movl $tiles, %edi
	xorl %eax, %eax
	movl $2048 / 4, %ecx
	rep stosl
	movl $FLAKES - 1, %ebp
1:	imull $0x9e3779b1, %ebp, %edi
	movl %ebp, %edx
	andl $3, %edx
	jne 2f
	incl %edx		# 1 far, 3 near
2:	movl frame, %esi
	imull %edx, %esi
	shrl $1, %esi
	movl %edi, %eax
	shrl $9, %eax
	addl %eax, %esi
	andl $127, %esi		# line
	movl %edi, %ebx
	shrl $20, %ebx
	leal (%ebx, %esi, 2), %eax
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	imull %edx, %eax
	sarl $6, %eax
	addl %eax, %ebx
	movl frame, %eax
	imull %edx, %eax
	shrl $3, %eax
	addl %eax, %ebx		# column
	call flake
	cmpl $3, %edx
	jne 3f
	incl %ebx
	call flake
	incl %esi
	call flake
	decl %ebx
	call flake
3:	decl %ebp
	jns 1b
	movl $tiles, %esi
	movl $FONT + 32 * G_SKY, %edi
	movl $128, %edx
4:	movl $4, %ecx
	rep movsl
	addl $16, %edi
	decl %edx
	jne 4b
	ret

# A pixel of the tiles: column EBX, line ESI, both from 0 to 127 and around.
flake:
	andl $127, %ebx
	andl $127, %esi
	movl %esi, %eax
	shrl $4, %eax
	shll $4, %eax
	movl %ebx, %ecx
	shrl $3, %ecx
	addl %ecx, %eax		# character
	shll $4, %eax
	movl %esi, %ecx
	andl $15, %ecx
	addl %ecx, %eax
	movl %ebx, %ecx
	andb $7, %cl
	movb $0x80, %ch
	shrb %cl, %ch
	orb %ch, tiles(%eax)
	ret

# The palette. A colour's number is no entry of the DAC: the attribute controller's 16 registers lie between, which the BIOS has set.
lights:
	xorl %ebp, %ebp
1:	movw $0x3c8, %dx
	movb entries(%ebp), %al
	outb %al, %dx
	incl %edx
	movl $64, %ecx		# strength
	leal -C_RED(%ebp), %eax
	cmpl $C_LAMP - C_RED, %eax
	ja 2f
	imull $72, %eax
	movl frame, %ecx
	leal (%eax, %ecx, 4), %eax
	movzbl %al, %eax
	movsbl sine(%eax), %ecx
	sarl $3, %ecx
	addl $48, %ecx		# 32 to 63
2:	leal (%ebp, %ebp, 2), %esi
	movl $3, %edi
3:	movzbl colors(%esi), %eax
	imull %ecx, %eax
	shrl $6, %eax
	outb %al, %dx
	incl %esi
	decl %edi
	jne 3b
	incl %ebp
	cmpl $16, %ebp
	jne 1b
	ret

entries:	.byte 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f
colors:
	.byte 2, 3, 12,  2, 4, 15,  3, 6, 19,  4, 8, 23,  6, 11, 28
	.byte 2, 13, 10,  6, 28, 18,  57, 60, 63,  46, 51, 60
	.byte 63, 14, 14,  63, 50, 12,  24, 46, 63,  63, 60, 30,  63, 48, 18
	.byte 62, 60, 50,  19, 11, 8
trees:	# middle, top, storeys; the end is a middle of zero
	.byte 6, 11, 2, 40, 12, 2, 77, 10, 2, 47, 14, 1, 12, 15, 1, TREE, 3, 4, 0
boxes:	# column, row, width, height, character, attribute
	.byte 57, 16, 14, 5, ' ', C_WOOD << 4
	.byte 59, 17, 3, 2, G_PANE, C_LAMP << 4 | C_WOOD, 67, 17, 3, 2, G_PANE, C_LAMP << 4 | C_WOOD
	.byte 63, 18, 2, 3, ' ', C_SKY << 4
	.byte 68, 9, 2, 3, ' ', C_WOOD << 4, 68, 8, 2, 1, G_LEVEL + 5, 2 << 4 | C_SNOW
	.byte 0, 0, 0, 0, 0, 0
things:
	.byte TREE - 1, 2, G_STAR, C_STAR, TREE, 2, G_STAR + 1, C_STAR
	.byte 23, 5, G_BALL, C_DARK << 4 | C_RED, 25, 6, G_BALL, C_DARK << 4 | C_GOLD, 22, 6, G_BALL, C_DARK << 4 | C_BLUE
	.byte 21, 9, G_BALL, C_DARK << 4 | C_GOLD, 24, 8, G_BALL, C_DARK << 4 | C_BLUE, 27, 9, G_BALL, C_DARK << 4 | C_RED, 23, 10, G_BALL, C_DARK << 4 | C_RED
	.byte 19, 13, G_BALL, C_DARK << 4 | C_RED, 22, 12, G_BALL, C_DARK << 4 | C_BLUE, 26, 12, G_BALL, C_DARK << 4 | C_GOLD, 28, 14, G_BALL, C_DARK << 4 | C_BLUE
	.byte 24, 14, G_BALL, C_DARK << 4 | C_RED, 21, 14, G_BALL, C_DARK << 4 | C_GOLD, 18, 17, G_BALL, C_DARK << 4 | C_BLUE, 20, 16, G_BALL, C_DARK << 4 | C_GOLD
	.byte 23, 17, G_BALL, C_DARK << 4 | C_BLUE, 26, 16, G_BALL, C_DARK << 4 | C_RED, 29, 17, G_BALL, C_DARK << 4 | C_GOLD, 31, 18, G_BALL, C_DARK << 4 | C_RED
	.byte 17, 18, G_BALL, C_DARK << 4 | C_RED, 26, 18, G_BALL, C_DARK << 4 | C_BLUE, 21, 18, G_BALL, C_DARK << 4 | C_RED
	.byte 18, 21, G_GIFT, C_SNOW << 4 | C_RED, 20, 21, G_GIFT, C_SNOW << 4 | C_BLUE, 29, 21, G_GIFT, C_SNOW << 4 | C_GOLD, 31, 21, G_GIFT, C_SNOW << 4 | C_RED
	.byte 0, 255
text:	.ascii "Merry Christmas, and a happy new year!"
text_end:
drawn:	# slopes, needles, a ball, a star, a pane, a gift: 16 lines each
	.byte 0x01, 0x01, 0x03, 0x03, 0x07, 0x07, 0x0f, 0x0f, 0x1f, 0x1f, 0x3f, 0x3f, 0x7f, 0x7f, 0xff, 0xff
	.byte 0x80, 0x80, 0xc0, 0xc0, 0xe0, 0xe0, 0xf0, 0xf0, 0xf8, 0xf8, 0xfc, 0xfc, 0xfe, 0xfe, 0xff, 0xff
	.byte 0x10, 0x28, 0x44, 0x10, 0x82, 0x01, 0x29, 0x44, 0x10, 0x28, 0x01, 0x82, 0x44, 0x11, 0x28, 0x40
	.byte 0x00, 0x00, 0x18, 0x18, 0x3c, 0x7e, 0xde, 0xdf, 0xff, 0xff, 0x7e, 0x7e, 0x3c, 0x00, 0x00, 0x00
	.byte 0x01, 0x01, 0x01, 0x03, 0x03, 0x03, 0xff, 0x7f, 0x1f, 0x0f, 0x0f, 0x1f, 0x1e, 0x3c, 0x30, 0x40
	.byte 0x80, 0x80, 0x80, 0xc0, 0xc0, 0xc0, 0xff, 0xfe, 0xf8, 0xf0, 0xf0, 0xf8, 0x78, 0x3c, 0x0c, 0x02
	.byte 0xff, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0xff, 0xff, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0xff
	.byte 0x00, 0x00, 0x24, 0x5a, 0x3c, 0xe7, 0xe7, 0xe7, 0x00, 0xe7, 0xe7, 0xe7, 0xe7, 0xe7, 0xe7, 0x00
	.balign 4
tiles:	.skip 2048
image_end:
