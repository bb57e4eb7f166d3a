# Long mode: 64-bit and compatibility code, 4-level paging, SMEP, SMAP, IST, fast system calls, call gates, FSGSBASE, XCR0.
  .include "common.inc"
  .code16
real_main:
  lgdtl gdtr-image
  mov %cr0,%eax
  or $1,%eax
  mov %eax,%cr0
  ljmpl $8,$pm
gdtr: .word gdt_end-gdt-1
  .long gdt
  .balign 16
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff   # 08 code32
  .quad 0x00cf93000000ffff   # 10 data
  .quad 0x00af9b000000ffff   # 18 code64
  .quad 0x00cffb000000ffff   # 20 user code32
  .quad 0x00cff3000000ffff   # 28 user data
  .quad 0x00affb000000ffff   # 30 user code64
  .quad 0x00cff3000000ffff   # 38 user data
  .quad 0                    # 40 TSS high
  .quad 0x00ef9b000000ffff   # 48 L and D
  .quad 0                    # 50 call gate
  .quad 0
  .quad 0                    # 60 LDT
  .quad 0
gdt_end:
  .code32
pm:
  mov $0x10,%ax
  mov %ax,%ds
  mov %ax,%es
  mov %ax,%ss
  mov $0x9000,%esp
  mov $0x80000,%edi
  mov $0x3000,%ecx
  xor %eax,%eax
  rep stosl
  movl $0x81007,0x80000    # PML4
  movl $0x8b007,0x80000+8*511
  movl $0x8b007,0x80000+8*256
  movl $0x82007,0x81000    # PDPT
  movl $0x00000083,0x82000 # 0-2M supervisor
  movl $0x002000e7,0x82008 # 2-4M user
  movl $0x83007,0x82010    # 4M: table
  movl $0x00000083,0x82018+0 # 6M = alias of 0, supervisor
  movl $0x00090007,0x83000   # user rw
  movl $0x00090005,0x83008   # user ro
  movl $0x00090003,0x83010   # supervisor
  movl $0x00090001,0x83018   # supervisor ro
  movl $0x00090007,0x83020
  movl $0x80000000,0x83024   # NX user
  movl $0x00090003,0x83028
  movl $0x80000000,0x8302c   # NX supervisor
  movl $0x00091007,0x83030
  movl $0x00000400,0x83034   # reserved bit 42
  movl $0x8c007,0x8b000+8*511
  movl $0x8c007,0x8b000
  movl $0x00000083,0x8c000+8*511  # -2M -> 0
  movl $0x00000083,0x8c000
  mov $0x20,%eax
  mov %eax,%cr4
  mov $0x80000,%eax
  mov %eax,%cr3
  mov $0xc0000080,%ecx
  mov $0x901,%eax
  xor %edx,%edx
  wrmsr
  mov %cr0,%eax
  or $0x80010000,%eax
  mov %eax,%cr0
  mov $0xc0000080,%ecx
  rdmsr
  call log32
  ljmp $0x18,$long
  .code64
log64:
  push %rbx
  mov LOG,%ebx
  mov %eax,LOG+4(,%rbx,4)
  incl LOG
  pop %rbx
  ret
  .macro L v
  push %rax
  mov $\v,%eax
  call log64
  pop %rax
  .endm
  .macro LR r
  push %rax
  mov \r,%rax
  call log64
  pop %rax
  .endm
  .macro T insn:vararg
  movl $9f,resume
  \insn
9:
  .endm
  .macro S n, err
s\n:
  .if \err == 0
  push $0
  .endif
  push $\n
  jmp common
  .endm
  S 0,0
  S 1,0
  S 2,0
  S 3,0
  S 4,0
  S 5,0
  S 6,0
  S 7,0
  S 8,1
  S 9,0
  S 10,1
  S 11,1
  S 12,1
  S 13,1
  S 14,1
  S 16,0
  S 17,1
  S 0x30,0
  S 0x31,0
stubs: .quad s0,s1,s2,s3,s4,s5,s6,s7,s8,s9,s10,s11,s12,s13,s14,0,s16,s17
common: # vec err rip cs rflags rsp ss
  push %rax
  push %rbx
  mov 16(%rsp),%eax
  or $0xee000000,%eax
  call log64
  mov 24(%rsp),%eax
  # QEMU 7.2 forgets P where it reports a reserved bit
  cmpl $14,16(%rsp)
  jne 8f
  test $8,%al
  jz 8f
  or $1,%eax
8:
  call log64
  mov 32(%rsp),%rax
  call log64
  mov 40(%rsp),%rax
  call log64
  mov 48(%rsp),%rax
  and $0x2e7700,%eax
  call log64
  mov 56(%rsp),%rax
  call log64
  mov 64(%rsp),%rax
  call log64
  mov %rsp,%rax
  call log64
  cmpl $14,16(%rsp)
  jne 1f
  mov %cr2,%rax
  call log64
  shr $32,%rax
  call log64
1:
  mov resume,%eax
  test %eax,%eax
  jz 1f
  movslq %eax,%rax
  mov %rax,32(%rsp)
  movl $0,resume
1:
  pop %rbx
  pop %rax
  add $16,%rsp
  iretq
resume: .long 0
idtr: .word 0xfff
  .quad 0x50000
setgate: # edi vector, rax handler, ecx type, esi ist
  mov %edi,%edx
  shl $4,%edx
  add $0x50000,%edx
  mov %ax,(%rdx)
  movw $0x18,2(%rdx)
  mov %sil,4(%rdx)
  mov %cl,5(%rdx)
  shr $16,%rax
  mov %ax,6(%rdx)
  shr $16,%rax
  mov %eax,8(%rdx)
  movl $0,12(%rdx)
  ret
long:
  L 0x5000
  mov $0x50000,%edi
  mov $512,%ecx
  xor %eax,%eax
  rep stosq
  xor %edi,%edi
1: mov stubs(,%rdi,8),%rax
  test %rax,%rax
  jz 2f
  mov $0x8e,%ecx
  xor %esi,%esi
  call setgate
2: inc %edi
  cmp $18,%edi
  jb 1b
  mov $0x30,%edi
  mov $s0x30,%eax
  mov $0xee,%ecx
  call setgate
  mov $0x31,%edi
  mov $s0x31,%eax
  mov $0x8f,%ecx
  call setgate
  lidt idtr
  # segments in 64-bit mode
  T xor %eax,%eax; mov %eax,%ss
  mov %ss,%eax
  call log64
  movl $9f,resume; mov $0x08,%eax; mov %eax,%ss; 9:
  mov $0x10,%eax
  mov %eax,%ss
  L 0x5001
  int $0x31
  # non-canonical
  mov $0x800000000000,%rbx
  movl $9f,resume; mov (%rbx),%eax; 9:
  mov $0x7ffffffffffffffe,%rbx
  movl $9f,resume; mov %eax,(%rbx); 9:
  mov $0xffff800000000000,%rbx
  mov 0x10000(%rbx),%eax
  call log64
  mov 0xffffffffffe10000,%eax
  call log64
  movl $9f,resume; mov 0xffffffffffa00000,%eax; 9:
  L 0x5002
  # paging
  movl $9f,resume; movl $1,0x401000; 9:
  movl $9f,resume; movl $1,0x403000; 9:
  movl $9f,resume; mov $0x404000,%eax; call *%rax; 9:
  movl $9f,resume; mov $0x405000,%eax; call *%rax; 9:
  movl $9f,resume; mov 0x406000,%eax; 9:
  movl $9f,resume; mov 0x407000,%eax; 9:
  mov $0x9000,%esp
  mov 0x83000,%eax
  call log64
  movl $1,0x400000
  mov 0x83000,%eax
  call log64
  mov 0x82000,%eax
  call log64
  # SMEP, SMAP
  mov %cr4,%rax
  or $0x100000,%rax
  mov %rax,%cr4
  movb $0xc3,0x400080
  movl $9f,resume; mov $0x400080,%eax; call *%rax; 9:
  mov $0x9000,%esp
  movl $9f,resume; mov $0x402080,%eax; call *%rax; 9:
  mov %cr4,%rax
  or $0x200000,%rax
  mov %rax,%cr4
  movl $9f,resume; mov 0x400000,%eax; 9:
  movl $9f,resume; mov %eax,0x400000; 9:
  stac
  mov 0x400000,%eax
  call log64
  clac
  movl $9f,resume; mov 0x400000,%eax; 9:
  pushfq
  orl $0x40000,(%rsp)
  popfq
  mov 0x400000,%eax
  call log64
  clac
  mov $0x20,%eax
  mov %rax,%cr4
  L 0x5003
  # CR checks
  movl $9f,resume; xor %eax,%eax; mov %rax,%cr8; 9:
  mov $5,%eax
  mov %rax,%cr8
  mov %cr8,%rax
  call log64
  xor %eax,%eax
  mov %rax,%cr8
  # EFER.LME change with paging on
  mov $0xc0000080,%ecx
  rdmsr
  call log64
  # TSS
  movl $0x20000067,gdt+0x60
  movl $0x00008907,gdt+0x64
  movl $0,gdt+0x68
  movl $0,gdt+0x6c
  mov $0x72000,%edi
  mov $26,%ecx
  xor %eax,%eax
  rep stosl
  movq $0x8807,0x72004
  movq $0x8c08,0x72024
  mov $0x60,%eax
  ltr %ax
  mov gdt+0x64,%eax
  call log64
  movl $9f,resume; ltr %ax; 9:
  # IST
  mov $0x31,%edi
  mov $s0x31,%eax
  mov $0x8e,%ecx
  mov $1,%esi
  call setgate
  int $0x31
  L 0x5004
  # syscall msrs
  mov $0xc0000081,%ecx
  xor %eax,%eax
  mov $0x00200018-0x8,%edx
  mov $0x00200008+0x10,%edx
  wrmsr
  mov $0xc0000082,%ecx
  mov $sysentry,%eax
  xor %edx,%edx
  wrmsr
  mov $0xc0000084,%ecx
  mov $0x4700,%eax
  wrmsr
  mov $0xc0000101,%ecx
  mov $0x1234,%eax
  mov $0xffff8000,%edx
  wrmsr
  mov $0xc0000102,%ecx
  mov $0x70000,%eax
  xor %edx,%edx
  wrmsr
  movl $0xcafe,0x70010
  swapgs
  mov %gs:0x10,%eax
  call log64
  swapgs
  # copy user code to 2M (user page)
  mov $user,%esi
  mov $0x200000,%edi
  mov $user_end-user,%ecx
  rep movsb
  # sysenter msrs
  mov $0x174,%ecx
  mov $0x10,%eax
  xor %edx,%edx
  wrmsr
  inc %ecx
  mov $0x8a00,%eax
  wrmsr
  inc %ecx
  mov $sysenter_entry,%eax
  wrmsr
  # iretq to user
  pushq $0x2b
  pushq $0x201000
  pushq $0x3202
  pushq $0x33
  pushq $0x200000
  iretq
sysentry:
  push %rax
  mov %rcx,%rax
  call log64
  mov %r11,%rax
  call log64
  mov %cs,%eax
  call log64
  mov %ss,%eax
  call log64
  pushfq
  pop %rax
  call log64
  mov %rsp,%rax
  call log64
  pop %rax
  cmp $1,%eax
  je compat
  cmp $2,%eax
  je done_syscall
  sysretq
compat:
  # return to 32-bit user code
  mov $0x200000+user32-user,%ecx
  sysretl
sysenter_entry:
  push %rax
  mov %rsp,%rax
  call log64
  mov %cs,%eax
  call log64
  mov %ss,%eax
  call log64
  pushfq
  pop %rax
  call log64
  pop %rax
  sti
  cmp $1,%eax
  je 1f
  sysexitl
1: rex.w sysexit
user:
  mov %cs,%ebx
  int $0x30
  syscall
  int $0x30
  # far calls through call gate later; privileged
  hlt_user:
  mov $1,%eax
  syscall
  .code32
user32:
  int $0x30
  mov %ss,%eax
  int $0x30
  push $0x12345678
  mov $7,%eax
  mov $0x200000+after_enter-user,%edx
  mov %esp,%ecx
  sysenter
after_enter:
  int $0x30
  mov %ss,%eax
  mov %cs,%ebx
  int $0x30
  # far jump to 64-bit user code
  ljmp $0x33,$0x200000+user64b-user
  .code64
user64b:
  int $0x30
  mov $1,%eax
  mov $0x200000+after64-user,%rdx
  mov %rsp,%rcx
  sysenter
after64:
  int $0x30
  # compat by iretq
  pushq $0x2b
  pushq $0x201100
  pushq $0x202
  pushq $0x23
  pushq $0x200000+c32-user
  iretq
  .code32
c32:
  int $0x30
  push %ss
  push %esp
  pushf
  push $0x33
  push $0x200000+c64-user
  lret
  .code64
c64:
  int $0x30
  rex.w lcall *0x200000+farptr-user
  int $0x30
  mov $2,%eax
  syscall
  .balign 8
farptr: .quad 0x200000+fartarget-user
  .word 0x33
fartarget:
  int $0x30
  rex.w lret
user_end:
done_syscall:
  L 0x5005
  mov $0x9000,%esp
  mov $0x10,%eax
  mov %eax,%ss
  # 64-bit call gate from ring 3 is tested by kernel-side call: gate DPL 0
  mov $gate64,%eax
  mov %ax,gdt+0x50
  movw $0x18,gdt+0x52
  movw $0x8c00,gdt+0x54
  shr $16,%eax
  mov %ax,gdt+0x56
  movl $0,gdt+0x58
  movl $0,gdt+0x5c
  lcall *gateptr
  L 0x5006
  # L and D both
  movl $9f,resume; ljmp *tssptr; 9:
  movl $9f,resume; ljmp *dataptr; 9:
  # iretq with NT
  pushfq
  orq $0x4000,(%rsp)
  popfq
  movl $9f,resume; iretq; 9:
  pushfq
  andq $~0x4000,(%rsp)
  popfq
  mov $0x9000,%esp
  # iretq same level to null ss at ring 0
  pushq $0
  pushq $0x9000
  pushq $2
  pushq $0x18
  pushq $1f
  iretq
1: mov %ss,%eax
  call log64
  # single-step in 64-bit
  mov $0x10,%eax
  mov %eax,%ss
  pushfq
  orq $0x100,(%rsp)
  popfq
  nop
  pushfq
  andq $~0x100,(%rsp)
  popfq
  L 0x5007
  # fsgsbase
  mov %cr4,%rax
  or $0x10000,%rax
  mov %rax,%cr4
  mov $0x70000,%eax
  wrfsbase %rax
  mov %fs:0x10,%eax
  call log64
  rdfsbase %rbx
  LR %rbx
  mov $0xffff800000000000,%rbx
  wrgsbase %rbx
  mov %gs:0x10000,%eax
  call log64
  # mov fs, null clears?
  rdgsbase %rax
  call log64
  # xsetbv
  mov %cr4,%rax
  or $0x40000,%rax
  mov %rax,%cr4
  xor %ecx,%ecx
  xgetbv
  call log64
  movl $9f,resume; xor %ecx,%ecx; xor %edx,%edx; mov $2,%eax; xsetbv; 9:
  movl $9f,resume; mov $1,%ecx; mov $3,%eax; xsetbv; 9:
  xor %ecx,%ecx
  mov $3,%eax
  xsetbv
  xgetbv
  call log64
  # INT3, UD, interrupts with error
  movl $9f,resume; ud2; 9:
  movl $9f,resume; .byte 0x06; 9:
  int3
  # back to 32-bit and finish
  ljmp *finptr
gate64:
  LR (%rsp)
  LR 8(%rsp)
  mov %rsp,%rax
  call log64
  lretq
gateptr: .long 0
  .word 0x50
badptr: .long long
  .word 0x48
tssptr: .long 0
  .word 0x60
dataptr: .long 0
  .word 0x10
finptr: .long finish32
  .word 0x08
