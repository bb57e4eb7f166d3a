# Floods the serial port for ever, one line of digits after another.
.include "lib.s"
.globl _start
_start:
    li s0, 48
    li s1, 58
1:  mv a0, s0
    jal putChar
    addi s0, s0, 1
    bne s0, s1, 1b
    li a0, 10
    jal putChar
    j _start
