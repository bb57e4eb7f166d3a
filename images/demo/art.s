# Sprites, height maps and small tables of the scene.

.section .rodata
# Height maps: the first row of each column, counted from the top of the glass.
far_range:
  .byte 24, 24, 23, 22, 21, 20, 19, 18, 17, 16, 17, 18, 19, 18, 17, 18, 19, 20, 21, 20, 19, 18
  .byte 17, 16, 15, 14, 13, 14, 15, 16, 17, 18, 19, 18, 19, 20, 21, 20, 21, 22, 23, 23, 24, 24
near_range:
  .byte 26, 25, 26, 24, 26, 23, 25, 24, 26, 24, 25, 23, 25, 26, 25, 26, 27, 26, 27, 25, 27, 26
  .byte 27, 26, 27, 26, 27, 25, 26, 25, 26, 24, 25, 23, 25, 24, 26, 24, 25, 23, 25, 26, 25, 26
ground:
  .byte 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31
  .byte 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30
# How high the snow can lie in each column, in 1/16 pixel: the wind round the house leaves a hollow at its door.
drift_limits:
  .byte 0, 0, 0, 0, 0, 72, 76, 76, 72, 64, 56, 46, 38, 32, 26, 22, 20, 16, 16, 18, 20, 24
  .byte 30, 38, 48, 56, 58, 52, 44, 38, 36, 42, 52, 62, 70, 76, 82, 88, 92, 0, 0, 0, 0, 0

# Stars in the globe's sky: x, y, brightness; the end is a brightness of zero.
stars:
  .byte 22, 3, 200, 15, 6, 150, 28, 7, 90, 10, 12, 180, 19, 10, 230, 33, 5, 120, 36, 14, 190
  .byte 24, 12, 110, 13, 17, 120, 7, 18, 150, 39, 19, 130, 17, 14, 80, 31, 15, 100, 21, 6, 80, 0, 0, 0

# Lights in the room: x, y, radius in half pixels, strength, colour; the end is a radius of zero.
.balign 4
lights:
  .byte 7, 9, 9, 70
  .word 0xffb060
  .byte 13, 15, 6, 60
  .word 0xff6a58
  .byte 3, 22, 7, 50
  .word 0x5fb0ff
  .byte 14, 28, 5, 48
  .word 0xffd890
  .byte 8, 33, 6, 40
  .word 0x66d890
  .byte 71, 7, 7, 60
  .word 0x66d8a0
  .byte 76, 15, 9, 60
  .word 0xffc070
  .byte 67, 19, 5, 55
  .word 0xff7a68
  .byte 73, 27, 7, 48
  .word 0x78a8ff
  .byte 66, 33, 5, 40
  .word 0xffb868
  .byte 0, 0, 0, 0
  .word 0

# Letters of the sprites. The top byte marks a window, which shines by itself when it is dark.
.balign 4
palette:
  .word 0                        # a
  .word 0x7a4a2c                 # b  logs
  .word 0x8a5a50                 # c  chimney
  .word 0x3a2416                 # d  door, dark wood
  .word 0x1d5a48                 # e  fir, dark
  .word 0x5f3a22                 # f  logs in the shade
  .word 0x2f7a58                 # g  fir
  .word 0xc8d6ee                 # h  snow in the shade
  .word 0, 0
  .word 0x2a2a34                 # k  coal, hat
  .word 0, 0, 0
  .word 0xff8a30                 # o  carrot
  .word 0, 0
  .word 0xb8343a                 # r  scarf
  .word 0
  .word 0x6e4a2e                 # t  trunk
  .word 0, 0
  .word 0xffffff                 # w  snow
  .word 0
  .word 0x01707c8c               # y  window
  .word 0

.balign 8
sprites:                         # picture; left, top, width, height, depth
  .dword fir_small
  .byte 30, 20, 7, 10, 2, 0, 0, 0
  .dword fir_tall
  .byte 3, 18, 9, 13, 3, 0, 0, 0
  .dword cabin
  .byte 11, 20, 15, 11, 3, 0, 0, 0
  .dword fir_tall
  .byte 33, 17, 9, 13, 3, 0, 0, 0
  .dword snowman
  .byte 27, 22, 5, 9, 3, 0, 0, 0
  .dword 0

cabin:
  .ascii "...........hw.."
  .ascii "....wwwwwwwcc.."
  .ascii "...wwwwwwwwcc.."
  .ascii "..wwwwwwwwwwww."
  .ascii ".wwwwwwwwwwwhh."
  .ascii "wwhhhhhhhhhhhhh"
  .ascii ".bbbbbbbbbbbbf."
  .ascii ".byybbddbbyybf."
  .ascii ".byybbddbbyybf."
  .ascii ".bbbbbddbbbbbf."
  .ascii ".ffffwddwfffff."
fir_tall:
  .ascii "....w...."
  .ascii "....g...."
  .ascii "...wge..."
  .ascii "...gge..."
  .ascii "..wggee.."
  .ascii "...gge..."
  .ascii "..wwgge.."
  .ascii ".wwgggee."
  .ascii ".gggggee."
  .ascii "..wwgge.."
  .ascii ".wwgggee."
  .ascii "wgggggeee"
  .ascii "....t...."
fir_small:
  .ascii "...w..."
  .ascii "...g..."
  .ascii "..wge.."
  .ascii "..gge.."
  .ascii ".wwgee."
  .ascii "..gge.."
  .ascii ".wwgee."
  .ascii "wwgggee"
  .ascii "ggggeee"
  .ascii "...t..."
snowman:
  .ascii ".kkk."
  .ascii "kkkkk"
  .ascii ".kwk."
  .ascii ".wow."
  .ascii ".rrr."
  .ascii "wwwwr"
  .ascii "wwkwh"
  .ascii "wwwwh"
  .ascii ".wwh."

# Rows of the base from BASE_TOP down: colour, half width in half pixels.
.balign 4
base_rows:
  .word 0xf2d080, 23, 0xc09038, 25, 0x8a6020, 25
  .word 0x8a4a26, 29, 0x7c4020, 31, 0x74391c, 31, 0x6e351a, 33, 0x683016, 33, 0xa8802e, 37, 0x4a2410, 37
