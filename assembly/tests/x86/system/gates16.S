# 16-bit protected mode: interrupt, trap and call gates of 16 bits within one privilege level and inwards, and 16-bit task segments, among
# themselves and with a 32-bit one.
  .include "common.inc"
  .set TSS, 0x70000
  .set TSS_A, 0
  .set TSS_B, 0x100
  .set TSS_C, 0x200
  .set IDT, 0x50000
  .code16
  # logs EAX at any privilege; keeps everything
plog:
  pushf
  push %ds
  pushl %ebx
  pushw $0x73
  pop %ds
  addr32 movl LOG,%ebx
  addr32 movl %eax,LOG+4(,%ebx,4)
  addr32 incl LOG
  popl %ebx
  pop %ds
  popf
  ret
  .macro PLOG value
  pushl %eax
  mov \value,%eax
  call plog
  popl %eax
  .endm
  .macro PLOGW value
  pushl %eax
  mov \value,%ax
  movzwl %ax,%eax
  call plog
  popl %eax
  .endm
  # logs a number and so many words from the stack
  .macro FRAME number, words
  push %bp
  mov %sp,%bp
  PLOG $0xf0000000+\number
  .set at, 2
  .rept \words
  PLOGW at(%bp)
  .set at, at+2
  .endr
  PLOGW %sp
  PLOGW %ss
  PLOGW %cs
  pushf
  pop %ax
  and $0x7700,%ax
  PLOGW %ax
  pop %bp
  .endm
on40:
  FRAME 0x40, 3
  iret
on41:
  FRAME 0x41, 3
  iret
on44:
  FRAME 0x44, 5
  iret
on45:
  # from privilege 3: the way back to 0
  FRAME 0x45, 5
  mov $0x20,%ax
  mov %ax,%ds
  jmp inner
ongp:
  FRAME 13, 6
  add $2,%sp
  push %bp
  mov %sp,%bp
  addw $2,2(%bp)
  pop %bp
  iret
onbad:
  PLOG $0xbad
  FRAME 0xbad, 5
  jmp done
gate_proc:
  FRAME 0x30, 6
  lret $4
real_main:
  lgdtl gdtr-image
  lidtl idtr-image
  mov %cr0,%eax
  or $1,%al
  mov %eax,%cr0
  ljmp $0x18,$(pm-image)
gdtr: .word gdt_end-gdt-1
  .long gdt
idtr: .word 0x50*8-1
  .long IDT
  .balign 16
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff   # 08 flat code
  .quad 0x00cf93000000ffff   # 10 flat data
  .quad 0x00009b010000ffff   # 18 16-bit code at 0x10000
  .quad 0x000093010000ffff   # 20 16-bit data at 0x10000
  .quad 0x0000930300001fff   # 28 16-bit stack at 0x30000, limit 0x1fff
  .word gate_proc-image, 0x18, 0xe402, 0   # 30 call gate of 16 bits, DPL 3, two words
  .quad 0x000081070000002b   # 38 16-bit TSS A
  .quad 0x000081070100002b   # 40 16-bit TSS B
  .quad 0x0000890702000067   # 48 32-bit TSS C
  .quad 0x0000fb010000ffff   # 50 16-bit code at 0x10000, DPL 3
  .quad 0x0000f3040000ffff   # 58 16-bit stack at 0x40000, DPL 3
  .word 0, 0x40, 0xe500, 0   # 60 task gate to B, DPL 3
  .quad 0x000093070000ffff   # 68 16-bit data at 0x70000
  .quad 0x00cff3000000ffff   # 70 flat data, DPL 3
  .quad 0x0000f3010000ffff   # 78 16-bit data at 0x10000, DPL 3
gdt_end:
  # logs what a task saved of itself: IP, FLAGS, registers, segments
  .macro TASK16 at
  mov $TSS+\at,%esi
  call dump16
  .endm
dump16:
  push %ds
  mov $0x73,%ax
  mov %ax,%ds
  addr32 movzwl (%esi),%eax
  call plog
  mov $14,%cx
  add $14,%esi
1: addr32 movzwl (%esi),%eax
  call plog
  add $2,%esi
  loop 1b
  pop %ds
  ret
