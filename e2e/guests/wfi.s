# Waits for an interrupt with all interrupts off: it never wakes.
.include "lib.s"
.globl _start
_start:
    csrw mie, zero
    csrci mstatus, 8
    la a1, text
    jal putString
1:  wfi
    j 1b
.section .rodata
text: .asciz "sleeping\r\n"
