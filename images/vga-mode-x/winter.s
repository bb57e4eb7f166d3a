# A winter night in mode X: 320 by 240 in 256 colours, which no BIOS sets. M. Abrash, Graphics Programming Black Book, chapters 47 to 49.
#
# What the mode is for: the four planes lie side by side, each byte of a plane is every fourth pixel, and the 256 KiB hold more than a screen.
#   - Two pages take turns: one is shown while the other is drawn.
#   - The landscape is drawn once, off the screen. A copy through the latches, four pixels at a byte, puts it under each frame.
#   - The lower 40 lines are a split screen: the adapter itself goes back to address 0 there, whatever page is above.
#   - Stars, and the colours of the writing, move in the palette alone.
.include "start.s"

	.set SCREEN, 0xa0000
	.set LINE, 80		# bytes in each of the four planes
	.set PANEL, 0		# what lies below the split starts at address 0
	.set LANDSCAPE, 0x1000
	.set PAGE, 0x5000	# the first page, and what lies between two
	.set PAGES, 0x4000
	.set WIDTH, 320
	.set HEIGHT, 200
	.set PANEL_HEIGHT, 40
	.set WORDS_LINE, 12	# of the panel
	.set FLAKES, 260
	.set STARS, 90
	.set MOON_X, 236
	.set MOON_Y, 46
	.set SLEIGH_WIDTH, 54
	.set SLEIGH_HEIGHT, 11

	# The palette.
	.set C_FLAKE, 1		# 1 to 3: far to near
	.set C_WINDOW, 4
	.set C_SLEIGH, 5
	.set C_PANEL, 6
	.set C_EDGE, 7
	.set C_WALL, 8
	.set C_FIR, 9		# dark, light, with snow
	.set C_SKY, 16		# 32 from the zenith to the horizon
	.set C_MOON, 48		# 8
	.set C_FAR, 56		# the far range: 8 from shade to light
	.set C_NEAR, 64		# the near range
	.set C_SNOW, 72		# 16 from the edge of the hill to the depth
	.set C_STAR, 112	# 16 that twinkle
	.set C_WORDS, 128	# 16, one for each line of a letter

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
	movl $ramps, %esi
	call make_palette
	call draw_landscape
	call draw_stars
	movl $firs, %esi
1:	movzwl (%esi), %ebx
	testl %ebx, %ebx
	je 2f
	call fir
	addl $6, %esi
	jmp 1b
2:	call cabin

	# The panel: an edge of light, and what the words run on.
	movb $15, %al
	call select
	movl $SCREEN + PANEL, %edi
	movl $0x01010101 * C_EDGE, %eax
	movl $LINE / 4, %ecx
	rep stosl
	movl $0x01010101 * C_PANEL, %eax
	movl $(PANEL_HEIGHT - 1) * LINE / 4, %ecx
	rep stosl

turn:
	movl frame, %eax
	andl $1, %eax
	imull $PAGES, %eax
	addl $PAGE, %eax
	movl %eax, page

	# Write mode 1: a read fills the latches from all planes, a write empties them into all planes, whatever byte the processor carries.
	movb $15, %al
	call select
	movb $1, %ah
	call write_mode
	movl $SCREEN + LANDSCAPE, %esi
	movl page, %edi
	addl $SCREEN, %edi
	movl $HEIGHT * LINE, %ecx
	rep movsb
	movb $0, %ah
	call write_mode

	call sleigh
	call flakes
	call words
	call twinkle

	# The page is finished: the adapter starts from it at the next retrace.
	movw $0x3d4, %dx
	movb $0x0c, %al
	movb page + 1, %ah
	outw %ax, %dx
	movb $0x0d, %al
	movb page, %ah
	outw %ax, %dx
	call end_of_frame
	jmp turn

# The write mode AH of the graphics controller.
write_mode:
	movw $0x3ce, %dx
	movb $5, %al
	orb $0x40, %ah		# 256 colours stay
	outw %ax, %dx
	ret

# Planes that writes go to: AL.
select:
	pushl %eax
	pushl %edx
	movb %al, %ah
	movb $2, %al
	movw $0x3c4, %dx
	outw %ax, %dx
	popl %edx
	popl %eax
	ret

# A pixel: colour AH, column EBX, line ESI of the page that begins at `target`. Outside of the page nothing happens.
plot:
	cmpl $WIDTH, %ebx
	jae 1f
	cmpl $HEIGHT, %esi
	jae 1f
	pushl %ecx
	pushl %edi
	movl %ebx, %ecx
	andb $3, %cl
	movb $1, %al
	shlb %cl, %al
	call select
	imull $LINE, %esi, %edi
	addl target, %edi
	movl %ebx, %ecx
	shrl $2, %ecx
	movb %ah, SCREEN(%edi, %ecx)
	popl %edi
	popl %ecx
1:	ret
target:	.long LANDSCAPE

# A wave of straight lines: EAX = 0 to 64 for any EAX, back and forth in 128.
triangle:
	andl $127, %eax
	subl $64, %eax
	jns 1f
	negl %eax
1:	ret

# The landscape, plane by plane: so each plane is selected once.
draw_landscape:
	xorl %ebp, %ebp		# plane
1:	movl %ebp, %ecx
	movb $1, %al
	shlb %cl, %al
	call select
	movl $SCREEN + LANDSCAPE, %edi
	xorl %esi, %esi		# line
2:	movl %ebp, %ebx		# column
3:	call scene
	stosb
	addl $4, %ebx
	cmpl $WIDTH, %ebx
	jb 3b
	incl %esi
	cmpl $HEIGHT, %esi
	jne 2b
	incl %ebp
	cmpl $4, %ebp
	jne 1b
	ret

# AL = what is seen in column EBX, line ESI.
scene:
	call hill		# the hill in front
	movl %esi, %ecx
	subl %eax, %ecx		# below its edge
	js 2f
	shrl $1, %ecx
	cmpl $15, %ecx
	jbe 1f
	movl $15, %ecx
1:	leal C_SNOW(%ecx), %eax
	ret
2:	movl $near, %edx
	call range
	jns 3f
	movl $far, %edx
	call range
	js 4f
3:	ret
4:	# The moon: a disc, its spots where two waves meet.
	leal -MOON_X(%ebx), %eax
	imull %eax, %eax
	leal -MOON_Y(%esi), %ecx
	imull %ecx, %ecx
	addl %ecx, %eax
	cmpl $484, %eax
	jae 5f
	leal (%ebx, %ebx, 8), %eax
	leal (%eax, %esi, 4), %eax
	call triangle
	movl %eax, %ecx
	leal (%esi, %esi, 8), %eax
	subl %ebx, %eax
	subl %ebx, %eax
	call triangle
	addl %ecx, %eax
	shrl $4, %eax		# 0 to 8
	cmpl $7, %eax
	jbe 1f
	movl $7, %eax
1:	addl $C_MOON, %eax
	ret
5:	# The sky, brighter down and around the moon; between two colours a pattern of both.
	movl $9000, %ecx
	subl %eax, %ecx
	jns 6f
	xorl %ecx, %ecx
6:	imull %ecx, %ecx
	shrl $17, %ecx		# 0 to 617
	leal (%esi, %esi, 4), %eax
	addl %eax, %eax		# a line is 10
	addl %ecx, %eax
	movl %ebx, %ecx		# 4 by 4 thresholds
	andl $3, %ecx
	movl %esi, %edx
	andl $3, %edx
	movzbl pattern(%ecx, %edx, 4), %ecx
	leal (%eax, %ecx, 4), %eax
	shrl $6, %eax
	cmpl $31, %eax
	jbe 7f
	movl $31, %eax
7:	addl $C_SKY, %eax
	ret

# EAX = the first line of the hill in column EBX.
hill:
	leal 60(%ebx), %eax
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	sarl $4, %eax
	leal 10(%ebx, %ebx), %ecx
	movzbl %cl, %ecx
	movsbl sine(%ecx), %ecx
	sarl $5, %ecx
	addl %ecx, %eax
	addl $168, %eax
	ret

# A range of mountains at EDX: AL = its colour in column EBX, line ESI, or the sign is set where it is not seen. A sum of three straight-lined waves has peaks.
range:
	pushl %ebp
	movl %ebx, %eax
	call peaks
	movl %esi, %ebp
	subl %eax, %ebp
	js 9f
	movl %ebp, %eax		# ridges lean to the left on their way down
	shrl $1, %eax
	addl %ebx, %eax
	pushl %eax
	call peaks
	popl %ecx
	pushl %eax
	leal 3(%ecx), %eax	# falling to the right: in the light of the moon
	call peaks
	popl %ecx
	subl %ecx, %eax
	leal 3(%eax), %ecx
	jns 1f
	xorl %ecx, %ecx
1:	shrl $1, %ecx
	# Snow above, in streaks.
	leal (%ebx, %ebx, 8), %eax
	leal (%eax, %esi, 4), %eax
	call triangle
	shrl $2, %eax
	addl 12(%edx), %eax
	cmpl %eax, %ebp
	jae 2f
	addl $3, %ecx
