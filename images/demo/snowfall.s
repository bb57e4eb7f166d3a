# Snowfall: a snow globe for the serial terminal of QEMU's `virt` machine, without firmware and without an operating
# system. Start it with `-bios none -kernel demo.elf`: the machine enters at 0x80000000 in M-mode.
#
#   snowfall.s  constants, start, main loop        trap.s     interrupts, the report of an unexpected trap
#   uart.s      output buffer, numbers, text       keys.s     what the keys do
#   draw.s      pixels, blending, random numbers   scene.s    the room, and the landscape in the globe
#   snow.s      flakes, drifts, smoke              glass.s    the ball of glass and its base
#   art.s       sprites and height maps            screen.s   cells, and sending those that changed
#   themes.s    the four kinds of light
#
# The picture is 80 x 46 pixels: a cell of the terminal shows two of them, one above the other, as the upper half block
# in two colours. Row 24 is the status line. Colours are 0xRRGGBB; positions of flakes are in 1/256 pixel.

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
.equ POWER_FAIL, 0x3333
.equ POWER_RESET, 0x7777

.equ MTIMECMP, 0x02004000        # ACLINT, hart 0
.equ MTIME, 0x0200bff8
.equ TICKS_PER_SECOND, 10000000
.equ FRAMES_PER_SECOND, 20
.equ TICKS_PER_FRAME, TICKS_PER_SECOND / FRAMES_PER_SECOND

.equ PLIC, 0x0c000000            # context 0: hart 0, M-mode
.equ PLIC_UART_SOURCE, 10
.equ PLIC_UART_PRIORITY, PLIC + 4 * PLIC_UART_SOURCE
.equ PLIC_ENABLE, PLIC + 0x2000
.equ PLIC_THRESHOLD, PLIC + 0x200000
.equ PLIC_CLAIM, PLIC + 0x200004

.equ MSTATUS_MIE, 8
.equ MIE_MTIE, 0x80
.equ MIE_MEIE, 0x800

.equ KEY_ESCAPE, 0x1b

.equ COLUMNS, 80
.equ ROWS, 24
.equ PICTURE_ROWS, 23
.equ PICTURE_HEIGHT, 2 * PICTURE_ROWS
.equ GLOBE_WIDTH, 44             # the globe's own layer, base included
.equ GLOBE_LEFT, (COLUMNS - GLOBE_WIDTH) / 2

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

.bss
.balign 16
bss_start:

.text
.globl _start
_start:
  csrr t0, mhartid
  bnez t0, park                  # hart 0 does everything
  la t0, bss_start               # a reset need not have cleared it
  la t1, stack_top
1:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
  la sp, stack_top
  la t0, trap_entry
  csrw mtvec, t0
  call uart_init
  call plic_init
  la a0, text_greeting
  call put_text
  call flush
  call scene_build
  call snow_init
  call screen_open
  li t0, MTIME
  ld t1, 0(t0)
  store t1, started, t2
  li t2, TICKS_PER_FRAME
  add t1, t1, t2
  li t0, MTIMECMP
  sd t1, 0(t0)
  li t0, MIE_MTIE | MIE_MEIE
  csrw mie, t0
  csrsi mstatus, MSTATUS_MIE

# Interrupts only note what happened; everything is done here. They are off between looking at the notes and WFI, which
# wakes for a pending interrupt all the same, so none can slip through in between.
main_loop:
  csrci mstatus, MSTATUS_MIE
  la t0, key_head
  ld t1, 0(t0)
  load t2, key_tail
  load t3, frame_due
  bne t1, t2, 1f
  bnez t3, 1f
  wfi
  csrsi mstatus, MSTATUS_MIE
  j main_loop
1:
  csrsi mstatus, MSTATUS_MIE
  call keys_handle
  load t3, frame_due
  beqz t3, main_loop
  store zero, frame_due, t0
  load t0, frame
  addi t0, t0, 1
  store t0, frame, t1
  call snow_step
  call screen_compose
  call screen_send
  j main_loop

park:
  wfi
  j park

.include "trap.s"
.include "uart.s"
.include "draw.s"
.include "themes.s"
.include "art.s"
.include "scene.s"
.include "glass.s"
.include "snow.s"
.include "screen.s"
.include "keys.s"

.section .rodata
text_greeting:
  .asciz "Snowfall: a snow globe in bare RISC-V. Keys: ? for help, q to power off.\r\n"

.bss
.balign 16
frame: .space 8                  # frames drawn
frame_due: .space 8              # set by the timer interrupt
started: .space 8                # mtime when the first frame was armed
stack: .space 16384
stack_top:
