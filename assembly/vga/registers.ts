/**
 * Registers of the VGA: miscellaneous output, sequencer, CRT controller, graphics controller, attribute controller, DAC.
 * Specification: IBM VGA XGA Technical Reference Manual, chapter 2; reserved bits read as in QEMU 7.2 (hw/display/vga.c).
 *
 * The two bits of input status 1 follow the guest's clock and the CRT controller's timing, so a guest that waits for the retrace runs at the mode's own
 * rate. Not there: interrupts at the retrace, the light pen, the sense bits.
 */
import * as L from '../layout';
import { displayEvent } from '../softmmu/dirty';
import { tlbFlush } from '../softmmu/tlb';
import { guestTicks } from '../vcpu/clock';
import { vgaWindowForgets } from './window';

const MISC_COLOR: u32 = 1;
const CR_LOCK: u32 = 0x80;
const STATUS_NO_DISPLAY: u32 = 1;
const STATUS_RETRACE: u32 = 8;

const SR_MAP_MASK: u32 = 2;
const SR_MEMORY_MODE: u32 = 4;
const GR_MODE: u32 = 5;
const GR_MISC: u32 = 6;

/** Bits of SR0 to SR7, GR0 to GR8 and AR0x10 to AR0x14 that exist. */
const SR_BITS: usize = memory.data<u8>([0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0x00, 0x00, 0xff]);
const GR_BITS: usize = memory.data<u8>([
  0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0, 0, 0, 0, 0, 0, 0,
]);
const AR_BITS: usize = memory.data<u8>([0xef, 0xff, 0x3f, 0x0f, 0x0f]);
const AR_COUNT: u32 = 0x15;

/** Whether nothing is at this port just now: the CRT controller and input status 1 move between 0x3b_ and 0x3d_. */
function isHidden(port: u32): bool {
  const absent: u32 = load<u8>(L.VGA_MISC) & MISC_COLOR ? 0x3b0 : 0x3d0;
  return (port & ~15) == absent;
}

export function vgaPortRead(cpu: usize, port: u32): u32 {
  if (isHidden(port)) return 0xff;
  switch (port) {
    case 0x3c0:
      return load<u8>(L.VGA_AR_FLIP_FLOP) == 0 ? load<u8>(L.VGA_AR_INDEX) : 0;
    case 0x3c1: {
      const index: u32 = load<u8>(L.VGA_AR_INDEX) & 0x1f;
      return index < AR_COUNT ? load<u8>(L.VGA_AR + index) : 0;
    }
    case 0x3c4:
      return load<u8>(L.VGA_SR_INDEX);
    case 0x3c5:
      return load<u8>(L.VGA_SR + <u32>load<u8>(L.VGA_SR_INDEX));
    case 0x3c6:
      return load<u8>(L.VGA_DAC_MASK);
    case 0x3c7:
      return load<u8>(L.VGA_DAC_STATE);
    case 0x3c8:
      return load<u8>(L.VGA_DAC_WRITE);
    case 0x3c9:
      return dacRead();
    case 0x3ca:
      return load<u8>(L.VGA_FEATURE);
    case 0x3cc:
      return load<u8>(L.VGA_MISC);
    case 0x3ce:
      return load<u8>(L.VGA_GR_INDEX);
    case 0x3cf:
      return load<u8>(L.VGA_GR + <u32>load<u8>(L.VGA_GR_INDEX));
    case 0x3b4:
    case 0x3d4:
      return load<u8>(L.VGA_CR_INDEX);
    case 0x3b5:
    case 0x3d5:
      return load<u8>(L.VGA_CR + <u32>load<u8>(L.VGA_CR_INDEX));
    case 0x3ba:
    case 0x3da:
      store<u8>(L.VGA_AR_FLIP_FLOP, 0);
      return inputStatus(cpu);
    default:
      // Of the sixteen at 0x3c0 all are the VGA's; of the others those above.
      return (port & ~15) == 0x3c0 ? 0 : 0xff;
  }
}

export function vgaPortWrite(cpu: usize, port: u32, value: u32): void {
  if (isHidden(port)) return;
  switch (port) {
    case 0x3c0:
      attributeWrite(value);
      break;
    case 0x3c2:
      change(L.VGA_MISC, value & ~0x10);
      break;
    case 0x3c4:
      store<u8>(L.VGA_SR_INDEX, value & 7);
      break;
    case 0x3c5:
      sequencerWrite(cpu, load<u8>(L.VGA_SR_INDEX), value);
      break;
    case 0x3c6:
      change(L.VGA_DAC_MASK, value);
      break;
    case 0x3c7:
      store<u8>(L.VGA_DAC_READ, value);
      store<u8>(L.VGA_DAC_COMPONENT, 0);
      store<u8>(L.VGA_DAC_STATE, 3);
      break;
    case 0x3c8:
      store<u8>(L.VGA_DAC_WRITE, value);
      store<u8>(L.VGA_DAC_COMPONENT, 0);
      store<u8>(L.VGA_DAC_STATE, 0);
      break;
    case 0x3c9:
      dacWrite(value);
      break;
    case 0x3ce:
      store<u8>(L.VGA_GR_INDEX, value & 15);
      break;
    case 0x3cf:
      graphicsWrite(cpu, load<u8>(L.VGA_GR_INDEX), value);
      break;
    case 0x3b4:
    case 0x3d4:
      store<u8>(L.VGA_CR_INDEX, value);
      break;
    case 0x3b5:
    case 0x3d5:
      crtcWrite(load<u8>(L.VGA_CR_INDEX), value);
      break;
    case 0x3ba:
    case 0x3da:
      store<u8>(L.VGA_FEATURE, value & 0x10);
      break;
  }
}

