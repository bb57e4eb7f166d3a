# The keyboard. Arrow keys come as ESC [ and a letter, or ESC O and a letter.

.equ KEY_REDRAW, 0x0c            # Ctrl-L
.equ HELP_FRAMES, 12 * FRAMES_PER_SECOND

.text
keys_handle:
  enter
1:
  load t0, key_head
  load t1, key_tail
  beq t0, t1, 9f
  la t2, key_ring
  andi t3, t1, KEY_RING - 1
  add t2, t2, t3
  lbu s0, 0(t2)
  addi t1, t1, 1
  store t1, key_tail, t0
  load t0, escape_state
  li t1, 1
  beq t0, t1, 3f
  li t1, 2
  beq t0, t1, 4f
  li t1, KEY_ESCAPE
  bne s0, t1, 5f
  li t0, 1
  store t0, escape_state, t1
  j 1b
3:                               # after ESC
  li t0, 2
  li t1, '['
  beq s0, t1, 2f
  li t1, 'O'
  beq s0, t1, 2f
  store zero, escape_state, t1
  j 5f
2:
  store t0, escape_state, t1
  j 1b
4:                               # after ESC [
  store zero, escape_state, t1
  la s1, arrow_actions
  j 6f
5:
  la s1, key_actions
6:
  la t0, keys_pressed
  ld t1, 0(t0)
  addi t1, t1, 1
  sd t1, 0(t0)
7:
  ld t0, 0(s1)
  beqz t0, 1b                    # the end of the table: a key without meaning
  ld t1, 8(s1)
  addi s1, s1, 16
  bne t0, s0, 7b
  jalr t1
  j 1b
9:
  leave

wind_left:
  la t0, wind
  ld t1, 0(t0)
  li t2, -MOST_WIND
  ble t1, t2, 1f
  addi t1, t1, -1
  sd t1, 0(t0)
1:
  ret

wind_right:
  la t0, wind
  ld t1, 0(t0)
  li t2, MOST_WIND
  bge t1, t2, 1f
  addi t1, t1, 1
  sd t1, 0(t0)
1:
  ret

more_snow:
  enter
  load s0, amount
  li t0, MOST_SNOW
  bgeu s0, t0, 2f
  addi s0, s0, SNOW_STEP
  store s0, amount, t0
1:
  load t0, alive
  bgeu t0, s0, 2f
  call flake_free
  beqz a0, 2f
  call flake_from_top
  j 1b
2:
  leave

less_snow:                       # the flakes too many stay where they land
  la t0, amount
  ld t1, 0(t0)
  li t2, LEAST_SNOW
  bleu t1, t2, 1f
  addi t1, t1, -SNOW_STEP
  sd t1, 0(t0)
1:
  ret

next_theme:
  addi sp, sp, -16
  sd ra, 0(sp)
  load t0, theme
  addi t0, t0, 1
  andi t0, t0, THEME_COUNT - 1
  store t0, theme, t1
  call scene_build
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

toggle_help:
  la t0, help_until
  ld t1, 0(t0)
  load t2, frame
  bgtu t1, t2, 1f
  addi t2, t2, HELP_FRAMES
  sd t2, 0(t0)
  ret
1:
  sd zero, 0(t0)
  ret

power_off:
  csrci mstatus, MSTATUS_MIE
  call drop_output
  call screen_close
  la a0, text_farewell
  call put_text
  load a0, frame
  call put_decimal
  la a0, text_frames
  li a1, POWER_PASS
  j finish

reboot:
  csrci mstatus, MSTATUS_MIE
  call drop_output
  call screen_close
  la a0, text_reboot
  li a1, POWER_RESET
  j finish

crash:                           # to show the report of an unexpected trap
  .word 0xffffffff
  ret

.section .rodata
text_farewell: .asciz "Snowfall: powered off after "
text_frames: .asciz " frames.\r\n"
text_reboot: .asciz "Snowfall: rebooting.\r\n"
.balign 8
key_actions:
  .dword ' ', snow_shake, 's', snow_shake, 'h', wind_left, 'l', wind_right
  .dword '+', more_snow, '=', more_snow, '-', less_snow, 'c', next_theme, '?', toggle_help
  .dword 'r', reboot, 'q', power_off, '!', crash, KEY_REDRAW, screen_redraw, 0
arrow_actions:
  .dword 'D', wind_left, 'C', wind_right, 'A', more_snow, 'B', less_snow, 0

.data
.balign 8
help_until: .dword HELP_FRAMES   # the help line is shown before this frame

.bss
.balign 8
escape_state: .space 8           # 0, 1 after ESC, 2 after ESC [
keys_pressed: .space 8
