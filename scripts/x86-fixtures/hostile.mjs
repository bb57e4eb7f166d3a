// The frame around hostile programs (assembly/tests/x86/hostile.ts): it maps BODY_AREA for user code and nothing else, enters the body at CPL 3, and
// after each exception goes on somewhere in the body. Entered by the firmware (rom.mjs) in flat protected mode.
import { STACK } from './layout.mjs';

/** 4 MiB that user code may read, write and execute. The words before it are the frame's: body address, mask of its length, step, counter. */
export const BODY_AREA = 0x0040_0000;
const PARAMETERS = 0x0030_0000;
const [BODY, MASK, STEP, COUNTER] = [0, 4, 8, 12].map((at) => PARAMETERS + at);
/** Vector and address of the last exceptions: 4096 records of 8 bytes. */
const LOG = PARAMETERS + 0x1000;
const TABLES = PARAMETERS + 0x10000;
const USER_STACK = BODY_AREA + 0x3f_0000;
const VECTORS = 256;

const header = `
  .intel_syntax noprefix
  .code32
  mov eax, 0x33
  mov cr0, eax
  lgdt [gdt_pointer]
  mov edi, offset idt
  mov ecx, ${VECTORS}
  mov ebx, offset stubs
`;

const stubs = (bits) => `
  .balign 16
stubs:
${Array.from({ length: VECTORS }, (_, vector) => `.balign 16\n${bits === 64 ? 'mov rsp' : 'mov esp'}, ${STACK - (bits === 64 ? 40 : 20)}\npush ${vector}\njmp common`).join('\n')}
`;

const gdt = (extra) => `
  .balign 8
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
  .word 0x67
tss_base: .word 0
  .long 0x00008900, 0, 0
  ${extra}
gdt_pointer: .word 0x4f
  .long gdt
idt_pointer: .word idt_end - idt - 1
  .long idt, 0
  .balign 16
tss: .skip 0x68
`;

/** Sets the base of the TSS descriptor, which the assembler cannot split. */
const tssBase = `
  mov eax, offset tss
  mov [tss_base], ax
  shr eax, 16
  mov [tss_base + 2], al
  mov [tss_base + 5], ah
`;

/**
 * Protected mode with selectors of the user's code and data. `base` is that of the segments: addresses of the body count from it.
 */
const protectedFrame = (code, data, base, stack) => `
${header}
1: mov eax, ebx
  mov [edi], ax
  shr eax, 16
  mov [edi + 6], ax
  mov dword ptr [edi + 2], 0x8e000008
  add edi, 8
  add ebx, 16
  dec ecx
  jnz 1b
  ${tssBase}
  lidt [idt_pointer]
  mov dword ptr [tss + 4], ${STACK}
  mov dword ptr [tss + 8], 0x10
  mov word ptr [tss + 0x66], 0x68
  mov eax, 0x28
  ltr ax
  mov dword ptr [${TABLES}], 0x83
  mov dword ptr [${TABLES + 4}], ${BODY_AREA} + 0x87
  mov eax, ${TABLES}
  mov cr3, eax
  mov eax, 0x610
  mov cr4, eax
  mov eax, 0x80010033
  mov cr0, eax
  push ${data}
  push ${stack}
  push 2
  push ${code}
  mov eax, [${BODY}]
  sub eax, ${base}
  push eax
  mov ebx, ${BODY_AREA} + 0x1800 - ${base}
  mov esi, ${BODY_AREA} + 0x2ff0 - ${base}
  mov edi, [${BODY} + 16]
  sub edi, ${base}
  mov ebp, ${BODY_AREA} + 0x3fff00 - ${base}
  mov eax, ${data}
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  iretd
common:
  push eax
  push edx
  push ecx
  mov eax, 0x10
  mov ds, eax
  mov eax, [${COUNTER}]
  inc eax
  mov [${COUNTER}], eax
  mov ecx, eax
  and ecx, 0xfff
  mov edx, [esp + 12]
  mov [${LOG} + ecx * 8], edx
  mov edx, [esp + 16]
  mov [${LOG} + ecx * 8 + 4], edx
  mul dword ptr [${STEP}]
  and eax, [${MASK}]
  add eax, [${BODY}]
  sub eax, ${base}
  mov [esp + 16], eax
  mov dword ptr [esp + 20], ${code}
  and dword ptr [esp + 24], 0xcd5
  mov dword ptr [esp + 28], ${stack}
  mov dword ptr [esp + 32], ${data}
  mov eax, ${data}
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  pop ecx
  pop edx
  pop eax
  add esp, 4
  iretd
  ${gdt('.quad 0, 0x0000fb400000ffff, 0x0000f3400000ffff')}
  .balign 16
idt: .skip ${VECTORS * 8}
idt_end:
${stubs(32)}
`;

