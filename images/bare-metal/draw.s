# Pixels and numbers. Leaf functions that use only a and t registers.

.text

# mix: a0 + (a1 - a0) * a2 / 256 for each channel. a2: 0..256.
# Red and blue share a register: 16 bits apart, their products do not meet.
mix:
  li t0, 0xff00ff
  li t1, 256
  sub t1, t1, a2
  and t2, a0, t0
  and t3, a1, t0
  mul t2, t2, t1
  mul t3, t3, a2
  add t2, t2, t3
  srli t2, t2, 8
  and t2, t2, t0
  li t0, 0x00ff00
  and a0, a0, t0
  and a1, a1, t0
  mul a0, a0, t1
  mul a1, a1, a2
  add a0, a0, a1
  srli a0, a0, 8
  and a0, a0, t0
  or a0, a0, t2
  ret

# light: the colour a0 under the light a1, channel by channel.
light:
  li t2, 0
  li t3, 16
1:
  srl t0, a0, t3
  andi t0, t0, 0xff
  srl t1, a1, t3
  andi t1, t1, 0xff
  addi t1, t1, 1
  mul t0, t0, t1
  srli t0, t0, 8
  sll t0, t0, t3
  or t2, t2, t0
  addi t3, t3, -8
  bgez t3, 1b
  mv a0, t2
  ret

# square_root: a0 = floor(sqrt(a0)), a0 below 2^32, one bit of the result at a time.
square_root:
  li t0, 0
  li t1, 1 << 15
1:
  or t2, t0, t1
  mul t3, t2, t2
  bgtu t3, a0, 2f
  mv t0, t2
2:
  srli t1, t1, 1
  bnez t1, 1b
  mv a0, t0
  ret


# random_below: a0 = a number from 0 to a0 - 1 (xorshift64; the seed is fixed, so every run is the same).
random_below:
  mv t2, a0
  la t0, random_state
  ld a0, 0(t0)
  slli t1, a0, 13
  xor a0, a0, t1
  srli t1, a0, 7
  xor a0, a0, t1
  slli t1, a0, 17
  xor a0, a0, t1
  sd a0, 0(t0)
  srli a0, a0, 32
  mul a0, a0, t2
  srli a0, a0, 32
  ret

# sine: a0 = 127 * sin(a0 * 2 pi / 64), any a0.
sine:
  andi t0, a0, 63
  la t1, sine_table
  add t1, t1, t0
  lb a0, 0(t1)
  ret

.section .rodata
sine_table:
  .byte 0, 12, 25, 37, 49, 60, 71, 81, 90, 98, 106, 112, 117, 122, 125, 126
  .byte 127, 126, 125, 122, 117, 112, 106, 98, 90, 81, 71, 60, 49, 37, 25, 12
  .byte 0, -12, -25, -37, -49, -60, -71, -81, -90, -98, -106, -112, -117, -122, -125, -126
  .byte -127, -126, -125, -122, -117, -112, -106, -98, -90, -81, -71, -60, -49, -37, -25, -12

.data
.balign 8
random_state: .dword 0x9e3779b97f4a7c15
