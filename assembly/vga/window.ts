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
  if ((load<u8>(SR_MEMORY_MODE) & CHAIN_4) == 0 || (load<u8>(SR_MAP_MASK) & 15) != 15) return 0;
  const address = addressOf(offset & ~PAGE_MASK);
  if (address == OUTSIDE || address + L.PAGE_SIZE > load<u32>(L.VGA_MEMORY_SIZE)) return 0;
  store<u32>(L.VGA_WINDOW_MAPPED, 1);
  return load<u32>(L.VGA_MEMORY) + address + (offset & PAGE_MASK);
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

export function vgaWindowWrite(offset: u32, value: u64, size: u32): void {
  for (let i: u32 = 0; i < size; i++) writeByte(offset + i, <u32>(value >> (i * 8)) & 0xff);
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

function writeByte(offset: u32, value: u32): void {
  const size = load<u32>(L.VGA_MEMORY_SIZE);
  const base = load<u32>(L.VGA_MEMORY);
  const mask: u32 = load<u8>(SR_MAP_MASK);
  const address = addressOf(offset);
  if (address == OUTSIDE) return;
  const mode = <u32>load<u8>(GR_MODE);
  if (load<u8>(SR_MEMORY_MODE) & CHAIN_4) {
    if ((mask >> (address & 3)) & 1 && address < size) storeByte(base + address, value);
  } else if (mode & ODD_EVEN) {
    const at = oddEven(address);
    if ((mask >> (at & 3)) & 1 && at < size) storeByte(base + at, value);
  } else if (address < size / 4) {
    const at = base + address * 4;
    const planes = spread(mask);
    dirtyMark(at);
    store<u32>(at, (load<u32>(at) & ~planes) | (latched(value, mode & 3) & planes));
  }
}

function storeByte(linear: u32, value: u32): void {
  dirtyMark(linear);
  store<u8>(linear, value);
}

/** What the graphics controller makes of a byte of the processor for the four planes. */
function latched(value: u32, writeMode: u32): u32 {
  const latch = load<u32>(L.VGA_LATCH);
  if (writeMode == 1) return latch;
  const rotate: u32 = load<u8>(GR_ROTATE);
  let bits: u32 = load<u8>(GR_BIT_MASK);
  if (writeMode == 2) value = spread(value);
  else {
    const count = rotate & 7;
    value = ((value >> count) | (value << (8 - count))) & 0xff;
    const set = spread(load<u8>(GR_SET_RESET));
    if (writeMode == 3) {
      bits &= value;
      value = set;
    } else {
      const enabled = spread(load<u8>(GR_ENABLE_SET_RESET));
      value = ((value * 0x01010101) & ~enabled) | (set & enabled);
    }
  }
  const operation = rotate >> 3;
  if (operation == 1) value &= latch;
  else if (operation == 2) value |= latch;
  else if (operation == 3) value ^= latch;
  bits *= 0x01010101;
  return (value & bits) | (latch & ~bits);
}
