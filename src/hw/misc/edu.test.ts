import { beforeEach, describe, expect, it } from 'vitest';
import { FakeIrq, FakeMemory, FakeTime } from '../../../tests/support/device-env.ts';
import { Log } from '../../core/log.ts';
import { mmioRead, mmioWrite } from '../../machine/mmio-access.ts';
import { Edu } from './edu.ts';
import recorded from './fixtures/edu.json' with { type: 'json' };

/** scripts/gen-edu-fixtures.mjs */
interface Step {
  write?: [offset: number, size: number, value: number];
  read?: [offset: number, size: number];
  config?: [offset: number, size: number, value: number];
  space?: [offset: number, size: number];
  put?: [address: number, hex: string];
  get?: [address: number, length: number];
  /** Milliseconds. */
  pass?: number;
  answer?: string;
}

const BUFFER = 0x40000;
const DMA = 0x80;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

let time: FakeTime;
let memory: FakeMemory;
let irq: FakeIrq;
let edu: Edu;

function make(options: { messages?: boolean; dmaMask?: bigint } = {}): Edu {
  edu = new Edu({ memory, clock: time, timers: time, log: new Log(), messages: true, ...options });
  edu.connect({
    intx: irq,
    places: [{ move: () => {} }],
    message: (address, data) => void memory.write(address, new Uint8Array(new Uint32Array([data]).buffer)),
  });
  edu.configWrite(4, 2, 6);
  return edu;
}
const read = (offset: number, size = 4): bigint => mmioRead(edu.regions[0], offset, size);
const write = (offset: number, value: number, size = 4): void =>
  mmioWrite(edu.regions[0], offset, size, BigInt(value));
function transfer(source: number, destination: number, count: number, command: number): void {
  [source, destination, count].forEach((value, i) => write(DMA + 8 * i, value, 8));
  write(DMA + 24, command);
  time.advance(100_000_000n);
}

beforeEach(() => {
  time = new FakeTime();
  memory = new FakeMemory(0x10000);
  irq = new FakeIrq();
});

function answer({ write: wrote, read: asked, config, space, put, get, pass }: Step): string | undefined {
  if (wrote) write(wrote[0], wrote[2], wrote[1]);
  else if (asked) return `0x${read(...asked).toString(16)}`;
  else if (config) edu.configWrite(...config);
  else if (space) return `0x${edu.configRead(...space).toString(16)}`;
  else if (put) memory.write(put[0], Buffer.from(put[1], 'hex'));
  else if (get) return `0x${hex(memory.read(...get)!)}`.slice(2);
  else time.advance(BigInt(pass!) * 1_000_000n);
  return undefined;
}

describe('the educational device', () => {
  it('answers, interrupts, sends messages and copies as QEMU’s does', () => {
    make();
    edu.configWrite(4, 2, 0);
    for (const [i, step] of (recorded as Step[]).entries())
      expect([i, step, answer(step)]).toEqual([i, step, step.answer]);
    expect(recorded.length).toBeGreaterThan(200);
  });

  it('interrupts by its pin, and has no MSI, where nothing takes messages', () => {
    make({ messages: false });
    expect([edu.configRead(6, 2) & 0x10, edu.configRead(0x34, 1)]).toEqual([0, 0]);
    write(0x60, 1);
    expect(irq.level).toBe(true);
    write(0x64, 1);
    expect(irq.level).toBe(false);
  });

  it('takes its time for a calculation, and for a transfer, and nothing else meanwhile', () => {
    make();
    write(8, 5);
    write(8, 6);
    expect([read(0x20), read(8)]).toEqual([1n, 5n]);
    time.advance(1_000_000n);
    expect([read(0x20), read(8)]).toEqual([0n, 120n]);
    write(DMA + 24, 1);
    time.advance(99_000_000n);
    expect(read(DMA + 24)).toBe(1n);
    time.advance(1_000_000n);
    expect(read(DMA + 24)).toBe(0n);
  });

  it('has all of its buffer, and nothing beside it, beyond RAM or without the bus', () => {
    make();
    memory.bytes.fill(7, 0, 0x1000);
    transfer(0, BUFFER, 0x1000, 1);
    transfer(BUFFER, 0x2000, 0x1000, 3);
    expect(memory.bytes.slice(0x2000, 0x3000).every((byte) => byte === 7)).toBe(true);
    const before = memory.bytes.slice();
    for (const [source, destination, count] of [
      [BUFFER - 1, 0x4000, 4],
      [BUFFER + 0xffe, 0x4000, 4],
      [BUFFER, 0x4000, 0],
      [BUFFER, 0x4000, 2 ** 53],
      [2 ** 53, 0x4000, 16],
      [BUFFER, 0xfffe, 4],
    ]) {
      transfer(source, destination, count, 7);
      expect([read(DMA + 24), read(0x24)]).toEqual([6n, 0x100n]);
      write(0x64, 0x100);
    }
    edu.configWrite(4, 2, 2);
    transfer(BUFFER, 0x4000, 4, 3);
    expect(hex(memory.bytes)).toBe(hex(before));
  });

  it('reaches as far as its mask', () => {
    make({ dmaMask: 0xfffn });
    memory.bytes.fill(9, 0x100, 0x104);
    transfer(0x5100, BUFFER, 4, 1);
    transfer(BUFFER, 0x7200, 4, 3);
    expect(hex(memory.bytes.slice(0x200, 0x204))).toBe('09090909');
  });

  it('goes on where it was saved', () => {
    make();
    memory.bytes.fill(3, 0, 8);
    transfer(0, BUFFER, 8, 1);
    write(0x20, 0x80);
    write(8, 4);
    write(DMA, BUFFER, 8);
    write(DMA + 8, 0x300, 8);
    write(DMA + 24, 7);
    const state = JSON.parse(JSON.stringify(edu.save()));
    memory.bytes.fill(0);
    make().restore(state);
    time.advance(100_000_000n);
    expect([read(8), read(0x24), hex(memory.bytes.slice(0x300, 0x308))]).toEqual([
      24n,
      0x101n,
      '0303030303030303',
    ]);
    expect(irq.level).toBe(true);
  });
});
