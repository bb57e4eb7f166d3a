/**
 * The guests of warm-up.ts: each copies a routine of its own through its memory, runs every copy, and halts after the last one. What matters is what the core
 * does for them: it looks up and translates blocks, some twenty thousand instructions in all, interprets them, fills the TLB. As listings: offset, bytes, and
 * the instruction for the reader.
 */
import { IO_PORT_BASE, LOCAL_PORT_61 } from '../memory/layout.gen.ts';
import type { RegionTable } from '../memory/region-table.ts';
import type { MemorySlot } from '../memory/slots.ts';
import type { VmMemory } from '../memory/vm-memory.ts';

/** Bytes of memory. */
export const WARM_UP_RAM = 1 << 20;

export interface WarmUpGuest {
  /** Guest-physical address of its memory. */
  ramBase: number;
  program: Uint8Array;
  /** Where the program lies in the memory. */
  programAt: number;
  /** For the core's reset. */
  pc: bigint;
  /** What the machine has besides memory. */
  finish(vm: VmMemory, table: RegionTable, ram: MemorySlot): void;
}

/** The bytes of a listing, each line at its offset. */
function assembled(listing: string): Uint8Array {
  const lines = [...listing.matchAll(/^ *([0-9a-f]+): ((?:[0-9a-f]{2} )+)/gm)].map(([, at, bytes]) => ({
    at: Number.parseInt(at, 16),
    bytes: bytes
      .trim()
      .split(' ')
      .map((byte) => Number.parseInt(byte, 16)),
  }));
  const { at, bytes } = lines.at(-1)!;
  const program = new Uint8Array(at + bytes.length);
  for (const line of lines) program.set(line.bytes, line.at);
  return program;
}

/** In flat protected mode, as firmware is. The routine lies at 6f, and is 99 bytes long. Numbers are hexadecimal. */
const X86 = assembled(`
  ; real mode, from the reset vector
  000: 2e 0f 01 16 20 01       lgdt cs:[120]
  006: 0f 20 c0                mov eax, cr0
  009: 0c 01                   or al, 1
  00b: 0f 22 c0                mov cr0, eax
  00e: 66 ea 16 00 0f 00 08 00 jmp 8:f0016
  ; flat
  016: b8 10 00 00 00          mov eax, 0x10
  01b: 8e d8                   mov ds, eax
  01d: 8e c0                   mov es, eax
  01f: 8e d0                   mov ss, eax
  021: bc 00 80 00 00          mov esp, 0x8000
  026: bf 00 00 01 00          mov edi, 0x10000
  02b: bb 90 01 00 00          mov ebx, 0x190
  ; copy:
  030: 89 fd                   mov ebp, edi
  032: be 6f 00 0f 00          mov esi, 0xf006f
  037: b9 27 00 00 00          mov ecx, 0x27
  03c: f3 a5                   rep movs dword es:[edi], dword ds:[esi]
  ; run the copy twice
  03e: 57                      push edi
  03f: ff d5                   call ebp
  041: ff d5                   call ebp
  043: 5f                      pop edi
  ; forget the TLB, touch 12 pages
  044: 0f 20 d8                mov eax, cr3
  047: 0f 22 d8                mov cr3, eax
  04a: 31 f6                   xor esi, esi
  04c: b9 0c 00 00 00          mov ecx, 0xc
  051: 8b 06                   mov eax, dword [esi]
  053: 81 c6 00 10 00 00       add esi, 0x1000
  059: 49                      dec ecx
  05a: 75 f5                   jne 51
  ; a local device
  05c: b9 08 00 00 00          mov ecx, 0x8
  061: e4 61                   in al, 0x61
  063: 24 fc                   and al, 0xfc
  065: e6 61                   out 0x61, al
  067: 49                      dec ecx
  068: 75 f7                   jne 61
  06a: 4b                      dec ebx
  06b: 75 c3                   jne 30
  06d: fa                      cli
  06e: f4                      hlt
  ; the routine that is copied
  06f: 55                      push ebp
  070: 89 e5                   mov ebp, esp
  072: 83 ec 20                sub esp, 0x20
  075: 56                      push esi
  076: 57                      push edi
  077: 53                      push ebx
  078: 0f b6 cb                movzx ecx, bl
  07b: 89 45 fc                mov dword [ebp-0x4], eax
  07e: c7 45 f8 00 00 00 00    mov dword [ebp-0x8], 0x0
  085: 8d 7d e8                lea edi, [ebp-0x18]
  088: 31 c0                   xor eax, eax
  08a: ba 05 00 00 00          mov edx, 0x5
  08f: 88 04 17                mov byte [edi+edx*1], al
  092: 01 d0                   add eax, edx
  094: c1 e0 02                shl eax, 0x2
  097: 83 ea 01                sub edx, 0x1
  09a: 75 f3                   jne 8f
  09c: f6 c3 01                test bl, 0x1
  09f: 74 0a                   je ab
  0a1: 83 45 f8 03             add dword [ebp-0x8], 0x3
  0a5: 80 4d fc 20             or byte [ebp-0x4], 0x20
  0a9: eb 12                   jmp bd
  0ab: 83 6d f8 01             sub dword [ebp-0x8], 0x1
  0af: 81 7d f8 34 12 00 00    cmp dword [ebp-0x8], 0x1234
  0b6: 77 05                   ja bd
  0b8: 25 ff ff 00 00          and eax, 0xffff
  0bd: 0f bf 45 fa             movsx eax, word [ebp-0x6]
  0c1: 6b c0 0d                imul eax, eax, 0xd
  0c4: c1 e8 03                shr eax, 0x3
  0c7: d1 f8                   sar eax, 1
  0c9: f7 d0                   not eax
  0cb: f7 d8                   neg eax
  0cd: 31 d8                   xor eax, ebx
  0cf: c1 c0 08                rol eax, 0x8
  0d2: 0f c8                   bswap eax
  0d4: e8 1f 00 00 00          call f8
  0d9: 85 c0                   test eax, eax
  0db: 75 01                   jne de
  0dd: 41                      inc ecx
  0de: 3b 4d fc                cmp ecx, dword [ebp-0x4]
  0e1: 0f 95 c0                setne al
  0e4: 0f b6 c0                movzx eax, al
  0e7: 83 d0 00                adc eax, 0x0
  0ea: 99                      cdq
  0eb: be 0a 00 00 00          mov esi, 0xa
  0f0: f7 f6                   div esi
  0f2: 8d 44 90 07             lea eax, [eax+edx*4+0x7]
  0f6: eb 09                   jmp 101
  0f8: 8b 44 24 04             mov eax, dword [esp+0x4]
  0fc: 6a 09                   push 0x9
  0fe: 5a                      pop edx
  0ff: 92                      xchg edx, eax
  100: c3                      ret
  101: 9c                      pushf
  102: 9d                      popf
  103: 5b                      pop ebx
  104: 5f                      pop edi
  105: 5e                      pop esi
  106: c9                      leave
  107: c3                      ret
  108: 00 00 00 00 00 00 00 00 the GDT
  110: ff ff 00 00 00 9b cf 00 8: code, flat
  118: ff ff 00 00 00 93 cf 00 10: data, flat
  120: 17 00 08 01 0f 00       its limit and address
`);

/** In machine mode. The routine lies at 68, and is 160 bytes long. */
const RISCV = assembled(`
  000: 17 81 00 00             auipc sp, 0x8
  004: 17 04 01 00             auipc s0, 0x10
  008: 97 04 00 00             auipc s1, 0x0
  00c: 93 84 04 06             add s1, s1, 96
  010: 13 09 00 19             li s2, 400
  ; copy:
  014: a6 82                   mv t0, s1
  016: 22 83                   mv t1, s0
  018: d1 43                   li t2, 20
  01a: 03 be 02 00             ld t3, 0(t0)
  01e: 23 30 c3 01             sd t3, 0(t1)
  022: a1 02                   add t0, t0, 8
  024: 21 03                   add t1, t1, 8
  026: fd 13                   add t2, t2, -1
  028: e3 99 03 fe             bnez t2, 1a
  ; run the copy twice
  02c: 0f 10 00 00             fence.i
  030: 02 94                   jalr s0
  032: 02 94                   jalr s0
  034: 1a 84                   mv s0, t1
  ; forget the TLB, touch 12 pages
  036: 73 00 00 12             sfence.vma
  03a: a6 82                   mv t0, s1
  03c: 05 63                   lui t1, 0x1
  03e: b1 43                   li t2, 12
  040: 03 be 02 00             ld t3, 0(t0)
  044: 9a 92                   add t0, t0, t1
  046: fd 13                   add t2, t2, -1
  048: e3 9c 03 fe             bnez t2, 40
  ; control registers
  04c: f3 92 03 34             csrrw t0, mscratch, t2
  050: 73 23 40 30             csrr t1, mie
  054: 73 70 04 30             csrc mstatus, 8
  058: 7d 19                   add s2, s2, -1
  05a: e3 1d 09 fa             bnez s2, 14
  05e: 73 00 50 10             wfi
  ; the routine that is copied
  068: 79 71                   add sp, sp, -48
  06a: 06 f4                   sd ra, 40(sp)
  06c: 22 f0                   sd s0, 32(sp)
  06e: 26 ec                   sd s1, 24(sp)
  070: 4a 84                   mv s0, s2
  072: 93 75 74 00             and a1, s0, 7
  076: 2e c4                   sw a1, 8(sp)
  078: 02 e0                   sd zero, 0(sp)
  07a: 01 45                   li a0, 0
  07c: 15 46                   li a2, 5
  07e: 14 08                   add a3, sp, 16
  080: 23 80 a6 00             sb a0, 0(a3)
  084: 32 95                   add a0, a0, a2
  086: 0a 05                   sll a0, a0, 0x2
  088: 85 06                   add a3, a3, 1
  08a: 7d 36                   addw a2, a2, -1
  08c: 75 fa                   bnez a2, 80
  08e: 13 77 14 00             and a4, s0, 1
  092: 19 cb                   beqz a4, a8
  094: 82 47                   lw a5, 0(sp)
  096: 8d 27                   addw a5, a5, 3
  098: 3e c0                   sw a5, 0(sp)
  09a: 83 47 81 00             lbu a5, 8(sp)
  09e: 93 e7 07 02             or a5, a5, 32
  0a2: 23 04 f1 00             sb a5, 8(sp)
  0a6: 09 a8                   j b8
  0a8: 82 67                   ld a5, 0(sp)
  0aa: fd 17                   add a5, a5, -1
  0ac: 3e e0                   sd a5, 0(sp)
  0ae: 37 57 34 12             lui a4, 0x12345
  0b2: 63 e3 e7 00             bltu a5, a4, b8
  0b6: 79 8d                   and a0, a0, a4
  0b8: 03 17 81 00             lh a4, 8(sp)
  0bc: b5 47                   li a5, 13
  0be: 33 05 f5 02             mul a0, a0, a5
  0c2: 0d 81                   srl a0, a0, 0x3
  0c4: 1b 55 15 40             sraw a0, a0, 0x1
  0c8: 13 45 f5 ff             not a0, a0
  0cc: 21 8d                   xor a0, a0, s0
  0ce: 33 15 b5 00             sll a0, a0, a1
  0d2: b3 37 e5 00             sltu a5, a0, a4
  0d6: ef 00 e0 01             jal f4
  0da: 63 53 05 00             bgez a0, e0
  0de: 85 05                   add a1, a1, 1
  0e0: 03 67 81 00             lwu a4, 8(sp)
  0e4: 99 8d                   sub a1, a1, a4
  0e6: b3 35 b0 00             snez a1, a1
  0ea: a9 47                   li a5, 10
  0ec: 3b 75 f5 02             remuw a0, a0, a5
  0f0: 4d 8d                   or a0, a0, a1
  0f2: 31 a0                   j fe
  0f4: 02 67                   ld a4, 0(sp)
  0f6: af 27 e1 00             amoadd.w a5, a4, (sp)
  0fa: 3a 85                   mv a0, a4
  0fc: 82 80                   ret
  0fe: a2 70                   ld ra, 40(sp)
  100: 02 74                   ld s0, 32(sp)
  102: e2 64                   ld s1, 24(sp)
  104: 45 61                   add sp, sp, 48
  106: 82 80                   ret
`);

/** Near jump to offset 0 of the segment f000, for the reset vector 16 bytes below 4 GiB. */
const JUMP = [0xe9, 0x0d, 0x00];
const VECTOR = 0xfff0;

const PC: WarmUpGuest = {
  ramBase: 0,
  programAt: 0xf0000,
  program: X86,
  pc: 0xffff_fff0n,
  finish(vm, table, ram) {
    vm.u8.set(JUMP, ram.linear + 0xf0000 + VECTOR);
    table.addMemory(2 ** 32 - WARM_UP_RAM, WARM_UP_RAM).show(ram);
    table.addLocal(IO_PORT_BASE + 0x61, 1, LOCAL_PORT_61);
  },
};

const VIRT: WarmUpGuest = {
  ramBase: 0x8000_0000,
  programAt: 0,
  program: RISCV,
  pc: 0x8000_0000n,
  finish() {},
};

/** By the architecture's name in the configuration. */
export const WARM_UP_GUESTS: Readonly<Record<string, WarmUpGuest>> = { riscv64: VIRT, i386: PC, x86_64: PC };
