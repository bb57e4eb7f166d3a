# The display: a bochs-display, found on PCI bus 0 through the configuration space in memory (PCI Express, ECAM). There is no firmware that would have given it
# addresses, so that is done here. Registers: QEMU, docs/specs/standard-vga.rst.

.equ ECAM, 0x30000000
.equ ECAM_SLOT, 1 << 15          # from one device to the next, function 0
.equ PCI_SLOTS, 32
.equ PCI_COMMAND, 0x04
.equ PCI_COMMAND_MEMORY, 2
.equ PCI_BAR0, 0x10
.equ PCI_BAR2, 0x18
.equ DISPLAY_ID, 0x11111234      # device 1111, vendor 1234

.equ PIXELS, 0x40000000          # BAR 0: 16 MiB of video memory
.equ DISPLAY, 0x41000000         # BAR 2
.equ DISPI, DISPLAY + 0x500      # 16-bit registers
.equ DISPI_XRES, 2
.equ DISPI_YRES, 4
.equ DISPI_BPP, 6
.equ DISPI_ENABLE, 8
.equ DISPI_Y_OFFSET, 18
.equ DISPI_ON, 0x41              # enabled, linear frame buffer

.equ LINE_BYTES, 4 * WIDTH
.equ PAGE_BYTES, LINE_BYTES * HEIGHT

.text
display_find:
  li t0, ECAM
  li t1, PCI_SLOTS
  li t2, DISPLAY_ID
  li t4, ECAM_SLOT
1:
  lwu t3, 0(t0)
  beq t3, t2, 2f
  add t0, t0, t4
  addi t1, t1, -1
  bnez t1, 1b
  la a0, text_no_display
  j fail
2:
  li t1, PIXELS
  sw t1, PCI_BAR0(t0)
  li t1, DISPLAY
  sw t1, PCI_BAR2(t0)
  li t1, PCI_COMMAND_MEMORY
  sh t1, PCI_COMMAND(t0)
  li t0, DISPI
  li t1, WIDTH
  sh t1, DISPI_XRES(t0)
  li t1, HEIGHT
  sh t1, DISPI_YRES(t0)
  li t1, 32
  sh t1, DISPI_BPP(t0)
  li t1, DISPI_ON
  sh t1, DISPI_ENABLE(t0)
  li t0, PIXELS + PAGE_BYTES
  store t0, page, t1
  ret

# Shows the page that was drawn; the other one is drawn next. Nobody ever sees half a picture.
display_flip:
  load t0, page
  li t1, PIXELS
  sub t2, t0, t1                 # 0, or the bytes of a page
  li t3, PIXELS + PAGE_BYTES
  sub t3, t3, t2
  store t3, page, t4
  snez t2, t2
  li t3, HEIGHT
  mul t2, t2, t3
  li t0, DISPI
  sh t2, DISPI_Y_OFFSET(t0)
  ret

.section .rodata
text_no_display: .asciz "There is no display: start the machine with -device bochs-display.\r\n"

.bss
.balign 8
page: .space 8                   # where the next frame is drawn
