/** PCI's configuration ports from a guest's side: what the vCPU answers by itself, and what it leaves to the page. */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { MemoryNode } from '../../../src/block/protocol/memory-node.ts';
import { Log } from '../../../src/core/log.ts';
import { PciBus } from '../../../src/hw/pci/pci-bus.ts';
import { VirtioBlk } from '../../../src/hw/virtio/virtio-blk.ts';
import { VirtioPci } from '../../../src/hw/virtio/virtio-pci.ts';
import * as L from '../../../src/memory/layout.gen.ts';
import { FakeMemory } from '../../../tests/support/device-env.ts';
import { createTestCore, type TestCore } from '../harness.ts';
import { RESET_VECTOR, X86 } from './machine.ts';

const PROGRAM = 0x7c00n;
const RESULTS = 0x1000;
const ADDRESS_PORT = 0xcf8;
const DATA_PORT = 0xcfc;
const SLOT = 4;
const DEVICE = 31;
/** What the page answers in these tests. */
const ANSWER = 0x5a5a5a5a;

/** What QEMU's function has, and what a guest can write of it (scripts/gen-pc-fixtures.mjs). */
const qemu: { reset: string[]; writable: string[] } = JSON.parse(
  readFileSync(new URL('../../../src/machine/fixtures/pc.json', import.meta.url), 'utf8'),
).pci['virtio-blk-pci'];

const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];
const dword = (value: number): number[] => [...word(value), ...word(value >>> 16)];
/** mov $port, %dx; mov $value, %eax; out */
const out = (port: number, size: number, value: number): number[] => [
  ...[0xba, ...word(port), 0x66, 0xb8, ...dword(value)],
  ...{ 1: [0xee], 2: [0xef], 4: [0x66, 0xef] }[size]!,
];
const address = (register: number, rest = 0x8000_0000 | (SLOT << 11)): number[] =>
  out(ADDRESS_PORT, 4, rest | (register & 0xfc));

/** A program in real mode, and the places of what it reads. */
class Program {
  readonly code: number[] = [];
  private reads = 0;

  /** Writes a register of the function. */
  write(register: number, size: number, value: number): this {
    this.code.push(...address(register), ...out(DATA_PORT + (register & 3), size, value));
    return this;
  }

  /** Reads a register of the function, or where `rest` of the address leads. */
  read(register: number, size: number, rest?: number): this {
    return this.port(DATA_PORT + (register & 3), size, address(register, rest));
  }

  /** mov $port, %dx; xor %eax, %eax; in; mov %eax, (place) */
  port(port: number, size: number, before: number[] = []): this {
    const input = { 1: [0xec], 2: [0xed], 4: [0x66, 0xed] }[size]!;
    const place = RESULTS + 4 * this.reads++;
    this.code.push(...before, 0xba, ...word(port), 0x66, 0x31, 0xc0, ...input, 0x66, 0xa3, ...word(place));
    return this;
  }

  /** Runs it. @returns what it read */
  run(core: TestCore): string[] {
    core.load(RESET_VECTOR, Uint8Array.of(0xea, ...word(Number(PROGRAM)), 0, 0));
    core.load(PROGRAM, Uint8Array.from([...this.code, 0xf4]));
    expect(core.run({ pc: RESET_VECTOR, maxInstructions: 100_000 }).reason).toBe('wfi');
    const bytes = core.bytes(BigInt(RESULTS), 4 * this.reads);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Array.from({ length: this.reads }, (_, i) => hex(view.getUint32(4 * i, true)));
  }
}

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');

async function start() {
  const core = await createTestCore({ tier: 'interp', guest: X86 });
  core.reset();
  const view = new DataView(core.memory.buffer);
  let regions = view.getInt32(L.VM_REGION_COUNT, true);
  for (const [port, kind] of [
    [ADDRESS_PORT, L.CONFIG_ADDRESS],
    [DATA_PORT, L.CONFIG_DATA],
  ]) {
    const at = L.REGION_TABLE + regions++ * L.REGION_STRIDE;
    view.setBigUint64(at + L.REGION_BASE, BigInt(L.IO_PORT_BASE) + BigInt(port), true);
    view.setBigUint64(at + L.REGION_SIZE, 4n, true);
    view.setUint32(at + L.REGION_KIND, L.REGION_KIND_MMIO, true);
    view.setUint32(at + L.REGION_CONFIG, kind, true);
  }
  view.setInt32(L.VM_REGION_COUNT, regions, true);
  const block = (at: number): Uint8Array => new Uint8Array(core.memory.buffer, at, L.PCI_CONFIG_BYTES);
  const bus = new PciBus({
    swizzle: () => 0,
    route() {},
    place: (devfn) => {
      const at = L.PCI_CONFIG + devfn * L.PCI_CONFIG_STRIDE;
      return {
        bytes: block(at),
        writable: block(at + L.PCI_CONFIG_WRITABLE),
        flags: block(at + L.PCI_CONFIG_FLAGS),
      };
    },
  });
  const log = new Log();
  const geometry = { cylinders: 1, heads: 1, sectors: 1 };
  const type = new VirtioBlk({ node: new MemoryNode(new Uint8Array(512)), geometry, log });
  const disk = new VirtioPci({ type, memory: new FakeMemory(4096), log, messages: true });
  bus.add(SLOT << 3, disk);
  const exits = (): number[] =>
    [L.COUNTER_EXIT_MMIO_READ, L.COUNTER_EXIT_MMIO_WRITE].map((counter) => core.counter(counter));
  return { core, disk, exits };
}

/** Answers exits with ANSWER while `work` runs. */
async function answering<T>(memory: WebAssembly.Memory, work: () => T): Promise<T> {
  const script = `
    const { workerData: { buffer, pending, value, wake, answer }, parentPort } = require('node:worker_threads');
    const words = new Int32Array(buffer);
    parentPort.postMessage('ready');
    for (;;) {
      const seen = Atomics.load(words, wake);
      if (Atomics.load(words, pending) === 1) {
        words[value] = answer;
        Atomics.store(words, pending, 0);
        Atomics.notify(words, pending);
      }
      Atomics.wait(words, wake, seen);
    }`;
  const page = new Worker(script, {
    eval: true,
    workerData: {
      buffer: memory.buffer,
      pending: (L.VCPU_BASE + L.COMM_EXIT_PENDING) >> 2,
      value: (L.VCPU_BASE + L.COMM_EXIT_VALUE) >> 2,
      wake: L.VM_PAGE_WAKE >> 2,
      answer: ANSWER,
    },
  });
  try {
    await new Promise((resolve) => page.once('message', resolve));
    return work();
  } finally {
    await page.terminate();
  }
}

const BARS = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30];

describe('the configuration ports', () => {
  it('read QEMU’s function, and size its base addresses while it decodes nothing, without the page', async () => {
    const { core, disk, exits } = await start();
    const program = new Program();
    for (const bar of BARS) program.write(bar, 4, 0xffff_ffff);
    program.write(0x3c, 1, 0xff).write(0x0c, 1, 0xff);
    const registers = qemu.reset.map((_, i) => 4 * i).filter((at) => at < 0x40 || at >= 0x98);
    for (const at of registers) program.read(at, 4);
    const number = (text: string): number => Number.parseInt(text, 16);
    const expected = registers.map((at) => {
      const [reset, writable] = [number(qemu.reset[at / 4]), number(qemu.writable[at / 4])];
      if (BARS.includes(at)) return hex(reset | writable);
      return at === 0x3c || at === 0x0c ? hex(reset | (writable & 0xff)) : hex(reset);
    });
    expect(program.run(core)).toEqual(expected);
    expect(exits()).toEqual([0, 0]);
    // The device has them too.
    expect(hex(disk.configRead(0x10, 4))).toBe(expected[registers.indexOf(0x10)]);
  });

  it('read bytes and words, the address itself, and all ones where nobody is', async () => {
    const { core, exits } = await start();
    const program = new Program()
      .read(0, 2)
      .read(2, 2)
      .read(3, 1)
      .port(ADDRESS_PORT, 4, out(ADDRESS_PORT, 4, 0xffff_ffff))
      .read(0, 4, 0x8000_0000 | (DEVICE << 11))
      .read(0, 2, 0x8001_0000 | (SLOT << 11))
      .read(0, 1, SLOT << 11);
    program.code.push(...out(DATA_PORT, 4, 0));
    expect(program.run(core)).toEqual([
      ...['00001af4', '00001042', '00000010', '80fffffc'],
      ...['ffffffff', '0000ffff', '000000ff'],
    ]);
    expect(exits()).toEqual([0, 0]);
  });

  it('leave to the page what has an effect, or is no access of a known kind', async () => {
    const { core, disk, exits } = await start();
    disk.configWrite(0x14, 4, 0xfebf_1000);
    disk.configWrite(0x04, 2, 2);
    // The last capability's window to the BAR has its data 16 bytes on (virtio 1.2, 4.1.4.9).
    let at = disk.configRead(0x34, 1);
    while (disk.configRead(at, 1) !== 9 || disk.configRead(at + 3, 1) !== 5) at = disk.configRead(at + 1, 1);
    const program = new Program()
      .write(0x14, 4, 0xfebf_2000)
      .write(0x04, 2, 7)
      .read(0x14, 4)
      .read(at + 16, 4)
      .port(ADDRESS_PORT, 2);
    const read = await answering(core.memory, () => program.run(core));
    const answer = hex(ANSWER);
    expect(read).toEqual(['febf1000', answer, hex(ANSWER & 0xffff)]);
    expect(exits()).toEqual([2, 2]);
    expect(disk.configRead(0x04, 2)).toBe(2);
  });
});
