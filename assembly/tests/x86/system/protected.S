# Real mode, then 32-bit protected mode: segments, gates, privilege levels, debug traps, ring 3; then paging, task switches, virtual-8086 mode.
  .include "common.inc"
  .code16
real_main:
  # real mode: IVT, software interrupts, divide error
  xor %ax,%ax
  mov %ax,%es
  movw $(h40-image),%es:0x40*4
  movw $ENTRY16_SEG,%es:0x40*4+2
  movw $(h0-image),%es:0
  movw $ENTRY16_SEG,%es:2
  movw $(h13-image),%es:13*4
  movw $ENTRY16_SEG,%es:13*4+2
  movw $(h6-image),%es:6*4
  movw $ENTRY16_SEG,%es:6*4+2
  sti
  stc
  int $0x40
  pushf
  pop %ax
  movzwl %ax,%eax
  call log16
  cli
  mov $5,%ax
  xor %bl,%bl
  div %bl
  LOGI16 0x1111
  LOGI16 0x1112
  ud2
  LOGI16 0x1113
  # smsw, sgdt, sidt
  smsw %eax
  call log16
  sidt idtr0-image
  movl idtr0-image,%eax
  call log16
  # far call and return
  lcall $ENTRY16_SEG,$(farproc-image)
  LOGI16 0x1114
  # 32-bit registers in real mode; big stack pointer
  mov $0x12345678,%eax
  push %eax
  pop %bx
  pop %cx
  movzwl %bx,%eax
  call log16
  jmp go_pm
farproc:
  mov %sp,%ax
  movzwl %ax,%eax
  call log16
  lret
h40:
  push %bp
  mov %sp,%bp
  push %eax
  movzwl 2(%bp),%eax
  sub $(ENTRY16_SEG*0),%ax
  call log16
  movzwl 4(%bp),%eax
  call log16
  movzwl 6(%bp),%eax
  call log16
  pushf
  pop %ax
  movzwl %ax,%eax
  call log16
  pop %eax
  pop %bp
  iret
h0:
  push %bp
  mov %sp,%bp
  push %eax
  movzwl 2(%bp),%eax
  call log16
  addw $2,2(%bp)
  pop %eax
  pop %bp
  iret
h13:
  push %bp
  mov %sp,%bp
  push %eax
  mov $0xd,%eax
  call log16
  movzwl 2(%bp),%eax
  call log16
  addw $3,2(%bp)
  pop %eax
  pop %bp
  iret
h6:
  push %bp
  mov %sp,%bp
  push %eax
  mov $6,%eax
  call log16
  addw $2,2(%bp)
  pop %eax
  pop %bp
  iret
  .balign 8
idtr0: .long 0,0
gdtr: .word gdt_end-gdt-1
  .long gdt
idtr: .word 256*8-1
  .long 0x50000

go_pm:
  lgdtl gdtr-image
  lidtl idtr-image
  mov %cr0,%eax
  or $1,%eax
  mov %eax,%cr0
  ljmpl $8,$pm

  .balign 16
gdt:
  .quad 0
  .quad 0x00cf9a000000ffff   # 08 code 0
  .quad 0x00cf92000000ffff   # 10 data 0
  .quad 0x00cffa000000ffff   # 18 code 3
  .quad 0x00cff2000000ffff   # 20 data 3
  .quad 0                    # 28 TSS (filled in)
  .quad 0x0000920300001fff   # 30 data base 0x30000 limit 1fff, 16-bit
  .quad 0x00409600000010ff   # 38 expand-down limit 0x10ff, B=1
  .quad 0x00cf12000000ffff   # 40 not present data
  .quad 0x00cf98000000ffff   # 48 execute-only code
  .quad 0x00cf90000000ffff   # 50 read-only data
  .quad 0                    # 58 call gate to 08 (DPL 3)
  .quad 0x00cf9e000000ffff   # 60 conforming code 0
  .quad 0                    # 68 LDT
  .quad 0                    # 70 TSS B
  .quad 0                    # 78 task gate -> 70
  .quad 0x00009a010000ffff   # 80 16-bit code base 0x10000
  .quad 0x0000920000000fff   # 88 16-bit stack limit fff
  .quad 0                    # 90 16-bit call gate
  .quad 0x00cfba000000ffff   # 98 code DPL 1
  .quad 0x00cfb2000000ffff   # a0 data DPL 1
