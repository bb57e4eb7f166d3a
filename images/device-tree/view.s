# The screen: the tree on the left, the chosen node's properties on the right.

.equ TREE_WIDTH, 33
.equ SIDE, TREE_WIDTH + 2        # where the right pane begins
.equ PANE_HEIGHT, ROWS - 2
.equ DEPTH_SHOWN, 10             # deeper nodes are not moved further to the right

.text
view_draw:
  enter
  la t0, cells
  la t1, cells + 4 * COLUMNS * ROWS
  li t2, ' '
1:
  sw t2, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 1b
  call title_draw
  call visible_find
  call tree_draw
  call side_draw
  call bottom_draw
  call cells_send
  leave

# fill_row: row a0 all spaces of style a1.
fill_row:
  li t0, 4 * COLUMNS
  mul t0, t0, a0
  la t1, cells
  add t0, t0, t1
  slli t1, a1, 16
  ori t1, t1, ' '
  li t2, COLUMNS
1:
  sw t1, 0(t0)
  addi t0, t0, 4
  addi t2, t2, -1
  bnez t2, 1b
  ret

title_draw:
  enter
  li a0, 0
  li a1, STYLE_TITLE
  call fill_row
  li a0, 0
  li a1, 1
  li a2, 1
  li a3, COLUMNS - 2
  call pane_set
  style STYLE_TITLE
  la a0, text_title
  call emit_text
  load a0, blob
  call emit_hex
  load t0, nodes
  beqz t0, 1f
  la a0, text_of
  call emit_text
  load a0, nodes
  call emit_decimal
  la a0, text_nodes
  call emit_text
  load a0, blob_end
  load t0, blob
  sub a0, a0, t0
  call emit_decimal
  la a0, text_bytes
  call emit_text
1:
  leave

# The numbers of the nodes that are to be seen: those whose ancestors are all open. `chosen_row` is where the chosen one is.
visible_find:
  enter
  la s0, visible
  li s1, 0                       # node
  li s2, 0                       # row
  load s3, nodes
  load s4, chosen
1:
  bgeu s1, s3, 3f
  sh s1, 0(s0)
  addi s0, s0, 2
  bne s1, s4, 2f
  store s2, chosen_row, t0
2:
  addi s2, s2, 1
  mv a0, s1
  call node_at
  addi s1, s1, 1
  lbu t0, NODE_OPEN(a0)
  bnez t0, 1b
  lwu s1, NODE_NEXT(a0)
  j 1b
3:
  store s2, rows, t0
  # The chosen row is in the pane.
  load t0, chosen_row
  load t1, first_row
  bgeu t0, t1, 4f
  mv t1, t0
4:
  addi t2, t0, 1 - PANE_HEIGHT
  ble t2, t1, 5f
  mv t1, t2
5:
  store t1, first_row, t2
  leave

tree_draw:
  enter
  li s0, 0                       # row of the pane
1:
  addi a0, s0, 1
  li a1, 0
  li a2, 1
  li a3, TREE_WIDTH
  call pane_set
  load t0, first_row
  add s1, t0, s0
  load t0, rows
  bgeu s1, t0, 9f
  slli t0, s1, 1
  la t1, visible
  add t0, t0, t1
  lhu s2, 0(t0)
  mv a0, s2
  call node_at
  mv s3, a0
  load t0, chosen
  li s4, STYLE_CHOSEN
  beq t0, s2, 3f
  addi t0, s2, 1
  lwu t1, NODE_NEXT(s3)
  li s4, STYLE_LEAF
  beq t0, t1, 3f
  li s4, STYLE_BRANCH
3:
  la t0, pane
  sw s4, PANE_STYLE(t0)
  lbu s5, NODE_DEPTH(s3)
  li t0, DEPTH_SHOWN
  minu s5, s5, t0
  slli s5, s5, 1
4:
  li a0, ' '
  call emit
  addi s5, s5, -1
  bgez s5, 4b
  addi t0, s2, 1
  lwu t1, NODE_NEXT(s3)
  li a0, 0xb7                    # a middle dot: nothing below
  beq t0, t1, 5f
  lbu t0, NODE_OPEN(s3)
  li a0, 0x25be                  # a triangle that points down
  bnez t0, 5f
  li a0, 0x25b8
5:
  call emit
  li a0, ' '
  call emit
  ld a0, NODE_NAME(s3)
  lbu t0, 0(a0)
  bnez t0, 6f
  la a0, text_root
6:
  call emit_text                 # what does not fit goes to a second line, which this pane has not
  li t0, STYLE_CHOSEN
  bne s4, t0, 8f
