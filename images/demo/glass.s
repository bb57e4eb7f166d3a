# The ball of glass over the landscape, and the base that it stands on.

.text

# Cuts the landscape to the ball and puts the glass over it.
paint_glass:
  enter
  la s1, globe
  la s2, depth
  li s3, 0                       # y
1:
  li s4, 0                       # x
2:
  slli s5, s4, 1
  addi s5, s5, -(GLOBE_WIDTH - 1)
  slli s6, s3, 1
  addi s6, s6, -(GLOBE_HEIGHT - 1)
  mv a0, s5
  mv a1, s6
  call distance
  mv s7, a0
  lwu a0, 0(s1)
  li t0, RADIUS + 16
  bgeu s7, t0, 8f
  # The ball darkens towards its edge.
  addi a2, s7, -300
  bltz a2, 3f
  mul a2, a2, a2
  srli a2, a2, 9
  lwu a1, THEME_ROOM_LOW(s0)
  call mix
3:
  # A bow of light inside, upper left.
  addi t0, s7, -496
  li t1, 150
  call arc
  neg s5, s5
  neg s6, s6
  # And a faint one lower right.
  addi t0, s7, -520
  li t1, 60
  call arc
  # The rim: lit from the upper left.
  addi s8, s7, -RIM_INNER
  bltz s8, 6f
  mv s9, a0
  lwu a0, THEME_ROOM_LOW(s0)
  lwu a1, THEME_RIM(s0)
  add a2, s5, s6
  slli a2, a2, 1
  addi a2, a2, 132
  call mix
  mv a1, a0
  mv a0, s9
  li t0, 7
  mul a2, s8, t0
  li t0, 215
  min a2, a2, t0
  call mix
6:
  li t0, RIM_INNER
  bltu s7, t0, 7f
  sb zero, 0(s2)
7:
  li t0, RADIUS + 16             # coverage at the edge
  sub t0, t0, s7
  slli t0, t0, 3
  li t1, 255
  min t0, t0, t1
  slli t0, t0, 24
  or a0, a0, t0
  j 9f
8:
  li a0, 0
  sb zero, 0(s2)
9:
  sw a0, 0(s1)
  addi s1, s1, 4
  addi s2, s2, 1
  addi s4, s4, 1
  li t0, GLOBE_WIDTH
  blt s4, t0, 2b
  addi s3, s3, 1
  li t0, GLOBE_HEIGHT
  blt s3, t0, 1b
  # Nothing yet below the glass.
1:
  la t0, globe_end
  sw zero, 0(s1)
  sb zero, 0(s2)
  addi s1, s1, 4
  addi s2, s2, 1
  bltu s1, t0, 1b
  leave

# arc: lightens a0 where both offsets s5, s6 are negative; t0: distance from the arc's middle, t1: strength.
arc:
  bgez s5, 2f
  bgez s6, 2f
  bgez t0, 1f
  neg t0, t0
1:
  slli t2, t0, 1
  add t0, t0, t2
  sub a2, t1, t0
  blez a2, 2f
  neg t0, s5                     # thinner towards its ends
  neg t1, s6
  min t0, t0, t1
  li t1, 18
  min t0, t0, t1
  mul a2, a2, t0
  divu a2, a2, t1
  li a1, 0xffffff
  j mix
2:
  ret

# The turned base: a gold collar and wood, shaded like a cylinder.
paint_base:
  enter
  li s1, 0                       # row
1:
  la t0, base_rows
  slli t1, s1, 3
  add t0, t0, t1
  lwu s2, 4(t0)                  # half width in half pixels
  lwu a0, 0(t0)
  lwu a1, THEME_AMBIENT(s0)
  call light
  mv s3, a0
  li s4, 0                       # x
2:
  slli t0, s4, 1
  addi t0, t0, -(GLOBE_WIDTH - 1)
  bgez t0, 3f
  neg t1, t0
  bgt t1, s2, 5f
3:
  bgt t0, s2, 5f
  addi t0, t0, 12                # the light comes from the left
  mul t0, t0, t0
  li t1, 84
  mul t0, t0, t1
  mul t1, s2, s2
  divu a2, t0, t1
  li t0, 205
  min a2, a2, t0
  mv a0, s3
  li a1, 0x080404
  call mix
  li t0, 0xff << 24
  or a0, a0, t0
  li t0, GLOBE_WIDTH
  addi t1, s1, BASE_TOP
  mul t0, t0, t1
  add t0, t0, s4
  la t1, depth
  add t1, t1, t0
  sb zero, 0(t1)
  slli t0, t0, 2
  la t1, globe
  add t1, t1, t0
  sw a0, 0(t1)
5:
  addi s4, s4, 1
  li t0, GLOBE_WIDTH
  blt s4, t0, 2b
  addi s1, s1, 1
  li t0, PICTURE_HEIGHT - BASE_TOP
  blt s1, t0, 1b
  leave
