# The landscape, drawn once: sky and stars, two ranges of mountains, the wood on the far shore, the lake, a bank of snow with firs and a cabin.

.equ TAKES_SKY, 255              # the aurora itself is seen here
.equ TAKES_WATER, 254            # what is above is seen again here
.equ STARS, 420
.equ CABIN_X, 452
.equ CABIN_Y, 424                # the foot of its walls
.equ CABIN_WIDTH, 74
.equ CABIN_WALL, 30

# The record of a range of mountains.
.equ RANGE_BASE, 0               # the line that heights are counted from
.equ RANGE_HEIGHT, 2             # of the highest peak
.equ RANGE_STEP, 4               # how fast the noise goes by, 1/256 a column
.equ RANGE_SEED, 6
.equ RANGE_SHADE, 8              # colours: shade, light, haze at the foot
.equ RANGE_LIGHT, 12
.equ RANGE_HAZE, 16
.equ RANGE_TAKES, 20
.equ RANGE_SIZE, 24

.text
land_build:
  enter
  call sky_build
  call stars_build
  la s0, ranges
1:
  mv a0, s0
  call range_build
  addi s0, s0, RANGE_SIZE
  la t0, ranges_end
  bltu s0, t0, 1b
  call wood_build
  call bank_build
  la s0, firs
2:
  lhu a0, 0(s0)
  beqz a0, 3f
  lhu a1, 2(s0)
  lhu a2, 4(s0)
  li a3, 200
  call fir
  addi s0, s0, 6
  j 2b
3:
  call cabin
  leave

# From the zenith down to the shore; below it is water.
sky_build:
  enter
  li s0, 0
1:
  slli a2, s0, 8
  li t0, SHORE
  divu a2, a2, t0
  li t0, 256
  minu a2, a2, t0
  mul a2, a2, a2
  srli a2, a2, 8
  li a0, 0x040714
  li a1, 0x1c3350
  call mix
  call spread
  slli s2, a0, 8
  la t0, backdrop
  li t1, WIDTH
  mul t1, t1, s0
  slli t2, t1, 3
  add t0, t0, t2
  la t2, takes
  add t2, t2, t1
  li t3, TAKES_SKY
  li t1, SHORE
  bltu s0, t1, 2f
  li t3, TAKES_WATER
2:
  li t1, WIDTH
3:
  sd s2, 0(t0)
  sb t3, 0(t2)
  addi t0, t0, 8
  addi t2, t2, 1
  addi t1, t1, -1
  bnez t1, 3b
  addi s0, s0, 1
  li t0, HEIGHT
  blt s0, t0, 1b
  leave

# Many faint stars and few bright ones: the brightness is the cube of a random number. Bright ones have rays.
stars_build:
  enter
  li s0, STARS
1:
  li a0, WIDTH
  call random_below
  mv s1, a0
  li a0, SHORE
  call random_below
  mv s2, a0
  li a0, 256
  call random_below
  mul t0, a0, a0
  mul t0, t0, a0
  srli t0, t0, 16                # 0 to 255
  addi s3, t0, 36
  li a0, 4
  call random_below
  li s4, 0xd0e0ff                # blueish, or warm
  bnez a0, 2f
  li s4, 0xffe0b8
2:
  mv a0, s4
  call spread
  mul s4, a0, s3
  mv a0, s1
  mv a1, s2
  mv a2, s4
  call add_light
  li t0, 150
  blt s3, t0, 4f
  li t0, 0x3fff03fff03fff        # a quarter, without what one channel would leave in the next
  srli s4, s4, 2
  and s4, s4, t0
  la s5, rays
3:
  lb a0, 0(s5)
  lb a1, 1(s5)
  add a0, a0, s1
  add a1, a1, s2
  mv a2, s4
  call add_light
  addi s5, s5, 2
  la t0, rays_end
  bltu s5, t0, 3b
4:
  addi s0, s0, -1
  bnez s0, 1b
  leave

# A range of mountains; a0: its record. Each column has a top, a sum of noises; below, two slanting noises against each other make faces in light and shade.
range_build:
  enter
  mv s0, a0
  li s1, 0                       # column
1:
  li s2, 0                       # height, in 1/1024 of the highest
  lhu s3, RANGE_STEP(s0)
  lhu s4, RANGE_SEED(s0)
  li s5, 5                       # octaves: each twice as fine and half as high
2:
  mul a0, s1, s3
  mv a1, s4
  call noise
  addi t0, a0, -128              # noise folded at its middle has ridges instead of hills
  bgez t0, 3f
  neg t0, t0
3:
  li t1, 128
  sub t0, t1, t0
  sll t0, t0, s5
  add s2, s2, t0
  slli s3, s3, 1
  addi s4, s4, 1
  addi s5, s5, -1
  bnez s5, 2b
  lhu t0, RANGE_HEIGHT(s0)
  mul t0, t0, s2
  srli t0, t0, 13
  lhu s2, RANGE_BASE(s0)
  sub s2, s2, t0                 # line
  mv s3, s2                      # the top
4:
  sub t0, s2, s3
  slli t1, t0, 4
  slli s4, s1, 4
  add a0, s4, t1
  slli t0, t0, 2
  sub s4, s4, t1
  sub s4, s4, t0
  li a1, 40
  call noise
  mv s5, a0
  mv a0, s4
  li a1, 41
  call noise
  sub s5, s5, a0
  mul a0, s1, s1                 # roughness: a little of a noise that is different at each pixel
  add a0, a0, s2
  slli a0, a0, 8
  li a1, 42
  call noise
  srli a0, a0, 2
  slli s5, s5, 1
  add s5, s5, a0
  addi s5, s5, 70
  max s5, s5, zero
  li t0, 256
  min a2, s5, t0
  lwu a0, RANGE_SHADE(s0)
  lwu a1, RANGE_LIGHT(s0)
  call mix
  sub a2, s2, s3
  slli a2, a2, 8
  li t0, SHORE
  sub t0, t0, s3
  divu a2, a2, t0
  lwu a1, RANGE_HAZE(s0)
  call mix
  mv a2, a0
  mv a0, s1
  mv a1, s2
  lhu a3, RANGE_TAKES(s0)
  max s5, s5, zero
  mul a3, a3, s5
  srli a3, a3, 8
  li t0, 200
  min a3, a3, t0
  call dot
  addi s2, s2, 1
  li t0, SHORE
  blt s2, t0, 4b
  addi s1, s1, 1
  li t0, WIDTH
  blt s1, t0, 1b
  leave

# Small firs along the far shore.
wood_build:
  enter
  li s0, 380
1:
  li a0, WIDTH
  call random_below
  mv s1, a0
  slli a0, a0, 3                 # groups: where a slow noise is high, the trees are
  li a1, 60
  call noise
  srli s2, a0, 4
  li a0, 10
  call random_below
  add a2, s2, a0
  addi a2, a2, 4
  mv a0, s1
  li a1, SHORE + 1
  li a3, 40
  call fir
  addi s0, s0, -1
  bnez s0, 1b
  leave

# The bank in front: snow in soft waves, bright at the edge, blue in the depth.
bank_build:
  enter
  li s1, 0
1:
  mv a0, s1
  call bank_top
  mv s2, a0
  mv s3, a0
2:
  sub s4, s2, s3                 # below the edge
  slli a0, s1, 2
  slli t0, s2, 4
  add a0, a0, t0
  li a1, 71
  call noise
  mv s5, a0                      # drifts, long across and short down
  slli a0, s1, 8
  slli t0, s2, 14
  xor a0, a0, t0
  li a1, 72
  call noise
  srli a0, a0, 4                 # grain
  srli s5, s5, 1
  add s5, s5, a0
  slli t0, s4, 1
  li t1, 230
  sub t1, t1, s5
  sub a2, t1, t0
  max a2, a2, zero
  mv s5, a2
  li a0, 0x1a2748
  li a1, 0x62789e
  call mix
  mv a2, a0
  mv a0, s1
  mv a1, s2
  srli a3, s5, 1
  addi a3, a3, 30
  call dot
  addi s2, s2, 1
  li t0, HEIGHT
  blt s2, t0, 2b
  addi s1, s1, 1
  li t0, WIDTH
  blt s1, t0, 1b
  leave

# bank_top: a0 = the first line of the bank in column a0.
bank_top:
  addi sp, sp, -16
  sd ra, 0(sp)
  sd s0, 8(sp)
  mv s0, a0
  slli a0, a0, 1
  addi a0, a0, 100
  li a1, 70
  call noise
  srli t6, a0, 4
  li t0, 300                     # low in the middle, where one looks over the water
  sub t0, s0, t0
  mul t0, t0, t0
  li t1, 2100
  divu t0, t0, t1
  li a0, 430
  sub a0, a0, t0
  add a0, a0, t6
  ld s0, 8(sp)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# fir: at column a0 with its foot on line a1, a2 lines high; a3: how much snow lies on it. Storeys of branches, each a little wider at its lower end.
fir:
  enter
  mv s0, a0
  mv s1, a1
  mv s2, a2
  mv s3, a3
  srli t0, s2, 3
  addi s4, t0, 3                 # lines in a storey
  li s5, 0                       # line from the top
1:
  remu t0, s5, s4
  slli t0, t0, 8
  divu s6, t0, s4                # how far down in its storey
  li t0, 120
  add t0, t0, s6
  srli t1, s6, 2
  sub t0, t0, t1
  mul t0, t0, s5
  li t1, 1050
  divu s7, t0, t1                # half the width
  li a0, 3
  call random_below
  add s7, s7, a0
  addi s7, s7, -1
  max s7, s7, zero
  neg s8, s7
2:
  li a0, 256
  call random_below
  mv s9, a0
  # Branches: dark, a little lighter to the left, where the lights are.
  slli a2, s8, 6
  addi t0, s7, 1
  div a2, a2, t0
  li t0, 70
  sub a2, t0, a2
  srli t0, s9, 2
  add a2, a2, t0
  max a2, a2, zero
  li a0, 0x04090f
  li a1, 0x16302f
  call mix
  mv a2, a0
  li a3, 12
  # Snow on the outer half of the branches.
  li t0, 90
  blt s6, t0, 4f
  mv t0, s8
  bgez t0, 3f
  neg t0, t0
3:
  slli t0, t0, 1
  blt t0, s7, 4f
  divu t0, s5, s4                # clumps: a noise along the storey
  slli t0, t0, 11
  slli a0, s8, 6
  add a0, a0, t0
  add a0, a0, s0
  li a1, 80
  call noise
  add a0, a0, s9
  srli a0, a0, 1
  mul t1, s6, s3
  srli t1, t1, 8
  bge a0, t1, 4f
  li a2, 0x55698c
  li a3, 95
4:
  add a0, s0, s8
  sub a1, s1, s2
  add a1, a1, s5
  call dot
  addi s8, s8, 1
  ble s8, s7, 2b
  addi s5, s5, 1
  blt s5, s2, 1b
  leave

# A cabin with light in its windows. Its boxes come from a table; the roof is a trapezoid of snow.
cabin:
  enter
  la s0, boxes
1:
  lhu a2, 4(s0)
  beqz a2, 2f
  lh a0, 0(s0)
  lh a1, 2(s0)
  lhu a3, 6(s0)
  lwu a4, 8(s0)
  lwu a5, 12(s0)
  addi a0, a0, CABIN_X
  addi a1, a1, CABIN_Y
  call box
  addi s0, s0, 16
  j 1b
2:
  li s0, 0                       # the roof: 24 lines, wider by three pixels each, its edge in the shade
3:
  li t0, 3
  mul s1, s0, t0
  srli s1, s1, 1
  li a4, 0x7f93b8
  li a5, 130
  li t0, 20
  blt s0, t0, 4f
  li a4, 0x3d4c6c
  li a5, 50
4:
  li t0, CABIN_X + 26
  sub a0, t0, s1
  addi a1, s0, CABIN_Y - CABIN_WALL - 22
  slli a2, s1, 1
  addi a2, a2, CABIN_WIDTH - 52
  li a3, 1
  call box
  addi s0, s0, 1
  li t0, 24
  blt s0, t0, 3b
  la s0, lamps
5:
  lhu a2, 4(s0)
  beqz a2, 6f
  lh a0, 0(s0)
  lh a1, 2(s0)
  lhu a3, 6(s0)
  addi a0, a0, CABIN_X
  addi a1, a1, CABIN_Y
  call lamp
  addi s0, s0, 8
  j 5b
6:
  leave

# box: from column a0 and line a1 on, a2 wide and a3 high, in colour a4, taking a5.
box:
  enter
  mv s0, a0
  mv s1, a1
  add s2, a0, a2
  add s3, a1, a3
  mv s4, a4
  mv s5, a5
1:
  mv s6, s0
2:
  mv a0, s6
  mv a1, s1
  mv a2, s4
  mv a3, s5
  call dot
  addi s6, s6, 1
  blt s6, s2, 2b
  addi s1, s1, 1
  blt s1, s3, 1b
  leave

# lamp: warm light around column a0, line a1, a2 pixels across and half of that down; a3: how strong, 256 is one.
lamp:
  enter
  mv s0, a0
  mv s1, a1
  mv s2, a2
  mv s3, a3
  mul s4, s2, s2
  neg s5, s2                     # y
1:
  neg s6, s2                     # x
2:
  mul t0, s6, s6
  mul t1, s5, s5
  slli t1, t1, 2
  add t0, t0, t1
  sub t0, s4, t0
  blez t0, 3f
  slli t0, t0, 8
  divu t0, t0, s4
  mul t0, t0, t0
  srli t0, t0, 8
  mul s7, t0, s3
  srli s7, s7, 8
  li a0, 0xff9a40
  call spread
  mul a2, a0, s7
  add a0, s0, s6
  add a1, s1, s5
  call add_light
3:
  addi s6, s6, 1
  ble s6, s2, 2b
  addi s5, s5, 1
  ble s5, s2, 1b
  leave

.section .rodata
.balign 4
ranges:
  .half SHORE - 18, 190, 3, 12
  .word 0x142442, 0x6f8ab4, 0x223a58, 70
  .half SHORE - 2, 92, 4, 26
  .word 0x0c172c, 0x45597c, 0x162a40, 60
ranges_end:
rays: .byte -1, 0, 1, 0, 0, -1, 0, 1
rays_end:
.balign 2
firs:                            # column, foot, height
  .half 150, 424, 104, 192, 428, 66, 220, 432, 40, 640, 404, 120, 38, 420, 168, 592, 420, 150, 98, 444, 214, 12, 466, 240
  .half 408, 428, 40, 560, 416, 84, 626, 466, 226, 0

.equ SEAM, 0x120b09              # between the boards of the wall
.equ WINDOW, 0xffc060
.equ BAR, 0x5a3418
.macro box_row column, line, width, height, color, light   # column and line from the cabin's foot; what it takes of the light
  .half \column, \line, \width, \height
  .word \color, \light
.endm
.balign 4
boxes:
  box_row 0, -CABIN_WALL, CABIN_WIDTH, CABIN_WALL+4, 0x241712, 10
  box_row 0, -25, CABIN_WIDTH, 1, SEAM, 4
  box_row 0, -19, CABIN_WIDTH, 1, SEAM, 4
  box_row 0, -13, CABIN_WIDTH, 1, SEAM, 4
  box_row 0, -7, CABIN_WIDTH, 1, SEAM, 4
  box_row 0, -1, CABIN_WIDTH, 1, SEAM, 4
  box_row 31, -23, 13, 27, 0x3a2114, 8
  box_row 9, -22, 15, 13, WINDOW, 0
  box_row 51, -22, 15, 13, WINDOW, 0
  box_row 16, -22, 1, 13, BAR, 0
  box_row 58, -22, 1, 13, BAR, 0
  box_row 9, -16, 15, 1, BAR, 0
  box_row 51, -16, 15, 1, BAR, 0
  box_row 50, -62, 9, 22, 0x2c2226, 10      # the chimney, and the snow on it
  box_row 49, -65, 11, 4, 0x7f93b8, 120
  .half 0, 0, 0, 0
lamps:                           # column and line, how far, how strong
  .half 16, -16, 11, 300, 58, -16, 11, 300
  .half 16, 6, 70, 120, 58, 6, 70, 120, 37, 4, 130, 60, 0, 0, 0, 0
