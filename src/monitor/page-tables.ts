/** Address translation as the guest's page tables say it, without any effect on the guest: RISC-V privileged specification, chapter "Sv39"; Intel SDM volume 3, chapter 4. */
import type { Registers } from './target.ts';

export type ReadPhysical = (address: number, length: number) => Uint8Array | null;

/** A run of virtual addresses that are mapped alike. */
export interface Mapping {
  virtual: bigint;
  physical: bigint;
  size: bigint;
  /** As QEMU's `info mem` of the architecture writes it. */
  attributes: string;
}

interface Format {
  /** Bits of the index at each level, the root first. */
  levels: readonly number[];
  entryBytes: 4 | 8;
  root: bigint;
  /** What an entry says: null: nothing is mapped; a table below, or a leaf. */
  entry(value: bigint, level: number, above: bigint): Entry | null;
  attributes(flags: bigint): string;
}

type Entry = { table: bigint; flags: bigint } | { leaf: bigint; flags: bigint };

const PAGE_BITS = 12;
/** Runs that are found, and tables that are looked at, before a walk is cut short: tables that point at themselves have no end. */
const MAPPING_LIMIT = 20_000;
const TABLE_LIMIT = 4096;

const PHYSICAL_52 = 0xf_ffff_ffff_f000n;

function riscv(registers: Registers): Format | null {
  const satp = registers.get('satp') ?? 0n;
  const depth = { 8: 3, 9: 4, 10: 5 }[Number(satp >> 60n)];
  if (depth === undefined) return null;
  return {
    levels: Array(depth).fill(9),
    entryBytes: 8,
    root: (satp & 0xfff_ffff_ffffn) << 12n,
    entry: (value) => {
      if ((value & 1n) === 0n) return null;
      const page = ((value >> 10n) & 0xfff_ffff_ffffn) << 12n;
      return (value & 0xen) === 0n ? { table: page, flags: 0n } : { leaf: page, flags: value & 0xfen };
    },
    attributes: (flags) =>
      [...'rwxugad'].map((letter, bit) => (flags & (2n << BigInt(bit)) ? letter : '-')).join(''),
  };
}

const X86_PRESENT = 1n;
const X86_LARGE = 0x80n;
const X86_WRITE_USER = 6n;

function x86(registers: Registers): Format | null {
  const of = (name: string): bigint => registers.get(name) ?? 0n;
  if (of('cr0') >> 31n === 0n) return null;
  const pae = (of('cr4') & 0x20n) !== 0n;
  const long = (of('efer') & 0x400n) !== 0n;
  const levels = long ? [9, 9, 9, 9] : pae ? [2, 9, 9] : [10, 10];
  const address = pae ? PHYSICAL_52 : 0xffff_f000n;
  const last = levels.length - 1;
  // A page of 4 or 2 MiB one level above the last, of 1 GiB two above it in long mode.
  const largest = (level: number): boolean => level === last - 1 || (long && level === last - 2);
  return {
    levels,
    entryBytes: pae ? 8 : 4,
    root: of('cr3') & (long ? PHYSICAL_52 : pae ? 0xffff_ffe0n : 0xffff_f000n),
    entry: (value, level, above) => {
      if ((value & X86_PRESENT) === 0n) return null;
      // Entries of PAE's first level have no rights of their own.
      const own = pae && !long && level === 0 ? X86_WRITE_USER : value & X86_WRITE_USER;
      const flags = own & above;
      const isLeaf = level === last || (largest(level) && (value & X86_LARGE) !== 0n);
      return isLeaf ? { leaf: value & address, flags } : { table: value & address, flags };
    },
    attributes: (flags) => `${flags & 4n ? 'u' : '-'}r${flags & 2n ? 'w' : '-'}`,
  };
}

/** How the processor translates just now; null: it does not. */
function formatOf(arch: string, registers: Registers): Format | null {
  return arch.startsWith('riscv') ? riscv(registers) : x86(registers);
}

function load(read: ReadPhysical, at: bigint, bytes: 4 | 8): bigint | null {
  const found = read(Number(at), bytes);
  if (!found) return null;
  const view = new DataView(found.buffer, found.byteOffset);
  return bytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
}

const shiftOf = (levels: readonly number[], level: number): bigint =>
  BigInt(PAGE_BITS + levels.slice(level + 1).reduce((sum, bits) => sum + bits, 0));

/** Addresses are sign-extended from the highest bit that is translated, but for those of 32 bits. */
function canonical(address: bigint, levels: readonly number[]): bigint {
  const bits = Number(shiftOf(levels, -1));
  return bits <= 32 ? address : BigInt.asUintN(64, BigInt.asIntN(bits, address));
}

/**
 * Everything that is mapped, in ascending order of the indices; null: addresses are not translated.
 * @param cut is told of a limit at which the walk leaves something out
 */
export function mappings(
  arch: string,
  registers: Registers,
  read: ReadPhysical,
  cut: (limit: string) => void = () => {},
): Mapping[] | null {
  const format = formatOf(arch, registers);
  if (!format) return null;
  const { levels, entryBytes, attributes } = format;
  const found: Mapping[] = [];
  const add = (virtual: bigint, physical: bigint, size: bigint, flags: bigint): void => {
    const last = found.at(-1);
    const text = attributes(flags);
    if (
      last &&
      last.virtual + last.size === virtual &&
      last.physical + last.size === physical &&
      last.attributes === text
    )
      last.size += size;
    else found.push({ virtual, physical, size, attributes: text });
  };
  let tables = 0;
  const walk = (table: bigint, level: number, prefix: bigint, above: bigint): void => {
    const shift = shiftOf(levels, level);
    const count = 1 << levels[level];
    tables++;
    if (tables > TABLE_LIMIT) return;
    const bytes = read(Number(table), count * entryBytes);
    if (!bytes) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < count && found.length < MAPPING_LIMIT; i++) {
      const value = entryBytes === 8 ? view.getBigUint64(i * 8, true) : BigInt(view.getUint32(i * 4, true));
      if (value === 0n) continue;
      const entry = format.entry(value, level, above);
      if (!entry) continue;
      const virtual = prefix | (BigInt(i) << shift);
      if ('leaf' in entry)
        add(canonical(virtual, levels), entry.leaf & -(1n << shift), 1n << shift, entry.flags);
      else if (level + 1 < levels.length) walk(entry.table, level + 1, virtual, entry.flags);
    }
  };
  walk(format.root, 0, 0n, X86_WRITE_USER);
  if (found.length >= MAPPING_LIMIT) cut(`${MAPPING_LIMIT} ranges`);
  else if (tables > TABLE_LIMIT) cut(`${TABLE_LIMIT} tables`);
  return found;
}

/** The guest-physical address behind a virtual one; null: nothing is mapped there. */
export function translate(
  arch: string,
  registers: Registers,
  read: ReadPhysical,
  virtual: bigint,
): bigint | null {
  const format = formatOf(arch, registers);
  if (!format) return virtual;
  const { levels, entryBytes } = format;
  let table = format.root;
  let above = X86_WRITE_USER;
  for (let level = 0; level < levels.length; level++) {
    const shift = shiftOf(levels, level);
    const index = (virtual >> shift) & BigInt((1 << levels[level]) - 1);
    const value = load(read, table + index * BigInt(entryBytes), entryBytes);
    const entry = value === null ? null : format.entry(value, level, above);
    if (!entry) return null;
    if ('leaf' in entry) {
      const offset = (1n << shift) - 1n;
      return (entry.leaf & ~offset) | (virtual & offset);
    }
    table = entry.table;
    above = entry.flags;
  }
  return null;
}
