# The A20 gate of port 0x92: with it shut, addresses from 1 MiB to 2 MiB are those from 0 to 1 MiB, for data and for code that ran before, in
# real and in protected mode. Prints what it finds on COM1.
  .include "common.inc"
  .set COM1, 0x3f8
  .set ROUNDS, 3000
  .code16
  # prints the word in AX
print:
  push %cx
  push %dx
  mov %ax,%bx
  mov $COM1,%dx
  mov $4,%cx
1: rol $4,%bx
  mov %bl,%al
  and $15,%al
  cmp $10,%al
  jb 2f
  add $('a'-'0'-10),%al
2: add $'0',%al
  out %al,%dx
  loop 1b
  mov $' ',%al
  out %al,%dx
  pop %dx
  pop %cx
  ret
  .macro PRINT value
  mov \value,%ax
  call print
  .endm
  .macro GATE open
  mov $\open*2,%al
  out %al,$0x92
  .endm
gdtr: .word gdt_end-gdt-1
  .long gdt
  .balign 16
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff   # 08 code
  .quad 0x00cf93000000ffff   # 10 data
  .quad 0x00009b010000ffff   # 18 16-bit code
  .quad 0x000093000000ffff   # 20 16-bit data
gdt_end:
real_main:
  mov $0xffff,%ax
  mov %ax,%es
  xor %ax,%ax
  mov %ax,%gs
  # data
  GATE 1
  movw $0x1111,%gs:0x500
  movw $0x2222,%es:0x510
  PRINT %gs:0x500
  PRINT %es:0x510
  GATE 0
  PRINT %es:0x510
  movw $0x3333,%es:0x510
  movw $0x4444,%gs:0x502
  PRINT %es:0x512
  GATE 1
  PRINT %gs:0x500
  PRINT %es:0x510
  PRINT %es:0x512
  # code: two routines a MiB apart
  # nop; incw disp8(%bx); lret
  movb $0x90,%gs:0x600
  movw $0x47ff,%gs:0x601
  movw $0xcb00,%gs:0x603
  movb $0x90,%es:0x610
  movw $0x47ff,%es:0x611
  movw $0xcb02,%es:0x613
  push %ds
  push %gs
  pop %ds
  movl $0,0x700
  mov $ROUNDS,%cx
3: mov $0x700,%bx
  GATE 1
  lcall $0xffff,$0x610
  lcall $0,$0x600
  GATE 0
  lcall $0xffff,$0x610
  lcall $0xffff,$0x610
  loop 3b
  pop %ds
  PRINT %gs:0x700
  PRINT %gs:0x702
  # protected mode
  GATE 1
  movw $0x5555,%gs:0x500
  movw $0x6666,%es:0x510
  cli
  lgdtl gdtr-image
  mov %cr0,%eax
  or $1,%al
  mov %eax,%cr0
  ljmpl $8,$pm
  .code32
pm:
  mov $0x10,%eax
  mov %eax,%ds
  xor %esi,%esi
  xor %edi,%edi
  mov $ROUNDS,%ecx
4: mov $2,%al
  out %al,$0x92
  movzwl 0x100500,%eax
  add %eax,%esi
  mov $0,%al
  out %al,$0x92
  movzwl 0x100500,%eax
  add %eax,%edi
  incw 0x100504
  loop 4b
  mov $2,%al
  out %al,$0x92
  mov %esi,0x710
  mov %edi,0x714
  mov $0x20,%eax
  mov %eax,%ds
  ljmp $0x18,$(back-image)
  .code16
back:
  mov %cr0,%eax
  and $0xfe,%al
  mov %eax,%cr0
  ljmp $ENTRY16_SEG,$(5f-image)
5: xor %ax,%ax
  mov %ax,%gs
  PRINT %gs:0x710
  PRINT %gs:0x712
  PRINT %gs:0x714
  PRINT %gs:0x716
  PRINT %gs:0x504
  mov $COM1,%dx
  mov $'.',%al
  out %al,%dx
  mov $'\n',%al
  out %al,%dx
6: hlt
  jmp 6b
