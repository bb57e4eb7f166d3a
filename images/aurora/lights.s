# The aurora, and the finished pixels of a frame.
#
# A curtain is a function of the column: where its lower edge hangs, how high it reaches, how bright it is there. Its colour depends on the height above the edge alone:
# oxygen is green at 100 km and red at 250, nitrogen violet at the lower edge and in the sun above.

.equ CURTAINS, 3
.equ SPAN, 1024                  # columns of a curtain, wider than the screen: its rays lead to one point high above
.equ PROFILE, 256                # steps from the lower edge to the top
.equ PROFILE_BYTES, 8 * PROFILE
.equ PALETTES, 4
.equ STOP_BYTES, 4 * 10

.equ SHAPE_EDGE, 0               # line of the lower edge
.equ SHAPE_SEED, 2
.equ SHAPE_STRENGTH, 3
.equ SHAPE_WAVES, 4              # three waves: steps a column and a moment in 1/8, lines
.equ SHAPE_SIZE, 14

# One curtain's part of a pixel: t0 bytes into the curtain, line s3; added to the light a4.
.macro curtain columns
  add t1, \columns, t0
  lh t2, 0(t1)
  lhu t3, 2(t1)
  sub t2, t2, s3                 # lines above the lower edge
  mul t2, t2, t3
  srai t2, t2, 8
  bgeu t2, s5, 2f                # also what is below it: negative is large
  slli t2, t2, 3
  add t2, t2, s4
  ld t2, 0(t2)
  lwu t1, 4(t1)
  mul t2, t2, t1
  add a4, a4, t2
2:
.endm

.macro thresholds a, b, c, d, e, f, g, h
  .dword (\a << 2) * 0x10000100001, (\b << 2) * 0x10000100001, (\c << 2) * 0x10000100001, (\d << 2) * 0x10000100001
  .dword (\e << 2) * 0x10000100001, (\f << 2) * 0x10000100001, (\g << 2) * 0x10000100001, (\h << 2) * 0x10000100001
.endm

.text

# palette_set: the colours by height become those of palette a0.
palette_set:
  enter
  store a0, palette, t0
  li t0, STOP_BYTES
  mul t0, t0, a0
  la s0, stops
  add s0, s0, t0
  la s1, profile
  li s2, 0                       # step
1:
  lbu s3, 0(s0)                  # between this stop and the next one
  lbu s4, 4(s0)
  bgeu s2, s4, 2f
  lwu a0, 0(s0)
  lwu a1, 4(s0)
  srli a0, a0, 8
  srli a1, a1, 8
  sub a2, s2, s3
  slli a2, a2, 8
  sub t0, s4, s3
  divu a2, a2, t0
  call mix
  call spread
  sd a0, 0(s1)
  addi s1, s1, 8
  addi s2, s2, 1
  li t0, PROFILE - 1
  bltu s2, t0, 1b
  sd zero, 0(s1)
  leave
2:
  addi s0, s0, 4
  j 1b

# Where the curtains hang now. In `curtains` each has SPAN entries of 8 bytes: lower edge (16 bits), steps a line (8 bits after the point, 16 bits), brightness (32 bits).
curtains_move:
  enter
  la s0, curtain_shapes
  la s1, curtains
  load s2, moment
1:
  li s3, 0                       # column
2:
  # The edge: three waves that run against each other.
  lhu s4, SHAPE_EDGE(s0)
  addi s5, s0, SHAPE_WAVES
  li s6, 3
3:
  lb t0, 0(s5)                   # steps a column, 1/8
  lb t1, 1(s5)                   # steps a moment, 1/8
  mul a0, t0, s3
  mul t1, t1, s2
  add a0, a0, t1
  srai a0, a0, 3
  call wave
  lbu t0, 2(s5)
  mul a0, a0, t0
  srai a0, a0, 10
  add s4, s4, a0
  addi s5, s5, 3
  addi s6, s6, -1
  bnez s6, 3b
  # How high it reaches.
  lbu s7, SHAPE_SEED(s0)
  slli a0, s3, 3
  add a0, a0, s2
  mv a1, s7
  call noise
  addi t0, a0, 120
  li t1, 80 * 256 * 5
  divu s5, t1, t0
  # Brightness: wide patches, and fine rays in them that come and go.
  slli a0, s3, 1
  slli t0, s2, 1
  sub a0, a0, t0
  addi a1, s7, 1
  call noise
  addi s6, a0, -76
  max s6, s6, zero
  slli a0, s3, 4
  slli t0, s2, 2
  add a0, a0, t0
  addi a1, s7, 2
  call noise
  mv s8, a0
  slli a0, s3, 6
  li t0, 7
  mul t0, t0, s2
  sub a0, a0, t0
  addi a1, s7, 3
  call noise
  srli a0, a0, 1
  add s8, s8, a0
  addi s8, s8, -70
  max s8, s8, zero
  addi s8, s8, 36
  mul s6, s6, s8
  lbu t0, SHAPE_STRENGTH(s0)
  mul s6, s6, t0
  srli s6, s6, 15
  li t0, 255
  min s6, s6, t0
  sh s4, 0(s1)
  sh s5, 2(s1)
  sw s6, 4(s1)
  addi s1, s1, 8
  addi s3, s3, 1
  li t0, SPAN
  blt s3, t0, 2b
  addi s0, s0, SHAPE_SIZE
  la t0, curtain_shapes_end
  bltu s0, t0, 1b

  # What the land gets: the brightness of all curtains above it, made smooth from the left and then from the right.
  la s0, curtains + 8 * (SPAN - WIDTH) / 2
  la s1, ambient
  li s3, WIDTH
  li s4, 60 << 8
