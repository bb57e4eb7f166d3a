.text

# Source 10 of the PLIC is the UART; its receive interrupt is all that is enabled.
plic_init:
  li t0, PLIC_UART_PRIORITY
  li t1, 1
  sw t1, 0(t0)
  li t0, PLIC_ENABLE
  li t1, 1 << PLIC_UART_SOURCE
  sw t1, 0(t0)
  li t0, PLIC_THRESHOLD
  sw zero, 0(t0)
  ret