7:                               # the bar goes on to the edge
  la t0, pane
  lwu t1, PANE_LINE(t0)
  bnez t1, 8f
  lwu t1, PANE_COLUMN(t0)
  li t2, TREE_WIDTH
  bgeu t1, t2, 8f
  li a0, ' '
  call emit
  j 7b
8:
  addi s0, s0, 1
  li t0, PANE_HEIGHT
  bltu s0, t0, 1b
9:
  li a0, 1                       # the line between
  li a1, TREE_WIDTH
  li a2, PANE_HEIGHT
  li a3, 1
  call pane_set
  style STYLE_DIM
  li s0, PANE_HEIGHT
2:
  li a0, 0x2502
  call emit
  addi s0, s0, -1
  bnez s0, 2b
  leave

side_draw:
  enter
  load t0, nodes
  beqz t0, 9f
  li a0, 1
  li a1, SIDE
  li a2, PANE_HEIGHT
  li a3, COLUMNS - SIDE
  call pane_set
  la t0, pane
  load t1, side_scroll
  sw t1, PANE_SCROLL(t0)
  style STYLE_PATH
  load a0, chosen
  call emit_path
  li a0, '\n'
  call emit
  load a0, chosen
  call node_at
  ld s0, NODE_PROPERTIES(a0)
1:
  mv a0, s0
  call property_next
  beqz a0, 3f
  mv s0, a0
  mv s1, a1
  mv s2, a2
  mv s3, a3
  li a0, '\n'
  la t0, pane
  sw zero, PANE_INDENT(t0)
  call emit
  style STYLE_NAME
  mv a0, s1
  call emit_text
  beqz s3, 1b                    # a property that only is there or not
  la t0, pane
  li t1, 2
  sw t1, PANE_INDENT(t0)
  # Behind its name, if that leaves room for it; else on lines of its own.
  lwu t1, PANE_COLUMN(t0)
  addi t1, t1, 2
  li t2, 20
  li a0, ' '
  bltu t1, t2, 2f
  li a0, '\n'
2:
  call emit
  load a0, chosen
  mv a1, s1
  mv a2, s2
  mv a3, s3
  call decode
  j 1b
3:
  la t0, pane
  lwu t1, PANE_LINE(t0)
  addi t1, t1, 1
  store t1, side_lines, t0
9:
  leave

# The last row: what is wrong with the tree, what there is to say, or the keys.
bottom_draw:
  enter
  li a0, ROWS - 1
  li a1, 1
  li a2, 1
  li a3, COLUMNS - 2
  call pane_set
  load s0, notice
  beqz s0, 1f
  style STYLE_KEY
  mv a0, s0
  call emit_text
  load t0, asking
  beqz t0, 9f
  la a0, wanted
  call emit_text
  li a0, '_'
  call emit
  j 9f
1:
  load s0, problem
  beqz s0, 2f
  style STYLE_BAD
  la a0, text_problem
  call emit_text
  mv a0, s0
  call emit_text
  j 9f
2:
  la s0, help
3:                               # keys and words in turn
  lbu t0, 0(s0)
  beqz t0, 9f
  style STYLE_KEY
  mv a0, s0
  call emit_help
  style STYLE_DIM
  call emit_help
  mv s0, a0
  j 3b
9:
  leave

# emit_help: the text at a0, in which ^ and _ stand for arrows; a0 = what is behind it.
emit_help:
  addi sp, sp, -16
  sd ra, 0(sp)
  sd s0, 8(sp)
  mv s0, a0
1:
  lbu a0, 0(s0)
  addi s0, s0, 1
  beqz a0, 3f
  li t0, '^'
  bne a0, t0, 2f
  li a0, 0x2191
2:
  li t0, '_'
  bne a0, t0, 4f
  li a0, 0x2193
4:
  call emit
  j 1b
3:
  mv a0, s0
  ld s0, 8(sp)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

# The cells go out whole: a key at a time is all that happens.
cells_send:
  enter
  la s0, cells
  li s1, 0
  li s3, -1                      # style that the terminal has
1:
  li a0, 0x1b
  call put_byte
  li a0, '['
  call put_byte
  addi a0, s1, 1
  call put_decimal
  la a0, text_home
  call put_text
  li s2, COLUMNS
2:
  lwu s4, 0(s0)
  srli s5, s4, 16
  beq s5, s3, 3f
  mv s3, s5
  la t0, styles
  slli t1, s5, 3
  add t0, t0, t1
  ld a0, 0(t0)
  call put_text
3:
  slli a0, s4, 48
  srli a0, a0, 48
  call put_character
  addi s0, s0, 4
  addi s2, s2, -1
  bnez s2, 2b
  addi s1, s1, 1
  li t0, ROWS
  bltu s1, t0, 1b
  leave

# What the keys do with the chosen node.

go_up:
  li a0, -1
  j 1f
go_down:
  li a0, 1
1:
  load t0, chosen_row
  add t0, t0, a0
  load t1, rows
  bgeu t0, t1, 2f
choose_row:                      # t0
  slli t0, t0, 1
  la t1, visible
  add t0, t0, t1
  lhu a0, 0(t0)
choose:                          # a0
  store a0, chosen, t1
  store zero, side_scroll, t1
2:
  ret

go_first:
  load t0, nodes
  beqz t0, 2b
  li t0, 0
  j choose_row
go_last:
  load t0, rows
  beqz t0, 2b
  addi t0, t0, -1
  j choose_row

# Opens a node that is closed, goes to the first child of one that is open.
go_in:
  mv a6, ra
  load a0, chosen
  call node_at
  mv ra, a6
  lbu t0, NODE_OPEN(a0)
  bnez t0, go_down_into
  j 3f
go_down_into:
  load t0, chosen
  addi a0, t0, 1
  mv a6, ra
  mv a5, a0
  mv a0, t0
  call node_at
  mv ra, a6
  lwu t1, NODE_NEXT(a0)
  mv a0, a5
  bne a0, t1, choose
  ret
# Closes a node that is open, or goes to its parent.
go_out:
  mv a6, ra
  load a0, chosen
  call node_at
  mv ra, a6
  lbu t0, NODE_OPEN(a0)
  bnez t0, 3f
  lw a0, NODE_PARENT(a0)
  bgez a0, choose
  ret
go_toggle:
  mv a6, ra
  load a0, chosen
  call node_at
  mv ra, a6
3:                               # only what has children can be open
  load t0, chosen
  addi t0, t0, 1
  lwu t1, NODE_NEXT(a0)
  beq t0, t1, 4f
  lbu t0, NODE_OPEN(a0)
  xori t0, t0, 1
  sb t0, NODE_OPEN(a0)
4:
  ret

open_all:
  li a0, 1
  li t2, 0
  la t0, node_table
  j 5f
close_all:                       # all but the root
  store zero, chosen, t0
  li a0, 0
  li t2, 1
  la t0, node_table + (1 << NODE_SHIFT)
5:
  load t1, nodes
6:
  bgeu t2, t1, 4b
  addi t2, t2, 1
  lwu t3, NODE_NEXT(t0)
  sltu t3, t2, t3
  and t3, t3, a0
  sb t3, NODE_OPEN(t0)
  addi t0, t0, 1 << NODE_SHIFT
  j 6b

.equ SCROLL, PANE_HEIGHT - 4
scroll_up:
  load t0, side_scroll
  addi t0, t0, -SCROLL
  max t0, t0, zero
  store t0, side_scroll, t1
  ret
scroll_down:
  load t0, side_scroll
  addi t0, t0, SCROLL
  load t1, side_lines
  bgeu t0, t1, 4b
  store t0, side_scroll, t1
  ret

.section .rodata
.balign 8
styles:
  .dword style_plain, style_title, style_branch, style_leaf, style_chosen, style_dim, style_name, style_text, style_number, style_path, style_bad, style_key
style_plain: .asciz "\x1b[0m"
style_title: .asciz "\x1b[0;1;97;48;5;24m"
style_branch: .asciz "\x1b[0;1;96m"
style_leaf: .asciz "\x1b[0;37m"
style_chosen: .asciz "\x1b[0;38;5;16;48;5;222m"
style_dim: .asciz "\x1b[0;38;5;246m"
style_name: .asciz "\x1b[0;94m"
style_text: .asciz "\x1b[0;92m"
style_number: .asciz "\x1b[0;93m"
style_path: .asciz "\x1b[0;95m"
style_bad: .asciz "\x1b[0;1;91m"
style_key: .asciz "\x1b[0;1;97m"
text_home: .asciz ";1H"
text_title: .asciz "Device tree at "
text_of: .asciz ": "
text_nodes: .asciz " nodes in "
text_bytes: .asciz " bytes"
text_root: .asciz "/"
text_problem: .asciz "The device tree is not right: "
help:
  .asciz "^_", " move  ", "Enter", " open  ", "*", " all  ", "-", " none  ", "/", " search  ", "n", " next  ", "v", " more  ", "s", " source  ", "q", " off"
  .byte 0

.bss
.balign 8
chosen: .space 8                 # a node
chosen_row: .space 8
first_row: .space 8              # of those that are visible, the one at the top
rows: .space 8
side_scroll: .space 8
side_lines: .space 8
notice: .space 8                 # a text for the last row, until the next key
visible: .space 2 * NODES_MOST
