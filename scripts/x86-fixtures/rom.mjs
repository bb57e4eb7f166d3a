// The firmware under which fixtures run in the guest: 64 KiB that end at 4 GiB. From the reset vector it goes to flat 32-bit protected mode or to
// 64-bit mode, as the word at MODE says, enables SSE, and enters the program. Exceptions do what host.c does: 0x80 | vector goes to FAULT and
// the program goes on at RESUME with a fresh stack, registers and flags untouched. In 64-bit mode they have a stack of their own (IST 1). An exception in the harness itself ends in DEAD.
import { FAULT, MODE, PROGRAM_BASE, RESUME, STACK, VECTOR } from './layout.mjs';

export const ROM_BASE = 0xffff0000;
const [GDT, IDT32, IDT64, TSS, PML4, PDPT, PD, PD_TOP] = [
  0x3800, 0x3000, 0x3400, 0x3900, 0x4000, 0x5000, 0x6000, 0x7000,
];
const VECTORS = 32;

const linear = (offset) => `0x${(ROM_BASE + offset).toString(16)}`;

function handlers(bits) {
  const sp = bits === 64 ? 'rsp' : 'esp';
  const ptr = bits === 64 ? 'qword' : 'dword';
  const stubs = Array.from({ length: VECTORS }, (_, vector) => [
    `vector${bits}_${vector}:`,
    `mov dword ptr [${VECTOR}], ${0x80 | vector}`,
    `jmp common${bits}`,
  ]).flat();
  return [
    `.code${bits}`,
    ...stubs,
    `common${bits}:`,
    `mov ${sp}, ${STACK}`,
    'pushf',
    `cmp byte ptr [${FAULT}], 0`,
    'jne dead',
    `cmp dword ptr [${RESUME}], 0`,
    'je dead',
    'popf',
    `push ${ptr} ptr [${VECTOR}]`,
    `pop ${ptr} ptr [${FAULT}]`,
    `jmp ${ptr} ptr [${RESUME}]`,
  ];
}

export function romSource() {
  const gate32 = (vector) => `.word vector32_${vector} - rom, 8, 0x8e00, 0xffff`;
  const gate64 = (vector) => `.word vector64_${vector} - rom, 0x18, 0x8e01, 0xffff\n.long 0, 0`;
  const list = (make) => Array.from({ length: VECTORS }, (_, vector) => make(vector)).join('\n');
  return `
    .intel_syntax noprefix
    .text
  rom:
    .code16
  start:
    cli
    .byte 0x2e, 0x66, 0x0f, 0x01, 0x16
    .word gdt_pointer - rom
    mov eax, cr0
    or al, 1
    mov cr0, eax
    .byte 0x66, 0xea
    .long ${linear(0)} + (protected - rom)
    .word 8
    .code32
  protected:
    mov eax, 0x10
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov esp, ${STACK}
    mov eax, 0x33
    mov cr0, eax
    mov eax, 0x600
    mov cr4, eax
    fninit
    cmp dword ptr [${MODE}], 64
    je long_mode
    .byte 0x0f, 0x01, 0x1d
    .long ${linear(0)} + (idt32_pointer - rom)
    mov eax, ${PROGRAM_BASE}
    jmp eax
  long_mode:
    mov eax, 0x620
    mov cr4, eax
    mov eax, ${linear(PML4)}
    mov cr3, eax
    mov ecx, 0xc0000080
    mov eax, 0x100
    xor edx, edx
    wrmsr
    mov eax, 0x80000033
    mov cr0, eax
    .byte 0xea
    .long ${linear(0)} + (entered - rom)
    .word 0x18
    .code64
  entered:
    mov eax, ${linear(0)} + (idt64_pointer - rom)
    lidt [rax]
    mov eax, 0x20
    ltr ax
    mov eax, ${PROGRAM_BASE}
    jmp rax
    .balign 8
  gdt_pointer: .word 47
    .long ${linear(GDT)}
  idt32_pointer: .word ${VECTORS * 8 - 1}
    .long ${linear(IDT32)}
  idt64_pointer: .word ${VECTORS * 16 - 1}
    .quad ${linear(IDT64)}
    ${[...handlers(32), ...handlers(64)].join('\n    ')}
  dead:
    hlt
    jmp dead
    .org ${IDT32}
    ${list(gate32)}
    .org ${IDT64}
    ${list(gate64)}
    .org ${GDT}
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
    .word 0x67, (${TSS})
    .long 0xff0089ff, 0, 0
    .org ${TSS + 0x24}
    .quad ${STACK}
    .org ${PML4}
    .quad ${linear(PDPT)} + 0x23
    .org ${PDPT}
    .quad ${linear(PD)} + 0x23, 0, 0, ${linear(PD_TOP)} + 0x23
    .org ${PD}
    .set page, 0
    .rept 512
    .quad page + 0xe3
    .set page, page + 0x200000
    .endr
    .org ${PD_TOP + 511 * 8}
    .quad 0xffe000e3
    .org 0xfff0
    .code16
    .byte 0xe9
    .word start - rom - 0xfff3
    .org 0x10000
`;
}
