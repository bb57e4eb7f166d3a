# An integer loop for measuring the speed of a CPU emulator: adds, shifts, exclusive ors, multiplications, loads, stores
# and branches over a table that fits any cache. Prints the instructions executed, what the counter minstret says (equal
# to it, where the counter is exact), the time in ticks of 100 ns, the speed and a checksum of the work, then powers the
# machine off. Start it with `-bios none -kernel bench-loop.elf` on QEMU's `virt` machine.

.equ UART, 0x10000000            # NS16550A
.equ UART_LSR, 5
.equ LSR_THR_EMPTY, 0x20
.equ LSR_IDLE, 0x40
.equ POWER, 0x00100000           # SiFive test finisher
.equ POWER_PASS, 0x5555
.equ MTIME, 0x0200bff8           # ACLINT, 10 MHz
.equ TICKS_PER_MICROSECOND, 10

.equ ITERATIONS, 60000000        # of the loop, of 25 or 26 instructions each
.equ TABLE_SIZE, 4096
# What minstret counts from the read before the kernel to the read after it, from QEMU -icount shift=0. The work is
# fixed, so the number is too; a version of the loop in C gives the same number and checksum. It serves as the numerator
# of MIPS, since QEMU without -icount counts host ticks in minstret.
.equ INSTRUCTIONS, 1529999479

.text
.globl _start
_start:
  csrr t0, mhartid
  bnez t0, park
  la sp, stack_top
  la a0, text_start
  call put_text

  li s0, ITERATIONS
  la s1, table
  li s2, 0x9e3779b97f4a7c15      # checksum
  li s3, 0x2545f491              # multiplier
  li s4, 1                       # linear sequence
  li s5, TABLE_SIZE - 8
  li t0, MTIME
  ld s6, 0(t0)
  csrr s7, minstret
  call kernel
  csrr s8, minstret
  li t0, MTIME
  ld s9, 0(t0)
  sub s8, s8, s7
  sub s9, s9, s6

  la a0, text_instructions
  call put_text
  li a0, INSTRUCTIONS
  call put_decimal
  la a0, text_instret
  call put_text
  mv a0, s8
  call put_decimal
  la a0, text_ticks
  call put_text
  mv a0, s9
  call put_decimal
  la a0, text_rate
  call put_text
  li t0, TICKS_PER_MICROSECOND
  li a0, INSTRUCTIONS
  mul a0, a0, t0
  seqz t0, s9
  add t0, t0, s9                 # no division by zero on a clock that stands still
  divu a0, a0, t0
  call put_decimal
  la a0, text_checksum
  call put_text
  mv a0, s2
  call put_hex
  la a0, text_newline
  call put_text

  li t0, UART
1:
  lbu t1, UART_LSR(t0)
  andi t1, t1, LSR_IDLE
  beqz t1, 1b
  li t0, POWER
  li t1, POWER_PASS
  sw t1, 0(t0)
park:
  wfi
  j park

# The kernel. s0 counts down; s1 table; s2 checksum; s3, s4 the sequence; s5 mask of offsets. Every second value on
# average takes the branch that skips an instruction.
.balign 16
kernel:
  mul s4, s4, s3
  addi s4, s4, 1013
  srli t0, s4, 17
  and t0, t0, s5
  andi t0, t0, -8
  add t0, t0, s1
  ld t1, 0(t0)
  add t1, t1, s4
  slli t2, s2, 13
  srli t3, s2, 51
  or t2, t2, t3
  xor s2, t2, t1
  sd s2, 0(t0)
  lw t4, 4(t0)
  addw t4, t4, s0
  sw t4, 0(t0)
  andi t5, s2, 1
  beqz t5, 1f
  addi s2, s2, 977
1:
  sltu t6, s2, s4
  sub s2, s2, t6
  lbu a0, 3(t0)
  sb a0, 7(t0)
  add s2, s2, a0
  addi s0, s0, -1
  bnez s0, kernel
  ret

# Sends the text at a0 up to its zero.
put_text:
  li t0, UART
1:
  lbu t1, 0(a0)
  beqz t1, 3f
2:
  lbu t2, UART_LSR(t0)
  andi t2, t2, LSR_THR_EMPTY
  beqz t2, 2b
  sb t1, 0(t0)
  addi a0, a0, 1
  j 1b
3:
  ret

# Sends the number a0 in decimal.
put_decimal:
  la t0, digits_end
  sb zero, 0(t0)
  li t2, 10
1:
  remu t1, a0, t2
  divu a0, a0, t2
  addi t1, t1, '0'
  addi t0, t0, -1
  sb t1, 0(t0)
  bnez a0, 1b
  mv a0, t0
  j put_text

# Sends the number a0 as 16 hexadecimal digits.
put_hex:
  la t0, digits_end
  sb zero, 0(t0)
  li t3, 16
1:
  andi t1, a0, 15
  srli a0, a0, 4
  addi t1, t1, '0'
  li t2, '9'
  bleu t1, t2, 2f
  addi t1, t1, 'a' - '0' - 10
2:
  addi t0, t0, -1
  sb t1, 0(t0)
  addi t3, t3, -1
  bnez t3, 1b
  mv a0, t0
  j put_text

.section .rodata
text_start: .asciz "bench-loop: running\r\n"
text_instructions: .asciz "bench-loop: instructions "
text_instret: .asciz " instret "
text_ticks: .asciz " ticks "
text_rate: .asciz " rate "
text_checksum: .asciz " MIPS checksum "
text_newline: .asciz "\r\n"

.bss
.balign 16
table: .space TABLE_SIZE
digits: .space 24
digits_end: .space 8
.balign 16
stack: .space 1024
stack_top:
