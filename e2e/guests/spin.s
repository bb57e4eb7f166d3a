# Spins with all interrupts off.
.include "lib.s"
.globl _start
_start:
    csrw mie, zero
    csrci mstatus, 8
    la a1, text
    jal putString
1:  j 1b
.section .rodata
text: .asciz "spinning\r\n"
