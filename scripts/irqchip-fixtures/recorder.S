/* Firmware that drives the interrupt controllers and timers of a PC by a script, and reports what they answer, each answer with the TSC before
   it, on port 0xe9. Under -icount shift=0 an instruction takes 1 ns, so the times are exact.

   The script lies at SCRIPT: records of 16 bytes, u32 operation, a, b, unused. A report is u64 TSC, u32 answer. The access itself is
   the fifth instruction after RDTSC. */
        .set SCRIPT, 0x2000
        .set BASE, 0xffff0000
        .set IDT, 0x1000
        .set VECTOR, 0x800
        .set HANDLED_AT, 0x804
        .set REPORT, 0x810

        .code16
        .globl _start
_start:
        cli
        lgdtl %cs:(gdt_pointer - _start)
        movl %cr0, %eax
        orl $1, %eax
        movl %eax, %cr0
        ljmpl $8, $start32

        .code32
start32:
        movl $16, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        movl $0x9000, %esp
        cld
        movl $IDT, %edi
        movl $stubs, %eax
        movl $256, %ecx
1:      movw %ax, (%edi)
        movw $8, 2(%edi)
        movw $0x8e00, 4(%edi)
        movl %eax, %edx
        shrl $16, %edx
        movw %dx, 6(%edi)
        addl $16, %eax
        addl $8, %edi
        loop 1b
        lidt idt_pointer
        movl $(BASE + SCRIPT), %esi

next:   movl (%esi), %ecx
        jmp *operations(, %ecx, 4)

        .macro BEFORE
        rdtsc
        movl %eax, REPORT
        movl %edx, REPORT + 4
        movl 4(%esi), %edx
        movl 8(%esi), %eax
        .endm

op_end: movl $0x501, %edx
        outb %al, %dx
        hlt
op_out8:
        BEFORE
        outb %al, %dx
        jmp report
op_in8: BEFORE
        inb %dx, %al
        movzbl %al, %eax
        jmp report
op_out32:
        BEFORE
        outl %eax, %dx
        jmp report
op_in32:
        BEFORE
        inl %dx, %eax
        jmp report
op_write:
        BEFORE
        movl %eax, (%edx)
        jmp report
op_read:
        BEFORE
        movl (%edx), %eax
        jmp report
/* a: ns from here. */
op_wait:
        BEFORE
1:      rdtsc
        subl REPORT, %eax
        cmpl 4(%esi), %eax
        jb 1b
        jmp report
/* At most one interrupt: the vector, or -1. */
op_take:
        movl $-1, VECTOR
        BEFORE
        sti
        nop
        nop
        cli
        movl VECTOR, %eax
        jmp report
/* Sleeps until an interrupt; the time is that of its handler. */
op_halt:
        movl $-1, VECTOR
        sti
        hlt
        cli
        movl HANDLED_AT, %eax
        movl %eax, REPORT
        movl HANDLED_AT + 4, %eax
        movl %eax, REPORT + 4
        movl VECTOR, %eax
        jmp report
/* Latches and reads a counter of the PIT: a its port, b the control word. */
op_count:
        BEFORE
        outb %al, $0x43
        inb %dx, %al
        movzbl %al, %ecx
        inb %dx, %al
        movzbl %al, %eax
        shll $8, %eax
        orl %ecx, %eax
report: movl %eax, REPORT + 8
        addl $16, %esi
        pushl %esi
        movl $REPORT, %esi
        movl $0xe9, %edx
        movl $12, %ecx
        rep outsb
        popl %esi
        jmp next

common: pushl %eax
        pushl %edx
        rdtsc
        movl %eax, HANDLED_AT
        movl %edx, HANDLED_AT + 4
        movl 8(%esp), %eax
        movl %eax, VECTOR
        andl $~0x200, 20(%esp)
        popl %edx
        popl %eax
        addl $4, %esp
        iret

        .balign 16
stubs:
        .set vector, 0
        .rept 256
        .balign 16
        pushl $vector
        jmp common
        .set vector, vector + 1
        .endr

        .balign 8
gdt:    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
        .word 23
        .long gdt
idt_pointer:
        .word 2047
        .long IDT
        .balign 4
operations:
        .long op_end, op_out8, op_in8, op_out32, op_in32, op_write, op_read, op_wait, op_take, op_halt, op_count

        .org 0xfff0
        .code16
        jmp _start
        .org 0x10000
