/** The VGA as a device of the worker: dispatch of its ports and its memory window. irqchip/pc.ts calls it. */
import { LOCAL_VGA_MMIO, LOCAL_VGA_WINDOW } from '../layout';
import { vgaPortRead, vgaPortWrite } from './registers';
import { vgaWindowRead, vgaWindowWrite } from './window';

const FIRST_PORT: u32 = 0x3b0;
const FIRST_MMIO_PORT: u32 = 0x3c0;

function portOf(id: u32, offset: u32): u32 {
  return (id == LOCAL_VGA_MMIO ? FIRST_MMIO_PORT : FIRST_PORT) + offset;
}

/** Registers and memory are bytes: a wider access is one to each, lowest first. */
export function vgaRead(cpu: usize, id: u32, offset: u32, size: u32): u64 {
  if (id == LOCAL_VGA_WINDOW) return vgaWindowRead(offset, size);
  let value: u64 = 0;
  for (let i: u32 = 0; i < size; i++) value |= (<u64>vgaPortRead(cpu, portOf(id, offset + i))) << (i * 8);
  return value;
}

export function vgaWrite(cpu: usize, id: u32, offset: u32, value: u64, size: u32): void {
  if (id == LOCAL_VGA_WINDOW) {
    vgaWindowWrite(offset, value, size);
    return;
  }
  for (let i: u32 = 0; i < size; i++)
    vgaPortWrite(cpu, portOf(id, offset + i), <u32>(value >> (i * 8)) & 0xff);
}
