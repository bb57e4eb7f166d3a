# What all bare-metal guests share: the addresses of QEMU's `virt` machine, the shape of a function, and access to variables.

.equ UART, 0x10000000            # NS16550A, registers one byte apart
.equ UART_DATA, 0                # RBR and THR
.equ UART_IER, 1
.equ UART_FCR, 2
.equ UART_LCR, 3
.equ UART_MCR, 4
.equ UART_LSR, 5
.equ LSR_DATA_READY, 0x01
.equ LSR_THR_EMPTY, 0x20
.equ LSR_IDLE, 0x40              # THR and shift register empty
.equ UART_FIFO_DEPTH, 16

.equ POWER, 0x00100000           # SiFive test finisher
.equ POWER_PASS, 0x5555
.equ POWER_FAILED, 0x3333 | 1 << 16   # exit status 1
.equ POWER_RESET, 0x7777

.equ MTIMECMP, 0x02004000        # ACLINT, hart 0
.equ MTIME, 0x0200bff8
.equ TICKS_PER_SECOND, 10000000

.equ PLIC, 0x0c000000            # context 0: hart 0, M-mode
.equ PLIC_UART_SOURCE, 10
.equ PLIC_UART_PRIORITY, PLIC + 4 * PLIC_UART_SOURCE
.equ PLIC_ENABLE, PLIC + 0x2000
.equ PLIC_THRESHOLD, PLIC + 0x200000
.equ PLIC_CLAIM, PLIC + 0x200004

.equ KEY_ESCAPE, 0x1b

.equ MSTATUS_MIE, 8
.equ MIE_MTIE, 0x80
.equ MIE_MEIE, 0x800

.macro enter                     # opens a stack frame and saves all that a function may change
  addi sp, sp, -112
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  sd s2, 24(sp)
  sd s3, 32(sp)
  sd s4, 40(sp)
  sd s5, 48(sp)
  sd s6, 56(sp)
  sd s7, 64(sp)
  sd s8, 72(sp)
  sd s9, 80(sp)
  sd s10, 88(sp)
  sd s11, 96(sp)
.endm

.macro leave
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  ld s2, 24(sp)
  ld s3, 32(sp)
  ld s4, 40(sp)
  ld s5, 48(sp)
  ld s6, 56(sp)
  ld s7, 64(sp)
  ld s8, 72(sp)
  ld s9, 80(sp)
  ld s10, 88(sp)
  ld s11, 96(sp)
  addi sp, sp, 112
  ret
.endm

.macro load reg, symbol          # a 64-bit variable
  la \reg, \symbol
  ld \reg, 0(\reg)
.endm

.macro store reg, symbol, scratch
  la \scratch, \symbol
  sd \reg, 0(\scratch)
.endm
