# INIT that the local APIC sends to its own processor: the first processor begins at the reset vector again. What INIT resets and what it leaves alone
# (SDM 3, table 9-1); a SIPI that nobody waits for; the local APIC after INIT, whose LVT QEMU leaves unlike SDM 3, 11.4.7.3.
  .include "common.inc"
  .include "flat.inc"
  .set APIC, 0xfee00000
  .set KEPT, 0x70000
  .code16
real_main:
  xor %ax,%ax
  mov %ax,%es
  mov $0x7000,%ax
  mov %ax,%gs
  cmpl $0x5a5a1234,%gs:0
  je again
  FLAT_ENTER idt=0
  FLAT_GDT
gdt_end:
  .code32
  .macro SETMSR number, low
  mov $\number,%ecx
  mov $\low,%eax
  xor %edx,%edx
  wrmsr
  .endm
pm:
  FLAT_DATA
  mov $0x600,%eax
  mov %eax,%cr4
  mov %cr0,%eax
  and $~0x60000000,%eax
  or $0x22,%eax
  mov %eax,%cr0
  fninit
  fldpi
  fldcw control
  ldmxcsr vector_control
  movups pattern,%xmm3
  mov $0x12345678,%eax
  mov %eax,%cr2
  mov %eax,%dr0
  mov $0x1000,%eax
  mov %eax,%cr3
  SETMSR 0x174, 0x1230
  SETMSR 0xc0000081, 0x4567
  SETMSR 0xc0000103, 0x77
  movl $0x1ff,APIC+0xf0
  movl $0x20,APIC+0x80
  movl $0x10037,APIC+0x350
  # nobody waits for it
  movl $0x4610,APIC+0x300
  nop
  nop
  LOGI 1
  movl $0x5a5a1234,KEPT
  mov LOG,%eax
  mov %eax,KEPT+4
  mov $0x11111111,%ebx
  mov $0x22222222,%ebp
  cli
  movl $0x4500,APIC+0x300
1: jmp 1b
control: .word 0x27f
vector_control: .long 0x3f80
pattern: .long 1, 2, 3, 4
  .code16
  .macro L16 value
  mov \value,%eax
  call log16
  .endm
  .macro MSR16 number
  mov $\number,%ecx
  rdmsr
  call log16
  .endm
again:
  mov %gs:4,%eax
  mov %eax,%fs:0
  L16 %ebp
  pushfl
  popl %eax
  call log16
  mov %cr0,%eax
  and $~0x60000000,%eax
  call log16
  L16 %cr2
  L16 %cr3
  L16 %cr4
  L16 %dr0
  L16 %dr6
  L16 %dr7
  fnstcw %gs:8
  movzwl %gs:8,%eax
  call log16
  mov $0x600,%eax
  mov %eax,%cr4
  stmxcsr %gs:8
  L16 %gs:8
  movups %xmm3,%gs:16
  L16 %gs:16
  L16 %gs:28
  MSR16 0x174
  MSR16 0xc0000081
  MSR16 0xc0000103
  MSR16 0xc0000080
  sidt %gs:32
  L16 %gs:32
  sgdt %gs:32
  L16 %gs:34
  # the local APIC, from big real mode
  lgdtl gdtr-image
  mov %cr0,%eax
  or $1,%al
  mov %eax,%cr0
  jmp 1f
1: mov $0x10,%bx
  mov %bx,%gs
  and $0xfe,%al
  mov %eax,%cr0
  jmp 2f
2: movl $APIC,%ebx
  L16 %gs:0xf0(%ebx)
  L16 %gs:0x80(%ebx)
  L16 %gs:0x20(%ebx)
  mov %cr0,%eax
  or $1,%al
  mov %eax,%cr0
  ljmpl $8,$finish32
