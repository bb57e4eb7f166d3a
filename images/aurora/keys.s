# Keys, looked for once a frame: from the terminal (arrows are ESC [ and a letter, or ESC O and a letter), and from a virtio keyboard on one of the board's MMIO slots
# (VIRTIO 1.2, sections 4.2 and 5.8). The device has the layout of version 2, or in QEMU, if it is not told otherwise, that of version 1.

.equ KEY_UP, 0x80                # beyond ASCII
.equ KEY_DOWN, 0x81
.equ KEY_RIGHT, 0x82
.equ KEY_LEFT, 0x83

.equ VIRTIO, 0x10001000
.equ VIRTIO_SLOT, 0x1000
.equ VIRTIO_SLOTS, 8
.equ VIRTIO_MAGIC, 0x74726976
.equ VIRTIO_VERSION, 0x04
.equ VIRTIO_DEVICE, 0x08
.equ VIRTIO_DRIVER_FEATURES, 0x20
.equ VIRTIO_DRIVER_FEATURES_SEL, 0x24
.equ VIRTIO_PAGE_SIZE, 0x28      # version 1
.equ VIRTIO_QUEUE_SEL, 0x30
.equ VIRTIO_QUEUE_SIZE, 0x38
.equ VIRTIO_QUEUE_ALIGN, 0x3c    # version 1
.equ VIRTIO_QUEUE_PAGE, 0x40     # version 1
.equ VIRTIO_QUEUE_READY, 0x44
.equ VIRTIO_QUEUE_NOTIFY, 0x50
.equ VIRTIO_STATUS, 0x70
.equ VIRTIO_DESCRIPTORS, 0x80
.equ VIRTIO_AVAILABLE, 0x90
.equ VIRTIO_USED, 0xa0
.equ DEVICE_INPUT, 18
.equ STATUS_DRIVER, 3            # acknowledged, and there is a driver
.equ STATUS_FEATURES, 8
.equ STATUS_READY, 4
.equ QUEUE, 16                   # buffers, each for one event
.equ EVENT_BYTES, 8              # type, code (16 bits each), value
.equ EVENT_KEY, 1
.equ DESCRIPTOR_WRITE, 2

.text
keyboard_find:
  li t0, VIRTIO
  li t1, VIRTIO_SLOTS
  li t3, VIRTIO_MAGIC
  li t5, VIRTIO_SLOT
1:
  lwu t2, 0(t0)
  bne t2, t3, 2f
  lwu t2, VIRTIO_DEVICE(t0)
  li t4, DEVICE_INPUT
  beq t2, t4, 3f
2:
  add t0, t0, t5
  addi t1, t1, -1
  bnez t1, 1b
  ret                            # there is none: the terminal's keys are left
3:
  store t0, keyboard, t1
  sw zero, VIRTIO_STATUS(t0)
  li t1, STATUS_DRIVER
  sw t1, VIRTIO_STATUS(t0)
  # A descriptor for each event, all of them available from the start.
  la t1, descriptors
  la t2, events
  la t3, available
  li t4, 0
4:
  sd t2, 0(t1)
  li t5, EVENT_BYTES
  sw t5, 8(t1)
  li t5, DESCRIPTOR_WRITE
  sw t5, 12(t1)
  sh t4, 4(t3)
  addi t1, t1, 16
  addi t2, t2, EVENT_BYTES
  addi t3, t3, 2
  addi t4, t4, 1
  li t5, QUEUE
  bne t4, t5, 4b
  la t3, available
  sh t4, 2(t3)
  sw zero, VIRTIO_QUEUE_SEL(t0)
  lwu t1, VIRTIO_VERSION(t0)
  li t2, 1
  beq t1, t2, 5f
  sw t2, VIRTIO_DRIVER_FEATURES_SEL(t0)
  sw t2, VIRTIO_DRIVER_FEATURES(t0)      # bit 32: not a legacy driver
  li t1, STATUS_DRIVER | STATUS_FEATURES
  sw t1, VIRTIO_STATUS(t0)
  li t1, QUEUE
  sw t1, VIRTIO_QUEUE_SIZE(t0)
  la t1, descriptors
  sw t1, VIRTIO_DESCRIPTORS(t0)
  sw zero, VIRTIO_DESCRIPTORS + 4(t0)
  la t1, available
  sw t1, VIRTIO_AVAILABLE(t0)
  sw zero, VIRTIO_AVAILABLE + 4(t0)
  la t1, used
  sw t1, VIRTIO_USED(t0)
  sw zero, VIRTIO_USED + 4(t0)
  sw t2, VIRTIO_QUEUE_READY(t0)
  li t1, STATUS_DRIVER | STATUS_FEATURES | STATUS_READY
  j 6f
5:
  li t1, 4096
  sw t1, VIRTIO_PAGE_SIZE(t0)
  sw t1, VIRTIO_QUEUE_ALIGN(t0)
  li t1, QUEUE
  sw t1, VIRTIO_QUEUE_SIZE(t0)
  la t1, descriptors
  srli t1, t1, 12
  sw t1, VIRTIO_QUEUE_PAGE(t0)
  li t1, STATUS_DRIVER | STATUS_READY
6:
  fence
  sw t1, VIRTIO_STATUS(t0)
  sw zero, VIRTIO_QUEUE_NOTIFY(t0)
  ret

# Does what all keys ask for that came since the last frame.
keys_look:
  enter
