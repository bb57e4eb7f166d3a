# Snow in front of it all: near flakes are large, fast and bright, far ones small, slow and faint.

.equ FLAKE_X, 0                  # 8 bits after the point
.equ FLAKE_Y, 4
.equ FLAKE_DEPTH, 8              # 1 far, 2, 3 near
.equ FLAKE_PHASE, 9              # where it is in its own swaying, 1/4 of a wave's steps
.equ FLAKE_SIZE, 12
.equ FLAKES_MOST, 900
.equ FLAKES_STEP, 100
.equ WIND_MOST, 400              # 1/256 pixel a frame

.text
flakes_init:
  enter
  la s0, flakes
  li s1, FLAKES_MOST
1:
  li a0, WIDTH << 8
  call random_below
  sw a0, FLAKE_X(s0)
  li a0, HEIGHT << 8
  call random_below
  sw a0, FLAKE_Y(s0)
  li a0, 100
  call random_below
  li t0, 1                       # six of ten are far, one is near
  li t1, 60
  blt a0, t1, 2f
  li t0, 2
  li t1, 90
  blt a0, t1, 2f
  li t0, 3
2:
  sb t0, FLAKE_DEPTH(s0)
  li a0, 256
  call random_below
  sb a0, FLAKE_PHASE(s0)
  addi s0, s0, FLAKE_SIZE
  addi s1, s1, -1
  bnez s1, 1b
  leave

flakes_draw:
  enter
  # The wind comes slowly.
  load t0, wind_wanted
  load s2, wind
  sub t0, t0, s2
  srai t0, t0, 4
  add s2, s2, t0
  store s2, wind, t0
  load s3, page
  la s0, flakes
  load s1, flakes_shown
  beqz s1, 9f
  la t0, frame
  lwu s4, 0(t0)
1:
  lbu s5, FLAKE_DEPTH(s0)
  lbu t0, FLAKE_PHASE(s0)
  slli t0, t0, 2
  slli t1, s4, 3
  add a0, t0, t1
  call wave
  add a0, a0, s2                 # swaying, and the wind
  srai a0, a0, 4
  mul t0, s2, s5
  srai t0, t0, 1
  add a0, a0, t0
  lw t0, FLAKE_X(s0)
  add t0, t0, a0
  li t1, WIDTH << 8
  bgez t0, 2f
  add t0, t0, t1
2:
  blt t0, t1, 3f
  sub t0, t0, t1
3:
  sw t0, FLAKE_X(s0)
  srai s6, t0, 8
  li t1, 130
  mul t1, t1, s5
  lw t0, FLAKE_Y(s0)
  add t0, t0, t1
  li t1, HEIGHT << 8
  blt t0, t1, 4f
  sub t0, t0, t1
4:
  sw t0, FLAKE_Y(s0)
  srai s7, t0, 8
  # Its pixels: a list for each depth.
  la s8, flake_pixels
  addi t0, s5, -1
  slli t0, t0, 3
  add s8, s8, t0
  ld s8, 0(s8)
5:
  lbu a3, 2(s8)
  beqz a3, 7f
  lb t0, 0(s8)
  lb t1, 1(s8)
  addi s8, s8, 3
  add t0, t0, s6
  add t1, t1, s7
  li t2, WIDTH
  bgeu t0, t2, 5b
  li t3, HEIGHT
  bgeu t1, t3, 5b
  mul t1, t1, t2
  add t0, t0, t1
  slli t0, t0, 2
  add a4, t0, s3
  lwu a0, 0(a4)
  li a1, 0xdfe8f8
  mv a2, a3
  call mix
  sw a0, 0(a4)
  j 5b
7:
  addi s0, s0, FLAKE_SIZE
  addi s1, s1, -1
  bnez s1, 1b
9:
  leave

.section .rodata
# Column, line, how much of the flake's white.
flake_far: .byte 0, 0, 90, 0, 1, 40, 0, 0, 0
flake_middle: .byte 0, 0, 190, 1, 0, 120, 0, 1, 120, 1, 1, 70, 0, 0, 0
flake_near:
  .byte 0, 0, 235, 1, 0, 235, 0, 1, 235, 1, 1, 235, -1, 0, 110, -1, 1, 110, 2, 0, 110, 2, 1, 110
  .byte 0, -1, 110, 1, -1, 110, 0, 2, 110, 1, 2, 110, 0, 0, 0
.balign 8
flake_pixels: .dword flake_far, flake_middle, flake_near

.data
.balign 8
flakes_shown: .dword 400

.bss
.balign 8
wind: .space 8
wind_wanted: .space 8
flakes: .space FLAKE_SIZE * FLAKES_MOST