2:	cmpl $7, %ecx
	jbe 3f
	movl $7, %ecx
3:	addl 16(%edx), %ecx
	movl %ecx, %eax
	cmpl $0, %ecx
9:	popl %ebp
	ret

# EAX = the range's first line in column EAX.
peaks:
	pushl %ecx
	pushl %esi
	movl %eax, %ecx
	movl (%edx), %eax
	imull %ecx, %eax
	shrl $2, %eax
	call triangle
	movl %eax, %esi
	movl 4(%edx), %eax
	imull %ecx, %eax
	shrl $2, %eax
	addl $10, %eax
	call triangle
	shrl $2, %eax
	addl %eax, %esi
	imull $11, %ecx, %eax
	call triangle
	shrl $4, %eax
	addl %eax, %esi
	movl 8(%edx), %eax
	subl %esi, %eax
	popl %esi
	popl %ecx
	ret
far:	.long 3, 11, 138, 16, C_FAR	# steps of two waves in quarters, the line that heights count from, how far snow reaches, colours
near:	.long 9, 22, 182, 6, C_NEAR

# A random number in EAX, 0 to 32767.
random:
	imull $1103515245, seed, %eax
	addl $12345, %eax
	movl %eax, seed
	shrl $16, %eax
	andl $0x7fff, %eax
	ret
seed:	.long 24

# Stars, where there is sky and no moon.
draw_stars:
	movl $STARS, %ebp
1:	call random
	xorl %edx, %edx
	movl $WIDTH, %ecx
	divl %ecx
	movl %edx, %ebx
	call random
	xorl %edx, %edx
	movl $110, %ecx
	divl %ecx
	movl %edx, %esi
	call scene
	subb $C_SKY, %al
	cmpb $14, %al
	jae 2f
	call random
	andb $15, %al
	addb $C_STAR, %al
	movb %al, %ah
	call plot
2:	decl %ebp
	jne 1b
	ret

# A fir at ESI: column in EBX, then its foot and its height; storeys of branches, snow on the outer ends.
fir:
	pushl %esi
	movzwl 2(%esi), %edx	# foot
	movzwl 4(%esi), %ebp	# height
	movl %ebx, %edi		# column
	movl %edx, %esi
	subl %ebp, %esi		# line
	xorl %ecx, %ecx		# from the top
1:	pushl %edx
	movl %ecx, %eax
	xorl %edx, %edx
	pushl %ebp
	shrl $3, %ebp
	addl $3, %ebp
	divl %ebp		# EDX: line in the storey
	popl %ebp
	leal (%ecx, %ecx, 2), %eax
	shrl $4, %eax
	addl %edx, %eax		# half the width
	movl %eax, half
	negl %eax
	popl %edx
2:	pushl %eax
	leal (%edi, %eax), %ebx
	movl %eax, %edx
	jns 3f
	negl %edx
3:	movb $C_FIR, %ah	# dark to the left, away from the moon
	pushl %eax
	call random
	movl %eax, offset
	popl %eax
	testb $0x30, offset
	jne 4f
	incb %ah
4:	addl %edx, %edx
	cmpl half, %edx
	jb 5f
	testb $0x0c, offset
	jne 5f
	movb $C_FIR + 2, %ah
5:	call plot
	popl %eax
	incl %eax
	cmpl half, %eax
	jle 2b
	incl %esi
	incl %ecx
	cmpl %ebp, %ecx
	jb 1b
	popl %esi
	ret
half:	.long 0
offset:	.long 0

# The cabin: boxes of a column, a line, a width, a height and a colour.
cabin:
	movl $boxes, %edi
1:	movzbl 4(%edi), %eax
	testl %eax, %eax
	je 5f
	movb %al, %ah
	movzbl 1(%edi), %esi
	movzbl 3(%edi), %edx
2:	movzbl (%edi), %ebx
	movzbl 2(%edi), %ecx
3:	call plot
	incl %ebx
	loop 3b
	incl %esi
	decl %edx
	jne 2b
	addl $5, %edi
	jmp 1b
5:	ret

# The sleigh crosses the sky in 512 frames, on a wave.
sleigh:
	movl page, %eax
	movl %eax, target
	movl frame, %eax
	addl $210, %eax
	andl $511, %eax
	leal -SLEIGH_WIDTH(%eax), %ebp	# column
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	sarl $4, %eax
	leal 46(%eax), %esi		# line
	movl $art, %edi
	movl $SLEIGH_HEIGHT, %ecx
1:	pushl %ecx
	movl %ebp, %ebx
	movl $SLEIGH_WIDTH, %ecx
