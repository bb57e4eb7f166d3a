# A browser for the device tree that QEMU's `virt` machine hands to whatever it starts, without firmware and without an operating system. Start it with
# `-bios none -kernel device-tree.elf -nographic`: register a1 has the tree's address then, as it has for a Linux kernel.
#
#   device-tree.s  start, loop of keys             decode.s  what a property's value means
#   blob.s         reads and checks the blob       view.s    the two panes
#   emit.s         characters, to a pane or out    search.s  search, and the tree as source text
#
# Specification: Devicetree Specification 0.4, chapter 5 ("Flattened Devicetree (DTB) Format"). All numbers in the blob are big-endian.
# The blob is believed nothing: whatever is wrong with it, the tree is shown up to there, with a line that says what is wrong.

.include "../bare-metal/board.s"
.include "../bare-metal/start.s"

.text
main:                            # a1: where the tree is
  store a1, blob, t0
  call plic_init
  li t0, MIE_MEIE                # never taken, since interrupts stay off: WFI wakes for one that is pending
  csrw mie, t0
  call blob_read
  la a0, text_open
  call put_text

key_loop:
  call view_draw
  call flush
  call key_wait
  store zero, notice, t0
  la t0, actions
1:
  ld t1, 0(t0)
  beqz t1, key_loop              # a key without meaning
  addi t0, t0, 16
  bne t1, a0, 1b
  ld t1, -8(t0)
  jalr t1
  j key_loop

# A trap: where the blob leads to memory that is not there, reading goes on at `recovery`; any other is the end.
.balign 4
trap:
  load t0, recovery
  beqz t0, trap_unexpected
  csrr t1, mcause
  li t2, 5                       # load access fault
  bne t1, t2, trap_unexpected
  csrw mepc, t0
  mret

screen_close:
  la a0, text_close
  j put_text

power_off:
  call screen_close
  la a0, text_bye
  li a1, POWER_PASS
  j finish

.equ KEY_UP, 0x80                # beyond ASCII: the last letter of the sequence less 'A', the number before a tilde more 0x90
.equ KEY_DOWN, 0x81
.equ KEY_RIGHT, 0x82
.equ KEY_LEFT, 0x83
.equ KEY_END, 0x85
.equ KEY_HOME, 0x87
.equ KEY_PAGE_UP, 0x95
.equ KEY_PAGE_DOWN, 0x96

# byte_wait: a0 = the next byte of the terminal. The hart sleeps until there is one.
byte_wait:
  li t0, UART
1:
  lbu t1, UART_LSR(t0)
  andi t1, t1, LSR_DATA_READY
  bnez t1, 2f
  wfi
  li t2, PLIC_CLAIM
  lw t1, 0(t2)
  beqz t1, 1b
  sw t1, 0(t2)
  j 1b
2:
  lbu a0, UART_DATA(t0)
  ret

# key_wait: a0 = the next key. An arrow comes as ESC [ and a letter, or ESC O and a letter, others as ESC [, a digit and a tilde.
key_wait:
  enter
  call byte_wait
  li t0, KEY_ESCAPE
  bne a0, t0, 9f
  call byte_wait
  li t0, '['
  beq a0, t0, 1f
  li t0, 'O'
  bne a0, t0, 9f
1:
  call byte_wait
  li t0, 'A'
  bgeu a0, t0, 3f
  addi s0, a0, -'0' + 0x90
2:
  call byte_wait
  li t0, '@'                     # what ends a sequence
  bltu a0, t0, 2b
  mv a0, s0
  j 9f
3:
  addi a0, a0, 0x80 - 'A'
9:
  leave

.include "../bare-metal/uart.s"
.include "../bare-metal/fault.s"
.include "../bare-metal/plic.s"
.include "blob.s"
.include "emit.s"
.include "decode.s"
.include "view.s"
.include "search.s"

.section .rodata
.balign 8
actions:
  .dword KEY_UP, go_up, 'k', go_up, KEY_DOWN, go_down, 'j', go_down
  .dword KEY_RIGHT, go_in, 'l', go_in, KEY_LEFT, go_out, 'h', go_out, '\r', go_toggle, '\n', go_toggle, ' ', go_toggle
  .dword KEY_HOME, go_first, 'g', go_first, KEY_END, go_last, 'G', go_last
  .dword KEY_PAGE_UP, scroll_up, 'u', scroll_up, KEY_PAGE_DOWN, scroll_down, 'v', scroll_down
  .dword '*', open_all, '-', close_all, '/', search_ask, 'n', search_next, 's', source_show, 'q', power_off, 0
program_name: .asciz "device-tree"
text_open: .asciz "\x1b[?1049h\x1b[?25l\x1b[2J"
text_close: .asciz "\x1b[0m\x1b[?25h\x1b[?1049l"
text_bye: .asciz "The tree stays where it was.\r\n"

.bss
.balign 8
recovery: .space 8               # where a load that faults goes on; 0: it must not
bss_end:
