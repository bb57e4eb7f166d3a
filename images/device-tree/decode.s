# What a value means. The blob does not say: there are bytes, and the name beside them. First what the name tells, then what it looks like: texts, numbers of 32
# bits ("cells"), bytes.

.text

# decode: the value of a property of node a0: named a1, at a2, a3 bytes.
decode:
  enter
  mv s0, a0
  mv s1, a1
  mv s2, a2
  mv s3, a3
  la s4, meanings
1:
  ld a1, 0(s4)
  beqz a1, 2f
  mv a0, s1
  call text_equal
  ld t0, 8(s4)
  addi s4, s4, 16
  beqz a0, 1b
  mv a0, s0
  mv a1, s2
  mv a2, s3
  jalr t0                        # a0: whether it could be understood so
  bnez a0, 3f
2:
  mv a0, s2
  mv a1, s3
  call decode_plain
3:
  leave

# decode_plain: the a1 bytes at a0 by what they look like. This is also valid source text.
decode_plain:
  enter
  mv s0, a0
  add s1, a0, a1
  mv s2, a1
  call looks_like_text
  bnez a0, 5f
  andi t0, s2, 3
  bnez t0, 3f
  style STYLE_NUMBER
  li a0, '<'
1:
  call emit
  big a0, 0, s0
  call emit_hex
  addi s0, s0, 4
  li a0, ' '
  bltu s0, s1, 1b
  li a0, '>'
  call emit
  leave
3:
  style STYLE_NUMBER
  li a0, '['
4:
  call emit
  lbu a0, 0(s0)
  call emit_byte
  addi s0, s0, 1
  li a0, ' '
  bltu s0, s1, 4b
  li a0, ']'
  call emit
  leave
5:
  style STYLE_TEXT
  li a0, '"'
  call emit
  mv a0, s0
  call emit_text
6:
  lbu t0, 0(s0)
  addi s0, s0, 1
  bnez t0, 6b
  li a0, '"'
  call emit
  bgeu s0, s1, 7f
  li a0, ','
  call emit
  li a0, ' '
  call emit
  j 5b
7:
  leave

# looks_like_text: a0 = whether the a1 bytes at a0 are texts with a zero behind each, none of them empty, and nothing that source text would write otherwise.
looks_like_text:
  add t0, a0, a1
  beqz a1, 3f
  lbu t1, -1(t0)
  bnez t1, 3f
  addi t2, a1, -1
  beqz t2, 4f                    # one zero: an empty text
  li t2, 1                       # a text begins
1:
  lbu t1, 0(a0)
  addi a0, a0, 1
  bnez t1, 2f
  bnez t2, 3f
  li t2, 1
  bltu a0, t0, 1b
4:
  li a0, 1
  ret
2:
  li t2, 0
  addi t3, t1, -0x20
  li t4, 0x7f - 0x20
  bgeu t3, t4, 3f
  li t4, '"'
  beq t1, t4, 3f
  li t4, '\\'
  bne t1, t4, 1b
3:
  li a0, 0
  ret

# The meanings: a0 node, a1 value, a2 bytes; a0 = whether it was understood.

understood:
  li a0, 1
  leave
not_understood:
  li a0, 0
  leave

# enter_cells: opens a function that takes nothing but cells: from s0 up to s1.
.macro enter_cells
  enter
  mv s0, a1
  add s1, a1, a2
  beqz a2, not_understood
  andi t0, a2, 3
  bnez t0, not_understood
.endm

# next_line: goes to `again` for what is left, on a line of its own.
.macro next_line again
  bgeu s0, s1, understood
  li a0, '\n'
  call emit
  j \again
.endm

# reg: pairs of address and size, each of as many cells as the parent says.
decode_reg:
  enter
  mv s0, a1
  add s1, a1, a2
  call node_at
  lw a0, NODE_PARENT(a0)
  bltz a0, not_understood
  call node_at
  lwu s2, NODE_ADDRESS_CELLS(a0)
  lwu s3, NODE_SIZE_CELLS(a0)
  li t0, 2
  bgtu s2, t0, not_understood
  bgtu s3, t0, not_understood
  beqz s2, not_understood
  add t0, s2, s3
  slli t0, t0, 2
  beqz a2, not_understood
  remu t1, a2, t0
  bnez t1, not_understood
1:
  style STYLE_NUMBER
  mv a0, s2
  call take_cells
  call emit_hex
  beqz s3, 2f
  style STYLE_DIM
  la a0, text_size
  call emit_text
  style STYLE_NUMBER
  mv a0, s3
  call take_cells
  mv s4, a0
  call emit_hex
  style STYLE_DIM
  la a0, text_is
  call emit_text
  mv a0, s4
  call emit_amount
2:
  next_line 1b

# take_cells: a0 = the number in the next a0 cells at s0, one or two.
take_cells:
  big t1, 0, s0
  addi s0, s0, 4
  addi a0, a0, -1
  beqz a0, 1f
  slli t1, t1, 32
  big t2, 0, s0
  addi s0, s0, 4
  or t1, t1, t2
1:
  mv a0, t1
  ret

# emit_amount: a0 bytes in the largest unit that leaves a whole number.
emit_amount:
  enter
  la s1, units
1:
  beqz a0, 2f
  andi t0, a0, 0x3ff
  bnez t0, 2f
  lbu t0, 1(s1)
  beqz t0, 2f
  srli a0, a0, 10
  addi s1, s1, 1
  j 1b
2:
  call emit_decimal
  li a0, ' '
  call emit
  lbu a0, 0(s1)
  li t0, 'B'
  beq a0, t0, 3f
  call emit
  li a0, 'i'
  call emit
  li a0, 'B'
3:
  call emit
  leave

# One phandle, or a list of them: the nodes that are meant.
decode_phandles:
  enter_cells
1:
  big a0, 0, s0
  call emit_reference
  addi s0, s0, 4
  next_line 1b

# interrupts-extended: a controller, and as many cells as it wants.
decode_interrupts:
  enter_cells
1:
  big a0, 0, s0
  mv s2, a0
  call emit_reference
  addi s0, s0, 4
  mv a0, s2
  call node_by_phandle
  li s3, 1
  bltz a0, 2f
  call node_at
  lwu s3, NODE_INTERRUPT_CELLS(a0)
2:
  beqz s3, 4f
  bgeu s0, s1, understood
  style STYLE_PATH
  li a0, ' '
  call emit
  style STYLE_NUMBER
  big a0, 0, s0
  call emit_decimal
  addi s0, s0, 4
  addi s3, s3, -1
  j 2b
4:
  next_line 1b

# emit_reference: the phandle a0 as the path of its node, or as a number if no node has it.
emit_reference:
  enter
  mv s0, a0
  call node_by_phandle
  bltz a0, 1f
  mv s1, a0
  style STYLE_PATH
  mv a0, s1
  call emit_path
  leave
1:
  style STYLE_BAD
  la a0, text_nobody
  call emit_text
  mv a0, s0
  call emit_hex
  leave

# Frequencies: in MHz where they are whole.
decode_frequency:
  enter
  li t0, 4
  bne a2, t0, not_understood
  big s0, 0, a1
  style STYLE_NUMBER
  mv a0, s0
  call emit_decimal
  style STYLE_DIM
  la a0, text_hertz
  call emit_text
  li t0, 1000000
  remu t1, s0, t0
  bnez t1, understood
  la a0, text_is
  call emit_text
  li t0, 1000000
  divu a0, s0, t0
  call emit_decimal
  la a0, text_megahertz
  call emit_text
  j understood

# Numbers that people count with.
decode_count:
  enter
  li t0, 4
  bne a2, t0, not_understood
  style STYLE_NUMBER
  big a0, 0, a1
  call emit_decimal
  j understood

.section .rodata
.balign 8
meanings:
  .dword text_reg, decode_reg, text_interrupt_parent, decode_phandles, text_interrupts_extended, decode_interrupts
  .dword text_cpu, decode_phandles, text_regmap, decode_phandles, text_clocks, decode_phandles
  .dword text_clock_frequency, decode_frequency, text_timebase, decode_frequency
  .dword text_address_cells, decode_count, text_size_cells, decode_count, text_interrupt_cells, decode_count, text_phandle, decode_count
  .dword text_ndev, decode_count, 0
text_reg: .asciz "reg"
text_interrupt_parent: .asciz "interrupt-parent"
text_interrupts_extended: .asciz "interrupts-extended"
text_cpu: .asciz "cpu"
text_regmap: .asciz "regmap"
text_clocks: .asciz "clocks"
text_clock_frequency: .asciz "clock-frequency"
text_timebase: .asciz "timebase-frequency"
text_ndev: .asciz "riscv,ndev"
text_size: .asciz " size "
text_is: .asciz " = "
text_hertz: .asciz " Hz"
text_megahertz: .asciz " MHz"
text_nobody: .asciz "nobody's phandle "
units: .asciz "BKMGT"
