# System management mode of a processor without long mode: the save area of 32 bits, RSM, a new SMBASE, SMI and NMI that wait in the handler.
# QEMU takes an SMI a few instructions late, so EIP is not logged.
  .include "common.inc"
  .include "flat.inc"
  .set APIC, 0xfee00000
  .set SAVED, 0x3fe00
  .set SHARED, 0x70000
  .code16
real_main:
  FLAT_ENTER
  FLAT_GDT 256
  .quad 0x0040930300001fff   # 18 data at 0x30000, limit 0x1fff
  .quad 0x0000890710000067   # 20 TSS at 0x71000
  .quad 0x000082072000000f   # 28 LDT at 0x72000
gdt_end:
  .code32
onnmi:
  LOGI 0xee000002
  iret
  .macro SMI
  movl $0x40200,APIC+0x300
  jmp 1f
1: nop
  jmp 1f
1: nop
  .endm
  .macro DUMP at, count
  mov $\at,%esi
  mov $\count,%ecx
9: lodsl
  call log32
  loop 9b
  .endm
pm:
  FLAT_DATA
  movw $onnmi-0x10000,0x50010
  movw $8,0x50012
  movw $0x8e00,0x50014
  movw $1,0x50016
  mov $0x20,%eax
  ltr %ax
  mov $0x28,%eax
  lldt %ax
  mov $0x18,%eax
  mov %eax,%fs
  xor %eax,%eax
  mov %eax,%gs
  movl $0x1ff,APIC+0xf0
  mov $smm,%esi
  mov $0x38000,%edi
  mov $smm_end-smm,%ecx
  rep movsb
  mov $smm,%esi
  mov $0x48000,%edi
  mov $smm_end-smm,%ecx
  rep movsb
  mov $SHARED,%edi
  mov $64,%ecx
  xor %eax,%eax
  rep stosl
  mov $0x11111111,%eax
  mov $0x22222222,%ecx
  mov $0x33333333,%edx
  mov $0x44444444,%ebx
  mov $0x55555555,%ebp
  mov $0x66666666,%esi
  mov $0x77777777,%edi
  SMI
  LOGR %eax
  LOGR %ebx
  LOGR %ecx
  LOGR %edi
  # what the handler saw
  DUMP SHARED, 16
  # SMBASE, revision; CR4; segment bases, limits and rights; tables
  DUMP SAVED+0xf8, 2
  DUMP SAVED+0x114, 1
  DUMP SAVED+0x12c, 9
  DUMP SAVED+0x154, 2
  # of TR not the type, whose busy bit QEMU does not cache
  DUMP SAVED+0x160, 2
  DUMP SAVED+0x170, 2
  DUMP SAVED+0x178, 3
  DUMP SAVED+0x184, 9
  # selectors, LDTR, TR, DR7, DR6, registers, then EFLAGS, CR3, CR0
  DUMP SAVED+0x1a8, 18
  DUMP SAVED+0x1f4, 3
  # with paging, from the new SMBASE
  mov $0x73000,%edi
  mov $0x83,%eax
  mov $1024,%ecx
2: stosl
  add $0x400000,%eax
  loop 2b
  mov $0x10,%eax
  mov %eax,%cr4
  mov $0x73000,%eax
  mov %eax,%cr3
  mov %cr0,%eax
  or $0x80000000,%eax
  mov %eax,%cr0
  SMI
  LOGR SHARED
  LOGR SHARED+8
  LOGR 0x4fffc
  LOGR 0x4fff8
  LOGR 0x4ff14
  mov %cr0,%eax
  LOGR %eax
  mov %cr4,%eax
  LOGR %eax
  # the handler sends itself an SMI and an NMI: both wait for RSM
  movl $1,SHARED+0x40
  SMI
  nop
  nop
  LOGR SHARED
  LOGR SHARED+0x44
  jmp finish32
  .code16
smm:
  movl $SHARED,%ebx
  incl (%ebx)
  mov %cs,%ax
  mov %ax,4(%ebx)
  mov %cr0,%eax
  mov %eax,8(%ebx)
  pushfl
  popl 12(%ebx)
  mov %cr4,%eax
  mov %eax,16(%ebx)
  mov %ds,20(%ebx)
  mov %ss,24(%ebx)
  mov %dr7,%eax
  mov %eax,28(%ebx)
  cmpl $1,(%ebx)
  jne 1f
  # the first time: other registers, and a new SMBASE
  movl $0xabcd0001,%cs:0xffd0
  movl $0xabcd0002,%cs:0xffdc
  movl $0xabcd0003,%cs:0xffd4
  movl $0xabcd0004,%cs:0xffec
  movl $0x40000,%cs:0xfef8
  rsm
1: cmpl $1,0x40(%ebx)
  jne 2f
  movl $2,0x40(%ebx)
  movl $APIC+0x300,%ecx
  movl $0x40200,(%ecx)
  movl $0x40400,(%ecx)
  nop
  nop
  mov (%ebx),%eax
  mov %eax,0x44(%ebx)
2: rsm
smm_end:
