/**
 * The VGA's memory as the processor sees it from 0xa0000 to 0xbffff: planes, latches, write modes 0 to 3, read modes 0 and 1, odd/even, chain-4.
 * Specification: IBM VGA XGA Technical Reference Manual, chapter 2, "Graphics Controller"; plane layout as in QEMU 7.2 (hw/display/vga.c), so that
 * firmware and guests find in the linear frame buffer what they find there.
 *
 * Video memory holds the four planes side by side: the byte of plane p at address a of the planes lies at 4 a + p. Chain-4 makes it linear.
 */
import * as L from '../layout';
import { dirtyMark } from '../softmmu/dirty';

const SR_MAP_MASK: usize = L.VGA_SR + 2;
const SR_MEMORY_MODE: usize = L.VGA_SR + 4;
const CHAIN_4: u32 = 0x08;

const GR_SET_RESET: usize = L.VGA_GR + 0;
const GR_ENABLE_SET_RESET: usize = L.VGA_GR + 1;
const GR_COLOR_COMPARE: usize = L.VGA_GR + 2;
const GR_ROTATE: usize = L.VGA_GR + 3;
const GR_READ_MAP: usize = L.VGA_GR + 4;
const GR_MODE: usize = L.VGA_GR + 5;
const GR_MISC: usize = L.VGA_GR + 6;
const GR_COLOR_DONT_CARE: usize = L.VGA_GR + 7;
const GR_BIT_MASK: usize = L.VGA_GR + 8;
const READ_MODE_1: u32 = 0x08;
const ODD_EVEN: u32 = 0x10;

/** Bits of VGA_WINDOW_MAPPED. */
const MAPPED_MEMORY: u32 = 1;
const MAPPED_WINDOW: u32 = 2;

const OUTSIDE: u32 = 0xffffffff;
const PAGE_MASK: u32 = L.PAGE_SIZE - 1;

/** The address in video memory, before planes, of an offset of the window; OUTSIDE where the chosen map has nothing. */
function addressOf(offset: u32): u32 {
  const map = (<u32>load<u8>(GR_MISC) >> 2) & 3;
  if (map == 0) return offset;
  if (map == 1) return offset < 0x10000 ? offset + load<u32>(L.VGA_BANK) : OUTSIDE;
  const start: u32 = map == 2 ? 0x10000 : 0x18000;
  return offset - start < 0x8000 ? offset - start : OUTSIDE;
}

/** Linear address of the memory that the page at this offset shows as it is, or 0. The vCPU may keep it until the window changes. */
export function vgaWindowLinear(offset: u32): u32 {
  if (!isPlain()) return 0;
  const address = addressOf(offset & ~PAGE_MASK);
  if (address == OUTSIDE || address + L.PAGE_SIZE > load<u32>(L.VGA_MEMORY_SIZE)) return 0;
  store<u32>(L.VGA_WINDOW_MAPPED, load<u32>(L.VGA_WINDOW_MAPPED) | MAPPED_MEMORY);
  return load<u32>(L.VGA_MEMORY) + address + (offset & PAGE_MASK);
}

/** The vCPU keeps where a page of the window lies. */
export function vgaWindowKept(): void {
  store<u32>(L.VGA_WINDOW_MAPPED, load<u32>(L.VGA_WINDOW_MAPPED) | MAPPED_WINDOW);
}

/** Whether what the vCPU keeps of the window is wrong, or slower than need be, after a change of registers. */
export function vgaWindowForgets(): bool {
  const mapped = load<u32>(L.VGA_WINDOW_MAPPED);
  return (mapped & MAPPED_MEMORY) != 0 || (mapped != 0 && isPlain());
}

/** Whether the window shows memory as it is. */
function isPlain(): bool {
  return (load<u8>(SR_MEMORY_MODE) & CHAIN_4) != 0 && (load<u8>(SR_MAP_MASK) & 15) == 15;
}

/** The four bits of a value as four bytes of all ones or zeros. */
function spread(bits: u32): u32 {
  return (((bits & 15) * 0x00204081) & 0x01010101) * 0xff;
}

export function vgaWindowRead(offset: u32, size: u32): u64 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < size; i++) value |= (<u64>readByte(offset + i)) << (i * 8);
  return value;
}

/** Within a page, as all of these. */
export function vgaWindowWrite(offset: u32, value: u64, size: u32): void {
  writeRow(offset, size, 0, value, size);
}

/** Writes `count` bytes upwards as single writes of them would: a value of `size` bytes again and again. */
export function vgaWindowFill(offset: u32, value: u64, size: u32, count: u32): void {
  writeRow(offset, count, 0, value, size);
}

/** The same of bytes that lie in linear memory. */
export function vgaWindowCopy(offset: u32, source: usize, count: u32): void {
  writeRow(offset, count, source, 0, 1);
}

/** Where the byte of an odd/even access lies: the lowest bit chooses the plane of a pair. */
function oddEven(address: u32): u32 {
  return ((address & ~1) << 1) | (load<u8>(GR_READ_MAP) & 2) | (address & 1);
}

function readByte(offset: u32): u32 {
  const size = load<u32>(L.VGA_MEMORY_SIZE);
  const base = load<u32>(L.VGA_MEMORY);
  const address = addressOf(offset);
  if (address == OUTSIDE) return 0xff;
  if (load<u8>(SR_MEMORY_MODE) & CHAIN_4) return address < size ? <u32>load<u8>(base + address) : 0xff;
  const mode = <u32>load<u8>(GR_MODE);
  if (mode & ODD_EVEN) {
    const at = oddEven(address);
    return at < size ? <u32>load<u8>(base + at) : 0xff;
  }
  if (address >= size / 4) return 0xff;
  const latch = load<u32>(base + address * 4);
  store<u32>(L.VGA_LATCH, latch);
  if ((mode & READ_MODE_1) == 0) return (latch >> (load<u8>(GR_READ_MAP) * 8)) & 0xff;
  // A bit is 1 where all planes that are compared have the colour.
  let differs = (latch ^ spread(load<u8>(GR_COLOR_COMPARE))) & spread(load<u8>(GR_COLOR_DONT_CARE));
  differs |= differs >> 16;
  differs |= differs >> 8;
  return ~differs & 0xff;
}

/** A byte of a row: of linear memory, or of a value that repeats. */
function byteOf(source: usize, value: u64, size: u32, i: u32): u32 {
  return source != 0 ? <u32>load<u8>(source + i) : <u32>(value >> ((i & (size - 1)) << 3)) & 0xff;
}

function writeRow(offset: u32, count: u32, source: usize, value: u64, size: u32): void {
  const bytes = load<u32>(L.VGA_MEMORY_SIZE);
  const base = load<u32>(L.VGA_MEMORY);
  const mask: u32 = load<u8>(SR_MAP_MASK);
  const address = addressOf(offset);
  if (address == OUTSIDE) return;
  const chained = (load<u8>(SR_MEMORY_MODE) & CHAIN_4) != 0;
  if (!chained && (load<u8>(GR_MODE) & ODD_EVEN) == 0) {
    if (address < bytes / 4)
      writePlanes(base + address * 4, min(count, bytes / 4 - address), source, value, size);
    return;
  }
  for (let i: u32 = 0; i < count; i++) {
    const at = chained ? address + i : oddEven(address + i);
    if ((mask >> (at & 3)) & 1 && at < bytes) storeByte(base + at, byteOf(source, value, size, i));
  }
}

function storeByte(linear: u32, value: u32): void {
  dirtyMark(linear);
  store<u8>(linear, value);
}

/** Writes bytes of the processor as the graphics controller changes them for the four planes. The latch stays the same all along. */
function writePlanes(at: usize, count: u32, source: usize, value: u64, size: u32): void {
  const end = at + count * 4;
  for (let page = at & ~(<usize>PAGE_MASK); page < end; page += L.PAGE_SIZE) dirtyMark(page);
  const planes = spread(load<u8>(SR_MAP_MASK));
  const writeMode: u32 = load<u8>(GR_MODE) & 3;
  const rotate: u32 = load<u8>(GR_ROTATE);
  const turn = rotate & 7;
  const operation = rotate >> 3;
  const latch = load<u32>(L.VGA_LATCH);
  const set = spread(load<u8>(GR_SET_RESET));
  const enabled = spread(load<u8>(GR_ENABLE_SET_RESET));
  const bitMask = <u32>load<u8>(GR_BIT_MASK) * 0x01010101;
  const isPlainWrite = writeMode == 0 && rotate == 0 && enabled == 0 && bitMask == 0xffffffff;
  for (let i: u32 = 0; i < count; i++, at += 4) {
    let byte = byteOf(source, value, size, i);
    let color: u32;
    if (isPlainWrite) color = byte * 0x01010101;
    else if (writeMode == 1) color = latch;
    else {
      let bits = bitMask;
      if (writeMode == 2) color = spread(byte);
      else {
        byte = ((byte >> turn) | (byte << (8 - turn))) & 0xff;
        color = byte * 0x01010101;
        if (writeMode == 3) {
          bits &= color;
          color = set;
        } else color = (color & ~enabled) | (set & enabled);
      }
      if (operation == 1) color &= latch;
      else if (operation == 2) color |= latch;
      else if (operation == 3) color ^= latch;
      color = (color & bits) | (latch & ~bits);
    }
    store<u32>(at, (load<u32>(at) & ~planes) | (color & planes));
  }
}