pm:
  xor %edx,%edx
  mov $0x20,%ax
  mov %ax,%ds
  mov $0x28,%ax
  mov %ax,%ss
  mov $0x1f00,%sp
  mov $0x10,%ax
  mov %ax,%es
  mov $0x68,%ax
  mov %ax,%gs
  xor %eax,%eax
  mov $IDT,%edi
  mov $0x50*2,%ecx
  addr32 rep stosl
  mov $TSS,%edi
  mov $0x300/4,%ecx
  addr32 rep stosl
  mov $fill_end-fill,%cx
  mov $(fill-image),%esi
  mov $IDT,%edi
  call gates
  # TSS A: the stack of level 0; B and C are tasks
  movl $0x1800,%gs:TSS_A+2
  movw $0x28,%gs:TSS_A+4
  movw $0x1700,%gs:TSS_B+2
  movw $0x28,%gs:TSS_B+4
  movw $(task_b-image),%gs:TSS_B+0x0e
  movw $0x0002,%gs:TSS_B+0x10
  movl $0x22221111,%gs:TSS_B+0x12
  movl $0x44443333,%gs:TSS_B+0x16
  movl $0x66661000,%gs:TSS_B+0x1a
  movl $0x88887777,%gs:TSS_B+0x1e
  movw $0x20,%gs:TSS_B+0x22
  movw $0x18,%gs:TSS_B+0x24
  movw $0x28,%gs:TSS_B+0x26
  movw $0x20,%gs:TSS_B+0x28
  movl $(task_c-image),%gs:TSS_C+0x20
  movl $2,%gs:TSS_C+0x24
  movl $0xaaaa1111,%gs:TSS_C+0x28
  movl $0xbbbb2222,%gs:TSS_C+0x2c
  movl $0x1200,%gs:TSS_C+0x38
  movl $0xcccc3333,%gs:TSS_C+0x44
  movl $0x20,%gs:TSS_C+0x48
  movl $0x18,%gs:TSS_C+0x4c
  movl $0x28,%gs:TSS_C+0x50
  movl $0x20,%gs:TSS_C+0x54
  movl $0x73,%gs:TSS_C+0x58
  movl $0x10,%gs:TSS_C+0x5c
  mov $0x38,%ax
  ltr %ax
  str %ax
  PLOGW %ax
  # gates within level 0; an interrupt gate clears IF
  pushw $0x0202
  popf
  int $0x40
  int $0x41
  cli
  # to level 3
  pushw $0x5b
  pushw $0x8000
  pushw $0x53
  pushw $(outer-image)
  lret
outer:
  mov $0x7b,%ax
  mov %ax,%ds
  PLOGW %sp
  PLOGW %ss
  int $0x44
  pushw $0x1111
  pushw $0x2222
  lcall $0x33,$0
  PLOGW %sp
  mov $0x28,%bx
  .byte 0x8e, 0xdb           # mov %bx,%ds
  int $0x43
  PLOGW %sp
  TASK16 TSS_A
  int $0x45
inner:
  mov $0x68,%ax
  mov %ax,%gs
  # between tasks
  mov $0x12345678,%ebp
  mov $0x9abcdef0,%edi
  lcall $0x40,$0
  TASK16 TSS_A
  TASK16 TSS_B
  mov $0xfedc1234,%ebx
  lcall $0x48,$0
  PLOG %ebx
  TASK16 TSS_A
  # a 16-bit task segment has no FS and GS: they are null now
  PLOGW %gs
  mov $0x68,%ax
  mov %ax,%gs
  PLOG %gs:TSS_C+0x20
  PLOG %gs:TSS_C+0x24
  PLOG %gs:TSS_C+0x28
  PLOG %gs:TSS_C+0x34
  PLOG %gs:TSS_C+0x38
  PLOGW %gs:TSS_C
  lcall $0x60,$0
  str %ax
  PLOGW %ax
  mov %cr0,%eax
  and $0xf,%eax
  PLOG %eax
  clts
  mov $0x38,%ax
  lar %ax,%bx
  PLOGW %bx
  mov $0x40,%ax
  lar %ax,%bx
  PLOGW %bx
  mov $0x40,%ax
  lsl %ax,%bx
  PLOGW %bx
  # a jump leaves the old task available
  ljmp $0x40,$0
done:
  ljmpl $8,$finish32
task_b:
  push %bp
  FRAME 0xb, 1
  pop %bp
  PLOG %eax
  PLOG %ecx
  PLOG %edx
  PLOG %ebx
  PLOG %esp
  PLOG %ebp
  PLOG %esi
  PLOG %edi
  PLOGW %ds
  PLOGW %es
  PLOGW %fs
  PLOGW %gs
  str %bp
  PLOGW %bp
  pushf
  pop %ax
  PLOGW %ax
  mov $0x68,%cx
  mov %cx,%gs
  PLOGW %gs:TSS_B
  test $0x4000,%ax
  jz 2f
  iret
  jmp task_b
2: mov $0x38,%ax
  lar %ax,%bx
  PLOGW %bx
  jmp done
task_c:
  PLOG %eax
  PLOG %ecx
  PLOG %esp
  PLOG %edi
  PLOGW %fs
  str %bp
  PLOGW %bp
  pushfl
  popl %eax
  PLOG %eax
  iretl
  jmp task_c
  # copies gates: number, offset, selector, type
gates:
  addr32 movzwl (%esi),%ebx
  shl $3,%ebx
  addr32 movw 2(%esi),%ax
  addr32 movw %ax,%es:(%edi,%ebx)
  addr32 movw 4(%esi),%ax
  addr32 movw %ax,%es:2(%edi,%ebx)
  addr32 movw 6(%esi),%ax
  addr32 movw %ax,%es:4(%edi,%ebx)
  add $8,%esi
  sub $8,%cx
  jnz gates
  ret
  .balign 8
fill:
  .word 0x40, on40-image, 0x18, 0x8600
  .word 0x41, on41-image, 0x18, 0x8700
  .word 0x43, 0, 0x40, 0xe500
  .word 0x44, on44-image, 0x18, 0xe600
  .word 0x45, on45-image, 0x18, 0xe600
  .word 13, ongp-image, 0x18, 0x8600
  .word 6, onbad-image, 0x18, 0x8600
  .word 10, onbad-image, 0x18, 0x8600
  .word 11, onbad-image, 0x18, 0x8600
  .word 12, onbad-image, 0x18, 0x8600
fill_end:
