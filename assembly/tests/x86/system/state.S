# SSE's conditions and state: which exceptions disabled or malformed things raise, and what FXSAVE, XSAVE and their counterparts move. Each case
# logs vector << 16 | error code, or 0 if nothing was raised.
  .include "common.inc"
  .include "flat.inc"
  .include "cases.inc"
  .set AREA, 0x70000
  .code16
real_main:
  FLAT_ENTER bits=0x21
  FLAT_GDT
gdt_end:
  .code32
  .macro CR4 value
  mov $\value,%eax
  mov %eax,%cr4
  .endm
  .macro CR0 value
  mov $\value,%eax
  mov %eax,%cr0
  .endm
  .macro XSTATE insn, mask, at
  mov $\mask,%eax
  xor %edx,%edx
  \insn \at
  .endm
  # Logs count double words from an address on.
  .macro DUMP at, count
  mov $\at,%esi
  mov $\count,%ecx
9: lodsl
  call log32
  loop 9b
  .endm
  .macro FILL value
  mov $AREA,%edi
  mov $160,%ecx
  mov $\value,%eax
  rep stosl
  .endm
  # An empty header, as XSAVE and XRSTOR expect it.
  .macro HEADER low
  mov $AREA+512,%edi
  mov $16,%ecx
  xor %eax,%eax
  rep stosl
  movl $\low,AREA+512
  .endm
  .balign 16
numbers:
  .long 0x11111111, 0x22222222, 0x33333333, 0x44444444
  .long 0x3f800000, 0, 0x7f800001, 0x80000000
mxcsr_all: .long 0x1f80
mxcsr_down: .long 0x3f80
pm:
  mov $1f,%ebp
  jmp setup
1:
  fninit

  # CR4.OSFXSR, CR0.EM, CR0.TS
  CR4 0
  CASE addps %xmm0,%xmm0
  CASE ldmxcsr mxcsr_all
  CASE paddb %mm0,%mm0
  CR4 0x200
  CASE addps %xmm0,%xmm0
  CASE paddd %xmm0,%xmm0
  CR0 0x35
  CASE addps %xmm0,%xmm0
  CASE paddb %mm0,%mm0
  CASE fxsave AREA
  CR0 0x39
  CASE addps %xmm0,%xmm0
  CASE movd %eax,%xmm0
  CASE ldmxcsr mxcsr_all
  CASE paddb %mm0,%mm0
  CASE fxsave AREA
  CASE fxrstor AREA
  CASE pause
  CASE sfence
  CR0 0x31

  CR4 0x600

  # FXSAVE and FXRSTOR
  CASE fxsave AREA+8
  CASE fxrstor AREA+4
  FILL 0
  fninit
  fld1
  fldpi
  ldmxcsr mxcsr_down
  movups numbers,%xmm0
  movups numbers+16,%xmm7
  CASE fxsave AREA
  DUMP AREA, 1
  DUMP AREA+4, 1
  DUMP AREA+24, 12
  DUMP AREA+160, 4
  DUMP AREA+272, 4
  DUMP AREA+512, 1
  ldmxcsr mxcsr_all
  xorps %xmm0,%xmm0
  xorps %xmm7,%xmm7
  fninit
  CASE fxrstor AREA
  movups %xmm0,AREA+1024
  movups %xmm7,AREA+1040
  stmxcsr AREA+1056
  fstpl AREA+1064
  fnstsw AREA+1072
  DUMP AREA+1024, 9
  LOGR AREA+1064

  # XSAVE without and with CR4.OSXSAVE
  CASE XSTATE xsave,3,AREA
  CASE XSTATE xrstor,3,AREA
  CASE xgetbv
  CR4 0x40600
  mov $3,%eax
  xor %edx,%edx
  xor %ecx,%ecx
  xsetbv
  FILL 0
  HEADER 0
  fninit
  fld1
  ldmxcsr mxcsr_down
  movups numbers,%xmm0
  movups numbers+16,%xmm7
  CASE XSTATE xsave,3,AREA+16
  CASE XSTATE xsave,3,AREA
  DUMP AREA, 1
  DUMP AREA+24, 6
  DUMP AREA+160, 4
  DUMP AREA+272, 4
  DUMP AREA+512, 4
  # One component: the other's part of memory stays.
  FILL 0xa5a5a5a5
  HEADER 1
  CASE XSTATE xsave,2,AREA
  DUMP AREA, 1
  DUMP AREA+24, 4
  DUMP AREA+160, 4
  DUMP AREA+512, 1
  FILL 0xa5a5a5a5
  HEADER 2
  CASE XSTATE xsave,1,AREA
  DUMP AREA, 1
  DUMP AREA+24, 4
  DUMP AREA+160, 1
  DUMP AREA+512, 1
  # Restoring what was saved, and what was not: initial state, but for MXCSR.
  FILL 0xa5a5a5a5
  HEADER 0
  CASE XSTATE xsave,3,AREA
  fninit
  xorps %xmm0,%xmm0
  ldmxcsr mxcsr_all
  CASE XSTATE xrstor,3,AREA
  movups %xmm0,AREA+1024
  stmxcsr AREA+1040
  fnstsw AREA+1044
  DUMP AREA+1024, 5
  movzwl AREA+1044,%eax
  LOGR %eax
  movl $0,AREA+512
  movl $0x5f80,AREA+24
  CASE XSTATE xrstor,3,AREA
  movups %xmm0,AREA+1024
  stmxcsr AREA+1040
  fnstsw AREA+1044
  DUMP AREA+1024, 5
  movzwl AREA+1044,%eax
  LOGR %eax
  # What XRSTOR refuses
  CASE XSTATE xrstor,3,AREA+16
  HEADER 4
  CASE XSTATE xrstor,3,AREA
  HEADER 0
  movl $1,AREA+512+16
  CASE XSTATE xrstor,3,AREA
  jmp finish32
