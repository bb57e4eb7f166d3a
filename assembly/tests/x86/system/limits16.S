# Limits of real mode, which QEMU does not check: each case ends with nothing raised, or with a vector. system.test.ts says what the manual wants.
  .include "common.inc"
  .include "cases16.inc"
  .code16
real_main:
  call setup16
  mov %cr4,%eax
  or $0x600,%eax
  mov %eax,%cr4
  fninit
  # bytes that are run at the end of a segment
  mov $0x5000,%ax
  mov %ax,%fs
  movb $0xb0,%fs:0xffff
  movb $0x90,%fs:0xfffe
  # loads and stores
  CASE16 mov 0xffff,%al
  CASE16 mov 0xffff,%bx
  CASE16 mov %bx,%es:0xffff
  CASE16 mov 0xfffc,%ebx
  CASE16 mov 0xfffd,%ebx
  CASE16 addw $0,0xffff
  CASE16 cmpxchg8b 0xfff8
  CASE16 cmpxchg8b 0xfff9
  CASE16 movups 0xfff0,%xmm0
  CASE16 movups 0xfff1,%xmm0
  CASE16 fldl 0xfff8
  CASE16 fldl 0xfff9
  CASE16 fnstenv 0xfff2
  CASE16 fnstenv 0xfff3
  CASE16 les 0xfffc,%bx
  CASE16 les 0xfffd,%bx
  CASE16 sgdt 0xfffb
  mov $0x10000,%esi
  CASE16 mov (%esi),%al
  mov $0xffff,%esi
  CASE16 mov (%esi),%al
  # SS
  mov $0xffff,%bp
  CASE16 mov (%bp),%bx
  mov $0xffff,%bp
  CASE16 mov (%bp),%bl
  mov $0xffff,%sp
  CASE16 pop %bx
  mov $2,%sp
  CASE16 pushl %ebx
  # strings stop at the element that does not fit
  mov $0xffff,%si
  CASE16 lodsw
  mov $0xfffb,%si
  mov $0x9000,%di
  mov $4,%cx
  CASE16 rep movsw
  LOGW %cx
  LOGW %si
  mov $0xfffd,%di
  mov $3,%cx
  CASE16 rep stosw
  LOGW %cx
  # code
  mov $0x10000,%ebx
  CASE16 jmpl *%ebx
  mov $0xffff,%ebx
  CASE16 ljmp $0x5000,$0xfffe
  jmp finish16