1:
  li t0, UART
  lbu t1, UART_LSR(t0)
  andi t1, t1, LSR_DATA_READY
  beqz t1, 4f
  lbu a0, UART_DATA(t0)
  la t0, escape
  lbu t1, 0(t0)
  li t2, KEY_ESCAPE
  bne a0, t2, 2f
  li t1, 1
  sb t1, 0(t0)
  j 1b
2:
  beqz t1, 3f
  li t2, 1
  bne t1, t2, 5f
  li t1, 2                       # ESC [ or ESC O
  sb t1, 0(t0)
  j 1b
5:
  sb zero, 0(t0)
  addi a0, a0, -'A'              # A, B, C, D
  li t0, 4
  bgeu a0, t0, 1b
  addi a0, a0, KEY_UP
3:
  call key
  j 1b

4:
  load s0, keyboard
  beqz s0, 9f
  la s1, used
  fence
  lhu s2, 2(s1)                  # events so far
  la s3, events_seen
  lhu s4, 0(s3)
  beq s2, s4, 9f
6:
  andi t0, s4, QUEUE - 1
  slli t1, t0, 3
  add t1, t1, s1
  lwu s5, 4(t1)                  # whose buffer it is
  andi s5, s5, QUEUE - 1
  la t1, events
  slli t2, s5, 3
  add t1, t1, t2
  ld s6, 0(t1)
  # The buffer is free again.
  la t1, available
  lhu t2, 2(t1)
  andi t3, t2, QUEUE - 1
  slli t3, t3, 1
  add t3, t3, t1
  sh s5, 4(t3)
  fence
  addi t2, t2, 1
  sh t2, 2(t1)
  addi s4, s4, 1
  sh s4, 0(s3)
  slli t0, s6, 48
  srli t0, t0, 48
  li t1, EVENT_KEY
  bne t0, t1, 8f
  srli t0, s6, 32                # 0: let go
  beqz t0, 8f
  srli t0, s6, 16
  li t1, 128
  slli t0, t0, 48
  srli t0, t0, 48
  bgeu t0, t1, 8f
  la t1, codes
7:
  lbu t2, 0(t1)
  beqz t2, 8f
  addi t1, t1, 2
  bne t2, t0, 7b
  lbu a0, -1(t1)
  call key
8:
  slli t0, s4, 48
  srli s4, t0, 48
  bne s4, s2, 6b
  sw zero, VIRTIO_QUEUE_NOTIFY(s0)
9:
  leave

# key: does what the key a0 means; most mean nothing.
key:
  la t0, actions
1:
  ld t1, 0(t0)
  beqz t1, 2f
  addi t0, t0, 16
  bne t1, a0, 1b
  ld t1, -8(t0)
  jr t1
2:
  ret

more_snow:
  li a0, FLAKES_STEP
  j 1f
less_snow:
  li a0, -FLAKES_STEP
1:
  la a1, flakes_shown
  li a2, 0
  li a3, FLAKES_MOST
  j change
wind_left:
  li a0, -WIND_MOST / 8
  j 1f
wind_right:
  li a0, WIND_MOST / 8
1:
  la a1, wind_wanted
  li a2, -WIND_MOST
  li a3, WIND_MOST
  j change
faster:
  li a0, 1
  j 1f
slower:
  li a0, -1
1:
  la a1, speed
  li a2, 0
  li a3, 24

# change: adds a0 to the variable at a1, which stays between a2 and a3.
change:
  ld t0, 0(a1)
  add t0, t0, a0
  max t0, t0, a2
  min t0, t0, a3
  sd t0, 0(a1)
  ret

pause_toggle:
  la t0, paused
  ld t1, 0(t0)
  xori t1, t1, 1
  sd t1, 0(t0)
  ret

# The key itself is the palette's number and one.
palette_choose:
  addi a0, a0, -'1'
  j palette_set
palette_next:
  load a0, palette
  addi a0, a0, 1
  andi a0, a0, PALETTES - 1
  j palette_set

power_off:
  la a0, text_end
  li a1, POWER_PASS
  j finish

.section .rodata
.balign 8
actions:
  .dword KEY_UP, more_snow, KEY_DOWN, less_snow, KEY_LEFT, wind_left, KEY_RIGHT, wind_right
  .dword '1', palette_choose, '2', palette_choose, '3', palette_choose, '4', palette_choose
  .dword ' ', palette_next, '+', faster, '=', faster, '-', slower, 'p', pause_toggle, 'q', power_off, 0
codes:                           # of Linux (input-event-codes.h), and the keys that they are here
  .byte 103, KEY_UP, 108, KEY_DOWN, 105, KEY_LEFT, 106, KEY_RIGHT, 2, '1', 3, '2', 4, '3', 5, '4'
  .byte 57, ' ', 13, '=', 78, '+', 12, '-', 74, '-', 25, 'p', 16, 'q', 0, 0
text_end: .asciz "Good night.\r\n"

.bss
.balign 8
keyboard: .space 8               # the slot's registers; 0: no keyboard
paused: .space 8
escape: .space 1                 # how much of an arrow key's sequence has come
.balign 2
events_seen: .space 2
.balign 8
events: .space EVENT_BYTES * QUEUE
.balign 4096                     # the places of version 1: descriptors, what is available behind them, what is used on the next page
descriptors: .space 16 * QUEUE
available: .space 6 + 2 * QUEUE
.balign 4096
used: .space 6 + 8 * QUEUE
