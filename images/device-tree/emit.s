# Characters go to a pane of the screen, or straight out: `emitter` says where. An emitter takes a character in a0 (Unicode; '\n' ends the line) and changes t registers only.

.equ COLUMNS, 80
.equ ROWS, 24
.equ CELL_WIDTH, 12             # a space, 0x and eight digits, a bracket

.equ PANE_TOP, 0
.equ PANE_LEFT, 4
.equ PANE_ROWS, 8
.equ PANE_WIDTH, 12
.equ PANE_SCROLL, 16
.equ PANE_INDENT, 20             # where a line that was broken goes on
.equ PANE_LINE, 24
.equ PANE_COLUMN, 28
.equ PANE_STYLE, 32

.equ STYLE_PLAIN, 0
.equ STYLE_TITLE, 1
.equ STYLE_BRANCH, 2
.equ STYLE_LEAF, 3
.equ STYLE_CHOSEN, 4
.equ STYLE_DIM, 5
.equ STYLE_NAME, 6
.equ STYLE_TEXT, 7
.equ STYLE_NUMBER, 8
.equ STYLE_PATH, 9
.equ STYLE_BAD, 10
.equ STYLE_KEY, 11

.text
emit:
  load t0, emitter
  jr t0

# A pane: its characters lie in lines that break at its width; `pane_scroll` lines of them are above its first row.
pane_emit:
  la t0, pane
  lwu t1, PANE_LINE(t0)
  lwu t2, PANE_COLUMN(t0)
  li t3, '\n'
  beq a0, t3, 2f
  lwu t3, PANE_WIDTH(t0)
  lwu t4, PANE_STYLE(t0)         # between cells a line breaks where the next one would not fit
  xori t4, t4, STYLE_NUMBER
  xori t5, a0, ' '
  or t4, t4, t5
  addi t5, t2, CELL_WIDTH
  bnez t4, 4f
  bgtu t5, t3, 2f
4:
  bltu t2, t3, 1f
  addi t1, t1, 1
  lwu t2, PANE_INDENT(t0)
1:
  lwu t3, PANE_SCROLL(t0)
  sub t3, t1, t3
  lwu t4, PANE_ROWS(t0)
  addi t5, t2, 1
  bgeu t3, t4, 3f                # above or below
  lwu t4, PANE_TOP(t0)
  add t3, t3, t4
  li t4, COLUMNS
  mul t3, t3, t4
  lwu t4, PANE_LEFT(t0)
  add t3, t3, t4
  add t3, t3, t2
  slli t3, t3, 2
  la t4, cells
  add t3, t3, t4
  lwu t4, PANE_STYLE(t0)
  slli t4, t4, 16
  or t4, t4, a0
  sw t4, 0(t3)
  j 3f
2:
  addi t1, t1, 1
  lwu t5, PANE_INDENT(t0)
3:
  sw t1, PANE_LINE(t0)
  sw t5, PANE_COLUMN(t0)
  ret

# pane_set: the pane begins at row a0, column a1, has a2 rows and a3 columns.
pane_set:
  la t0, pane
  sw zero, PANE_LINE(t0)
  sw zero, PANE_COLUMN(t0)
  sw zero, PANE_INDENT(t0)
  sw zero, PANE_SCROLL(t0)
  sw zero, PANE_STYLE(t0)
  sw a0, PANE_TOP(t0)
  sw a1, PANE_LEFT(t0)
  sw a2, PANE_ROWS(t0)
  sw a3, PANE_WIDTH(t0)
  la t0, pane_emit
  store t0, emitter, t1
  ret

# style: the characters that follow look like that, in a pane.
.macro style number
  la t0, pane
  li t1, \number
  sw t1, PANE_STYLE(t0)
.endm

# Straight out: as plain text.
out_emit:
  li t0, '\n'
  bne a0, t0, put_byte
  la t0, output_end
  ld t1, 0(t0)
  li t2, '\r'
  sb t2, 0(t1)
  sb a0, 1(t1)
  addi t1, t1, 2
  sd t1, 0(t0)
  ret

# emit_text: the text at a0. What is no printable ASCII becomes a dot: no tree tells the terminal what to do.
emit_text:
  addi sp, sp, -16
  sd ra, 0(sp)
  sd s0, 8(sp)
  mv s0, a0
1:
  lbu a0, 0(s0)
  beqz a0, 3f
  addi s0, s0, 1
  addi t0, a0, -0x20
  li t1, 0x7f - 0x20
  bltu t0, t1, 2f
  li a0, '.'
2:
  call emit
  j 1b
3:
  ld s0, 8(sp)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# emit_hex: a0 as 0x and as few digits as are needed.
emit_hex:
  enter
  mv s0, a0
  li a0, '0'
  call emit
  li a0, 'x'
  call emit
  li s1, 60
1:                               # leading zeros
  srl t0, s0, s1
  bnez t0, 2f
  beqz s1, 2f
  addi s1, s1, -4
  j 1b
2:
  srl a0, s0, s1
  call emit_digit
  addi s1, s1, -4
  bgez s1, 2b
  leave

# emit_byte: a0 as two digits.
emit_byte:
  addi sp, sp, -16
  sd ra, 0(sp)
  sd s0, 8(sp)
  mv s0, a0
  srli a0, a0, 4
  call emit_digit
  mv a0, s0
  call emit_digit
  ld s0, 8(sp)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

emit_digit:
  andi a0, a0, 15
  addi a0, a0, '0'
  li t0, '9'
  bleu a0, t0, emit
  addi a0, a0, 'a' - '0' - 10
  j emit

# emit_decimal: a0 in decimal.
emit_decimal:
  enter
  addi sp, sp, -32
  addi s0, sp, 31
  sb zero, 0(s0)
  li t0, 10
1:
  remu t1, a0, t0
  divu a0, a0, t0
  addi t1, t1, '0'
  addi s0, s0, -1
  sb t1, 0(s0)
  bnez a0, 1b
  mv a0, s0
  call emit_text
  addi sp, sp, 32
  leave

# emit_path: the path of node a0.
emit_path:
  enter
  la s0, path
  li s1, 0
1:                               # from the node up to the root, whose own name is not part of it
  call node_at
  lw t1, NODE_PARENT(a0)
  bltz t1, 2f
  ld t2, NODE_NAME(a0)
  slli t3, s1, 3
  add t3, t3, s0
  sd t2, 0(t3)
  addi s1, s1, 1
  mv a0, t1
  j 1b
2:
  bnez s1, 3f
  li a0, '/'
  call emit
  j 4f
3:
  li a0, '/'
  call emit
  addi s1, s1, -1
  slli t0, s1, 3
  add t0, t0, s0
  ld a0, 0(t0)
  call emit_text
  bnez s1, 3b
4:
  leave

.bss
.balign 8
emitter: .space 8
path: .space 8 * 64              # names, DEPTH_MOST of them
pane: .space 40
cells: .space 4 * COLUMNS * ROWS # character, style << 16
