# A boot sector that has the BIOS set a video mode, fills the memory that it shows through the window at 0xa0000 or 0xb8000, and halts.
# Built by gen-vga-boot-fixtures.mjs, which puts the parameters in.
.code16
.globl _start
_start:
	jmp begin
	nop
mode:	.word 0		# as of INT 10h, function 0; from 0x100 on a VBE mode
window:	.word 0		# segment
words:	.word 0		# of the window to fill
mask:	.word 0		# of what is written
planes:	.byte 1		# 4: one after the other, by the map mask
banks:	.byte 1

begin:
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %ss
	movw $0x7c00, %sp
	cld
	movw mode, %ax
	testb %ah, %ah
	jz bios
	movw %ax, %bx
	movw $0x4f02, %ax
bios:
	int $0x10
	movb $1, %ah		# no cursor
	movw $0x2000, %cx
	int $0x10
	movw window, %es
	xorw %bp, %bp
bank:
	cmpb $0, mode + 1
	je one
	movw $0x4f05, %ax
	xorw %bx, %bx
	movw %bp, %dx
	int $0x10
one:
	movb $1, %bl
plane:
	cmpb $1, planes
	je fill
	movw $0x3c4, %dx
	movb $2, %al
	movb %bl, %ah
	outw %ax, %dx
fill:
	xorw %di, %di
	movw words, %cx
next:
	movw %di, %ax
	shrw $5, %ax
	imulw $0x6d4b, %ax, %ax
	addw %di, %ax
	addw %bp, %ax
	xorb %bl, %ah
	andw mask, %ax
	stosw
	loop next
	cmpb $1, planes
	je filled
	shlb $1, %bl
	cmpb $16, %bl
	jne plane
filled:
	incw %bp
	movw %bp, %ax
	cmpb banks, %al
	jne bank
done:
	cli
	hlt
	jmp done
	.org 510
	.word 0xaa55