/** Flat 32-bit code. */
export const frame32 = protectedFrame(0x1b, 0x23, 0, USER_STACK);
/** 16-bit code, data and stack in segments of 64 KiB at BODY_AREA: nothing is flat. */
export const frame16 = protectedFrame(0x43, 0x4b, BODY_AREA, 0xff00);

export const frame64 = `
${header}
1: mov eax, ebx
  mov [edi], ax
  shr eax, 16
  mov [edi + 6], ax
  mov dword ptr [edi + 2], 0x8e000038
  add edi, 16
  add ebx, 16
  dec ecx
  jnz 1b
  ${tssBase}
  mov dword ptr [tss + 4], ${STACK}
  mov word ptr [tss + 0x66], 0x68
  mov dword ptr [${TABLES}], ${TABLES} + 0x1007
  mov dword ptr [${TABLES} + 0x1000], ${TABLES} + 0x2007
  mov dword ptr [${TABLES} + 0x2000], 0x83
  mov dword ptr [${TABLES} + 0x2008], 0x200083
  mov dword ptr [${TABLES} + 0x2010], ${BODY_AREA} + 0x87
  mov dword ptr [${TABLES} + 0x2018], ${BODY_AREA} + 0x200087
  mov eax, ${TABLES}
  mov cr3, eax
  mov eax, 0x630
  mov cr4, eax
  mov ecx, 0xc0000080
  mov eax, 0x100
  xor edx, edx
  wrmsr
  mov eax, 0x80010033
  mov cr0, eax
  .byte 0xea
  .long entered
  .word 0x38
  .code64
entered:
  lidt [idt_pointer]
  mov eax, 0x28
  ltr ax
  push 0x23
  push ${USER_STACK}
  push 2
  push 0x43
  mov eax, [${BODY}]
  push rax
  mov eax, 0x23
  mov ds, eax
  mov es, eax
  mov ebx, ${BODY_AREA} + 0x1800
  mov esi, ${BODY_AREA} + 0x2ff0
  mov edi, [${BODY} + 16]
  mov ebp, ${BODY_AREA} + 0x3fff00
  mov r8d, ${BODY_AREA} + 0x1000
  mov r14d, edi
  iretq
common:
  push rax
  push rdx
  push rcx
  mov eax, [${COUNTER}]
  inc eax
  mov [${COUNTER}], eax
  mov ecx, eax
  and ecx, 0xfff
  mov rdx, [rsp + 24]
  mov [${LOG} + rcx * 8], edx
  mov rdx, [rsp + 32]
  mov [${LOG} + rcx * 8 + 4], edx
  mul dword ptr [${STEP}]
  and eax, [${MASK}]
  add eax, [${BODY}]
  mov [rsp + 32], rax
  mov qword ptr [rsp + 40], 0x43
  and qword ptr [rsp + 48], 0xcd5
  mov qword ptr [rsp + 56], ${USER_STACK}
  mov qword ptr [rsp + 64], 0x23
  mov eax, 0x23
  mov ds, eax
  mov es, eax
  pop rcx
  pop rdx
  pop rax
  add rsp, 8
  iretq
  ${gdt('.quad 0x00af9b000000ffff, 0x00affb000000ffff, 0')}
  .balign 16
idt: .skip ${VECTORS * 16}
idt_end:
${stubs(64)}
`;

