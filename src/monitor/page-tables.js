const PAGE_BITS = 12;
/** Runs that are found before a walk is cut short: tables that point at themselves have no end. */
export const MAPPING_LIMIT = 20_000;
const PHYSICAL_52 = 0xffffffffff000n;
function riscv(registers) {
  const satp = registers.get('satp') ?? 0n;
  const depth = { 8: 3, 9: 4, 10: 5 }[Number(satp >> 60n)];
  if (depth === undefined) return null;
  return {
    levels: Array(depth).fill(9),
    entryBytes: 8,
    root: (satp & 0xfffffffffffn) << 12n,
    entry: (value) => {
      if ((value & 1n) === 0n) return null;
      const page = ((value >> 10n) & 0xfffffffffffn) << 12n;
      return (value & 0xen) === 0n ? { table: page, flags: 0n } : { leaf: page, flags: value & 0xfen };
    },
    attributes: (flags) =>
      [...'rwxugad'].map((letter, bit) => (flags & (2n << BigInt(bit)) ? letter : '-')).join(''),
  };
}
const X86_PRESENT = 1n;
const X86_LARGE = 0x80n;
const X86_WRITE_USER = 6n;
function x86(registers) {
  const of = (name) => registers.get(name) ?? 0n;
  if (of('cr0') >> 31n === 0n) return null;
  const pae = (of('cr4') & 0x20n) !== 0n;
  const long = (of('efer') & 0x400n) !== 0n;
  const levels = long ? [9, 9, 9, 9] : pae ? [2, 9, 9] : [10, 10];
  const address = pae ? PHYSICAL_52 : 0xfffff000n;
  const last = levels.length - 1;
  return {
    levels,
    entryBytes: pae ? 8 : 4,
    root: of('cr3') & (long ? PHYSICAL_52 : pae ? 0xffffffe0n : 0xfffff000n),
    entry: (value, level, above) => {
      if ((value & X86_PRESENT) === 0n) return null;
      // Entries of PAE's first level have no rights of their own.
      const own = pae && !long && level === 0 ? X86_WRITE_USER : value & X86_WRITE_USER;
      const flags = own & above;
      const isLeaf =
        level === last ||
        (level >= last - (long ? 2 : 1) && level > 0 - Number(!pae) && (value & X86_LARGE) !== 0n);
      return isLeaf ? { leaf: value & address, flags } : { table: value & address, flags };
    },
    attributes: (flags) => `${flags & 4n ? 'u' : '-'}r${flags & 2n ? 'w' : '-'}`,
  };
}
/** How the processor translates just now; null: it does not. */
function formatOf(arch, registers) {
  return arch.startsWith('riscv') ? riscv(registers) : x86(registers);
}
function load(read, at, bytes) {
  const found = read(Number(at), bytes);
  if (!found) return null;
  const view = new DataView(found.buffer, found.byteOffset);
  return bytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
}
const shiftOf = (levels, level) =>
  BigInt(PAGE_BITS + levels.slice(level + 1).reduce((sum, bits) => sum + bits, 0));
/** Addresses are sign-extended from the highest bit that is translated, but for those of 32 bits. */
function canonical(address, levels) {
  const bits = Number(shiftOf(levels, -1));
  return bits <= 32 ? address : BigInt.asUintN(64, BigInt.asIntN(bits, address));
}
/** Everything that is mapped, in ascending order of the indices; null: addresses are not translated. */
export function mappings(arch, registers, read) {
  const format = formatOf(arch, registers);
  if (!format) return null;
  const { levels, entryBytes, attributes } = format;
  const found = [];
  const add = (virtual, physical, size, flags) => {
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
  const walk = (table, level, prefix, above) => {
    const shift = shiftOf(levels, level);
    const count = 1 << levels[level];
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
  return found;
}
/** The guest-physical address behind a virtual one; null: nothing is mapped there. */
export function translate(arch, registers, read, virtual) {
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
//# sourceMappingURL=page-tables.js.map
