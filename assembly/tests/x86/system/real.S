# Real mode: addresses, the stack, exceptions and interrupts, far transfers, segment aliases of code that changes, big real mode.
  .include "common.inc"
  .include "cases16.inc"
  .code16
  .macro AT ivt, to
  push %ds
  pushw $0
  pop %ds
  movw $(\to-image),\ivt*4
  movw $ENTRY16_SEG,\ivt*4+2
  pop %ds
  .endm
gdtr: .word gdt_end-gdt-1
  .long gdt
real_idtr: .word 0x3ff
  .long 0
  .balign 16
gdt:
  .quad 0
  .quad 0x00009b010000ffff   # 08 16-bit code at 0x10000
  .quad 0x00cf93000000ffff   # 10 flat data
  .quad 0x000093010000ffff   # 18 data at 0x10000
gdt_end:
pointer: .word 0x1234, 0x5678, 0x9abc
bounds: .word 10, 20
save: .long 0, 0
  # logs its return address and flags, and returns
service:
  mov %sp,%bp
  LOGW (%bp)
  LOGW 2(%bp)
  LOGW 4(%bp)
  pushf
  pop %ax
  LOGW %ax
  iret
steps: .word 0
step:
  incw %cs:steps-image
  iret
far16:
  mov %sp,%bp
  LOGW (%bp)
  LOGW 2(%bp)
  lret
far16_release:
  mov %sp,%bp
  LOGW (%bp)
  lret $4
far32:
  mov %sp,%bp
  LOG16 (%bp)
  LOG16 4(%bp)
  lretl
  # what it pushes depends on the segment that it runs in
where:
  call 1f
1: pop %ax
  add %ax,%cx
  lret
real_main:
  call setup16
  # addresses of 16 bits wrap within their segment
  mov $0x4000,%ax
  mov %ax,%es
  movl $0x11223344,%es:0x20
  movb $0x99,%es:0xffff
  mov $0xfff0,%bx
  mov $0x30,%si
  LOG16 "%es:(%bx,%si)"
  mov $0xffe0,%bp
  mov $0x20,%di
  xor %ax,%ax
  mov %ax,%ss
  LOG16 "(%bp,%di)"
  LOGW "%es:(%bx,%si)"
  mov $0xff,%al
  mov $0xff00,%bx
  xlat %es:(%bx)
  LOG16 %eax
  # strings wrap too
  push %ds
  mov $0x4000,%ax
  mov %ax,%ds
  mov $0xfffe,%si
  mov $0x100,%di
  mov $4,%cx
  movw $0x7788,0xfffe
  rep movsb
  LOG16 0x100
  LOGW %si
  std
  mov $1,%si
  mov $0x203,%di
  mov $4,%cx
  rep movsb
  cld
  LOG16 0x200
  LOGW %si
  mov $0x8000,%edi
  mov $3,%ecx
  mov $0xa5a5a5a5,%eax
  addr32 rep stosl
  LOG16 %edi
  LOG16 0x8008
  pop %ds
  # FFFF:0010 is 1 MiB, with the gate open
  mov $0xffff,%ax
  mov %ax,%es
  movl $0xcafe1234,%es:0x510
  movl $0x55aa55aa,%ss:0x500
  LOG16 %es:0x510
  # the stack
  mov $STACK16,%sp
  push %sp
  pop %ax
  LOGW %ax
  pushl %esp
  pop %ax
  LOGW %ax
  pop %ax
  mov $0x3000,%ax
  mov %ax,%ss
  mov $2,%sp
  push %ax
  mov %sp,%ax
  LOGW %ax
  pushw $0x1357
  mov %sp,%ax
  LOGW %ax
  LOGW %ss:0xfffe
  mov $0x12348000,%esp
  pusha
  LOG16 %esp
  popa
  mov $0x12340000,%esp
  pushl $7
  LOG16 %esp
  mov $0x7000,%sp
  mov $0x6ff0,%bp
  movw $0x1111,%ss:0x6fee
  movw $0x2222,%ss:0x6fec
  enter $8,$3
  LOGW %bp
  LOG16 %esp
  LOG16 %ss:0x6ffa
  leave
  LOGW %bp
  LOGW %sp
  xor %esp,%esp
  xor %ax,%ax
  mov %ax,%ss
  mov $STACK16,%sp
  # far pointers
  les pointer-image,%di
  LOGW %es
  LOGW %di
  lfs pointer-image,%edi
  LOGW %fs
  LOG16 %edi
  mov $0x6000,%ax
  mov %ax,%fs
  lcall $ENTRY16_SEG,$(far16-image)
  lcall $ENTRY16_SEG-0x10,$(far16-image+0x100)
  pushw $1
  pushw $2
  lcall $ENTRY16_SEG,$(far16_release-image)
  LOGW %sp
  lcalll $ENTRY16_SEG,$(far32-image)
  LOGW %sp
  # a segment's alias has the same bytes at another IP
  xor %cx,%cx
  mov $300,%dx
1: lcall $ENTRY16_SEG,$(where-image)
  lcall $ENTRY16_SEG-1,$(where-image+0x10)
  lcall $ENTRY16_SEG-0x80,$(where-image+0x800)
  dec %dx
  jnz 1b
  LOGW %cx
  # code that is changed through another segment, while it runs hot
  mov $0xfff,%ax
  mov %ax,%es
  xor %cx,%cx
  mov $300,%dx
