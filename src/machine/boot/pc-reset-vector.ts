/**
 * The code that a PC without firmware starts with: from the reset vector in real mode to the kernel's entry in protected or long mode.
 * Specification: Intel SDM volume 3, sections 9.9.1 (switching to protected mode) and 9.8.5 (initializing IA-32e mode); Linux,
 * Documentation/arch/x86/boot.rst, sections "32-bit boot protocol" and "64-bit boot protocol".
 */

/** The ROM's last 64 KiB, which the processor's first code segment shows. */
export const RESET_ROM = { base: 0xffff_0000, size: 0x10000 } as const;
const VECTOR = 0xfff0;
const CODE = 0x0000;
const GDT = 0x0e00;

/** Selectors; the kernel finds itself in the last two of them (`__BOOT_CS` and `__BOOT_DS`). */
const CODE32 = 0x08;
const BOOT_CS = 0x10;
const BOOT_DS = 0x18;

/** Flat descriptors of 4 GiB; their accessed bit is set, since a ROM takes no writes. */
const FLAT_CODE32 = 0x00cf_9b00_0000_ffffn;
const FLAT_CODE64 = 0x00af_9b00_0000_ffffn;
const FLAT_DATA = 0x00cf_9300_0000_ffffn;

/** A write to an I/O port. */
export interface PortWrite {
  port: number;
  size: 1 | 2 | 4;
  value: number;
}

export interface ResetVectorOptions {
  /** The kernel starts in 64-bit mode, on these page tables. */
  pageTables: number | null;
  /** What firmware leaves behind in the chipset. */
  writes: readonly PortWrite[];
  entry: number;
  /** Linux's boot_params. */
  zeroPage: number;
  stack: number;
}

/**
 * The ROM of RESET_ROM.size bytes.
 * @throws RangeError if there are more port writes than fit
 */
export function pcResetVector(options: ResetVectorOptions): Uint8Array {
  const { pageTables, writes, entry, zeroPage, stack } = options;
  const rom = new Uint8Array(RESET_ROM.size);
  const view = new DataView(rom.buffer);
  let at = CODE;
  const emit = (...bytes: number[]): void => {
    rom.set(bytes, at);
    at += bytes.length;
  };
  const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
  const long = (value: number): number[] => [...word(value), ...word(value >>> 16)];
  /** Linear address of what follows an instruction of so many bytes. */
  const after = (length: number): number[] => long(RESET_ROM.base + at + length);

  [0n, FLAT_CODE32, pageTables === null ? FLAT_CODE32 : FLAT_CODE64, FLAT_DATA].forEach((descriptor, i) => {
    view.setBigUint64(GDT + 8 * i, descriptor, true);
  });
  const pointer = GDT + 0x20;
  view.setUint16(pointer, 0x1f, true);
  view.setUint32(pointer + 2, RESET_ROM.base + GDT, true);

  emit(0xfa); // cli
  emit(0xfc); // cld
  emit(0x2e, 0x66, 0x0f, 0x01, 0x16, ...word(pointer)); // lgdtl %cs:pointer
  emit(0x0f, 0x20, 0xc0); // mov %cr0, %eax
  emit(0x0c, 0x01); // or $1, %al         PE
  emit(0x0f, 0x22, 0xc0); // mov %eax, %cr0
  emit(0x66, 0xea, ...after(8), ...word(CODE32)); // ljmpl $CODE32, $next
  // 32-bit code from here on.
  emit(0xb8, ...long(BOOT_DS)); // mov $BOOT_DS, %eax
  emit(0x8e, 0xd8); // mov %eax, %ds
  emit(0x8e, 0xc0); // mov %eax, %es
  emit(0x8e, 0xd0); // mov %eax, %ss
  emit(0x8e, 0xe0); // mov %eax, %fs
  emit(0x8e, 0xe8); // mov %eax, %gs
  emit(0xbc, ...long(stack)); // mov $stack, %esp
  for (const { port, size, value } of writes) {
    if (at + 16 > GDT - 0x80) throw new RangeError('more port writes than the reset vector holds');
    emit(0x66, 0xba, ...word(port)); // mov $port, %dx
    emit(0xb8, ...long(value)); // mov $value, %eax
    if (size === 1)
      emit(0xee); // out %al, (%dx)
    else if (size === 2)
      emit(0x66, 0xef); // out %ax, (%dx)
    else emit(0xef); // out %eax, (%dx)
  }
  if (pageTables === null) {
    emit(0xbe, ...long(zeroPage)); // mov $zeroPage, %esi
    emit(0x31, 0xdb); // xor %ebx, %ebx
    emit(0x31, 0xff); // xor %edi, %edi
    emit(0x31, 0xed); // xor %ebp, %ebp
    emit(0xea, ...long(entry), ...word(BOOT_CS)); // ljmp $BOOT_CS, $entry
  } else {
    emit(0x0f, 0x20, 0xe0); // mov %cr4, %eax
    emit(0x83, 0xc8, 0x20); // or $0x20, %eax     PAE
    emit(0x0f, 0x22, 0xe0); // mov %eax, %cr4
    emit(0xb8, ...long(pageTables)); // mov $pageTables, %eax
    emit(0x0f, 0x22, 0xd8); // mov %eax, %cr3
    emit(0xb9, ...long(0xc000_0080)); // mov $0xc0000080, %ecx     EFER
    emit(0x0f, 0x32); // rdmsr
    emit(0x0d, ...long(0x100)); // or $0x100, %eax    LME
    emit(0x0f, 0x30); // wrmsr
    emit(0x0f, 0x20, 0xc0); // mov %cr0, %eax
    emit(0x0d, ...long(0x8000_0000)); // or $0x80000000, %eax     PG
    emit(0x0f, 0x22, 0xc0); // mov %eax, %cr0
    emit(0xea, ...after(7), ...word(BOOT_CS)); // ljmp $BOOT_CS, $next
    // 64-bit code from here on.
    emit(0xbe, ...long(zeroPage)); // mov $zeroPage, %esi
    emit(0xb8, ...long(entry)); // mov $entry, %eax
    emit(0xff, 0xe0); // jmp *%rax
  }

  at = VECTOR;
  emit(0xe9, ...word(CODE - (VECTOR + 3))); // jmp CODE
  return rom;
}

/** Bytes of the page tables of {@link identityPageTables}. */
export const PAGE_TABLE_BYTES = 6 * 4096;

/** Tables for 4-level paging at a guest-physical address, which map the first 4 GiB to themselves in pages of 2 MiB. */
export function identityPageTables(base: number): Uint8Array {
  const bytes = new Uint8Array(PAGE_TABLE_BYTES);
  const view = new DataView(bytes.buffer);
  const PRESENT_WRITABLE = 0x3;
  const LARGE = 0x80;
  view.setUint32(0, (base + 0x1000) | PRESENT_WRITABLE, true);
  for (let i = 0; i < 4; i++)
    view.setUint32(0x1000 + 8 * i, (base + 0x2000 + i * 0x1000) | PRESENT_WRITABLE, true);
  for (let i = 0; i < 2048; i++)
    view.setUint32(0x2000 + 8 * i, (i * 0x200000) | PRESENT_WRITABLE | LARGE, true);
  return bytes;
}
