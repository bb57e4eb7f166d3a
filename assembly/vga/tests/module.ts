/** The VGA of the worker on a memory of its own. It is part of the PC's chips, whose test module reaches it too. */
import { compileChips } from '../../irqchip/tests/module.ts';
import * as L from '../../../src/memory/layout.gen.ts';

const FIRST_PORT = 0x3b0;
const WINDOW = 0xa0000;
/** In the vCPU's area, which nothing uses here. */
const VIDEO_MEMORY = 0x0100_0000;
const VIDEO_BYTES = 0x100_0000;

interface Exports {
  prepare(index: number): void;
  stateOf(index: number): number;
  setNow(index: number, ns: bigint): void;
  loaded(index: number): bigint;
  pcLocalRead(cpu: number, id: number, offset: number, size: number): number;
  pcLocalWrite(cpu: number, id: number, offset: number, value: bigint, size: number): number;
}

export class TestVga {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  private readonly exports: Exports;

  constructor(module: WebAssembly.Module) {
    const pages = (L.VCPU_BASE + L.VCPU_STRIDE) >> 16;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const now = (): never => {
      throw new Error("the host's clock was read");
    };
    this.exports = new WebAssembly.Instance(module, { env: { memory, now } }).exports as unknown as Exports;
    this.view = new DataView(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.view.setInt32(L.VM_VCPU_COUNT, 1, true);
    this.view.setInt32(L.VM_ICOUNT_SHIFT, 0, true);
    this.view.setUint32(L.VGA_MEMORY, VIDEO_MEMORY, true);
    this.view.setUint32(L.VGA_MEMORY_SIZE, VIDEO_BYTES, true);
    this.exports.prepare(0);
  }

  /** Sets the guest's clock, ns. */
  at(ns: bigint): void {
    this.exports.setNow(0, ns);
  }

  in(port: number, size: number): number {
    return this.load(L.LOCAL_VGA_PORTS, port - FIRST_PORT, size);
  }

  in8(port: number): number {
    return this.in(port, 1);
  }

  out8(port: number, value: number): void {
    this.store(L.LOCAL_VGA_PORTS, port - FIRST_PORT, value, 1);
  }

  out16(port: number, value: number): void {
    this.store(L.LOCAL_VGA_PORTS, port - FIRST_PORT, value, 2);
  }

  read8(address: number): number {
    return this.load(L.LOCAL_VGA_WINDOW, address - WINDOW, 1);
  }

  write8(address: number, value: number): void {
    this.store(L.LOCAL_VGA_WINDOW, address - WINDOW, value, 1);
  }

  /** Video memory, from its start on. */
  get memory(): Uint8Array {
    return this.bytes.subarray(VIDEO_MEMORY, VIDEO_MEMORY + VIDEO_BYTES);
  }

  /** The DIRTY_* byte of a page of video memory. */
  dirty(page: number): number {
    return this.bytes[L.DIRTY_PAGES + (VIDEO_MEMORY >>> L.PAGE_BITS) + page]!;
  }

  logPages(count: number): void {
    const first = L.DIRTY_PAGES + (VIDEO_MEMORY >>> L.PAGE_BITS);
    this.bytes.fill(L.DIRTY_LOGGED, first, first + count);
  }

  private load(local: number, offset: number, size: number): number {
    this.exports.pcLocalRead(this.exports.stateOf(0), local, offset, size);
    return Number(this.exports.loaded(0) & 0xffff_ffffn);
  }

  private store(local: number, offset: number, value: number, size: number): void {
    this.exports.pcLocalWrite(this.exports.stateOf(0), local, offset, BigInt(value), size);
  }
}

export async function loadVga(): Promise<TestVga> {
  return new TestVga(await compileChips());
}
