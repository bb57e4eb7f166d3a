# Waves, noise, and pixels of the landscape. Leaf functions use only a and t registers.

.equ WAVE_STEPS, 1024            # of a full turn
.equ WAVE_ONE, 1024
.equ TONES, 1024

.text

# A sine without floating point: the parabola 4x(1 - x) over half a turn, drawn 0.225 of the way towards its own square; nowhere off by more than 0.1 %.
waves_build:
  la a0, waves
  li a1, 0
  li a2, WAVE_STEPS / 2
1:
  sub t0, a2, a1
  mul t0, t0, a1
  srli t0, t0, 6                 # 4 * 256 * 256 / 2^8 = 1024 at the top
  mul t1, t0, t0
  srli t1, t1, 10
  sub t1, t1, t0
  li t2, 230                     # 0.225 * 1024
  mul t1, t1, t2
  srai t1, t1, 10
  add t0, t0, t1
  slli t1, a1, 1
  add t1, t1, a0
  sh t0, 0(t1)
  neg t0, t0
  sh t0, WAVE_STEPS(t1)          # half a turn on, two bytes a step
  addi a1, a1, 1
  blt a1, a2, 1b
  ret

# wave: a0 = 1024 * sin(a0 * 2 pi / 1024).
wave:
  andi a0, a0, WAVE_STEPS - 1
  slli a0, a0, 1
  la t0, waves
  add t0, t0, a0
  lh a0, 0(t0)
  ret

# From the sum of lights to what the screen can show: 310 x / (x + 230). Dark tones stay almost as they are, bright ones bend and never clip.
tones_build:
  la t0, tones
  li t1, 0
1:
  li t2, 310
  mul t2, t2, t1
  addi t3, t1, 230
  divu t2, t2, t3
  li t3, 255
  minu t2, t2, t3
  sb t2, 0(t0)
  addi t0, t0, 1
  addi t1, t1, 1
  li t2, TONES
  blt t1, t2, 1b
  ret

# noise: a0 = a smooth random function of a0 (8 bits after the point), 0 to 255. It repeats after 256. a1: which of many.
# The numbers at whole places come from a multiplication that scatters the bits; between them a cubic step leads.
noise:
  srai t0, a0, 8
  andi t1, a0, 255               # the way between two places
  slli t2, t1, 1
  li t3, 768
  sub t2, t3, t2
  mul t2, t2, t1
  mul t2, t2, t1
  srli t2, t2, 16                # 3 t^2 - 2 t^3, 0 to 255
  andi t3, t0, 255
  addi t0, t0, 1
  andi t0, t0, 255
  slli t4, a1, 8
  add t3, t3, t4
  add t0, t0, t4
  li t4, 0x9e3779b1              # 2^32 by the golden ratio
  mul t3, t3, t4
  mul t0, t0, t4
  srli t5, t3, 15
  xor t3, t3, t5
  srli t5, t0, 15
  xor t0, t0, t5
  li t4, 0x85ebca6b
  mul t3, t3, t4
  mul t0, t0, t4
  srli t3, t3, 24
  srli t0, t0, 24
  andi t3, t3, 255
  andi t0, t0, 255
  sub t0, t0, t3
  mul t0, t0, t2
  srai t0, t0, 8
  add a0, t3, t0
  ret

# spread: the colour a0, 0xRRGGBB, with its channels as far apart as those of a light.
spread:
  andi t0, a0, 255
  srli t1, a0, 8
  andi t1, t1, 255
  slli t1, t1, LIGHT_GREEN
  srli t2, a0, 16
  andi t2, t2, 255
  slli t2, t2, LIGHT_RED
  or a0, t0, t1
  or a0, a0, t2
  ret

# dot: the colour a2 at column a0, line a1 of the landscape; a3: how much of the aurora's light it takes, 0 to 253. Outside of the picture nothing happens.
dot:
  li t0, WIDTH
  bgeu a0, t0, 1f
  li t1, HEIGHT
  bgeu a1, t1, 1f
  mul t0, t0, a1
  add t0, t0, a0
  la t1, takes
  add t1, t1, t0
  sb a3, 0(t1)
  slli t0, t0, 3
  la t6, backdrop
  add t6, t6, t0
  mv t5, ra
  mv a0, a2
  call spread
  mv ra, t5
  slli a0, a0, 8
  sd a0, 0(t6)
1:
  ret

# Adds the light a2 at column a0, line a1.
add_light:
  li t0, WIDTH
  bgeu a0, t0, 1f
  li t1, HEIGHT
  bgeu a1, t1, 1f
  mul t0, t0, a1
  add t0, t0, a0
  slli t0, t0, 3
  la t1, backdrop
  add t1, t1, t0
  ld t2, 0(t1)
  add t2, t2, a2
  sd t2, 0(t1)
1:
  ret

.bss
.balign 8
waves: .space 2 * WAVE_STEPS
tones: .space TONES
.balign 8
backdrop: .space 8 * WIDTH * HEIGHT   # a light for each pixel: the landscape when there is no aurora
takes: .space WIDTH * HEIGHT     # how much of the aurora's light each pixel takes