2: incw %es:patch-image+0x11
  jmp patch
patch:
  mov $0x0100,%ax
  add %ax,%cx
  dec %dx
  jnz 2b
  LOGW %cx
  # software interrupts and exceptions
  AT 0x21,service
  pushf
  pop %ax
  or $0x600,%ax
  push %ax
  popf
  int $0x21
  pushf
  pop %ax
  cld
  cli
  LOGW %ax
  CASE16 int3
  CASE16 ud2
  xor %cx,%cx
  CASE16 div %cl
  mov $0x100,%ax
  mov $1,%cl
  CASE16 div %cl
  CASE16 aam $0
  mov $0x7f,%al
  add $1,%al
  CASE16 into
  xor %ax,%ax
  CASE16 into
  mov $9,%ax
  CASE16 bound %ax,bounds-image
  mov $20,%ax
  CASE16 bound %ax,bounds-image
  mov $0x8000,%ax
  CASE16 bound %ax,bounds-image
  # what exists in protected mode only
  CASE16 .byte 0x63,0xc0
  CASE16 lar %ax,%ax
  CASE16 lsl %ax,%ax
  CASE16 lldt %ax
  CASE16 ltr %ax
  CASE16 str %ax
  CASE16 sldt %ax
  CASE16 verr %ax
  CASE16 sysenter
  CASE16 rsm
  CASE16 .byte 0xf0,0x90
  CASE16 .byte 0x8e,0xc8
  CASE16 mov %cr1,%eax
  # flags
  xor %ax,%ax
  pushw $0x7002
  popf
  pushf
  pop %ax
  LOGW %ax
  pushl $0x3f7002
  popfl
  pushfl
  popl %eax
  LOG16 %eax
  pushl $2
  popfl
  pushfl
  popl %eax
  LOG16 %eax
  stc
  .byte 0xd6                # SALC
  LOGW %ax
  # tables: operands of 16 bits have bases of 24
  sidt save-image
  LOG16 save-image
  LOGW save-image+4
  mov %cr0,%eax
  and $0x7fffffff,%eax
  LOGW %ax
  smsw %ax
  LOGW %ax
  # loops count CX or ECX
  mov $0x10003,%ecx
  xor %ax,%ax
3: inc %ax
  loop 3b
  LOG16 %ecx
  LOGW %ax
  mov $0x10000,%ecx
  xor %ax,%ax
  jcxz 4f
  inc %ax
4: jecxz 5f
  inc %ax
5: LOGW %ax
  # single step, over a repeated instruction and a load of SS as well
  AT 1,step
  pushw $0x102
  popf
  nop
  mov $3,%cx
  mov $0x100,%di
  pushw $0x4000
  pop %es
  rep stosb
  xor %ax,%ax
  mov %ax,%ss
  nop
  pushw $2
  popf
  LOGW steps-image
  AT 1,(handlers16+8)
  # big real mode: FS keeps its limit, and its base until the next load
  mov $ENTRY16_SEG,%ax
  mov %ax,%ds
  lgdtl gdtr-image
  mov %cr0,%eax
  or $1,%al
  mov %eax,%cr0
  jmp 6f
6: mov $0x10,%bx
  mov %bx,%fs
  mov %bx,%gs
  and $0xfe,%al
  mov %eax,%cr0
  jmp 7f
7: mov $0x100600,%ebx
  movl $0x600d600d,%fs:(%ebx)
  LOG16 %gs:(%ebx)
  mov $0x100,%ax
  mov %ax,%gs
  LOG16 %gs:-0x1000(%ebx)
  mov $200,%dx
  xor %eax,%eax
  xor %ecx,%ecx
8: movl %ecx,%fs:(%ebx,%ecx,4)
  inc %ecx
  add %fs:-4(%ebx,%ecx,4),%eax
  dec %dx
  jnz 8b
  LOG16 %eax
  # protected mode with 16-bit segments, and back
  mov %cr0,%eax
  or $1,%al
  mov %eax,%cr0
  ljmp $8,$(9f-image)
9: mov $0x18,%ax
  mov %ax,%ds
  mov $0x10,%ax
  mov %ax,%ss
  mov $STACK16,%sp
  mov pointer-image,%cx
  push %cx
  mov %cr0,%eax
  and $0xfe,%al
  mov %eax,%cr0
  ljmp $ENTRY16_SEG,$(1f-image)
1: xor %ax,%ax
  mov %ax,%ss
  pop %cx
  LOGW %cx
  LOGW %sp
  mov $0x7000,%ax
  mov %ax,%es
  mov $ENTRY16_SEG,%ax
  mov %ax,%ds
  movw $(handlers16-image+24),%es:0x80
  movw %ax,%es:0x82
  # a table of interrupts elsewhere, and one that is too short
  lidtl real_idtr2-image
  CASE16 int $0x20
  lidtl real_idtr3-image
  CASE16 int $0x21
  lidtl real_idtr-image
  jmp finish16
real_idtr2: .word 0x3ff
  .long 0x70000
real_idtr3: .word 0x20*4+3
  .long 0
