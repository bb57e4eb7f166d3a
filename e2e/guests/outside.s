# Touches physical addresses where there is nothing: every access must trap with its cause and address, and the guest goes on.
.include "lib.s"
.equ CAUSE_FETCH_ACCESS, 1
.globl _start
_start:
    la t0, handler
    csrw mtvec, t0
    # Far beyond RAM, in a hole between devices, just beyond the end of 128 MiB, and below everything.
    li s0, 0x4000000000000000
    sd zero, 0(s0)
    li s0, 0x0f000000
    ld t0, 0(s0)
    li s0, 0x88000000
    sb zero, 0(s0)
    li s0, 0x88000000
    lbu t0, 0(s0)
    li s0, 0x0f000000
    jalr s1, 0(s0)
    # The last bytes of RAM are there.
    li s0, 0x87fffff8
    li t1, 0x1122334455667788
    sd t1, 0(s0)
    ld a2, 0(s0)
    jal putHex
    la a1, done
    jal putString
    li a0, FINISHER_PASS
    j finish

# Prints the cause and the address, then goes on after the instruction, or, after a bad jump, where it came from.
.align 2
handler:
    mv s5, ra
    la a1, trapText
    jal putString
    csrr a0, mcause
    addi a0, a0, 48
    jal putChar
    li a0, 32
    jal putChar
    csrr a2, mtval
    jal putHex
    la a1, newline
    jal putString
    csrr t0, mcause
    li t1, CAUSE_FETCH_ACCESS
    beq t0, t1, 1f
    csrr t0, mepc
    addi t0, t0, 4
    j 2f
1:  mv t0, s1
2:  csrw mepc, t0
    mv ra, s5
    mret
.section .rodata
trapText: .asciz "trap "
newline: .asciz "\r\n"
done: .asciz " done\r\n"
