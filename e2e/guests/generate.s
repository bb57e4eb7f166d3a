# Generates code and runs it hot, for ever: 64 functions at a time, four pages of them, each called 50 times and different from all before it
# until the area of 32 MiB is full; then the area is written anew, and a dot goes to the serial port.
.include "lib.s"
.equ AREA, 0x80800000
.equ AREA_END, 0x82800000
.equ STEP, 256
.equ WINDOW, 64
.equ CALLS, 50
.equ WORDS, 12
.globl _start
_start:
    li s0, AREA
    li s1, AREA_END
    li s2, 0
nextWindow:
    mv s3, s0
    li s4, WINDOW
write:
    la t0, template
    mv t1, s3
    li t2, WORDS
1:  lw t3, 0(t0)
    sw t3, 0(t1)
    addi t0, t0, 4
    addi t1, t1, 4
    addi t2, t2, -1
    bnez t2, 1b
    # Two immediates of 11 bits make it different.
    andi t3, s2, 2047
    slli t3, t3, 20
    lw t4, 4(s3)
    or t4, t4, t3
    sw t4, 4(s3)
    srli t3, s2, 11
    andi t3, t3, 2047
    slli t3, t3, 20
    lw t4, 8(s3)
    or t4, t4, t3
    sw t4, 8(s3)
    addi s2, s2, 1
    addi s3, s3, STEP
    addi s4, s4, -1
    bnez s4, write
    fence.i
    li s5, CALLS
again:
    mv s3, s0
    li s4, WINDOW
1:  jalr s3
    addi s3, s3, STEP
    addi s4, s4, -1
    bnez s4, 1b
    addi s5, s5, -1
    bnez s5, again
    mv s0, s3
    bltu s0, s1, nextWindow
    li s0, AREA
    li a0, 46
    jal putChar
    j nextWindow

template:
    li t0, 100
1:  addi a0, a0, 0
    xori a1, a1, 0
    add a1, a1, a0
    slli a2, a1, 3
    sub a0, a0, a2
    sltu a3, a0, a1
    add a0, a0, a3
    addi t0, t0, -1
    bnez t0, 1b
    ret
    nop
