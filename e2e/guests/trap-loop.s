# A trap handler whose first instruction is illegal: the guest can never do anything again.
.include "lib.s"
.globl _start
_start:
    la a1, before
    jal putString
    la t0, handler
    csrw mtvec, t0
    .word 0
.align 2
handler:
    .word 0
.section .rodata
before: .asciz "about to trap\r\n"
