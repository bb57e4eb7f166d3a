# What the test guests share: the first serial port and the test device of the virt machine, whose addresses are
# QEMU's (hw/riscv/virt.c). Include it first.
.equ UART, 0x10000000
.equ UART_LSR, 5
.equ LSR_DATA_READY, 1
.equ LSR_THR_EMPTY, 0x20
.equ TEST_DEVICE, 0x100000
.equ FINISHER_PASS, 0x5555
.equ FINISHER_FAIL, 0x3333
.equ FINISHER_RESET, 0x7777

# With -bios none the machine starts at RAM's first byte, whatever the ELF entry says.
.text
    j _start

# Writes a0's low byte. Changes t5, t6.
putChar:
    li t6, UART
1:  lbu t5, UART_LSR(t6)
    andi t5, t5, LSR_THR_EMPTY
    beqz t5, 1b
    sb a0, 0(t6)
    ret

# Writes the string at a1 up to its NUL. Changes a0, a1, t4, t5, t6.
putString:
    mv t4, ra
1:  lbu a0, 0(a1)
    beqz a0, 2f
    jal putChar
    addi a1, a1, 1
    j 1b
2:  mv ra, t4
    ret

# Writes a2 as 16 hexadecimal digits. Changes a0, a2, a3, t3, t4, t5, t6.
putHex:
    mv t4, ra
    li a3, 16
1:  srli a0, a2, 60
    slli a2, a2, 4
    li t3, 10
    blt a0, t3, 2f
    addi a0, a0, 39
2:  addi a0, a0, 48
    jal putChar
    addi a3, a3, -1
    bnez a3, 1b
    mv ra, t4
    ret

# Waits for a byte from the serial port, returned in a0. Changes t5, t6.
getChar:
    li t6, UART
1:  lbu t5, UART_LSR(t6)
    andi t5, t5, LSR_DATA_READY
    beqz t5, 1b
    lbu a0, 0(t6)
    ret

# Ends the machine with the value in a0 written to the test device.
finish:
    li t6, TEST_DEVICE
    sw a0, 0(t6)
1:  j 1b