gdt_end:

  .code32
  .macro SETDESC sel, base, limit, hi
  movl $((\limit&0xffff)|((\base&0xffff)<<16)),gdt+\sel
  movl $(((\base>>16)&0xff)|(\base&0xff000000)|\hi|(\limit&0xf0000)),gdt+\sel+4
  .endm

  .macro STUB n, err
stub\n:
  .if \err == 0
  push $0
  .endif
  push $\n
  jmp common
  .endm
  STUB 0,0
  STUB 1,0
  STUB 2,0
  STUB 3,0
  STUB 4,0
  STUB 5,0
  STUB 6,0
  STUB 7,0
  STUB 8,1
  STUB 9,0
  STUB 10,1
  STUB 11,1
  STUB 12,1
  STUB 13,1
  STUB 14,1
  STUB 16,0
  STUB 17,1
  STUB 0x30,0
  STUB 0x31,0
  .balign 4
stubs: .long stub0,stub1,stub2,stub3,stub4,stub5,stub6,stub7,stub8,stub9,stub10,stub11,stub12,stub13,stub14,0,stub16,stub17
  # stack: vector, error, eip, cs, eflags, [esp, ss]
common:
  pusha
  push %ds
  push $0x10
  pop %ds
  mov 36(%esp),%eax
  or $0xee000000,%eax
  call log32
  mov 40(%esp),%eax
  # QEMU 7.2 forgets P where it reports a reserved bit
  cmpl $14,36(%esp)
  jne 8f
  test $8,%al
  jz 8f
  or $1,%eax
8:
  call log32
  mov 44(%esp),%eax
  sub $BASE,%eax
  cmpl $1,nolog_eip
  je 2f
  call log32
2:
  mov 48(%esp),%eax
  movzwl %ax,%eax
  call log32
  mov 52(%esp),%eax
  and $0x3ff700,%eax
  and $~0x10000,%eax
  call log32
  mov %esp,%eax
  call log32
  cmpl $14,36(%esp)
  jne 1f
  mov %cr2,%eax
  call log32
1:
  cmpl $1,36(%esp)
  jne 1f
  mov %db6,%eax
  call log32
  xor %eax,%eax
  mov %eax,%db6
1:
  mov resume,%eax
  test %eax,%eax
  jz 1f
  mov %eax,44(%esp)
  movl $0,resume
1:
  testl $0x20000,52(%esp)
  jz 4f
  # virtual-8086: log segments; skip two bytes after faults
  mov 56(%esp),%eax
  call log32
  mov 60(%esp),%eax
  call log32
  mov 76(%esp),%eax
  call log32
  mov 40(%esp),%eax
  cmpl $0x1a2,40(%esp)
  je v86exit
  cmpl $13,36(%esp)
  je 5f
  cmpl $6,36(%esp)
  jne 6f
  incl 44(%esp)
5: incl 44(%esp)
  cmpl $0x192,40(%esp)
  jne 7f
  incl 44(%esp)
7: cmpl $6,36(%esp)
  jne 6f
  incl 44(%esp)
6:
  jmp 3f
4:
  # a page fault of user code at 0x800100: skip the instruction by its length (5 for mov eax,moffs)
  cmpl $14,36(%esp)
  jne 3f
  testl $4,40(%esp)
  jz 3f
  mov 44(%esp),%eax
  movzbl (%eax),%ebx
  add $5,%eax
  cmp $0xc7,%bl
  jne 2f
  add $5,%eax
2: mov %eax,44(%esp)
3:
  pop %ds
  popa
  add $8,%esp
  iret
v86exit:
  mov $0x10,%ax
  mov %ax,%ds
  mov %ax,%es
  jmp v86done
skip_fault: .long 0
phase: .long 0
resume: .long 0
nolog_eip: .long 0

  .macro TRY lab:vararg
  movl $9f,resume
  \lab
9:
  .endm

pm:
  mov $0x10,%ax
  mov %ax,%ds
  mov %ax,%es
  mov %ax,%ss
  mov %ax,%fs
  mov %ax,%gs
  mov $0x9000,%esp
  # IDT at 0x50000
  mov $0x50000,%edi
  mov $512,%ecx
  xor %eax,%eax
  rep stosl
  xor %ecx,%ecx
1: mov stubs(,%ecx,4),%eax
  test %eax,%eax
  jz 2f
  mov %ax,0x50000(,%ecx,8)
  movw $8,0x50002(,%ecx,8)
  movw $0x8e00,0x50004(,%ecx,8)
  shr $16,%eax
  mov %ax,0x50006(,%ecx,8)
