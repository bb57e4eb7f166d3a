# What QEMU does not check: limits and rights of segments at each access, reserved bits, forms of addresses. Each case logs vector << 16 | error
# code, or 0 if nothing was raised; system.test.ts says what the manual wants.
  .include "common.inc"
  .include "flat.inc"
  .include "cases.inc"
  .code16
real_main:
  FLAT_ENTER
  FLAT_GDT
  .quad 0x0000920300001fff   # 18 data at 0x30000, limit 0x1fff
  .quad 0x00409600000010ff   # 20 expand-down, limit 0x10ff, 32-bit
  .quad 0x0000960000000fff   # 28 expand-down, limit 0xfff, 16-bit
  .quad 0x00cf98000000ffff   # 30 execute-only code
  .quad 0x00cf90000000ffff   # 38 read-only data
  .quad 0x0000920000000fff   # 40 16-bit stack, limit 0xfff
  .quad 0x00009a010000ffff   # 48 16-bit code at 0x10000
  .quad 0x0000890720000067   # 50 TSS at 0x72000
  .quad 0x00409a0100000fff   # 58 code at 0x10000, limit 0xfff
  .quad 0x00af9b000000ffff   # 60 64-bit code
  .quad 0x00ef9b000000ffff   # 68 L and D
gdt_end:
  .code32
  .macro STATE insn
  movl $8f,resume
  push $0
  mov $2,%eax
  xor %edx,%edx
  \insn 0x70800
8:
  mov $0x10,%eax
  mov %eax,%ss
  mov %eax,%ds
  mov $0x8ffc,%esp
  pop %eax
  call log32
  .endm
  .macro SEG reg, sel
  mov $\sel,%eax
  mov %eax,%\reg
  .endm
pm:
  mov $1f,%ebp
  jmp setup
1:
  # null selectors
  SEG fs,0
  CASE movl %fs:0,%ebx
  SEG fs,3
  CASE movb $0,%fs:0x1000
  # limits
  SEG fs,0x18
  CASE movl $1,%fs:0x1ffc
  CASE movl $1,%fs:0x1ffd
  CASE movb $1,%fs:0x1fff
  CASE movb $1,%fs:0x2000
  CASE movw %fs:0xffffffff,%bx
  SEG fs,0x20
  CASE movb $1,%fs:0x10ff
  CASE movb $1,%fs:0x1100
  CASE movl $1,%fs:0x10fd
  CASE movl %fs:0xfffffffc,%ebx
  SEG fs,0x28
  CASE movb $1,%fs:0x1000
  CASE movl %fs:0xfffc,%ebx
  CASE movl %fs:0xfffd,%ebx
  # rights
  SEG fs,0x08
  CASE movl %fs:0x70000,%ebx
  CASE movl $0,%fs:0x70000
  CASE movl $0,%cs:0x70000
  SEG fs,0x38
  CASE movl %fs:0x70000,%ebx
  CASE movl $0,%fs:0x70000
  CASE incl %fs:0x70000
  # the stack segment raises #SS
  movl $8f,resume
  push $0
  SEG ss,0x40
  mov $0x1000,%esp
  push %ebx
  pop %ebx
  pop %ebx
8:
  SEG ss,0x10
  SEG ds,0x10
  mov $0x8ffc,%esp
  pop %eax
  call log32
  mov $0x9000,%esp
  movl $8f,resume
  push $0
  SEG ss,0x40
  mov $0x800,%esp
  xor %ebp,%ebp
  movl 0x2000(%ebp),%ebx
8:
  SEG ss,0x10
  SEG ds,0x10
  mov $0x8ffc,%esp
  pop %eax
  call log32
  mov $0x9000,%esp
  # beyond the limit of a code segment
  CASE ljmp $0x58,$0x1000
  # control registers
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  mov %cr0,%ebx
  or $0x80000000,%ebx
  and $~1,%ebx
  mov %ebx,%cr0
8:
  pop %eax
  call log32
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  mov %cr0,%ebx
  or $0x20000000,%ebx
  and $~0x40000000,%ebx
  mov %ebx,%cr0
8:
  pop %eax
  call log32
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  mov $0x80000000,%ebx
  mov %ebx,%cr4
8:
  pop %eax
  call log32
  # reserved bits of a page-directory pointer
  mov $0x9000,%esp
  mov $0x83000,%edi
  mov $0x400,%ecx
  xor %eax,%eax
  rep stosl
  movl $0x84001,0x83000
  movl $0x84021,0x83008
  mov $0x20,%eax
  mov %eax,%cr4
  mov $0x83000,%eax
  mov %eax,%cr3
  push $0
  movl $8f,resume
  mov %cr0,%ebx
  or $0x80000000,%ebx
  mov %ebx,%cr0
8:
  pop %eax
  call log32
  xor %eax,%eax
  mov %eax,%cr4
  # LTR of a null selector; an MSR that does not exist
  mov $0x9000,%esp
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  xor %ebx,%ebx
  ltr %bx
8:
  pop %eax
  call log32
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  mov $0x12345,%ecx
  rdmsr
8:
  pop %eax
  call log32
  # INT1 is #DB, whatever the gate's level
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  .byte 0xf1
8:
  pop %eax
  call log32
  # general detect: #DB, and DR7.GD is cleared
  mov $0x9000,%esp
  push $0
  movl $8f,resume
  mov $0x2400,%ebx
  mov %ebx,%db7
  mov %db0,%ebx
8:
  pop %eax
  call log32
  mov %db7,%eax
  call log32
  mov %db6,%eax
  and $0xe00f,%eax
  call log32
  # SSE, MMX and XSAVE: what QEMU leaves out
  xor %eax,%eax
  mov %eax,%db7
  mov %cr4,%ebx
  or $0x200,%ebx
  mov %ebx,%cr4
  movl $0,0x70800
  CASE ldmxcsr 0x70800
  CASE divss %xmm2,%xmm2
  or $0x400,%ebx
  mov %ebx,%cr4
  CASE divss %xmm2,%xmm2
  movl $0x11f80,0x70800
  CASE ldmxcsr 0x70800
  fxsave 0x70800
  movl $0x10000,0x70800+24
  CASE fxrstor 0x70800
  or $0x40000,%ebx
  mov %ebx,%cr4
  xor %ecx,%ecx
  xor %edx,%edx
  mov $3,%eax
  xsetbv
  mov $0x70a00,%edi
  mov $16,%ecx
  xor %eax,%eax
  rep stosl
  STATE xrstor
  movl $0x1f80,0x70800+24
  STATE xrstor
  mov %cr0,%ebx
  or $8,%ebx
  mov %ebx,%cr0
  STATE xsave
  STATE xrstor
  CASE emms
  xor $12,%ebx
  mov %ebx,%cr0
  CASE emms
  xor $4,%ebx
  mov %ebx,%cr0
  jmp finish32
