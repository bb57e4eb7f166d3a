# What the screen demos begin with: a boot sector that loads the rest, has the demo set its video mode by the BIOS, and goes on at `main` in 32-bit
# protected mode, memory flat, interrupts off. The demo includes this file first and defines
#
#   video   16-bit code that sets the mode, ended by ret
#   main    32-bit code: draws one frame after the other and calls end_of_frame after each
#
# Everything a frame shows follows from its number, never from the time: the tests stop a demo at a frame and compare it with QEMU's.
.code16
.globl _start
_start:
	jmp begin
	nop
last_frame:	.long 0		# number of frames after which the demo stands still; 0: it goes on
frame:		.long 0

begin:
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	cld
	movw $packet, %si
	movb $0x42, %ah
	int $0x13
	call video
	cli
	inb $0x92, %al		# address line 20 on
	orb $2, %al
	andb $0xfe, %al
	outb %al, $0x92
	lgdtl table
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $0x08, $protected

# Sets a mode of the BIOS's own (AX) and hides the cursor of a text mode.
bios_mode:
	int $0x10
hide_cursor:
	movb $1, %ah
	movw $0x2000, %cx
	int $0x10
	ret

# Sets a mode by dispi: BX by CX pixels of DX bits; `frame_buffer` is where they lie.
dispi_mode:
	movw %dx, %bp
	movw $4, %ax
	call dispi_write
	movw $1, %ax
	movw %bx, %di
	call dispi_set
	movw $2, %ax
	movw %cx, %di
	call dispi_set
	movw $3, %ax
	movw %bp, %di
	call dispi_set
	movw $4, %ax
	movw $0x41, %di
	call dispi_set
	movw $0xb102, %ax	# find the device 1234:1111
	movw $0x1111, %cx
	movw $0x1234, %dx
	xorw %si, %si
	int $0x1a
	movw $0xb10a, %ax	# its first base address
	movw $0x10, %di
	int $0x1a
	andb $0xf0, %cl
	movl %ecx, frame_buffer
	ret
dispi_write:
	xorw %di, %di
# Register AX of dispi becomes DI.
dispi_set:
	pushw %dx
	movw $0x1ce, %dx
	outw %ax, %dx
	incw %dx
	movw %di, %ax
	outw %ax, %dx
	popw %dx
	ret

	.balign 4
descriptors:
	.quad 0
	.quad 0x00cf9a000000ffff
	.quad 0x00cf92000000ffff
table:
	.word . - descriptors - 1
	.long descriptors
packet:
	.byte 16, 0
	.word (image_end - rest + 511) / 512
	.word rest, 0
	.quad 1
	.org 510
	.word 0xaa55
rest:

frame_buffer:	.long 0

.code32
protected:
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl $0x90000, %esp
	call make_sine
	call set_timer
	jmp main

# Interrupt 0 is all that comes; its gate is the only one.
	.set GATES, 0x1000
	.set TIMER_VECTOR, 0x20
	.set REST, 12000		# 10 ms at 1.193 MHz; frames come every 14 to 17
set_timer:
	movl $timer, %eax
	movw %ax, GATES + 8 * TIMER_VECTOR
	movw $8, GATES + 8 * TIMER_VECTOR + 2
	movb $0, GATES + 8 * TIMER_VECTOR + 4
	movb $0x8e, GATES + 8 * TIMER_VECTOR + 5
	shrl $16, %eax
	movw %ax, GATES + 8 * TIMER_VECTOR + 6
	lidtl gates
	movb $0x11, %al		# the interrupt controllers from their start: vectors from 0x20 on
	outb %al, $0x20
	movb $TIMER_VECTOR, %al
	outb %al, $0x21
	movb $4, %al
	outb %al, $0x21
	movb $1, %al
	outb %al, $0x21
	movb $0xfe, %al		# the timer's alone
	outb %al, $0x21
	ret

timer:
	pushl %eax
	movb $1, rested
	movb $0x20, %al
	outb %al, $0x20
	popl %eax
	iretl

rested:	.byte 1
gates:
	.word 8 * TIMER_VECTOR + 7
	.long GATES

# Counts a frame; the last one stays on the screen for good. Waits for the start of the next vertical retrace: halted for most of the time, by the timer that was
# set at the last one, then looking.
end_of_frame:
	call count_frame
1:	cmpb $0, rested
	jne 2f
	sti
	hlt
	cli
	jmp 1b
2:	call retrace
	movb $0, rested
	movb $0x30, %al		# timer 0, once
	outb %al, $0x43
	movb $REST & 255, %al
	outb %al, $0x40
	movb $REST >> 8, %al
	outb %al, $0x40
	ret
retrace:
	movw $0x3da, %dx
1:	inb %dx, %al
	testb $8, %al
	jnz 1b
2:	inb %dx, %al
	testb $8, %al
	jz 2b
	ret

count_frame:
	incl frame
	movl last_frame, %eax
	cmpl frame, %eax
	je stand_still
	ret
stand_still:
	hlt
	jmp stand_still

# 256 signed bytes, -127 to 127: two parabolas, close enough to a sine.
	.set sine, 0x8000 + 0x10000
make_sine:
	xorl %ecx, %ecx
1:	movl $128, %eax
	subl %ecx, %eax
	imull %ecx, %eax
	shrl $5, %eax
	cmpl $128, %eax
	jb 2f
	movb $127, %al
2:	movb %al, sine(%ecx)
	negb %al
	movb %al, sine + 128(%ecx)
	incl %ecx
	cmpl $128, %ecx
	jne 1b
	ret

# Sets entries of the DAC from EBX on to EDI triples of six bits at ESI.
set_palette:
	movw $0x3c8, %dx
	movb %bl, %al
	outb %al, %dx
	incw %dx
	leal (%edi, %edi, 2), %ecx
	rep outsb
	ret
