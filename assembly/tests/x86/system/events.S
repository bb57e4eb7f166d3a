# Interrupts that the local APIC sends to its own processor: shadows of STI and of loads of SS, HLT, priorities of single step and interrupts, NMI and
# its blocking, system management mode with RSM and a new SMBASE.
  .include "common.inc"
  .include "flat.inc"
  .set APIC, 0xfee00000
  .code16
real_main:
  # the handler of SMM at SMBASE + 0x8000 = 0x38000, before and after it moves
  xor %ax,%ax
  mov %ax,%es
  cli
  FLAT_ENTER
  FLAT_GDT 256
gdt_end:
  .code32
  .macro GATE n, handler
  mov $\handler,%eax
  mov %ax,0x50000+\n*8
  movw $8,0x50002+\n*8
  movw $0x8e00,0x50004+\n*8
  shr $16,%eax
  mov %ax,0x50006+\n*8
  .endm
  .macro IPI v
  movl $0x40000+\v,APIC+0x300
  .endm
  # logs what it is, EIP and the flags that it returns to
  .macro REPORT n, at
  push %eax
  mov $0xee000000+\n,%eax
  call log32
  mov \at+4(%esp),%eax
  sub $image,%eax
  call log32
  mov \at+12(%esp),%eax
  and $0x3e7700,%eax
  call log32
  pop %eax
  .endm
on40:
  REPORT 0x40,0
  movl $0,APIC+0xb0
  iret
on50:
  REPORT 0x50,0
  movl $0,APIC+0xb0
  iret
ondb:
  REPORT 1,0
  push %eax
  mov %db6,%eax
  call log32
  xor %eax,%eax
  mov %eax,%db6
  pop %eax
  iret
# QEMU lets a few instructions run before it takes NMI and SMI, so where they came is not logged.
onnmi:
  LOGI 0xee000002
  cmpl $1,nested
  jne 1f
  movl $2,nested
  # a second NMI waits for IRET
  movl $0x40400,APIC+0x300
  jmp 2f
2: nop
  LOGI 0x77
1: iret
nested: .long 0
onbad:
  LOGI 0xbad
  jmp finish32
pm:
  FLAT_DATA
  mov $0x50000,%edi
  mov $512,%ecx
  xor %eax,%eax
  rep stosl
  GATE 1,ondb
  GATE 2,onnmi
  GATE 13,onbad
  GATE 0x40,on40
  GATE 0x50,on50
  movl $0x1ff,APIC+0xf0
  mov APIC+0xf0,%eax
  LOGR %eax
  # the shadow of STI
  IPI 0x40
  xor %ebx,%ebx
  sti
  inc %ebx
  inc %ebx
  cli
  # no shadow if interrupts were enabled before
  IPI 0x40
  IPI 0x50
  sti
  nop
  nop
  nop
  cli
  # STI and CLI: nothing comes in between
  IPI 0x40
  sti
  cli
  nop
  LOGI 1
  sti
  nop
  cli
  # a load of SS, with interrupts enabled
  mov $0x10,%eax
  pushf
  pop %ecx
  or $0x200,%ecx
  IPI 0x40
  push %ecx
  popf
  nop
  cli
  LOGI 2
  # STI, then HLT: the interrupt returns behind it
  IPI 0x50
  sti
  hlt
  nop
  cli
  LOGI 3
  # task priority
  movl $0x50,APIC+0x80
  IPI 0x40
  IPI 0x50
  sti
  nop
  nop
  cli
  LOGI 4
  movl $0,APIC+0x80
  sti
  nop
  nop
  cli
  # single step and an interrupt: the trap comes first
  pushf
  pop %ecx
  or $0x300,%ecx
  IPI 0x40
  push %ecx
  popf
  nop
  pushf
  andl $~0x300,(%esp)
  popf
  LOGI 5
  # single step over a load of SS
  pushf
  orl $0x100,(%esp)
  popf
  mov %eax,%ss
  nop
  pushf
  andl $~0x100,(%esp)
  popf
  LOGI 6
  # NMI, and one that waits while the first is handled
  movl $1,nested
  movl $0x40400,APIC+0x300
  jmp 1f
1: nop
  jmp 1f
1: LOGI 7
  # system management mode
  mov $smm,%esi
  mov $0x38000,%edi
  mov $smm_end-smm,%ecx
  rep movsb
  mov $smm,%esi
  mov $0x48000,%edi
  mov $smm_end-smm,%ecx
  rep movsb
  mov $0x12345678,%ebp
  movl $0x40200,APIC+0x300
  jmp 1f
1: nop
  jmp 1f
1: nop
  LOGR %ebp
  LOGR 0x70000
  LOGR 0x70004
  LOGR 0x70008
  LOGR 0x7000c
  LOGR 0x3fefc
  LOGR 0x3ff00
  LOGR 0x3ff58
  LOGR 0x3fe10
  LOGR 0x3fe14
  # again, from the new SMBASE
  movl $0x40200,APIC+0x300
  jmp 1f
1: nop
  jmp 1f
1: nop
  LOGR 0x70000
  LOGR 0x4ff00
  # RSM outside of SMM
  GATE 6,onud
  rsm
  nop
  jmp finish32
onud:
  REPORT 6,0
  addl $2,(%esp)
  iret
  .code16
smm:
  # flat segments with 4 GiB limits, 16-bit code; save area at SMBASE + 0xfe00
  movl $0x70000,%ebx
  incl (%ebx)
  mov %cs,%ax
  mov %ax,4(%ebx)
  mov %cr0,%eax
  movl %eax,8(%ebx)
  pushf
  popw 12(%ebx)
  movl $0x40000,%cs:0xff00
  rsm
smm_end:
