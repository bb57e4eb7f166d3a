# Output. A frame is collected in a buffer and sent in bursts of the UART's FIFO depth: when the THR is empty, so is the
# whole transmit FIFO.

.equ OUTPUT_SIZE, 131072         # more than a frame in which every cell changes

.text
uart_init:
  li t0, UART
  sb zero, UART_IER(t0)
  li t1, 0x03                    # 8 data bits, no parity, 1 stop bit
  sb t1, UART_LCR(t0)
  li t1, 0x07                    # FIFOs on and empty, receive interrupt at one byte
  sb t1, UART_FCR(t0)
  li t1, 0x08                    # OUT2: lets the interrupt through, on a PC
  sb t1, UART_MCR(t0)
  li t1, 0x01                    # receive interrupt
  sb t1, UART_IER(t0)
drop_output:
  la t0, output
  store t0, output_end, t1
  ret

# Appends the byte a0. Uses only t0, t1.
put_byte:
  la t0, output_end
  ld t1, 0(t0)
  sb a0, 0(t1)
  addi t1, t1, 1
  sd t1, 0(t0)
  ret

# Appends the text at a0 up to its zero.
put_text:
  la t0, output_end
  ld t1, 0(t0)
1:
  lbu t2, 0(a0)
  beqz t2, 2f
  sb t2, 0(t1)
  addi a0, a0, 1
  addi t1, t1, 1
  j 1b
2:
  sd t1, 0(t0)
  ret

# Appends the number a0 in decimal.
put_decimal:
  la t0, output_end
  ld t1, 0(t0)
  la t2, digits_end
  li t4, 10
1:
  remu t3, a0, t4
  divu a0, a0, t4
  addi t3, t3, '0'
  addi t2, t2, -1
  sb t3, 0(t2)
  bnez a0, 1b
  la t4, digits_end
2:
  lbu t3, 0(t2)
  sb t3, 0(t1)
  addi t1, t1, 1
  addi t2, t2, 1
  bltu t2, t4, 2b
  sd t1, 0(t0)
  ret

# Appends the number a0 as 0x and 16 hexadecimal digits.
put_hex:
  la t0, output_end
  ld t1, 0(t0)
  li t2, '0'
  sb t2, 0(t1)
  li t2, 'x'
  sb t2, 1(t1)
  addi t1, t1, 2
  li t3, 60
1:
  srl t2, a0, t3
  andi t2, t2, 15
  addi t2, t2, '0'
  li t4, '9'
  bleu t2, t4, 2f
  addi t2, t2, 'a' - '0' - 10
2:
  sb t2, 0(t1)
  addi t1, t1, 1
  addi t3, t3, -4
  bgez t3, 1b
  sd t1, 0(t0)
  ret

# Appends the character a0 (below 0x10000) in UTF-8.
put_character:
  la t0, output_end
  ld t1, 0(t0)
  li t2, 0x80
  bltu a0, t2, 1f
  li t2, 0x800
  bltu a0, t2, 2f
  srli t2, a0, 12
  ori t2, t2, 0xe0
  sb t2, 0(t1)
  srli t2, a0, 6
  andi t2, t2, 0x3f
  ori t2, t2, 0x80
  sb t2, 1(t1)
  addi t1, t1, 2
  j 3f
2:
  srli t2, a0, 6
  ori t2, t2, 0xc0
  sb t2, 0(t1)
  addi t1, t1, 1
3:
  andi t2, a0, 0x3f
  ori a0, t2, 0x80
1:
  sb a0, 0(t1)
  addi t1, t1, 1
  sd t1, 0(t0)
  ret

# Sends what was collected.
flush:
  la t0, output
  load t1, output_end
  li t2, UART
1:
  bgeu t0, t1, 3f
2:
  lbu t3, UART_LSR(t2)
  andi t3, t3, LSR_THR_EMPTY
  beqz t3, 2b
  li t4, UART_FIFO_DEPTH
4:
  lbu t3, 0(t0)
  sb t3, UART_DATA(t2)
  addi t0, t0, 1
  addi t4, t4, -1
  bgeu t0, t1, 3f
  bnez t4, 4b
  j 1b
3:
  la t0, output
  store t0, output_end, t1
  ret

.bss
.balign 8
output_end: .space 8             # where the next byte goes
digits: .space 24
digits_end:
output: .space OUTPUT_SIZE
