# The end of a program by a trap that it did not expect: a readable line, and power off. The program defines `program_name`, a text, and `screen_close`, which
# gives the terminal back.

.text
trap_unexpected:
  csrci mstatus, MSTATUS_MIE
  la t0, trap_again              # a trap in the report itself only powers off
  csrw mtvec, t0
  la sp, stack_top
  call drop_output
  call screen_close
  la a0, program_name
  call put_text
  la a0, text_trap
  call put_text
  csrr a0, mcause
  call put_hex
  csrr t0, mcause
  li t1, 15
  bgtu t0, t1, 1f
  la t1, trap_names
  slli t0, t0, 3
  add t1, t1, t0
  ld a0, 0(t1)
  call put_text
1:
  la a0, text_mepc
  call put_text
  csrr a0, mepc
  call put_hex
  la a0, text_mtval
  call put_text
  csrr a0, mtval
  call put_hex
  la a0, text_newline
  call put_text
  call flush
.balign 4
trap_again:
  li t0, POWER
  li t1, POWER_FAILED
  sw t1, 0(t0)
  j park

.section .rodata
text_trap: .asciz ": unexpected trap: mcause="
text_mepc: .asciz " mepc="
text_mtval: .asciz " mtval="
text_newline: .asciz "\r\n"
name_0: .asciz " (instruction address misaligned)"
name_1: .asciz " (instruction access fault)"
name_2: .asciz " (illegal instruction)"
name_3: .asciz " (breakpoint)"
name_4: .asciz " (load address misaligned)"
name_5: .asciz " (load access fault)"
name_6: .asciz " (store address misaligned)"
name_7: .asciz " (store access fault)"
name_8: .asciz " (environment call from U-mode)"
name_9: .asciz " (environment call from S-mode)"
name_reserved: .asciz " (reserved)"
name_11: .asciz " (environment call from M-mode)"
name_12: .asciz " (instruction page fault)"
name_13: .asciz " (load page fault)"
name_15: .asciz " (store page fault)"
.balign 8
trap_names:
  .dword name_0, name_1, name_2, name_3, name_4, name_5, name_6, name_7
  .dword name_8, name_9, name_reserved, name_11, name_12, name_13, name_reserved, name_15