4:
  lwu t0, 4(s0)
  li t1, 8 * SPAN
  add t1, t1, s0
  lwu t2, 4(t1)
  add t0, t0, t2
  slli t0, t0, 7
  sub t0, t0, s4
  srai t0, t0, 6
  add s4, s4, t0
  sd s4, 0(s1)
  addi s0, s0, 8
  addi s1, s1, 8
  addi s3, s3, -1
  bnez s3, 4b
  la s2, profile
  ld s2, 8 * 44(s2)              # the colour of the brightest part
  li s3, WIDTH
  li s5, 0xff000ff000ff
5:
  addi s1, s1, -8
  ld t0, 0(s1)
  sub t0, t0, s4
  srai t0, t0, 6
  add s4, s4, t0
  srli t0, s4, 8
  li t1, 255
  minu t0, t0, t1
  mul t0, t0, s2
  srli t0, t0, 8
  and t0, t0, s5
  sd t0, 0(s1)
  addi s3, s3, -1
  bnez s3, 5b
  leave

# Draws a frame into the page that nobody sees.
lights_compose:
  enter
  load t0, moment
  load t1, speed
  add t0, t0, t1
  store t0, moment, t1
  call curtains_move
  load s0, page
  la s1, backdrop
  la s2, takes
  la s10, tones
  li s3, 0                       # line
1:
  andi t0, s3, 1
  bnez t0, 2f
  li t0, SHORE
  bgeu s3, t0, 2f
  call aurora_line               # good for two lines: the light has no edges from top to bottom
2:
  la s4, aurora
  la s5, ambient
  la s6, dither
  andi t0, s3, 7
  slli t0, t0, 6
  add s6, s6, t0
  li s7, 0                       # column
  li s8, WIDTH
  li s9, TAKES_SKY
3:
  ld a0, 0(s1)
  lbu a1, 0(s2)
  bne a1, s9, 4f
  ld a2, 0(s4)
  add a0, a0, a2
  j 5f
4:
  li t0, TAKES_WATER
  beq a1, t0, 6f
  ld a2, 0(s5)
  mul a2, a2, a1
  add a0, a0, a2
5:
  andi t0, s7, 7                 # a pattern below one step of brightness: the eye sees no steps in the sky
  slli t0, t0, 3
  add t0, t0, s6
  ld t0, 0(t0)
  add a0, a0, t0
  srli t0, a0, 8
  andi t0, t0, TONES - 1
  add t0, t0, s10
  lbu t1, 0(t0)
  srli t0, a0, LIGHT_GREEN + 8
  andi t0, t0, TONES - 1
  add t0, t0, s10
  lbu t2, 0(t0)
  srli t0, a0, LIGHT_RED + 8
  andi t0, t0, TONES - 1
  add t0, t0, s10
  lbu t3, 0(t0)
  slli t2, t2, 8
  slli t3, t3, 16
  or t1, t1, t2
  or t1, t1, t3
  sw t1, 0(s0)
6:
  addi s0, s0, 4
  addi s1, s1, 8
  addi s2, s2, 1
  addi s4, s4, 8
  addi s5, s5, 8
  addi s7, s7, 1
  bltu s7, s8, 3b
  addi s3, s3, 1
  li t0, HEIGHT
  bltu s3, t0, 1b
  call water
  leave

# The light of all curtains in line s3, for each column: into `aurora`.
# The column of a curtain that is seen in a pixel: the further up, the more of it is there from the left to the right, so its rays come together.
aurora_line:
  addi sp, sp, -64
  sd s0, 0(sp)
  sd s1, 8(sp)
  sd s2, 16(sp)
  sd s4, 24(sp)
  sd s5, 32(sp)
  sd s6, 40(sp)
  sd s7, 48(sp)
  la a0, aurora
  li a1, WIDTH
  li t0, SHORE
  sub t0, t0, s3
  li a2, 70
  mul a2, a2, t0
  li t0, 0x10000 - 4000
  add a2, a2, t0                 # columns of the curtain a pixel, 16 bits after the point
  li t0, WIDTH / 2
  mul t0, t0, a2
  li a3, SPAN / 2 << 16
  sub a3, a3, t0
  la s0, curtains
  li s1, 8 * SPAN
  add s1, s1, s0
  li s2, 8 * SPAN
  add s2, s2, s1
  la s4, profile
  li s5, PROFILE
1:
  srli t0, a3, 16
  slli t0, t0, 3
  li a4, 0
  curtain s0
  curtain s1
  curtain s2
  sd a4, 0(a0)
  add a3, a3, a2
  addi a0, a0, 8
  addi a1, a1, -1
  bnez a1, 1b
  ld s0, 0(sp)
  ld s1, 8(sp)
  ld s2, 16(sp)
  ld s4, 24(sp)
  ld s5, 32(sp)
  ld s6, 40(sp)
  ld s7, 48(sp)
  addi sp, sp, 64
  ret

# The lake: each pixel is the one as far above the shore as it is below, a little to the side where a wave leans, darker, and bluer.
water:
  enter
  load s0, page
  la s1, takes + SHORE * WIDTH
  li s2, SHORE                   # line
  load s10, moment
1:
  # How far to the side, and up: more the nearer.
  li t0, SHORE
  sub s3, s2, t0                 # below the shore
  li t0, 4200
  addi t1, s3, 12
  divu a0, t0, t1                # waves look closer together far away
  mul a0, a0, s3
  srli a0, a0, 1
  slli t0, s10, 3
  sub a0, a0, t0
  call wave
  addi t0, s3, 14
  mul a0, a0, t0
  srai s4, a0, 15                # -3 to 3 pixels
  slli a0, s3, 6
  li t0, 11
  mul t0, t0, s10
  add a0, a0, t0
  call wave
  srai t0, a0, 9
  li s5, SHORE - 1
  sub s5, s5, s3
  sub s5, s5, s3
  add s5, s5, t0                 # the lake reaches deeper than it is high: every second line
  max s5, s5, zero
  li t0, SHORE - 1
  min s5, s5, t0
  li t0, LINE_BYTES
  mul s5, s5, t0
  add s5, s5, s0                 # the line that is seen here
  mul s6, s2, t0
  add s6, s6, s0
  li s7, 0
  li s8, WIDTH
  li s9, WIDTH - 1
  li a4, TAKES_WATER
  li a5, 0x7f7f7f
  li a6, 0x1f1f1f
  li a7, 0x060d18
2:
  lbu t0, 0(s1)
  bne t0, a4, 3f
  add t0, s7, s4
  max t0, t0, zero
  min t0, t0, s9
  slli t0, t0, 2
  add t0, t0, s5
  lwu t1, 0(t0)
  srli t2, t1, 1
  and t2, t2, a5
  srli t1, t1, 3
  and t1, t1, a6
  add t1, t1, t2
  add t1, t1, a7
  sw t1, 0(s6)
3:
  addi s1, s1, 1
  addi s6, s6, 4
  addi s7, s7, 1
  bltu s7, s8, 2b
  addi s2, s2, 1
  li t0, HEIGHT
  bltu s2, t0, 1b
  leave

.section .rodata
.balign 2
curtain_shapes:
  .half 150
  .byte 1, 150, 14, 3, 26, 31, -5, 11, 67, 6, 5, 0
  .half 206
  .byte 6, 235, 10, -4, 34, 26, 5, 13, 59, -7, 6, 0
  .half 252
  .byte 11, 120, 17, 5, 14, 23, -3, 12, 43, 6, 6, 0
curtain_shapes_end:

# Colours by height: 0xRRGGBB and the step, from 0 to 255; STOP_BYTES for each palette.
.balign 4
stops:
  .word 0x00000000, 0x1a0a2a0a, 0x30402018, 0x2ac87022, 0x4cff902e, 0x32e88c48, 0x18946a78, 0x2a4e82aa, 0x381c5ed2, 0x000000ff
  .word 0x00000000, 0x20103a0a, 0x48309018, 0x7a50e022, 0x9a68ff30, 0x7050e850, 0x30a0b87c, 0x1c9078aa, 0x0c3a40d6, 0x000000ff
  .word 0x00000000, 0x1838200a, 0x28a05018, 0x60d85824, 0xa0c04834, 0xe0803450, 0xf0482878, 0xb82030a0, 0x601028d0, 0x000000ff
  .word 0x00000000, 0x0820380a, 0x18609018, 0x38b0e024, 0x80f0ff30, 0x58c8f850, 0x2880d878, 0x2048a8aa, 0x182460d4, 0x000000ff

# An ordered pattern of 64 thresholds below one step, the same for all channels.
.balign 8
dither:
  thresholds 0, 32, 8, 40, 2, 34, 10, 42
  thresholds 48, 16, 56, 24, 50, 18, 58, 26
  thresholds 12, 44, 4, 36, 14, 46, 6, 38
  thresholds 60, 28, 52, 20, 62, 30, 54, 22
  thresholds 3, 35, 11, 43, 1, 33, 9, 41
  thresholds 51, 19, 59, 27, 49, 17, 57, 25
  thresholds 15, 47, 7, 39, 13, 45, 5, 37
  thresholds 63, 31, 55, 23, 61, 29, 53, 21

.data
.balign 8
moment: .dword 3000
speed: .dword 3

.bss
.balign 8
palette: .space 8
profile: .space PROFILE_BYTES
curtains: .space 8 * SPAN * CURTAINS
aurora: .space 8 * WIDTH         # light of a line
ambient: .space 8 * WIDTH        # light that falls on the land, 8 bits a channel
