# The snow: flakes that fall, drift, land and are thrown up again; the drifts they build; the chimney's smoke.

.equ MAX_FLAKES, 420
.equ MOST_SNOW, 320              # most that can be asked for: a shake adds what lies in the drifts
.equ LEAST_SNOW, 20
.equ FIRST_SNOW, 120
.equ SNOW_STEP, 20
.equ MOST_WIND, 4

# A flake, 16 bytes. Layer 0: unused; 1 far, 2 middle, 3 near.
.equ FLAKE_X, 0                  # word, 1/256 pixel
.equ FLAKE_Y, 4
.equ FLAKE_VX, 8                 # half, 1/256 pixel a frame
.equ FLAKE_VY, 10
.equ FLAKE_LAYER, 12             # byte
.equ FLAKE_PHASE, 13             # byte, of its swaying
.equ FLAKE_SIZE, 16

.equ CENTRE_X, GLOBE_WIDTH / 2 * 256
.equ CENTRE_Y, GLOBE_HEIGHT / 2 * 256
.equ WALL, 4540                  # 17.7 pixels: where a flake touches the glass
.equ FIRST_COLUMN, 5             # the ground inside the glass
.equ LAST_COLUMN, 38
.equ DRIFT_PER_FLAKE, 64         # 1/256 pixel
.equ DRIFT_PER_THROWN, 80        # a shake loses some of it
.equ MOST_THROWN, 20             # flakes that a shake takes from one column
.equ STEEPEST, 150               # difference between columns at which snow slips
.equ SHAKE_FRAMES, 14
.equ CHIMNEY_X, 22               # where the smoke begins
.equ CHIMNEY_Y, 19

.text
snow_init:
  enter
  li s0, FIRST_SNOW
  store s0, amount, t0
1:
  call flake_free
  call flake_from_top
  mv s1, a0
  li a0, 30 * 256                # the first ones are already on their way
  call random_below
  lw t0, FLAKE_Y(s1)
  add t0, t0, a0
  sw t0, FLAKE_Y(s1)
  addi s0, s0, -1
  bnez s0, 1b
  leave

# flake_free: a0 = an unused flake, counted as alive, or 0.
flake_free:
  la a0, flakes
  la t0, flakes_end
1:
  lbu t1, FLAKE_LAYER(a0)
  beqz t1, 2f
  addi a0, a0, FLAKE_SIZE
  bltu a0, t0, 1b
  li a0, 0
  ret
2:
  la t0, alive
  ld t1, 0(t0)
  addi t1, t1, 1
  sd t1, 0(t0)
  ret

# flake_from_top: puts the flake a0 under the top of the glass, at rest. Keeps a0.
flake_from_top:
  enter
  mv s0, a0
  li a0, 33
  call random_below
  addi s1, a0, -16               # pixels from the middle
  load t0, wind                  # further upwind, where there is one
  slli t1, t0, 1
  add t0, t0, t1
  sub s1, s1, t0
  li t0, -16
  max s1, s1, t0
  li t0, 16
  min s1, s1, t0
  li a0, 256
  call random_below
  slli t0, s1, 8
  add t0, t0, a0
  li t1, CENTRE_X
  add t0, t0, t1
  sw t0, FLAKE_X(s0)
  mul t0, s1, s1
  li a0, 17 * 17
  sub a0, a0, t0
  slli a0, a0, 8
  call square_root
  slli a0, a0, 4
  li t0, CENTRE_Y
  sub t0, t0, a0
  sw t0, FLAKE_Y(s0)
  call flake_character
  sh zero, FLAKE_VX(s0)
  li t0, 40
  sh t0, FLAKE_VY(s0)
  mv a0, s0
  leave

