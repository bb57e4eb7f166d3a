# Search, and the tree as source text (DTS).

.equ WANTED_MOST, 40

.text

# Asks for a text in the last row; Enter searches, an empty text gives up.
search_ask:
  enter
  la s0, wanted
  sb zero, 0(s0)
  li t0, 1
  store t0, asking, t1
1:
  la t0, text_search
  store t0, notice, t1
  call view_draw
  call flush
  call key_wait
  li t0, '\r'
  beq a0, t0, 4f
  li t0, '\n'
  beq a0, t0, 4f
  li t0, 0x7f
  beq a0, t0, 2f
  li t0, 8
  beq a0, t0, 2f
  addi t0, a0, -0x20
  li t1, 0x7f - 0x20
  bgeu t0, t1, 1b
  la t0, wanted + WANTED_MOST
  bgeu s0, t0, 1b
  sb a0, 0(s0)
  addi s0, s0, 1
  sb zero, 0(s0)
  j 1b
2:
  la t0, wanted
  beq s0, t0, 1b
  addi s0, s0, -1
  sb zero, 0(s0)
  j 1b
4:
  store zero, asking, t0
  store zero, notice, t0
  la t0, wanted
  lbu t0, 0(t0)
  beqz t0, 5f
  call search_next
5:
  leave

# The next node, after the chosen one and then from the start, that has the text in its name, in a property's name or in a value. What hides it is opened.
search_next:
  enter
  load s1, nodes
  beqz s1, 9f
  load s2, chosen
  mv s3, s1                      # nodes to look at
1:
  addi s2, s2, 1
  bltu s2, s1, 2f
  li s2, 0
2:
  mv a0, s2
  call node_at
  mv s4, a0
  ld a0, NODE_NAME(s4)
  call length
  ld a0, NODE_NAME(s4)
  call contains
  bnez a0, 5f
  ld s5, NODE_PROPERTIES(s4)
3:
  mv a0, s5
  call property_next
  beqz a0, 4f
  mv s5, a0
  mv s6, a2
  mv s7, a3
  mv s8, a1
  mv a0, a1
  call length
  mv a0, s8
  call contains
  bnez a0, 5f
  mv a0, s6
  mv a1, s7
  call contains
  bnez a0, 5f
  j 3b
4:
  addi s3, s3, -1
  bnez s3, 1b
  la t0, text_not_found
  store t0, notice, t1
  j 9f
5:
  store s2, chosen, t0
  store zero, side_scroll, t0
6:
  lw a0, NODE_PARENT(s4)
  bltz a0, 9f
  call node_at
  mv s4, a0
  li t0, 1
  sb t0, NODE_OPEN(s4)
  j 6b
9:
  leave

# length: a1 = the bytes of the text at a0.
length:
  mv a1, a0
1:
  lbu t0, 0(a1)
  addi a1, a1, 1
  bnez t0, 1b
  sub a1, a1, a0
  addi a1, a1, -1
  ret

# contains: a0 = whether the a1 bytes at a0 have what is wanted.
contains:
  add t0, a0, a1
1:
  mv t1, a0
  la t2, wanted
2:
  lbu t3, 0(t2)
  beqz t3, 3f
  bgeu t1, t0, 4f
  lbu t4, 0(t1)
  addi t1, t1, 1
  addi t2, t2, 1
  beq t3, t4, 2b
  addi a0, a0, 1
  bltu a0, t0, 1b
4:
  li a0, 0
  ret
3:
  li a0, 1
  ret

# Prints the whole tree as source, as `dtc -I dtb -O dts` would, on the terminal's other screen, where it can be copied; any key leads back.
source_show:
  enter
  call screen_close
  la t0, out_emit
  store t0, emitter, t1
  la a0, text_version_line
  call put_text
  li s0, 0                       # node
  li s1, 0                       # depth of what comes
  load s2, nodes
1:
  bgeu s0, s2, 4f
  mv a0, s0
  call node_at
  mv s3, a0
  lbu s4, NODE_DEPTH(s3)
2:                               # nodes that end here
  bleu s1, s4, 3f
  addi s1, s1, -1
  mv a0, s1
  call tabs
  la a0, text_close_node
  call put_text
  j 2b
3:
  mv a0, s4
  call tabs
  ld a0, NODE_NAME(s3)
  lbu t0, 0(a0)
  bnez t0, 5f
  la a0, text_root
5:
  call emit_text
  la a0, text_open_node
  call put_text
  addi s1, s4, 1
  ld s5, NODE_PROPERTIES(s3)
6:
  mv a0, s5
  call property_next
  beqz a0, 8f
  mv s5, a0
  mv s6, a1
  mv s7, a2
  mv s8, a3
  mv a0, s1
  call tabs
  mv a0, s6
  call emit_text
  beqz s8, 7f
  la a0, text_equals
  call put_text
  mv a0, s7
  mv a1, s8
  call decode_plain
7:
  la a0, text_end_property
  call put_text
  call flush
  j 6b
8:
  addi s0, s0, 1
  j 1b
4:
  beqz s1, 9f
  addi s1, s1, -1
  mv a0, s1
  call tabs
  la a0, text_close_node
  call put_text
  j 4b
9:
  la a0, text_any_key
  call put_text
  call flush
  call key_wait
  la a0, text_open
  call put_text
  leave

# tabs: a0 of them.
tabs:
  mv t3, a0
  mv t4, ra
1:
  beqz t3, 2f
  li a0, '\t'
  call put_byte
  addi t3, t3, -1
  j 1b
2:
  jr t4

.section .rodata
text_search: .asciz "Search for: "
text_not_found: .asciz "Not found."
text_version_line: .asciz "/dts-v1/;\r\n\r\n"
text_open_node: .asciz " {\r\n"
text_close_node: .asciz "};\r\n"
text_equals: .asciz " = "
text_end_property: .asciz ";\r\n"
text_any_key: .asciz "\r\n// Press a key.\r\n"

.bss
.balign 8
asking: .space 8                 # whether `notice` is a question
wanted: .space WANTED_MOST + 1
