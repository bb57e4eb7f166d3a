# What src/machine/boot/pc-reset-vector.ts emits, for GNU as. LONG selects the 64-bit boot protocol.
# Symbols ENTRY, ZERO_PAGE, STACK, PAGE_TABLES come from the command line.
        .org 0
        .code16
start:  cli
        cld
        lgdtl %cs:pointer
        mov %cr0, %eax
        or $1, %al
        mov %eax, %cr0
        ljmpl $0x08, $0xffff0000 + protected
        .code32
protected:
        mov $0x18, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        mov %eax, %fs
        mov %eax, %gs
        mov $STACK, %esp
        mov $0x4d1, %dx
        mov $0x0e, %eax
        out %al, (%dx)
        mov $0x123, %dx
        mov $0x4567, %eax
        out %ax, (%dx)
        mov $0xcf8, %dx
        mov $0x80000b40, %eax
        out %eax, (%dx)
.ifdef LONG
        mov %cr4, %eax
        or $0x20, %eax
        mov %eax, %cr4
        mov $PAGE_TABLES, %eax
        mov %eax, %cr3
        mov $0xc0000080, %ecx
        rdmsr
        or $0x100, %eax
        wrmsr
        mov %cr0, %eax
        or $0x80000000, %eax
        mov %eax, %cr0
        ljmp $0x10, $0xffff0000 + long
        .code64
long:   mov $ZERO_PAGE, %esi
        mov $ENTRY, %eax
        jmp *%rax
.else
        mov $ZERO_PAGE, %esi
        xor %ebx, %ebx
        xor %edi, %edi
        xor %ebp, %ebp
        ljmp $0x10, $ENTRY
.endif
        .org 0xe00
        .quad 0
        .quad 0x00cf9b000000ffff
.ifdef LONG
        .quad 0x00af9b000000ffff
.else
        .quad 0x00cf9b000000ffff
.endif
        .quad 0x00cf93000000ffff
pointer:
        .word 0x1f
        .long 0xffff0e00
        .org 0xfff0
        .code16
        jmp start
        .org 0x10000
