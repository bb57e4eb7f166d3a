# Instructions of an old processor model (qemu64): what CPUID does not offer is undefined, and the forms that were spelled with a meaningless
# prefix before mean what they did then: TZCNT is BSF, LZCNT is BSR.
  .include "common.inc"
  .include "flat.inc"
  .include "cases.inc"
  .code16
real_main:
  FLAT_ENTER bits=0x21
  FLAT_GDT
gdt_end:
  .code32
  .macro VALUE insns:vararg
  mov $0x00ff0100,%ebx
  mov $0xdeadbeef,%edi
  \insns
  LOGR %edi
  .endm
pm:
  mov $1f,%ebp
  jmp setup
1:
  mov $0x600,%eax
  mov %eax,%cr4
  VALUE tzcnt %ebx,%edi
  VALUE lzcnt %ebx,%edi
  VALUE tzcnt %bx,%di
  VALUE lzcnt %bx,%di
  xor %ecx,%ecx
  VALUE tzcnt %ecx,%edi
  VALUE lzcnt %ecx,%edi
  CASE popcnt %ebx,%edi
  # SSE3 is there, what came later is not
  CASE movddup %xmm0,%xmm1
  CASE haddps %xmm0,%xmm1
  CASE lddqu 0x70000,%xmm1
  CASE pshufb %xmm0,%xmm1
  CASE pshufb %mm0,%mm1
  CASE palignr $1,%xmm0,%xmm1
  CASE pabsd %xmm0,%xmm1
  CASE pmulld %xmm0,%xmm1
  CASE ptest %xmm0,%xmm1
  CASE roundps $0,%xmm0,%xmm1
  CASE pextrd $0,%xmm0,%ebx
  CASE pcmpgtq %xmm0,%xmm1
  CASE pcmpistri $0,%xmm0,%xmm1
  CASE crc32b %al,%ebx
  CASE aesenc %xmm0,%xmm1
  CASE aeskeygenassist $0,%xmm0,%xmm1
  CASE pclmulqdq $0,%xmm0,%xmm1
  CASE movbe 0x70000,%ebx
  CASE adcx %eax,%ebx
  CASE adox %eax,%ebx
  CASE andn %eax,%ebx,%edi
  CASE blsr %eax,%ebx
  CASE bextr %eax,%ebx,%edi
  CASE pdep %eax,%ebx,%edi
  CASE rorx $1,%eax,%ebx
  CASE mulx %eax,%ebx,%edi
  CASE rdrand %ebx
  CASE rdtscp
  CASE xgetbv
  CASE xsave 0x70000
  CASE xsaveopt 0x70000
  CASE clac
  CASE stac
  CASE invpcid 0x70000,%ebx
  CASE clflush 0x70000
  CASE fxsave 0x70000
  CASE cmpxchg8b 0x70000
  CASE sysenter
  jmp finish32
