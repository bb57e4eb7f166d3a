# Northern lights over a lake, for QEMU's `virt` machine with a bochs-display, without firmware and without an operating system:
#
#   qemu-system-riscv64 -M virt -bios none -kernel aurora.elf -device bochs-display -device virtio-keyboard-device
#
#   aurora.s   constants, start, the loop of frames    land.s     the landscape, drawn once
#   display.s  finds the display on PCI; page flips    lights.s   curtains of light, and every pixel of a frame
#   paint.s    waves, noise, single pixels             flakes.s   snow that falls
#   keys.s     keys of the terminal and of a virtio keyboard
#
# A colour in the making is a *light*: three channels of 20 bits in one 64-bit register, red from bit 40, green from bit 20, blue from bit 0, each with 8 bits after
# the point. Lights are added by one ADD, and one MUL makes a colour of 8-bit channels as strong as one wishes. Only the finished pixel is 0xRRGGBB.
#
# What a frame shows follows from its number and from the keys, never from the time: with a number in `last_frame` the program stands still
# there, and the picture can be compared with QEMU's. So can its work: with 120 in `last_frame` the command line's report counts 1,968 million instructions,
# with 450 it counts 7,242, which is 16.0 million a frame.

.include "../bare-metal/board.s"
.include "../bare-metal/start.s"

.equ WIDTH, 640
.equ HEIGHT, 480
.equ SHORE, 316                  # the first line of the lake
.equ FRAMES_PER_SECOND, 30
.equ TICKS_PER_FRAME, TICKS_PER_SECOND / FRAMES_PER_SECOND
.equ LIGHT_GREEN, 20
.equ LIGHT_RED, 40

.text
main:
  call display_find
  call waves_build
  call tones_build
  call land_build
  call flakes_init
  li a0, 0
  call palette_set
  call keyboard_find
  la a0, text_greeting
  call put_text
  call flush
  li t0, MTIME
  ld s0, 0(t0)
  li t0, MIE_MTIE                # no interrupt is ever taken: WFI wakes for one that is pending, and that is all it is for
  csrw mie, t0

# s0: when the next frame is due.
frame_loop:
  call keys_look
  load t0, paused
  bnez t0, 1f
  call lights_compose
  call flakes_draw
  call display_flip
  la t0, frame
  lwu t1, 0(t0)
  addi t1, t1, 1
  sw t1, 0(t0)
  la t0, last_frame
  lwu t0, 0(t0)
  beq t0, t1, park
1:
  li t1, TICKS_PER_FRAME
  add s0, s0, t1
  li t0, MTIME
  ld t1, 0(t0)
  bgeu s0, t1, 2f                # a frame that took too long makes the next one late, not short
  mv s0, t1
2:
  li t0, MTIMECMP
  sd s0, 0(t0)
3:
  wfi
  li t0, MTIME
  ld t1, 0(t0)
  bltu t1, s0, 3b
  j frame_loop

# fail: says the text at a0 and powers off.
fail:
  li a1, POWER_FAILED
  j finish

trap:
  j trap_unexpected

screen_close:
  ret

.include "../bare-metal/uart.s"
.include "../bare-metal/fault.s"
.include "../bare-metal/draw.s"
.include "display.s"
.include "paint.s"
.include "land.s"
.include "lights.s"
.include "flakes.s"
.include "keys.s"

.section .rodata
program_name: .asciz "aurora"
text_greeting:
  .ascii "Northern lights, in bare RISC-V. The picture is on the screen; its keys work there and here:\r\n"
  .ascii "  left, right  wind             1 2 3 4  colours of the light (space: the next)\r\n"
  .ascii "  up, down     more, less snow  + -      faster, slower\r\n"
  .asciz "  p            pause            q        power off\r\n"

.data
.balign 4
last_frame: .word 0              # number of frames after which the picture stands still; 0: it goes on
frame: .word 0

.bss
bss_end:
