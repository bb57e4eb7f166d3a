# From the machine's start to `main`, and the end. The program defines `main`, `trap`, where traps go, and behind all of its variables `bss_end`.

.bss
.balign 16
bss_start:
stack: .space 16384
stack_top:

.text
.globl _start
_start:
  csrr t0, mhartid
  bnez t0, park                  # hart 0 does everything
start:                           # a1: the device tree's address, which main gets
  la t0, bss_start               # a reset need not have cleared it
  la t1, bss_end
1:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
  la sp, stack_top
  la t0, trap
  csrw mtvec, t0
  call uart_init
  j main

# finish: says the text at a0, and a1 to the machine once the last byte has left the UART.
finish:
  mv s0, a1
  call put_text
  call flush
  li t0, UART
1:
  lbu t1, UART_LSR(t0)
  andi t1, t1, LSR_IDLE
  beqz t1, 1b
  li t0, POWER
  sw s0, 0(t0)

park:
  csrw mie, zero                 # else WFI wakes for what is pending
1:
  wfi
  j 1b
