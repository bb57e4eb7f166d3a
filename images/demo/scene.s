# The still parts of the picture, painted when the light changes: the room with its table, and the globe's layer
# (landscape, glass, base). The globe's layer is 0xAARRGGBB with the coverage in AA. Beside it lies a depth per pixel,
# which says what snow is seen there: 0 none, 1 all, 2 not the far flakes, 3 only the near ones.
#
# Distances from the globe's centre are in 1/32 pixel. The centre lies between pixels, so offsets count half pixels.

.equ GLOBE_HEIGHT, 40            # of the glass; the layer goes on below with the base
.equ RADIUS, 624                 # 19.5 pixels
.equ RIM_INNER, 574
.equ TABLE_TOP, 40
.equ BASE_TOP, 36

.text
scene_build:
  enter
  la s0, themes
  load t0, theme
  li t1, THEME_SIZE
  mul t0, t0, t1
  add s0, s0, t0
  store s0, theme_now, t0
  call paint_room
  call paint_lights
  call paint_sky
  call paint_stars
  call paint_land
  call paint_sprites
  call paint_glass
  call paint_base
  leave

# distance: a0 = distance from the point (0, 0) to (a0, a1) half pixels, in 1/32 pixel.
distance:
  mul a0, a0, a0
  mul a1, a1, a1
  add a0, a0, a1
  slli a0, a0, 8
  j square_root

# The wall, darker upwards, the table, and the glow of the globe on both. s0: theme.
paint_room:
  enter
  la s1, room
  li s2, 0                       # y
1:
  li t0, TABLE_TOP
  bge s2, t0, 2f
  lwu a0, THEME_ROOM_TOP(s0)
  lwu a1, THEME_ROOM_LOW(s0)
  slli a2, s2, 8
  div a2, a2, t0
  j 3f
2:
  lwu a0, THEME_TABLE_LIGHT(s0)
  lwu a1, THEME_TABLE_DARK(s0)
  sub a2, s2, t0
  li t0, 40
  mul a2, a2, t0
3:
  call mix
  mv s3, a0                      # the row's colour
  li s4, 0                       # x
4:
  slli s5, s4, 1
  addi s5, s5, -(COLUMNS - 1)
  mv a0, s5
  slli a1, s2, 1
  addi a1, a1, -(GLOBE_HEIGHT - 1)
  call distance
  li a2, 1180
  sub a2, a2, a0
  bgez a2, 5f
  li a2, 0
5:
  mul a2, a2, a2
  srli a2, a2, 11
  mv a0, s3
  lwu a1, THEME_GLOW(s0)
  li t0, TABLE_TOP
  blt s2, t0, 6f
  # On the table the base throws a shadow, widest at the wall.
  srli a2, a2, 1
  call mix
  mv a1, zero
  li t0, 52
  bgez s5, 7f
  neg s5, s5
7:
  sub a2, t0, s5
  bgez a2, 8f
  li a2, 0
8:
  slli a2, a2, 2
  li t0, 190
  min a2, a2, t0
6:
  li t0, 256
  min a2, a2, t0
  call mix
  sw a0, 0(s1)
  addi s1, s1, 4
  addi s4, s4, 1
  li t0, COLUMNS
  blt s4, t0, 4b
  addi s2, s2, 1
  li t0, PICTURE_HEIGHT
  blt s2, t0, 1b
  leave

# Lights far behind the globe, out of focus: discs with a soft edge.
paint_lights:
  enter
  lbu s1, THEME_LIGHTS(s0)       # how bright
  la s2, lights
1:
  lbu s3, 0(s2)                  # x, y, radius in half pixels
  lbu s4, 1(s2)
  lbu s5, 2(s2)
  lbu s10, 3(s2)                 # strength
  lwu s6, 4(s2)                  # colour
  beqz s5, 9f
  li s7, 0                       # y of the pixel
2:
  li s8, 0                       # x
3:
  slli a0, s8, 1
  slli t0, s3, 1
  sub a0, a0, t0
  slli a1, s7, 1
  slli t0, s4, 1
  sub a1, a1, t0
  call distance
  slli t0, s5, 4
  sub t0, t0, a0                 # how far inside the disc
  blez t0, 5f
  li t1, 24
  min t0, t0, t1
  mul t0, t0, s10
  mul t0, t0, s1
  divu t0, t0, t1
  srli a2, t0, 8
  li t0, COLUMNS
  mul t0, t0, s7
  add t0, t0, s8
  slli t0, t0, 2
  la s9, room
  add s9, s9, t0
  lwu a0, 0(s9)
  mv a1, s6
  call mix
  sw a0, 0(s9)
5:
  addi s8, s8, 1
  li t0, COLUMNS
  blt s8, t0, 3b
  addi s7, s7, 1
  li t0, TABLE_TOP
  blt s7, t0, 2b
  addi s2, s2, 8
  j 1b
9:
  leave

# Sky in three colours, with the sun or the moon and its halo, and what is between: an aurora.
paint_sky:
  enter
  la s1, globe
  la s2, depth
  li s3, 0                       # y
1:
  li t0, 14
  bge s3, t0, 2f
  lwu a0, THEME_SKY_TOP(s0)
  lwu a1, THEME_SKY_MIDDLE(s0)
  slli a2, s3, 8
  divu a2, a2, t0
  j 3f
2:
  lwu a0, THEME_SKY_MIDDLE(s0)
  lwu a1, THEME_SKY_LOW(s0)
  addi a2, s3, -14
  li t0, 20
  mul a2, a2, t0
  li t0, 256
  min a2, a2, t0
3:
  call mix
  mv s4, a0
  li s5, 0                       # x
4:
  mv s6, s4
  # Aurora: a band whose middle swings with x, bright below, fading upwards.
  lbu s8, THEME_AURORA(s0)
  beqz s8, 5f
  mv s7, zero
  slli a0, s5, 1
  call aurora
  slli a0, s5, 2
  addi a0, a0, 25
  li s7, 5
  call aurora
5:
  slli a0, s5, 1
  lbu t0, THEME_ORB_X(s0)
  sub a0, a0, t0
  slli a1, s3, 1
  lbu t0, THEME_ORB_Y(s0)
  sub a1, a1, t0
  call distance
  lbu t0, THEME_ORB_RADIUS(s0)   # half pixels
  slli t0, t0, 4
  sub t0, t0, a0                 # how far inside
  addi a2, t0, 16
  slli a2, a2, 3                 # a soft edge one pixel wide
  bgtz a2, 6f
  addi a2, t0, 224               # the halo
  bgez a2, 7f
  li a2, 0
7:
  mul a2, a2, a2
  srli a2, a2, 9
6:
  li t0, 256
  min a2, a2, t0
  mv a0, s6
  lwu a1, THEME_ORB(s0)
  call mix
  sw a0, 0(s1)
  li t0, 1
  sb t0, 0(s2)
  addi s1, s1, 4
  addi s2, s2, 1
  addi s5, s5, 1
  li t0, GLOBE_WIDTH
  blt s5, t0, 4b
  addi s3, s3, 1
  li t0, GLOBE_HEIGHT
  blt s3, t0, 1b
  leave

# One band of the aurora: adds to the colour s6 at row s3; a0: phase, s7: rows below the first band, s8: strength.
aurora:
  addi sp, sp, -16
  sd ra, 0(sp)
  call sine
  srai a0, a0, 5
  addi a0, a0, 15
  add a0, a0, s7
  sub t0, a0, s3                 # rows above the lower edge
  li a2, 0
  bltz t0, 1f
  li t1, 11
  sub a2, t1, t0
  bgez a2, 1f
  li a2, 0
1:
  mul a2, a2, s8
  mv a0, s6
  li a1, 0x58ffb0
  call mix
  mv s6, a0
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

paint_stars:
  enter
  lbu s1, THEME_STARS(s0)
  la s2, stars
1:
  lbu t0, 0(s2)                  # x, y, brightness
  lbu t1, 1(s2)
  lbu t2, 2(s2)
  beqz t2, 2f
  li t3, GLOBE_WIDTH
  mul t1, t1, t3
  add t0, t0, t1
  slli t0, t0, 2
  la s3, globe
  add s3, s3, t0
  lwu a0, 0(s3)
  li a1, 0xffffff
  mul a2, t2, s1
  srli a2, a2, 8
  call mix
  sw a0, 0(s3)
  addi s2, s2, 3
  j 1b
2:
  leave

# Two ranges of mountains and the snow on the ground, from their height maps.
paint_land:
  enter
  li s1, 0                       # x
1:
  la t0, far_range
  add t0, t0, s1
  lbu s2, 0(t0)
  la t0, near_range
  add t0, t0, s1
  lbu s3, 0(t0)
  la t0, ground
  add t0, t0, s1
  lbu s4, 0(t0)
  mv s5, s2                      # y, downwards
2:
  li t0, GLOBE_WIDTH
  mul t0, t0, s5
  add s6, t0, s1                 # index of the pixel
  bge s5, s4, 5f
  bge s5, s3, 4f
  # Far: snow on the tops, haze towards the foot.
  sub t0, s5, s2
  andi t1, s1, 1
  addi t1, t1, 2
  lwu a0, THEME_FAR(s0)
  lwu a1, THEME_SNOW_LIGHT(s0)
  li a2, 150
  blt t0, t1, 3f
  lwu a1, THEME_SKY_LOW(s0)
  slli a2, t0, 4
  li t0, 140
  min a2, a2, t0
3:
  call mix
  li s7, 1
  j 6f
4:
  # Near: a forest with snow on its tips, haze at its foot.
  sub t0, s5, s3
  lwu a0, THEME_NEAR(s0)
  lwu a1, THEME_SNOW_LIGHT(s0)
  li a2, 70
  beqz t0, 3b
  lwu a1, THEME_SKY_LOW(s0)
  slli a2, t0, 4
  li s7, 2
  call mix
  j 6f
5:
  sub a2, s5, s4
  call ground_shade
  li s7, 3
6:
  slli t0, s6, 2
  la t1, globe
  add t0, t0, t1
  sw a0, 0(t0)
  la t0, depth
  add t0, t0, s6
  sb s7, 0(t0)
  addi s5, s5, 1
  li t0, GLOBE_HEIGHT
  blt s5, t0, 2b
  addi s1, s1, 1
  li t0, GLOBE_WIDTH
  blt s1, t0, 1b
  leave

# ground_shade: a0 = colour of the snow a2 pixels below its surface. s0: theme.
ground_shade:
  li t0, 30
  mul a2, a2, t0
  li t0, 256
  min a2, a2, t0
  lwu a0, THEME_SNOW_LIGHT(s0)
  lwu a1, THEME_SNOW_DEEP(s0)
  j mix

# Sprites are text: a letter is a colour of the palette, a dot is see-through.
paint_sprites:
  enter
  la s1, sprites
1:
  ld s2, 0(s1)                   # picture
  beqz s2, 9f
  lbu s3, 8(s1)                  # left, top, width, height, depth
  lbu s4, 9(s1)
  lbu s5, 10(s1)
  lbu s6, 11(s1)
  lbu s7, 12(s1)
  add s6, s6, s4                 # bottom
2:
  li s8, 0
3:
  lbu t0, 0(s2)
  addi s2, s2, 1
  li t1, '.'
  beq t0, t1, 5f
  addi t0, t0, -'a'
  slli t0, t0, 2
  la t1, palette
  add t0, t0, t1
  lwu a0, 0(t0)
  srli s10, a0, 24
  lwu a1, THEME_AMBIENT(s0)
  call light
  beqz s10, 4f
  li a1, 0xffcf6a                # a lit window
  lbu a2, THEME_WINDOWS(s0)
  call mix
4:
  li t0, GLOBE_WIDTH
  mul t0, t0, s4
  add t0, t0, s3
  add t0, t0, s8
  la t1, depth
  add t1, t1, t0
  sb s7, 0(t1)
  slli t0, t0, 2
  la t1, globe
  add t1, t1, t0
  sw a0, 0(t1)
5:
  addi s8, s8, 1
  blt s8, s5, 3b
  addi s4, s4, 1
  blt s4, s6, 2b
  addi s1, s1, 16
  j 1b
9:
  leave

.bss
.balign 8
theme: .space 8                  # number of the light
theme_now: .space 8              # its record in `themes`
room: .space 4 * COLUMNS * PICTURE_HEIGHT
globe: .space 4 * GLOBE_WIDTH * PICTURE_HEIGHT
globe_end:
depth: .space GLOBE_WIDTH * PICTURE_HEIGHT