/** Linear addresses in real mode: the frame's code with its words, and the segment of 64 KiB that is the body's. */
export const REAL_FRAME = 0x8000;
export const REAL_BODY = 0x4_0000;
const REAL_COUNTER = 0xf00;
const [REAL_STEP, REAL_MASK, REAL_START, REAL_VECTOR, REAL_IP, REAL_SAVED] = [4, 8, 12, 16, 18, 20].map(
  (at) => REAL_COUNTER + at,
);
const REAL_LOG = 0xa00;
const REAL_COMMON = 0x800;

/**
 * Real mode, where the body may do anything: its exceptions come through an interrupt table above 1 MiB, which it cannot reach, and go on in the
 * body with segments and stack as at the start. A body that overwrites the frame, enters protected mode or halts ends as it may.
 */
export const frameReal = `
  .intel_syntax noprefix
  .code32
  mov esi, offset real_code
  mov edi, ${REAL_FRAME}
  mov ecx, offset real_end - real_code
  rep movsb
  mov edi, ${PARAMETERS + 0x1000}
  mov ecx, ${VECTORS}
  mov eax, ${(REAL_FRAME >> 4) << 16}
1: stosd
  add eax, 8
  loop 1b
  mov eax, [${STEP}]
  mov [${REAL_FRAME + REAL_STEP}], eax
  mov eax, [${MASK}]
  mov [${REAL_FRAME + REAL_MASK}], eax
  mov eax, [${BODY}]
  sub eax, ${REAL_BODY}
  mov [${REAL_FRAME + REAL_START}], eax
  mov dword ptr [${COUNTER}], 1
  lgdt [gdt_pointer]
  lidt [idt_pointer]
  .byte 0xea
  .long narrow - real_code
  .word 8
  .balign 8
gdt: .quad 0, 0x00009b008000ffff, 0x000093000000ffff
gdt_pointer: .word 23
  .long gdt
idt_pointer: .word 0x3ff
  .long ${PARAMETERS + 0x1000}
  .balign 16
real_code:
  .code16
  .set n, 0
  .rept ${VECTORS}
  .byte 0x68
  .word n
  .byte 0xe9
  .word ${REAL_COMMON} - (n * 8 + 6)
  .balign 8
  .set n, n + 1
  .endr
common:
  pop word ptr cs:[${REAL_VECTOR}]
  pop word ptr cs:[${REAL_IP}]
  mov cs:[${REAL_SAVED}], eax
  mov cs:[${REAL_SAVED + 4}], edx
  mov cs:[${REAL_SAVED + 8}], ebx
  mov ax, ${REAL_BODY >> 4}
  mov ss, ax
  mov esp, 0xff00
  mov ds, ax
  mov es, ax
  mov fs, ax
  mov gs, ax
  mov eax, cs:[${REAL_COUNTER}]
  inc eax
  mov cs:[${REAL_COUNTER}], eax
  mov ebx, eax
  and ebx, 0xff
  mov dx, cs:[${REAL_IP}]
  mov cs:[${REAL_LOG} + ebx * 4], dx
  mov dx, cs:[${REAL_VECTOR}]
  mov cs:[${REAL_LOG + 2} + ebx * 4], dx
  mul dword ptr cs:[${REAL_STEP}]
  and eax, cs:[${REAL_MASK}]
  add eax, cs:[${REAL_START}]
  push 0
  push ${REAL_BODY >> 4}
  push ax
  mov eax, cs:[${REAL_SAVED}]
  mov edx, cs:[${REAL_SAVED + 4}]
  mov ebx, cs:[${REAL_SAVED + 8}]
  iret
enter:
  xor ax, ax
  mov fs, ax
  mov gs, ax
  mov ax, ${REAL_BODY >> 4}
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0xff00
  mov ebx, 0x1800
  mov esi, 0x2ff0
  mov edi, cs:[${REAL_START}]
  add edi, 512
  mov ebp, 0xff00
  push ${REAL_BODY >> 4}
  push cs:[${REAL_START}]
  retf
narrow:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov fs, ax
  mov gs, ax
  mov eax, cr0
  and al, 0xfe
  mov cr0, eax
  .byte 0xea
  .word enter - real_code, ${REAL_FRAME >> 4}
real_end:
`;
