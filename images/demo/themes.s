# The four kinds of light. One record each, THEME_SIZE bytes; the byte fields are coordinates in half pixels or
# strengths from 0 to 255.

.equ THEME_SKY_TOP, 0
.equ THEME_SKY_MIDDLE, 4
.equ THEME_SKY_LOW, 8
.equ THEME_ORB, 12
.equ THEME_FAR, 16
.equ THEME_NEAR, 20
.equ THEME_AMBIENT, 24
.equ THEME_ROOM_TOP, 28
.equ THEME_ROOM_LOW, 32
.equ THEME_TABLE_LIGHT, 36
.equ THEME_TABLE_DARK, 40
.equ THEME_GLOW, 44
.equ THEME_SNOW_LIGHT, 48
.equ THEME_SNOW_DEEP, 52
.equ THEME_RIM, 56
.equ THEME_TEXT, 60
.equ THEME_ORB_X, 64
.equ THEME_ORB_Y, 65
.equ THEME_ORB_RADIUS, 66
.equ THEME_STARS, 67
.equ THEME_WINDOWS, 68
.equ THEME_AURORA, 69
.equ THEME_LIGHTS, 70
.equ THEME_SIZE, 72
.equ THEME_COUNT, 4

.section .rodata
.balign 8
themes:
  # night
  .word 0x0a1138, 0x20357c, 0x6a80c4, 0xfdf4d2, 0x40538f, 0x17264f, 0x9fadd8
  .word 0x05060f, 0x15111f, 0x5a3520, 0x1c0f0a, 0x4f66c8, 0xe6edff, 0x7f95d0, 0xb9d2fa, 0xaab4d8
  .byte 58, 20, 6, 255, 255, 0, 255, 0
  # dawn
  .word 0x2b2a66, 0xb65a86, 0xffc08e, 0xffe9b4, 0x8a5688, 0x45305f, 0xf0c0b4
  .word 0x150b18, 0x2c1522, 0x74402a, 0x2a150f, 0xd8727e, 0xffe9e0, 0xc08fae, 0xffd9d0, 0xe0b8b8
  .byte 28, 40, 8, 70, 170, 0, 190, 0
  # day
  .word 0x2a78d0, 0x6fb4ee, 0xd9effb, 0xfff8cc, 0x8fb2d4, 0x3f6a72, 0xffffff
  .word 0x2b4157, 0x6b8494, 0xb57a48, 0x5e381f, 0xcfe8ff, 0xffffff, 0xa9c6ea, 0xf4fbff, 0xe4eef6
  .byte 58, 18, 7, 0, 30, 0, 60, 0
  # aurora
  .word 0x040a20, 0x0b2c48, 0x2c6f78, 0xeaf4e4, 0x1e4458, 0x0a1f30, 0x80b4ac
  .word 0x03070d, 0x0a1518, 0x47301f, 0x160d09, 0x2fae86, 0xd6fff0, 0x5f9fae, 0xa4f0d8, 0x9cd0c0
  .byte 66, 16, 3, 230, 255, 15, 160, 0