2:	cmpb $'x', (%edi)
	jne 3f
	movb $C_SLEIGH, %ah
	call plot
3:	incl %edi
	incl %ebx
	loop 2b
	popl %ecx
	incl %esi
	loop 1b
	ret

# Snow in three depths, without a memory: where a flake is follows from its number and the frame's.
flakes:
	movl $FLAKES - 1, %ebp
1:	imull $0x9e3779b1, %ebp, %edi	# its own random bits
	movl %ebp, %edx
	andl $3, %edx		# depth: 0 and 1 far, 2, 3 near
	jne 2f
	incl %edx
2:	movl frame, %eax
	imull %edx, %eax
	shrl $1, %eax
	movl %edi, %esi
	shrl $8, %esi
	addl %eax, %esi
	andl $255, %esi		# line: 56 of 256 are below the page
	movl %edi, %eax
	shrl $20, %eax
	leal (%eax, %esi), %ecx
	addl frame, %ecx
	movzbl %cl, %ecx
	movsbl sine(%ecx), %ecx
	imull %edx, %ecx
	sarl $5, %ecx		# swaying
	movl frame, %ebx
	imull %edx, %ebx
	shrl $2, %ebx		# the wind
	addl %ecx, %ebx
	addl %eax, %ebx
	andl $511, %ebx
	movb %dl, %ah
	call plot
	cmpb $3, %dl
	jne 3f
	incl %ebx		# near flakes are larger
	call plot
	incl %esi
	call plot
	decl %ebx
	call plot
3:	decl %ebp
	jns 1b
	ret

# The words run through the panel, two pixels a frame: column by column of the font that the BIOS has in its ROM.
words:
	xorl %ebp, %ebp		# plane
1:	movl %ebp, %ecx
	movb $1, %al
	shlb %cl, %al
	call select
	movl $SCREEN + PANEL + WORDS_LINE * LINE, %edi
2:	leal -(SCREEN + PANEL + WORDS_LINE * LINE)(%edi), %eax
	leal (%ebp, %eax, 4), %eax
	movl frame, %ecx
	leal (%eax, %ecx, 2), %eax
	movl %eax, %ecx
	shrl $3, %eax
	xorl %edx, %edx
	movl $text_end - text, %ebx
	divl %ebx
	movzbl text(%edx), %ebx
	shll $4, %ebx
	addl font, %ebx
	notl %ecx
	andl $7, %ecx		# the bit of this column
	xorl %edx, %edx
	movl %edi, %esi
3:	movzbl (%ebx, %edx), %eax
	btl %ecx, %eax
	movb $C_PANEL, %al
	jnc 4f
	leal C_WORDS(%edx), %eax
4:	movb %al, (%esi)
	addl $LINE, %esi
	incl %edx
	cmpl $16, %edx
	jne 3b
	incl %edi
	cmpl $SCREEN + PANEL + (WORDS_LINE + 1) * LINE, %edi
	jne 2b
	incl %ebp
	cmpl $4, %ebp
	jne 1b
	ret

# The palette of the frame: stars get brighter and darker, the colours of the writing go round.
twinkle:
	movl $C_STAR, %ebx
	call color_index
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $4, %eax
	leal (%eax, %ecx, 2), %eax
	movl frame, %ebx
	leal (%eax, %ebx, 2), %eax
	movzbl %al, %eax
	movsbl sine(%eax), %eax
	sarl $2, %eax
	addl $31, %eax		# 0 to 62
	outb %al, %dx
	outb %al, %dx
	addl $63, %eax
	shrl $1, %eax
	outb %al, %dx
	incl %ecx
	cmpl $16, %ecx
	jne 1b
	xorl %ecx, %ecx		# C_WORDS follows the stars
2:	leal (, %ecx, 8), %eax
	movl frame, %ebx
	leal (%eax, %ebx, 2), %eax
	movzbl %al, %eax
	movsbl sine(%eax), %ebx
	sarl $3, %ebx
	leal 47(%ebx), %eax	# red: 32 to 62
	outb %al, %dx
	movb $54, %al
	outb %al, %dx
	negl %ebx
	leal 47(%ebx), %eax
	outb %al, %dx
	incl %ecx
	cmpl $16, %ecx
	jne 2b
	ret

# Triples that go to DX from now on are the colours from EBX on.
color_index:
	movw $0x3c8, %dx
	movb %bl, %al
	outb %al, %dx
	incl %edx
	ret

