/**
 * Writes a static ELF64 executable (System V ABI, edition 4.1; RISC-V ELF psABI 1.0): one PT_LOAD for .text and
 * .rodata, one for .data and .bss, and a symbol table so that debuggers and disassemblers show names.
 */
import { SECTION_ORDER } from './assembler.mjs';

const EM_RISCV = 243;
/** e_flags: double-precision float ABI, no compressed instructions (psABI 1.0, section 8.1). */
const EF_RISCV_FLOAT_ABI_DOUBLE = 0x0004;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const SHDR_SIZE = 64;
const SYM_SIZE = 24;
const SHT = { PROGBITS: 1, SYMTAB: 2, STRTAB: 3, NOBITS: 8 };
const SHF = { WRITE: 1, ALLOC: 2, EXECINSTR: 4 };
const PF = { X: 1, W: 2, R: 4 };
/** File offset of the first section: page offset zero, as its address has. */
const PAGE = 0x1000;

class StringTable {
  constructor() {
    this.text = '\0';
  }
  /** @param {string} name */
  add(name) {
    const offset = this.text.length;
    this.text += `${name}\0`;
    return offset;
  }
  bytes() {
    return new TextEncoder().encode(this.text);
  }
}

/**
 * @param {import('./assembler.mjs').Program} program
 * @returns {Uint8Array}
 */
export function writeElf(program) {
  const { sections } = program;
  const firstAddress = sections[0]?.address ?? program.entry;
  const offsetOf = (/** @type {bigint} */ address) => PAGE + Number(address - firstAddress);
  const segments = [false, true]
    .map((writable) => ({
      flags: writable ? PF.R | PF.W : PF.R | PF.X,
      parts: sections.filter((section) => SECTION_ORDER.indexOf(section.name) >= 2 === writable),
    }))
    .filter((segment) => segment.parts.length > 0);

  const names = new StringTable();
  const strings = new StringTable();
  const symbols = writeSymbols(program, strings);
  const dataEnd = sections.reduce(
    (end, section) => Math.max(end, offsetOf(section.address) + section.bytes.length),
    PAGE,
  );
  const symbolsAt = (dataEnd + 7) & ~7;
  const stringBytes = strings.bytes();
  const stringsAt = symbolsAt + symbols.length;

  /** @type {{name: number, type: number, flags: number, address: bigint, offset: number, size: number, link?: number, info?: number, align: number, entrySize?: number}[]} */
  const headers = sections.map((section) => ({
    name: names.add(section.name),
    type: section.name === '.bss' ? SHT.NOBITS : SHT.PROGBITS,
    flags: sectionFlags(section.name),
    address: section.address,
    offset: offsetOf(section.address),
    size: section.size,
    align: section.align,
  }));
  headers.push({
    name: names.add('.symtab'),
    type: SHT.SYMTAB,
    flags: 0,
    address: 0n,
    offset: symbolsAt,
    size: symbols.length,
    link: headers.length + 2,
    info: symbols.length / SYM_SIZE,
    align: 8,
    entrySize: SYM_SIZE,
  });
  headers.push({
    name: names.add('.strtab'),
    type: SHT.STRTAB,
    flags: 0,
    address: 0n,
    offset: stringsAt,
    size: stringBytes.length,
    align: 1,
  });
  const nameOfNames = names.add('.shstrtab');
  const nameBytes = names.bytes();
  const namesAt = stringsAt + stringBytes.length;
  headers.push({
    name: nameOfNames,
    type: SHT.STRTAB,
    flags: 0,
    address: 0n,
    offset: namesAt,
    size: nameBytes.length,
    align: 1,
  });
  const headersAt = (namesAt + nameBytes.length + 7) & ~7;

  const file = new Uint8Array(headersAt + SHDR_SIZE * (headers.length + 1));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, EM_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, program.entry, true);
  view.setBigUint64(32, BigInt(EHDR_SIZE), true);
  view.setBigUint64(40, BigInt(headersAt), true);
  view.setUint32(48, EF_RISCV_FLOAT_ABI_DOUBLE, true);
  view.setUint16(52, EHDR_SIZE, true);
  view.setUint16(54, PHDR_SIZE, true);
  view.setUint16(56, segments.length, true);
  view.setUint16(58, SHDR_SIZE, true);
  view.setUint16(60, headers.length + 1, true);
  view.setUint16(62, headers.length, true);

  segments.forEach((segment, index) => {
    const at = EHDR_SIZE + index * PHDR_SIZE;
    const first = segment.parts[0];
    const last = segment.parts[segment.parts.length - 1];
    const fileEnd = segment.parts.reduce(
      (end, part) => (part.bytes.length > 0 ? part.address + BigInt(part.size) : end),
      first.address,
    );
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, segment.flags, true);
    view.setBigUint64(at + 8, BigInt(offsetOf(first.address)), true);
    view.setBigUint64(at + 16, first.address, true);
    view.setBigUint64(at + 24, first.address, true);
    view.setBigUint64(at + 32, fileEnd - first.address, true);
    view.setBigUint64(at + 40, last.address + BigInt(last.size) - first.address, true);
    view.setBigUint64(at + 48, BigInt(PAGE), true);
  });
  for (const section of sections) file.set(section.bytes, offsetOf(section.address));
  file.set(symbols, symbolsAt);
  file.set(stringBytes, stringsAt);
  file.set(nameBytes, namesAt);
  headers.forEach((header, index) => {
    const at = headersAt + SHDR_SIZE * (index + 1);
    view.setUint32(at, header.name, true);
    view.setUint32(at + 4, header.type, true);
    view.setBigUint64(at + 8, BigInt(header.flags), true);
    view.setBigUint64(at + 16, header.address, true);
    view.setBigUint64(at + 24, BigInt(header.offset), true);
    view.setBigUint64(at + 32, BigInt(header.size), true);
    view.setUint32(at + 40, header.link ?? 0, true);
    view.setUint32(at + 44, header.info ?? 0, true);
    view.setBigUint64(at + 48, BigInt(header.align), true);
    view.setBigUint64(at + 56, BigInt(header.entrySize ?? 0), true);
  });
  return file;
}

/** @param {string} name */
function sectionFlags(name) {
  if (name === '.text') return SHF.ALLOC | SHF.EXECINSTR;
  return name === '.rodata' ? SHF.ALLOC : SHF.ALLOC | SHF.WRITE;
}

/**
 * @param {import('./assembler.mjs').Program} program
 * @param {StringTable} strings
 */
function writeSymbols(program, strings) {
  const local = program.labels.filter((label) => !label.name.startsWith('.L'));
  const bytes = new Uint8Array(SYM_SIZE * (local.length + 1));
  const view = new DataView(bytes.buffer);
  local.forEach((label, index) => {
    const at = SYM_SIZE * (index + 1);
    const section = program.sections.findIndex((candidate) => candidate.name === label.section);
    view.setUint32(at, strings.add(label.name), true);
    view.setUint16(at + 6, section + 1, true);
    view.setBigUint64(at + 8, label.address, true);
  });
  return bytes;
}

/**
 * The bytes from the first to the last initialised section, gaps zero, without .bss.
 * @param {import('./assembler.mjs').Program} program
 * @returns {Uint8Array}
 */
export function writeFlat(program) {
  const filled = program.sections.filter((section) => section.bytes.length > 0);
  if (filled.length === 0) return new Uint8Array(0);
  const start = filled[0].address;
  const last = filled[filled.length - 1];
  const image = new Uint8Array(Number(last.address - start) + last.size);
  for (const section of filled) image.set(section.bytes, Number(section.address - start));
  return image;
}