2: inc %ecx
  cmp $18,%ecx
  jb 1b
  # DPL 3 for 3, 4, 0x30; 0x31 DPL 0 trap gate
  movb $0xee,0x50000+3*8+5
  movb $0xee,0x50000+4*8+5
  mov $stub0x30,%eax
  mov %ax,0x50000+0x30*8
  movw $8,0x50000+0x30*8+2
  movw $0xee00,0x50000+0x30*8+4
  shr $16,%eax
  mov %ax,0x50000+0x30*8+6
  mov $stub0x31,%eax
  mov %ax,0x50000+0x31*8
  movw $8,0x50000+0x31*8+2
  movw $0x8f00,0x50000+0x31*8+4
  shr $16,%eax
  mov %ax,0x50000+0x31*8+6
  LOGI 0x2000
  # descriptor loads
  movl $9f,resume; mov $0x40,%ax; mov %ax,%es; 9:
  movl $9f,resume; mov $0x40,%ax; mov %ax,%ss; 9:
  movl $9f,resume; mov $0x48,%ax; mov %ax,%es; 9:
  movl $9f,resume; mov $0x50,%ax; mov %ax,%ss; 9:
  movl $9f,resume; mov $0x23,%ax; mov %ax,%ss; 9:
  movl $9f,resume; mov $0xf8,%ax; mov %ax,%es; 9:
  movl $9f,resume; mov $0x0c,%ax; mov %ax,%es; 9:
  movl $9f,resume; xor %ax,%ax; mov %ax,%ss; 9:
  movl $9f,resume; mov $0x28,%ax; mov %ax,%es; 9:
  mov $0x10,%ax
  mov %ax,%es
  LOGI 0x2001
  # limits
  mov $0x30,%ax
  mov %ax,%fs
  mov $0x38,%ax
  mov %ax,%fs
  LOGI 0x2002
  # accessed bits set?
  LOGR gdt+0x34
  LOGR gdt+0x3c
  LOGR gdt+0x44
  # segmented stack with small limit
  mov %esp,%ebp
  mov $0x88,%ax
  mov %ax,%ss
  mov $0x0ffe,%sp
  push %ax
  mov $0x10,%ax
  mov %ax,%ss
  mov %ebp,%esp
  # lar lsl verr verw arpl
  .irp s,0x08,0x10,0x1b,0x23,0x28,0x30,0x38,0x40,0x48,0x50,0x58,0x60,0x68,0x70,0x78,0xf8,0
  mov $\s,%ecx
  mov $0x55555555,%eax
  lar %ecx,%eax
  pushf
  or $0x100,%eax
  call log32
  pop %eax
  and $0x40,%eax
  call log32
  mov $0x55555555,%eax
  lsl %ecx,%eax
  pushf
  call log32
  pop %eax
  and $0x40,%eax
  call log32
  verr %cx
  pushf
  pop %eax
  and $0x40,%eax
  call log32
  verw %cx
  pushf
  pop %eax
  and $0x40,%eax
  call log32
  .endr
  mov $0x10,%eax
  mov $3,%ebx
  arpl %bx,%ax
  call log32
  arpl %bx,%ax
  pushf
  pop %eax
  and $0x40,%eax
  call log32
  LOGI 0x2003
  # software interrupts
  int $0x30
  int $0x31
  movl $9f,resume; int $0x32; 9:
  movl $9f,resume; int $0xff; 9:
  mov $0x7fffffff,%eax
  add $1,%eax
  into
  int3
  LOGI 0x2004
  # single step
  pushf
  orl $0x100,(%esp)
  popf
  nop
  mov $5,%eax
  pushf
  andl $~0x100,(%esp)
  popf
  nop
  LOGI 0x2005
  # breakpoints
  mov $bp1,%eax
  mov %eax,%db0
  mov $0x70010,%eax
  mov %eax,%db1
  mov $0x00d00402+0,%eax
  mov $0x00d0040a,%eax
  mov %eax,%db7
  mov %db7,%eax
  call log32
  movl $resume_bp,resume
bp1:
  nop
  LOGI 0xbad
