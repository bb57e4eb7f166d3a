# From the blob to a table of nodes, in the blob's own order: each node is followed by its descendants.

.equ MAGIC, 0xd00dfeed
.equ HEADER_BYTES, 40
.equ HEADER_TOTAL, 4
.equ HEADER_STRUCTURE, 8
.equ HEADER_STRINGS, 12
.equ HEADER_VERSION, 20
.equ HEADER_COMPATIBLE, 24
.equ FORMAT, 17                  # the version that this program knows
.equ FORMAT_OLDEST, 16
.equ BLOB_MOST, 16 << 20
.equ BEGIN_NODE, 1
.equ END_NODE, 2
.equ PROPERTY, 3
.equ NOTHING, 4
.equ END, 9

.equ NODES_MOST, 4096
.equ DEPTH_MOST, 64
.equ NODE_NAME, 0                # address
.equ NODE_PROPERTIES, 8          # address of what follows its name
.equ NODE_PARENT, 16             # number
.equ NODE_NEXT, 20               # number of the first node behind its descendants
.equ NODE_PHANDLE, 24
.equ NODE_ADDRESS_CELLS, 28      # for its children's `reg`
.equ NODE_SIZE_CELLS, 32
.equ NODE_INTERRUPT_CELLS, 36
.equ NODE_DEPTH, 40
.equ NODE_OPEN, 41
.equ NODE_SHIFT, 6               # log2 of its size
.equ NO_NODE, -1

.text

.macro big reg, offset, base     # a big-endian number of 32 bits at an address that 4 divides
  lwu \reg, \offset(\base)
  rev8 \reg, \reg
  srli \reg, \reg, 32
.endm

# blob_read: fills the table; `problem` is a text when something is wrong.
blob_read:
  enter
  la t0, blob_lost
  store t0, recovery, t1
  store sp, recovery_sp, t1
  li s3, NO_NODE                 # the node that is open
  li s4, 0                       # nodes so far
  load s0, blob
  la a0, text_misaligned
  andi t0, s0, 7
  bnez t0, blob_bad
  la a0, text_no_magic
  big t0, 0, s0
  li t1, MAGIC
  bne t0, t1, blob_bad
  la a0, text_version
  big t0, HEADER_VERSION, s0
  li t1, FORMAT_OLDEST
  bltu t0, t1, blob_bad
  big t0, HEADER_COMPATIBLE, s0
  li t1, FORMAT
  bgtu t0, t1, blob_bad
  la a0, text_sizes
  big s1, HEADER_TOTAL, s0
  li t0, HEADER_BYTES
  bltu s1, t0, blob_bad
  li t0, BLOB_MOST
  bgtu s1, t0, blob_bad
  big t0, HEADER_STRINGS, s0
  bgtu t0, s1, blob_bad
  add t0, t0, s0
  store t0, strings, t1
  big s2, HEADER_STRUCTURE, s0
  bgtu s2, s1, blob_bad
  andi t0, s2, 3
  bnez t0, blob_bad
  add s2, s2, s0                 # where reading is
  add s1, s1, s0                 # where the blob ends
  store s1, blob_end, t0
  lbu t0, -1(s1)                 # the end exists

blob_word:
  mv s10, s2
  la a0, text_cut
  addi t0, s2, 4
  bgtu t0, s1, blob_bad
  big s5, 0, s2
  mv s2, t0
  li t0, NOTHING
  beq s5, t0, blob_word
  li t0, BEGIN_NODE
  beq s5, t0, blob_node
  li t0, PROPERTY
  beq s5, t0, blob_property
  li t0, END_NODE
  beq s5, t0, blob_up
  la a0, text_word
  li t0, END
  bne s5, t0, blob_bad
  la a0, text_unbalanced
  li t0, NO_NODE
  bne s3, t0, blob_bad
  la a0, text_empty
  beqz s4, blob_bad
  j blob_done

blob_node:
  la a0, text_roots
  li t0, NO_NODE
  bne s3, t0, 1f
  bnez s4, blob_bad
1:
  la a0, text_many
  li t0, NODES_MOST
  bgeu s4, t0, blob_bad
  mv a0, s4
  call node_at
  mv s6, a0
  sd s2, NODE_NAME(s6)
  sw s3, NODE_PARENT(s6)
  li t1, 2                       # what holds where nothing is said (2.3.5)
  sw t1, NODE_ADDRESS_CELLS(s6)
  li t1, 1
  sw t1, NODE_SIZE_CELLS(s6)
  sw t1, NODE_INTERRUPT_CELLS(s6)
  li t2, 0
  bltz s3, 2f
  mv a0, s3
  call node_at
  lbu t2, NODE_DEPTH(a0)
  addi t2, t2, 1
2:
  la a0, text_deep
  li t0, DEPTH_MOST
  bgeu t2, t0, blob_bad
  sb t2, NODE_DEPTH(s6)
  mv a0, s2
  call string_end
  mv t0, a0
  la a0, text_cut
  beqz t0, blob_bad
  addi t0, t0, 4                 # behind the zero, to the next word
  andi s2, t0, -4
  sd s2, NODE_PROPERTIES(s6)
  mv s3, s4
  addi s4, s4, 1
  sw s4, NODE_NEXT(s6)
  j blob_word

blob_property:
  la a0, text_cut
  addi t0, s2, 8
  bgtu t0, s1, blob_bad
  la a0, text_stray
  bltz s3, blob_bad
  addi t1, s3, 1                 # its node has no children yet
  bne t1, s4, blob_bad
  big s7, 0, s2                  # length of the value
  big s8, 4, s2
  mv s2, t0
  la a0, text_cut
  sub t0, s1, s2
  bgtu s7, t0, blob_bad
  la a0, text_name
  load t0, strings
  add s8, s8, t0
  bgeu s8, s1, blob_bad
  mv a0, s8
  call string_end
  mv t0, a0
  la a0, text_name
  beqz t0, blob_bad
  li t0, 4                       # the numbers that other values need to be understood
  bne s7, t0, 2f
  la s9, remembered
1:
  ld a1, 0(s9)
  beqz a1, 2f
  mv a0, s8
  call text_equal
  ld t0, 8(s9)
  addi s9, s9, 16
  beqz a0, 1b
  mv a0, s3
  mv s5, t0
  call node_at
  add a0, a0, s5
  big t0, 0, s2
  sw t0, 0(a0)
2:
  addi s7, s7, 3
  andi s7, s7, -4
  add s2, s2, s7
  j blob_word

blob_up:
  la a0, text_unbalanced
  bltz s3, blob_bad
  mv a0, s3
  call node_at
  sw s4, NODE_NEXT(a0)
  lw s3, NODE_PARENT(a0)
  j blob_word

blob_lost:                       # a load failed: its registers are what they were
  load sp, recovery_sp
  la a0, text_lost
blob_bad:
  store a0, problem, t0
1:
  bltz s3, blob_done             # what is open ends here
  mv a0, s3
  call node_at
  sw s4, NODE_NEXT(a0)
  lw s3, NODE_PARENT(a0)
  j 1b
blob_done:
  store s10, good_end, t0
  store s4, nodes, t0
  store zero, recovery, t0
  beqz s4, 2f
  li a0, 0
  call node_at
  li t0, 1
  sb t0, NODE_OPEN(a0)
2:
  leave

# node_at: a0 = the record of node a0. Only t0.
node_at:
  slli a0, a0, NODE_SHIFT
  la t0, node_table
  add a0, a0, t0
  ret

# string_end: a0 = where the zero of the text at a0 is; 0: the blob has none.
string_end:
  load t0, blob_end
1:
  bgeu a0, t0, 2f
  lbu t1, 0(a0)
  beqz t1, 3f
  addi a0, a0, 1
  j 1b
2:
  li a0, 0
3:
  ret

# text_equal: a0 = whether the texts at a0 and a1 are the same.
text_equal:
  lbu t0, 0(a0)
  lbu t1, 0(a1)
  bne t0, t1, 2f
  addi a0, a0, 1
  addi a1, a1, 1
  bnez t0, text_equal
  li a0, 1
  ret
2:
  li a0, 0
  ret

# property_next: from the place a0 of a node's properties: a0 = the place behind the next property (0: there is none), a1 = its name, a2 = its value, a3 = bytes of it.
# All of it has been checked: nothing is read from where the blob went wrong.
property_next:
  load t2, good_end
1:
  bgeu a0, t2, 2f
  big t1, 0, a0
  addi a0, a0, 4
  li t0, NOTHING
  beq t1, t0, 1b
  li t0, PROPERTY
  bne t1, t0, 2f
  big a3, 0, a0
  big a1, 4, a0
  load t0, strings
  add a1, a1, t0
  addi a2, a0, 8
  addi t0, a3, 3
  andi t0, t0, -4
  add a0, a2, t0
  ret
2:
  li a0, 0
  ret

# node_by_phandle: a0 = the number of the node with phandle a0, or NO_NODE. 0 is nobody's.
node_by_phandle:
  beqz a0, 2f
  la t0, node_table
  li t1, 0
  load t2, nodes
1:
  bgeu t1, t2, 2f
  lwu t3, NODE_PHANDLE(t0)
  beq t3, a0, 3f
  addi t0, t0, 1 << NODE_SHIFT
  addi t1, t1, 1
  j 1b
2:
  li t1, NO_NODE
3:
  mv a0, t1
  ret

.section .rodata
.balign 8
remembered:
  .dword text_phandle, NODE_PHANDLE, text_address_cells, NODE_ADDRESS_CELLS, text_size_cells, NODE_SIZE_CELLS
  .dword text_interrupt_cells, NODE_INTERRUPT_CELLS, 0
text_phandle: .asciz "phandle"
text_address_cells: .asciz "#address-cells"
text_size_cells: .asciz "#size-cells"
text_interrupt_cells: .asciz "#interrupt-cells"
text_misaligned: .asciz "its address is no multiple of 8"
text_no_magic: .asciz "there is none: it does not begin with d00dfeed"
text_lost: .asciz "it leads to where there is no memory"
text_version: .asciz "its format is not version 17"
text_sizes: .asciz "the header's sizes cannot be true"
text_cut: .asciz "it ends in the middle of something"
text_word: .asciz "a word that begins nothing"
text_unbalanced: .asciz "nodes that begin and do not end, or the other way round"
text_empty: .asciz "it has no node"
text_roots: .asciz "a second root"
text_many: .asciz "more than 4096 nodes"
text_deep: .asciz "nodes in nodes, more than 64 deep"
text_stray: .asciz "a property outside of a node, or behind a node's children"
text_name: .asciz "a property without a name"

.bss
.balign 8
blob: .space 8
blob_end: .space 8
good_end: .space 8               # where the structure ends, or goes wrong
strings: .space 8
nodes: .space 8                  # how many
problem: .space 8                # a text, or 0
recovery_sp: .space 8
node_table: .space NODES_MOST << NODE_SHIFT