/** Stores a register that the picture depends on. */
function change(register: usize, value: u32): void {
  if (load<u8>(register) == <u8>value) return;
  store<u8>(register, value);
  displayEvent(L.DISPLAY_REGISTERS);
}

/** The window may show other memory from now on: what the TLB knows of it as plain memory is forgotten, or what it could know so now. */
function windowChanged(cpu: usize): void {
  if (!vgaWindowForgets()) return;
  store<u32>(L.VGA_WINDOW_MAPPED, 0);
  tlbFlush(cpu);
}

function sequencerWrite(cpu: usize, index: u32, value: u32): void {
  const register = L.VGA_SR + index;
  value &= load<u8>(SR_BITS + index);
  if (load<u8>(register) == <u8>value) return;
  // Map mask and memory mode say where the processor writes, the others what is shown.
  if (index == SR_MAP_MASK || index == SR_MEMORY_MODE) {
    store<u8>(register, value);
    windowChanged(cpu);
  } else change(register, value);
}

function graphicsWrite(cpu: usize, index: u32, value: u32): void {
  const register = L.VGA_GR + index;
  value &= load<u8>(GR_BITS + index);
  if (load<u8>(register) == <u8>value) return;
  // Mode and miscellaneous say how memory is shown, the others how it is written.
  if (index == GR_MODE || index == GR_MISC) {
    change(register, value);
    windowChanged(cpu);
  } else store<u8>(register, value);
}

function crtcWrite(index: u32, value: u32): void {
  const register = L.VGA_CR + index;
  if (index <= 7 && load<u8>(L.VGA_CR + 0x11) & CR_LOCK) {
    // Of the locked registers bit 4 of CR7, of the line compare, can be written.
    if (index == 7) change(register, (load<u8>(register) & ~0x10) | (value & 0x10));
    return;
  }
  change(register, value);
}

function attributeWrite(value: u32): void {
  if (load<u8>(L.VGA_AR_FLIP_FLOP) == 0) {
    store<u8>(L.VGA_AR_FLIP_FLOP, 1);
    const old: u32 = load<u8>(L.VGA_AR_INDEX);
    store<u8>(L.VGA_AR_INDEX, value & 0x3f);
    if ((old ^ value) & 0x20) displayEvent(L.DISPLAY_REGISTERS);
    return;
  }
  store<u8>(L.VGA_AR_FLIP_FLOP, 0);
  const index: u32 = load<u8>(L.VGA_AR_INDEX) & 0x1f;
  if (index < 16) change(L.VGA_AR + index, value & 0x3f);
  else if (index < AR_COUNT) change(L.VGA_AR + index, value & load<u8>(AR_BITS + index - 16));
}

function nextComponent(): bool {
  const next = <u32>load<u8>(L.VGA_DAC_COMPONENT) + 1;
  store<u8>(L.VGA_DAC_COMPONENT, next == 3 ? 0 : next);
  return next == 3;
}

function dacRead(): u32 {
  const entry: u32 = load<u8>(L.VGA_DAC_READ);
  const value: u32 = load<u8>(L.VGA_DAC + entry * 3 + load<u8>(L.VGA_DAC_COMPONENT));
  if (nextComponent()) store<u8>(L.VGA_DAC_READ, entry + 1);
  return value;
}

function dacWrite(value: u32): void {
  store<u8>(L.VGA_DAC_CACHE + <u32>load<u8>(L.VGA_DAC_COMPONENT), value);
  if (!nextComponent()) return;
  const entry: u32 = load<u8>(L.VGA_DAC_WRITE);
  for (let i: u32 = 0; i < 3; i++) change(L.VGA_DAC + entry * 3 + i, load<u8>(L.VGA_DAC_CACHE + i));
  store<u8>(L.VGA_DAC_WRITE, entry + 1);
}

function cr(index: u32): u32 {
  return load<u8>(L.VGA_CR + index);
}

/** Bits 8 and 9 of a vertical register, which lie in CR7. */
function overflow(bit8: u32, bit9: u32): u32 {
  return (((cr(7) >> bit8) & 1) << 8) | (((cr(7) >> bit9) & 1) << 9);
}

/**
 * Where the beam is at this moment of the guest's time. A retrace that came and went since the last look is seen once all the same: it is over in 60 µs, and
 * a host that is busy keeps a guest that waits for it from looking much longer than that.
 */
function inputStatus(cpu: usize): u32 {
  const clock: u64 = (load<u8>(L.VGA_MISC) & 0x0c) == 4 ? 28322 : 25175;
  const mode: u32 = load<u8>(L.VGA_SR + 1);
  const dots: u32 = (mode & 1 ? 8 : 9) << ((mode >> 3) & 1);
  const chars: u32 = cr(0) + 5;
  const lines: u32 = (cr(6) | overflow(0, 5)) + 2;
  const shown: u32 = (cr(0x12) | overflow(1, 6)) + 1;
  const start: u32 = cr(0x10) | overflow(2, 7);
  // In characters since the start of a frame; a kHz is a dot in a million ns.
  const frame = lines * chars;
  const now = ((<u64>guestTicks(cpu, 1) / 1000) * clock) / (1000 * dots);
  const char = <u32>(now % frame);
  const line = char / chars;
  const begun = <u32>((now + frame - min(start, lines) * chars) / frame);
  const missed = begun != load<u32>(L.VGA_RETRACES);
  store<u32>(L.VGA_RETRACES, begun);
  // The end is given by its low four bits.
  const length = (cr(0x11) - start) & 15;
  if (missed || (line >= start && line < start + (length == 0 ? 16 : length)))
    return STATUS_RETRACE | STATUS_NO_DISPLAY;
  return line >= shown || char % chars > cr(1) ? STATUS_NO_DISPLAY : 0;
}