# Ramps at ESI: first colour, how many (a byte each), from red, green, blue to red, green, blue, six bits each. The end is a count of zero.
make_palette:
1:	movzbl 1(%esi), %edi
	testl %edi, %edi
	je 4f
	movzbl (%esi), %ebx
	call color_index
	xorl %ecx, %ecx
2:	xorl %ebp, %ebp
3:	movzbl 2(%esi, %ebp), %ebx
	movzbl 5(%esi, %ebp), %eax
	subl %ebx, %eax
	imull %ecx, %eax
	pushl %edx
	cltd
	idivl %edi
	popl %edx
	addl %ebx, %eax
	outb %al, %dx
	incl %ebp
	cmpl $3, %ebp
	jne 3b
	incl %ecx
	cmpl %edi, %ecx
	jne 2b
	addl $8, %esi
	jmp 1b
4:	ret

ramps:
	.byte 0, 1, 0, 0, 0, 0, 0, 0
	.byte C_FLAKE, 3, 22, 27, 38, 74, 74, 72
	.byte C_WINDOW, 1, 63, 46, 16, 0, 0, 0
	.byte C_SLEIGH, 1, 3, 2, 6, 0, 0, 0
	.byte C_PANEL, 1, 2, 3, 9, 0, 0, 0
	.byte C_EDGE, 1, 40, 44, 58, 0, 0, 0
	.byte C_WALL, 1, 15, 9, 7, 0, 0, 0
	.byte C_FIR, 2, 2, 6, 9, 8, 18, 19
	.byte C_FIR + 2, 1, 34, 42, 54, 0, 0, 0
	.byte C_SKY, 20, 2, 3, 13, 14, 17, 42
	.byte C_SKY + 20, 12, 14, 17, 42, 42, 32, 50
	.byte C_MOON, 8, 50, 48, 42, 63, 63, 58
	.byte C_FAR, 8, 10, 12, 28, 44, 46, 60
	.byte C_NEAR, 8, 5, 8, 20, 34, 40, 56
	.byte C_SNOW, 16, 50, 54, 63, 8, 13, 32
	.byte 0, 0
pattern:	.byte 0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5
firs:	# column, foot, height; the end is a column of zero
	.word 92, 172, 26, 120, 174, 34, 70, 176, 44, 30, 186, 78, 52, 192, 60, 8, 196, 92, 300, 178, 52, 278, 180, 36, 313, 192, 74, 0
boxes:	# column, line, width, height, colour
	.byte 181, 148, 5, 14, C_WALL, 180, 147, 7, 2, C_FIR + 2
	.byte 162, 156, 30, 1, C_FIR + 2, 159, 157, 36, 2, C_FIR + 2, 156, 159, 42, 2, C_FIR + 2, 153, 161, 48, 2, C_FIR + 2
	.byte 157, 163, 40, 16, C_WALL
	.byte 162, 166, 7, 6, C_WINDOW, 185, 166, 7, 6, C_WINDOW, 174, 167, 6, 12, C_SLEIGH, 0, 0, 0, 0, 0
art:
	.ascii "............................x.x........x.x........x.x."
	.ascii "...xx........................xx.........xx.........xx."
	.ascii "..xxxx.......................xxx........xxx........xxx"
	.ascii "...xx...x....................xx.........xx.........xx."
	.ascii "..xxxx.xx...............xxxxxxx....xxxxxxx....xxxxxxx."
	.ascii "xxxxxxxxxx.xxxxxxxxxxxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.."
	.ascii "xxxxxxxxxx.............xxxxxxx....xxxxxxx....xxxxxxx.."
	.ascii "xxxxxxxxx.............xx.x..xxx..xx.x..xxx..xx.x..xxx."
	.ascii ".xxxxxxxx.............x..x..x..x.x..x..x..x.x..x..x..x"
	.ascii "..x....x..x..........x....x..x..x....x..x..x....x..x.."
	.ascii "xxxxxxxxxx............................................"
text:
	.ascii "                                        Mode X: 320 by 240 in 256 colours, a mode that no BIOS knows.   Two pages take turns, the landscape is copied "
	.ascii "through the latches four pixels at a time, and these words lie below a split screen that stays where it is.   "
	.ascii "Have a quiet winter night!"
text_end:
timing:
	.byte 0x06, 0x0d, 0x07, 0x3e, 0x09, 0x01, 0x10, 0xea, 0x11, 0xac, 0x12, 0xdf, 0x14, 0x00, 0x15, 0xe7, 0x16, 0x06, 0x17, 0xe3
	.byte 0x18, 0x8f		# the split, after line 399 of 480
timing_end:
	.balign 4
font:	.long 0
page:	.long 0
image_end:
