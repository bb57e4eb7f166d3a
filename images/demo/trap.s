# The trap vector. Interrupts: the timer asks for a frame, the UART's keys go into a ring. Anything else ends the program
# (../bare-metal/fault.s).

.equ KEY_RING, 64

.text
.balign 4
trap:
  addi sp, sp, -64
  sd t0, 0(sp)
  sd t1, 8(sp)
  sd t2, 16(sp)
  sd t3, 24(sp)
  sd t4, 32(sp)
  sd t5, 40(sp)
  sd t6, 48(sp)
  csrr t0, mcause
  bgez t0, trap_unexpected       # bit 63 is set for interrupts
  andi t0, t0, 0xff
  li t1, 7
  beq t0, t1, timer_interrupt
  li t1, 11
  beq t0, t1, external_interrupt
  j trap_unexpected
trap_return:
  ld t0, 0(sp)
  ld t1, 8(sp)
  ld t2, 16(sp)
  ld t3, 24(sp)
  ld t4, 32(sp)
  ld t5, 40(sp)
  ld t6, 48(sp)
  addi sp, sp, 64
  mret

# The next frame is due one period after the last was; after a long pause the missed ones are not made up for.
timer_interrupt:
  li t0, 1
  store t0, frame_due, t1
  li t0, MTIMECMP
  ld t1, 0(t0)
  li t2, TICKS_PER_FRAME
  add t1, t1, t2
  li t3, MTIME
  ld t4, 0(t3)
  bgtu t1, t4, 1f
  add t1, t4, t2
1:
  sd t1, 0(t0)
  j trap_return

external_interrupt:
  li t0, PLIC_CLAIM
  lw t1, 0(t0)
  beqz t1, trap_return           # nothing to claim any more
  li t2, UART
1:
  lbu t3, UART_LSR(t2)
  andi t3, t3, LSR_DATA_READY
  beqz t3, 2f
  lbu t3, UART_DATA(t2)
  load t4, key_head
  load t5, key_tail
  sub t5, t4, t5
  sltiu t5, t5, KEY_RING
  beqz t5, 1b                    # the ring is full: the key is lost
  andi t5, t4, KEY_RING - 1
  addi t4, t4, 1
  la t6, key_head
  sd t4, 0(t6)
  la t6, key_ring
  add t6, t6, t5
  sb t3, 0(t6)
  j 1b
2:
  sw t1, 0(t0)
  j trap_return

.bss
.balign 8
key_head: .space 8               # keys received; the ring's index is this modulo KEY_RING
key_tail: .space 8               # keys handled
key_ring: .space KEY_RING
