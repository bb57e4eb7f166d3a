# From the picture to the terminal. A cell is 64 bits: upper pixel or text colour << 40, lower pixel or background << 16,
# and the character. `shown` is what the terminal shows; only cells that differ from it are sent.

.equ HALF_BLOCK_UPPER, 0x2580
.equ HALF_BLOCK_LOWER, 0x2584
.equ PLATE_ROW, 21               # the name plate on the base
.equ HELP_ROW, 22
.equ STATUS_ROW, 23

.text
screen_open:
  addi sp, sp, -16
  sd ra, 0(sp)
  la a0, text_open
  call put_text
  call screen_redraw
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

screen_close:
  la a0, text_close
  j put_text

# Forgets what the terminal shows, so that the next frame sends every cell.
screen_redraw:
  la t0, shown
  la t1, shown_end
  li t2, -1
1:
  sd t2, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
  ret

# Room, globe, snow → picture → cells.
screen_compose:
  enter
  la t0, room
  la t1, picture
  la t2, picture_end
1:
  ld t3, 0(t0)
  sd t3, 0(t1)
  addi t0, t0, 8
  addi t1, t1, 8
  bltu t1, t2, 1b

  # The globe stands still, or swings while it is shaken.
  li s1, GLOBE_LEFT
  la t0, shaking
  ld t1, 0(t0)
  beqz t1, 2f
  addi t1, t1, -1
  sd t1, 0(t0)
  la t0, swing
  add t0, t0, t1
  lb t0, 0(t0)
  add s1, s1, t0
2:
  store s1, globe_left, t0
  la s2, globe
  la s3, picture
  slli t0, s1, 2
  add s3, s3, t0
  li s4, PICTURE_HEIGHT
3:
  li s5, GLOBE_WIDTH
4:
  lwu a1, 0(s2)
  srli a2, a1, 24
  beqz a2, 6f
  li t0, 255
  beq a2, t0, 5f
  lwu a0, 0(s3)
  call mix
  mv a1, a0
5:
  sw a1, 0(s3)
6:
  addi s2, s2, 4
  addi s3, s3, 4
  addi s5, s5, -1
  bnez s5, 4b
  addi s3, s3, 4 * (COLUMNS - GLOBE_WIDTH)
  addi s4, s4, -1
  bnez s4, 3b
  call snow_draw

  la t0, cells
  la t1, picture
  li t2, PICTURE_ROWS
  li t6, 0xffffff
1:
  li t3, COLUMNS
2:
  lwu t4, 0(t1)
  lwu t5, 4 * COLUMNS(t1)
  and t4, t4, t6
  and t5, t5, t6
  slli a0, t5, 16
  beq t4, t5, 3f
  slli t4, t4, 40
  or a0, a0, t4
  li a1, HALF_BLOCK_UPPER
  or a0, a0, a1
  j 4f
3:
  ori a0, a0, ' '
4:
  sd a0, 0(t0)
  addi t0, t0, 8
  addi t1, t1, 4
  addi t3, t3, -1
  bnez t3, 2b
  addi t1, t1, 4 * COLUMNS
  addi t2, t2, -1
  bnez t2, 1b

  la a0, text_plate
  li a1, PLATE_ROW * COLUMNS + (COLUMNS - 15) / 2
  load t0, globe_left
  addi t0, t0, -GLOBE_LEFT
  add a1, a1, t0
  li a2, 0xe8c468
  call put_label
  load t0, frame
  load t1, help_until
  bgeu t0, t1, 5f
  la a0, text_help
  li a1, HELP_ROW * COLUMNS
  load t0, theme_now
  lwu a2, THEME_TEXT(t0)
  call put_label
5:
  call compose_status
  leave

# put_label: writes the text a0 over the cells from index a1 in the colour a2, on the background that is there.
# The bytes 1 to 4 stand for arrows, 5 for a dot in the middle of the line, which `label_signs` lists.
put_label:
  la t0, cells
  slli a1, a1, 3
  add t0, t0, a1
  slli a2, a2, 40
  li t1, 0xffffff0000
1:
  lbu t2, 0(a0)
  beqz t2, 4f
  ld t3, 0(t0)
  and t3, t3, t1
  li t4, ' '
  beq t2, t4, 2f
  or t3, t3, a2
  bgtu t2, t4, 2f
  slli t2, t2, 1
  la t4, label_signs
  add t4, t4, t2
  lhu t2, 0(t4)
2:
  or t3, t3, t2
  sd t3, 0(t0)
  addi a0, a0, 1
  addi t0, t0, 8
  j 1b
4:
  ret

# The status line. The numbers are written by the output functions into a buffer of their own.
compose_status:
  enter
  load s0, theme_now
  la t0, cells + 8 * COLUMNS * STATUS_ROW
  la t1, cells_end
  lwu t2, THEME_ROOM_LOW(s0)
  slli t2, t2, 16
  ori t2, t2, ' '
1:
  sd t2, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b

  load s1, output_end
  la t0, status_text
  store t0, output_end, t1
  la a0, text_title
  call put_text
  load a0, frame
  call put_decimal
  la a0, text_up
  call put_text
  li t0, MTIME
  ld s2, 0(t0)
  load t0, started
  sub s2, s2, t0
  li t0, TICKS_PER_SECOND
  divu s2, s2, t0
  li t0, 3600
  divu a0, s2, t0
  remu s2, s2, t0
  call put_decimal
  li t0, 60
  divu a0, s2, t0
  call put_two_digits
  li t0, 60
  remu a0, s2, t0
  call put_two_digits
  la a0, text_snow
  call put_text
  load a0, alive
  call put_decimal
  la a0, text_wind
  call put_text
  load s2, wind
  li a0, 1                       # an arrow to the left
  bltz s2, 3f
  li a0, 3
  bgtz s2, 4f
  la a0, text_calm
  call put_text
  j 6f
3:
  neg s2, s2
4:
  mv s3, a0
5:
  mv a0, s3
  call put_byte
  addi s2, s2, -1
  bnez s2, 5b
6:
  la a0, text_keys
  call put_text
  load a0, keys_pressed
  call put_decimal
  li a0, 0
  call put_byte
  store s1, output_end, t0

  la a0, status_text
  li a1, STATUS_ROW * COLUMNS
  lwu a2, THEME_TEXT(s0)
  call put_label
  la a0, text_hint
  li a1, STATUS_ROW * COLUMNS + COLUMNS - 8
  lwu a2, THEME_TEXT(s0)
  call put_label
  leave

# put_two_digits: appends a colon and the number a0 (below 100) with two digits.
put_two_digits:
  la t0, output_end
  ld t1, 0(t0)
  li t2, ':'
  sb t2, 0(t1)
  li t2, 10
  divu t3, a0, t2
  addi t3, t3, '0'
  sb t3, 1(t1)
  remu t3, a0, t2
  addi t3, t3, '0'
  sb t3, 2(t1)
  addi t1, t1, 3
  sd t1, 0(t0)
  ret

# Sends the cells that changed. The cursor and the colours in force are remembered within the frame.
screen_send:
  enter
  la s0, cells
  la s1, shown
  li s2, 0                       # index of the cell
  li s3, -1                      # where the terminal's cursor is, or -1
  li s4, -1                      # its text colour
  li s5, -1                      # its background
1:
  ld s6, 0(s0)
  ld t0, 0(s1)
  beq s6, t0, 8f
  sd s6, 0(s1)
  beq s2, s3, 2f
  call move_cursor
2:
  srli s7, s6, 40                # text colour
  srli s8, s6, 16
  li t0, 0xffffff
  and s8, s8, t0                 # background
  slli s9, s6, 48
  srli s9, s9, 48                # character
  li t0, ' '
  bne s9, t0, 3f
  mv s7, s4                      # a blank has no text colour
  j 4f
3:
  li t0, HALF_BLOCK_UPPER
  bne s9, t0, 4f
  # The same two pixels can be shown by the lower half block with the colours swapped: take what changes fewer of them.
  xor t0, s7, s4
  snez t0, t0
  xor t1, s8, s5
  snez t1, t1
  add t0, t0, t1
  xor t1, s8, s4
  snez t1, t1
  xor t2, s7, s5
  snez t2, t2
  add t1, t1, t2
  bleu t0, t1, 4f
  mv t0, s7
  mv s7, s8
  mv s8, t0
  li s9, HALF_BLOCK_LOWER
