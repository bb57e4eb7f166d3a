# Prints the counters at points that depend on the work done only: with -icount two runs print the same.
.include "lib.s"
.globl _start
_start:
    li s2, 8
outer:
    li s3, 20000
    li s4, 1
    li s5, 6364136223846793005
1:  mul s4, s4, s5
    addi s4, s4, 1
    addi s3, s3, -1
    bnez s3, 1b
    csrr a2, minstret
    jal putHex
    li a0, 32
    jal putChar
    csrr a2, time
    jal putHex
    li a0, 32
    jal putChar
    mv a2, s4
    jal putHex
    li a0, 10
    jal putChar
    addi s2, s2, -1
    bnez s2, outer
    li a0, FINISHER_PASS
    j finish