resume_bp:
  movl $5,0x70010
  nop
  movb $5,0x70013
  nop
  movb 0x70014,%al
  movl 0x7000d,%eax
  nop
  xor %eax,%eax
  mov %eax,%db7
  LOGI 0x2006
  # LDT
  movl $0x0000ffff,0x71000
  movl $0x00cf9200,0x71004
  movl $0,0x71008
  movl $0,0x7100c
  SETDESC 0x68, 0x71000, 0xf, 0x8200
  movl $9f,resume; mov $0x70,%ax; lldt %ax; 9:
  movl $9f,resume; mov $0x10,%ax; lldt %ax; 9:
  movl $9f,resume; mov $0x68,%ax; lldt %ax; 9:
  sldt %eax
  call log32
  movl $9f,resume; mov $4,%ax; mov %ax,%es; 9:
  movl $9f,resume; mov $0xc,%ax; mov %ax,%es; 9:
  movl $9f,resume; mov $0x14,%ax; mov %ax,%es; 9:
  mov %es,%eax
  call log32
  mov $0x10,%ax
  mov %ax,%es
  movl $9f,resume; xor %ax,%ax; lldt %ax; 9:
  movl $9f,resume; mov $4,%ax; mov %ax,%es; 9:
  # TSS
  SETDESC 0x28, 0x72000, 0x1068, 0x8900
  movl $0x8800,0x72004
  movl $0x10,0x72008
  movw $0x68,0x72066
  movl $9f,resume; mov $0x68,%ax; ltr %ax; 9:
  movl $9f,resume; mov $0x28,%ax; ltr %ax; 9:
  movl $9f,resume; mov $0x28,%ax; ltr %ax; 9:
  str %eax
  call log32
  LOGR gdt+0x2c
  # call gate to 08:gate_entry, DPL 3, 2 parameters
  movl $(gate_entry-image),%eax
  add $BASE,%eax
  mov %ax,gdt+0x58
  movw $8,gdt+0x5a
  movw $0xec02,gdt+0x5c
  shr $16,%eax
  mov %ax,gdt+0x5e
  LOGI 0x2007
  # to ring 3
  pushl $0x23
  pushl $0xa000
  pushl $0x3202
  pushl $0x1b
  pushl $user
  mov $0x23,%ax
  mov %ax,%ds
  mov %ax,%es
  mov $0x10,%ax
  mov %ax,%fs
  iret
gate_entry:
  cmpl $1,%cs:hooked
  je gate_back
  # logs the stack
  push %ds
  push $0x10
  pop %ds
  push %eax
  LOGR 8(%esp)
  LOGR 12(%esp)
  LOGR 16(%esp)
  LOGR 20(%esp)
  LOGR 24(%esp)
  LOGR 28(%esp)
  mov %esp,%eax
  call log32
  pop %eax
  pop %ds
  lret $8
user:
  int $0x30
  mov %fs,%eax
  mov %eax,%ebx
  int $0x30
  movl $9f,resume; cli; 9:
  movl $9f,resume; hlt; 9:
  movl $9f,resume; int $0x31; 9:
  movl $9f,resume; mov %cr0,%eax; 9:
  movl $9f,resume; mov $0x10,%ax; mov %ax,%ds; 9:
  movl $9f,resume; in $0x60,%al; 9:
  movl $9f,resume; lgdt gdtr; 9:
  movl $9f,resume; clts; 9:
  movl $9f,resume; rdmsr; 9:
  movl $9f,resume; ljmp $8,$user; 9:
  movl $9f,resume; mov $0x10,%ax; mov %ax,%ss; 9:
  movl $9f,resume; lcall $0x60,$conf; 9:
  pushl $0x1234
  pushl $0x5678
  lcall $0x58,$0
  mov %esp,%eax
  int $0x30
  # conforming
  lcall $0x60,$conf
  # popf cannot change IF/IOPL
  pushf
  pop %eax
  mov %eax,%ebx
  pushl $0x202
  popf
  pushf
  pop %ecx
  push %ebx
  popf
  int $0x30
  push %ecx
  popf
  int $0x30
  # I/O bitmap
  pushl $0x0202
  popf
  jmp user2
conf:
  push %cs
  pop %eax
  int $0x30
  lret
user2:
  # back to ring 0 by int 0x30 with cs patched: use resume trick through gate DPL3: call gate w/o params
  pushl $0
  pushl $0
  movl $back0,gate_hook
  movl $1,hooked
  lcall $0x58,$0
gate_hook: .long 0
hooked: .long 0
back0:
  jmp finish32
gate_back:
  cmpl $1,%cs:phase
  je part2b
  mov $0x10,%ax
  mov %ax,%ds
  mov %ax,%es
  movl $1,phase
  LOGI 0x2008
  jmp part2
  .include "protected-paging.inc"