4:
  call set_colours
  mv a0, s9
  call put_character
  addi s3, s2, 1
  li t0, COLUMNS
  remu t0, s3, t0
  bnez t0, 8f
  li s3, -1                      # at the end of a row terminals differ
8:
  addi s0, s0, 8
  addi s1, s1, 8
  addi s2, s2, 1
  li t0, ROWS * COLUMNS
  blt s2, t0, 1b
  call flush
  leave

# move_cursor: to the cell s2, from s3.
move_cursor:
  addi sp, sp, -16
  sd ra, 0(sp)
  li a0, KEY_ESCAPE
  call put_byte
  li a0, '['
  call put_byte
  li t0, COLUMNS
  bltz s3, 1f
  divu t1, s2, t0
  divu t2, s3, t0
  beq t1, t2, 2f
1:
  divu a0, s2, t0
  addi a0, a0, 1
  call put_decimal
  li a0, ';'
  call put_byte
  li t0, COLUMNS
  remu a0, s2, t0
  addi a0, a0, 1
  call put_decimal
  li a0, 'H'
  j 3f
2:                               # to the right in the same row
  sub a0, s2, s3
  call put_decimal
  li a0, 'C'
3:
  call put_byte
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# set_colours: text s7 and background s8, where they differ from those in force (s4, s5).
set_colours:
  bne s7, s4, 1f
  bne s8, s5, 1f
  ret
1:
  addi sp, sp, -16
  sd ra, 0(sp)
  li a0, KEY_ESCAPE
  call put_byte
  li a0, '['
  call put_byte
  beq s7, s4, 2f
  mv s4, s7
  li a0, '3'
  mv a1, s7
  call put_colour
  beq s8, s5, 3f
  li a0, ';'
  call put_byte
2:
  mv s5, s8
  li a0, '4'
  mv a1, s8
  call put_colour
3:
  li a0, 'm'
  call put_byte
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# put_colour: the parameters of a 24-bit colour a1; a0: '3' for text, '4' for background.
put_colour:
  addi sp, sp, -32
  sd ra, 0(sp)
  sd s0, 8(sp)
  mv s0, a1
  call put_byte
  la a0, text_24_bit
  call put_text
  srli a0, s0, 16
  call put_decimal
  li a0, ';'
  call put_byte
  srli a0, s0, 8
  andi a0, a0, 0xff
  call put_decimal
  li a0, ';'
  call put_byte
  andi a0, s0, 0xff
  call put_decimal
  ld ra, 0(sp)
  ld s0, 8(sp)
  addi sp, sp, 32
  ret

.section .rodata
# The other screen, title, no wrapping, no cursor.
text_open: .asciz "\033[?1049h\033]0;Snowfall\007\033[?7l\033[?25l\033[2J"
text_close: .asciz "\033[0m\033[?25h\033[?7h\033[?1049l"
text_24_bit: .asciz "8;2;"
text_plate: .asciz "S N O W F A L L"
text_help:
  .asciz " space shake   \001 \003 wind   + - snow   c light   r reboot   q power off   ? hide"
text_title: .asciz " Snowfall \005 frame "
text_up: .asciz " \005 up "
text_snow: .asciz " \005 snow "
text_wind: .asciz " \005 wind "
text_calm: .asciz "calm"
text_keys: .asciz " \005 keys "
text_hint: .asciz " ? help "
swing: .byte 0, 0, 1, 1, -1, -1, 1, 1, -2, -2, 2, 2, -1, -1
.balign 2
label_signs: .half 0, 0x2190, 0x2191, 0x2192, 0x2193, 0xb7

.bss
.balign 8
picture: .space 4 * COLUMNS * PICTURE_HEIGHT
picture_end:
cells: .space 8 * COLUMNS * ROWS
cells_end:
shown: .space 8 * COLUMNS * ROWS
shown_end:
status_text: .space 160