# flake_character: gives the flake s0 a layer and a phase.
flake_character:
  addi sp, sp, -16
  sd ra, 0(sp)
  li a0, 64
  call random_below
  sb a0, FLAKE_PHASE(s0)
  li a0, 8
  call random_below
  li t0, 1                       # 3 of 8 far, 3 middle, 2 near
  sltiu t1, a0, 5
  xori t1, t1, 1
  add t0, t0, t1
  sltiu t1, a0, 2
  slli t1, t1, 1
  add t0, t0, t1
  sb t0, FLAKE_LAYER(s0)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# One frame of motion.
snow_step:
  enter
  la s0, flakes
  load s1, frame
  load s2, wind
  li s10, WALL * WALL
1:
  lbu s3, FLAKE_LAYER(s0)
  beqz s3, 9f
  lbu s4, FLAKE_PHASE(s0)
  lw s5, FLAKE_X(s0)
  lw s6, FLAKE_Y(s0)
  lh s7, FLAKE_VX(s0)
  lh s8, FLAKE_VY(s0)
  # Air: each speed nears that of the wind, or of falling, by a sixteenth; near flakes are the faster ones.
  add a0, s1, s4
  call sine
  srai a0, a0, 4
  addi t0, s3, 1
  mul a0, a0, t0
  li t1, 5
  mul t0, t0, t1
  mul t0, t0, s2
  add a0, a0, t0
  sub a0, a0, s7
  srai a0, a0, 4
  add s7, s7, a0
  li t0, 26
  mul t0, t0, s3
  addi t0, t0, 24
  andi t1, s4, 15
  add t0, t0, t1
  sub t0, t0, s8
  srai t0, t0, 4
  add s8, s8, t0
  add s5, s5, s7
  add s6, s6, s8
  li s11, 0
  # Glass: pushed back towards the middle, with half its speed.
  li t0, CENTRE_X
  sub t0, s5, t0
  li t1, CENTRE_Y
  sub t1, s6, t1
  mul t2, t0, t0
  mul t3, t1, t1
  add t2, t2, t3
  ble t2, s10, 3f
  srai t3, t0, 4
  sub s5, s5, t3
  neg s7, s7
  srai s7, s7, 1
  snez t2, s2                    # a falling flake that the wind holds against the glass has landed
  slt t3, zero, s8
  and s11, t2, t3
  bgez t1, 3f
  li s11, 0
  srai t3, t1, 4
  sub s6, s6, t3
  bgez s8, 3f
  neg s8, s8
  srai s8, s8, 2
3:
  sw s5, FLAKE_X(s0)
  sw s6, FLAKE_Y(s0)
  sh s7, FLAKE_VX(s0)
  sh s8, FLAKE_VY(s0)
  # Ground, or in the wind the lee side of the glass: the far flakes vanish behind the drifts, the others build them.
  bltz s8, 9f
  srai s9, s5, 8
  li t0, FIRST_COLUMN
  li t1, LAST_COLUMN
  max s9, s9, t0
  min s9, s9, t1
  la t0, ground
  add t0, t0, s9
  lbu t0, 0(t0)
  slli t0, t0, 8
  la t1, drifts
  slli t2, s9, 1
  add t1, t1, t2
  lhu t2, 0(t1)
  sub t0, t0, t2
  bnez s11, 3f
  blt s6, t0, 9f
3:
  li t2, 1
  beq s3, t2, 4f
  mv a0, s9
  call drift_grow
4:
  load t0, alive
  load t1, amount
  bleu t0, t1, 5f
  addi t0, t0, -1                # a shake's extra flakes come to rest
  store t0, alive, t1
  sb zero, FLAKE_LAYER(s0)
  j 9f
5:
  mv a0, s0
  call flake_from_top
9:
  addi s0, s0, FLAKE_SIZE
  la t0, flakes_end
  bltu s0, t0, 1b
  andi t0, s1, 15
  bnez t0, 2f
  call drifts_settle
2:
  leave

# drift_grow: a flake lands in column a0; what is too steep slips to a neighbour.
drift_grow:
  la t0, drifts
  slli t1, a0, 1
  add t0, t0, t1
  lhu t1, 0(t0)
  addi t1, t1, DRIFT_PER_FLAKE
  la t2, drift_limits
  add t2, t2, a0
  lbu t2, 0(t2)
  slli t2, t2, 4
  minu t1, t1, t2
  sh t1, 0(t0)
  lhu t2, -2(t0)                 # the drifts have a spare column on either side
  sub t3, t1, t2
  li t4, STEEPEST
  ble t3, t4, 1f
  addi t2, t2, DRIFT_PER_FLAKE
  sh t2, -2(t0)
  addi t1, t1, -DRIFT_PER_FLAKE
  sh t1, 0(t0)
1:
  lhu t2, 2(t0)
  sub t3, t1, t2
  ble t3, t4, 2f
  addi t2, t2, DRIFT_PER_FLAKE
  sh t2, 2(t0)
  addi t1, t1, -DRIFT_PER_FLAKE
  sh t1, 0(t0)
2:
  ret

# Lying snow packs: a 64th of its height is lost, and neighbours even out, so that drifts grow for minutes, not for ever.
drifts_settle:
  la t0, drifts + 2 * FIRST_COLUMN
  la t1, drifts + 2 * LAST_COLUMN
1:
  lhu t2, 0(t0)
  lhu t3, -2(t0)
  lhu t4, 2(t0)
  add t3, t3, t4
  slli t4, t2, 1
  sub t3, t3, t4
  srai t3, t3, 4
  add t3, t3, t2
  srli t2, t2, 6
  sub t3, t3, t2
  max t3, t3, zero
  sh t3, 0(t0)
  addi t0, t0, 2
  bleu t0, t1, 1b
  ret

# Shake: every flake is thrown about, and the drifts go up again.
snow_shake:
  enter
  li t0, SHAKE_FRAMES
  store t0, shaking, t1
  la s0, flakes
1:
  lbu t0, FLAKE_LAYER(s0)
  beqz t0, 2f
  call flake_throw
2:
  addi s0, s0, FLAKE_SIZE
  la t0, flakes_end
  bltu s0, t0, 1b
  li s4, MOST_THROWN
3:
  li s1, FIRST_COLUMN
4:
  la s2, drifts
  slli t0, s1, 1
  add s2, s2, t0
  lhu s3, 0(s2)
  addi s3, s3, -DRIFT_PER_THROWN
  bltz s3, 5f
  call flake_free
  beqz a0, 6f                    # no flake is left: the rest stays on the ground
  sh s3, 0(s2)
  mv s0, a0
  slli t0, s1, 8
  addi t0, t0, 128
  sw t0, FLAKE_X(s0)
  la t0, ground
  add t0, t0, s1
  lbu t0, 0(t0)
  addi t0, t0, -1
  slli t0, t0, 8
  sub t0, t0, s3
  sw t0, FLAKE_Y(s0)
  call flake_character
  call flake_throw
5:
  addi s1, s1, 1
  li t0, LAST_COLUMN
  ble s1, t0, 4b
  addi s4, s4, -1
  bnez s4, 3b
6:
  leave

# flake_throw: gives the flake s0 a speed upwards and to any side.
flake_throw:
  addi sp, sp, -16
  sd ra, 0(sp)
  li a0, 900
  call random_below
  addi a0, a0, -450
  sh a0, FLAKE_VX(s0)
  li a0, 620
  call random_below
  addi a0, a0, 60
  neg a0, a0
  sh a0, FLAKE_VY(s0)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# picture_pixel: a0 = address of the picture's pixel for column a0 and row a1 of the globe's layer, or 0 where a thing of
# layer a2 is not seen. Uses t0..t2.
picture_pixel:
  li t0, GLOBE_WIDTH
  bgeu a0, t0, 1f
  li t1, GLOBE_HEIGHT
  bgeu a1, t1, 1f
  mul t1, a1, t0
  add t1, t1, a0
  la t0, depth
  add t0, t0, t1
  lbu t0, 0(t0)
  beqz t0, 1f
  blt a2, t0, 1f
  load t0, globe_left
  add a0, a0, t0
  li t0, COLUMNS
  mul t0, t0, a1
  add a0, a0, t0
  slli a0, a0, 2
  la t0, picture
  add a0, a0, t0
  ret
1:
  li a0, 0
  ret

# Draws drifts, smoke and flakes into the picture.
snow_draw:
  enter
  load s0, theme_now
  lwu s1, THEME_SNOW_LIGHT(s0)
  li s2, FIRST_COLUMN
1:
  la t0, ground
  add t0, t0, s2
  lbu s3, 0(t0)
  la t0, drifts
  slli t1, s2, 1
  add t0, t0, t1
  lhu s4, 0(t0)
2:
  addi s3, s3, -1
  beqz s4, 4f
  mv a0, s2
  mv a1, s3
  li a2, 3
  call picture_pixel
  li t0, 256
  min a2, s4, t0
  sub s4, s4, a2
  beqz a0, 2b
  mv s5, a0
  andi a2, a2, -32               # few steps: a growing drift should cost few bytes
  lwu a0, 0(s5)
  mv a1, s1
  call mix
  sw a0, 0(s5)
  j 2b
4:
  addi s2, s2, 1
  li t0, LAST_COLUMN
  ble s2, t0, 1b

  # Smoke: five puffs on their way up, thinner with age.
  load s6, wind
  li s2, 5
5:
  load t0, frame
  srli t0, t0, 1
  li t1, 13
  mul t1, t1, s2
  add t0, t0, t1
  andi s3, t0, 63                # age
  slli a0, s3, 1
  slli t1, s2, 4
  add a0, a0, t1
  call sine
  mul a0, a0, s3
  srai a0, a0, 5
  mul t0, s6, s3
  slli t0, t0, 4
  add a0, a0, t0
  srai a0, a0, 8
  addi s4, a0, CHIMNEY_X
  srli t0, s3, 2
  li s5, CHIMNEY_Y
  sub s5, s5, t0
  li s7, 2
6:
  mv a0, s4
  mv a1, s5
  li a2, 2
  call picture_pixel
  beqz a0, 7f
  mv s8, a0
  lwu a0, 0(s8)
  li a1, 0xdde2ee
  li a2, 100
  sub a2, a2, s3
  srli t0, s3, 1
  sub a2, a2, t0
  andi a2, a2, -16
  call mix
  sw a0, 0(s8)
7:
  addi s4, s4, 1
  addi s7, s7, -1
  bnez s7, 6b
  addi s2, s2, -1
  bnez s2, 5b

  la s2, flakes
8:
  lbu a2, FLAKE_LAYER(s2)
  beqz a2, 9f
  mv s3, a2
  lw a0, FLAKE_X(s2)
  lw a1, FLAKE_Y(s2)
  srai a0, a0, 8
  srai a1, a1, 8
  call picture_pixel
  beqz a0, 9f
  mv s4, a0
  lwu a0, 0(s4)
  mv a1, s1
  li t0, 72
  mul a2, s3, t0
  addi a2, a2, 40                # 112, 184, 256
  call mix
  sw a0, 0(s4)
9:
  addi s2, s2, FLAKE_SIZE
  la t0, flakes_end
  bltu s2, t0, 8b
  leave

.bss
.balign 8
amount: .space 8                 # flakes wanted
alive: .space 8                  # flakes there are
wind: .space 8                   # -MOST_WIND .. MOST_WIND, positive to the right
shaking: .space 8                # frames left of a shake
globe_left: .space 8             # column of the globe's layer; a shake moves it
drifts: .space 2 * GLOBE_WIDTH   # height of the snow above the ground, 1/256 pixel
.balign 8
flakes: .space FLAKE_SIZE * MAX_FLAKES
flakes_end:
