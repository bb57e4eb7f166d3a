# Snowfall: a snow globe for the serial terminal of QEMU's `virt` machine, without firmware and without an operating
# system. Start it with `-bios none -kernel demo.elf`: the machine enters at 0x80000000 in M-mode.
#
#   snowfall.s  constants, start, main loop        trap.s     interrupts, the report of an unexpected trap
#   keys.s      what the keys do                   scene.s    the room, and the landscape in the globe
#   snow.s      flakes, drifts, smoke              glass.s    the ball of glass and its base
#   art.s       sprites and height maps            screen.s   cells, and sending those that changed
#   themes.s    the four kinds of light
#   ../bare-metal/                                 the board, start and end, its UART, reports of traps, blending, random numbers
#
# The picture is 80 x 46 pixels: a cell of the terminal shows two of them, one above the other, as the upper half block
# in two colours. Row 24 is the status line. Colours are 0xRRGGBB; positions of flakes are in 1/256 pixel.

.include "../bare-metal/board.s"
.include "../bare-metal/start.s"

.equ FRAMES_PER_SECOND, 20
.equ TICKS_PER_FRAME, TICKS_PER_SECOND / FRAMES_PER_SECOND

.equ COLUMNS, 80
.equ ROWS, 24
.equ PICTURE_ROWS, 23
.equ PICTURE_HEIGHT, 2 * PICTURE_ROWS
.equ GLOBE_WIDTH, 44             # the globe's own layer, base included
.equ GLOBE_LEFT, (COLUMNS - GLOBE_WIDTH) / 2

.text
main:
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

.include "trap.s"
.include "../bare-metal/fault.s"
.include "../bare-metal/plic.s"
.include "../bare-metal/uart.s"
.include "../bare-metal/draw.s"
.include "themes.s"
.include "art.s"
.include "scene.s"
.include "glass.s"
.include "snow.s"
.include "screen.s"
.include "keys.s"

.section .rodata
program_name: .asciz "snowfall"
text_greeting:
  .asciz "Snowfall: a snow globe in bare RISC-V. Keys: ? for help, q to power off.\r\n"

.bss
.balign 8
frame: .space 8                  # frames drawn
frame_due: .space 8              # set by the timer interrupt
started: .space 8                # mtime when the first frame was armed
bss_end:
