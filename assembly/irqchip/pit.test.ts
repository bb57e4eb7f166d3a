/** The 8254 against its data sheet (Intel 231164), where QEMU's does not follow it or cannot be asked: BCD, gates, counts written on the way. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Chips, loadChips } from './tests/module.ts';

const makeChips = await loadChips();
const HZ = 1193182n;
let pc: Chips;
let tick = 1000n;

/** Goes to the middle of a tick of the 1.193182 MHz clock. */
function toTick(n: bigint): void {
  tick = n;
  pc.at(((n * 2n + 1n) * 1_000_000_000n) / (2n * HZ));
}

function ticks(n: number): void {
  toTick(tick + BigInt(n));
}

const control = (counter: number, access: number, mode: number, bcd = 0) =>
  pc.out8(0x43, (counter << 6) | (access << 4) | (mode << 1) | bcd);

function write(counter: number, count: number): void {
  pc.out8(0x40 + counter, count & 0xff, count >> 8);
}

function read(counter: number): number {
  pc.out8(0x43, counter << 6);
  return pc.in8(0x40 + counter) | (pc.in8(0x40 + counter) << 8);
}

/** Status of a counter by read-back. */
function status(counter: number): number {
  pc.out8(0x43, 0xe0 | (2 << counter));
  return pc.in8(0x40 + counter);
}

const output = (counter: number) => status(counter) >> 7;
const gate2 = (up: boolean) => pc.out8(0x61, up ? 1 : 0);

/** Output of counter 2 in each of the next ticks, from this one on. */
function wave(length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    text += output(2);
    ticks(1);
  }
  return text;
}

beforeEach(() => {
  pc = makeChips();
  toTick(1000n);
});

describe('8254', () => {
  it('mode 0: low until the count is 0, then high until the next count', () => {
    gate2(true);
    control(2, 3, 0);
    expect(output(2)).toBe(0);
    write(2, 4);
    expect(wave(8)).toBe('00001111');
    expect(read(2)).toBe(0x10000 + 4 - 8);
    control(2, 3, 0);
    write(2, 9);
    ticks(3);
    // The first byte of a new count stops it and lowers the output; the second loads it.
    pc.out8(0x42, 2);
    ticks(20);
    expect(output(2)).toBe(0);
    pc.out8(0x42, 0);
    expect(wave(4)).toBe('0011');
  });

  it('mode 0: the gate holds the count', () => {
    gate2(true);
    control(2, 3, 0);
    write(2, 100);
    ticks(30);
    gate2(false);
    expect(read(2)).toBe(70);
    ticks(500);
    expect(read(2)).toBe(70);
    expect(output(2)).toBe(0);
    gate2(true);
    ticks(69);
    expect(output(2)).toBe(0);
    ticks(1);
    expect(output(2)).toBe(1);
  });

  it('mode 1: a rising gate starts a pulse of the count, and starts it again', () => {
    gate2(false);
    control(2, 3, 1);
    write(2, 5);
    expect(wave(8)).toBe('11111111');
    gate2(true);
    expect(wave(7)).toBe('0000011');
    gate2(false).out8(0x61, 1);
    ticks(3);
    gate2(false).out8(0x61, 1);
    expect(wave(7)).toBe('0000011');
    // A count written during a pulse is for the next one.
    gate2(false).out8(0x61, 1);
    write(2, 2);
    expect(wave(6)).toBe('000001');
    gate2(false).out8(0x61, 1);
    expect(wave(4)).toBe('0011');
  });

  it('mode 2: low in the last tick of each period', () => {
    gate2(true);
    control(2, 3, 2);
    expect(output(2)).toBe(1);
    write(2, 3);
    expect(wave(9)).toBe('110110110');
  });

  it('mode 2: the gate forces the output high and begins anew; a new count waits for the end of the period', () => {
    gate2(true);
    control(2, 3, 2);
    write(2, 6);
    ticks(4);
    expect(read(2)).toBe(2);
    write(2, 3);
    expect(status(2)).toBe(0xf4);
    ticks(1);
    expect(read(2)).toBe(1);
    ticks(1);
    expect(status(2)).toBe(0xb4);
    expect(wave(6)).toBe('110110');
    ticks(2);
    expect(output(2)).toBe(0);
    gate2(false);
    expect(output(2)).toBe(1);
    ticks(10);
    expect(output(2)).toBe(1);
    gate2(true);
    expect(wave(6)).toBe('110110');
  });

  it('mode 3: an even count halves its period, an odd one is high for one tick longer', () => {
    gate2(true);
    control(2, 3, 3);
    write(2, 6);
    expect(wave(12)).toBe('111000111000');
    control(2, 3, 3);
    write(2, 5);
    expect(wave(10)).toBe('1110011100');
    control(2, 3, 3);
    write(2, 5);
    const counts = [];
    for (let i = 0; i < 5; i++) {
      counts.push(read(2));
      ticks(1);
    }
    expect(counts).toEqual([4, 2, 0, 4, 2]);
  });

  it('mode 3: a new count begins with the next half', () => {
    gate2(true);
    control(2, 3, 3);
    write(2, 8);
    ticks(1);
    write(2, 4);
    expect(wave(11)).toBe('11100110011');
  });

  it('mode 4 strobes once when the count ends, mode 5 when it ends after a trigger', () => {
    gate2(true);
    control(2, 3, 4);
    write(2, 3);
    expect(wave(8)).toBe('11101111');
    control(2, 3, 5);
    write(2, 3);
    expect(wave(8)).toBe('11111111');
    gate2(false).out8(0x61, 1);
    expect(wave(8)).toBe('11101111');
  });

  it('counts in BCD, where 0 stands for 10000', () => {
    gate2(true);
    control(2, 3, 2, 1);
    write(2, 0x1000);
    ticks(1);
    expect(read(2)).toBe(0x0999);
    ticks(990);
    expect(read(2)).toBe(0x0009);
    control(2, 3, 0, 1);
    write(2, 0);
    ticks(1);
    expect(read(2)).toBe(0x9999);
    ticks(10000);
    expect(read(2)).toBe(0x9999);
  });

  it('takes modes 6 and 7 for 2 and 3, and says so', () => {
    control(1, 1, 6);
    expect(status(1) & 0x3f).toBe(0x14);
    control(1, 2, 7, 1);
    expect(status(1) & 0x3f).toBe(0x27);
  });

  it('keeps a latched count and status until they are read; a second latch is ignored', () => {
    control(1, 3, 2);
    expect(status(1) & 0x40).toBe(0x40);
    write(1, 50000);
    expect(status(1) & 0x40).toBe(0);
    ticks(100);
    pc.out8(0x43, 0xc4);
    ticks(100);
    pc.out8(0x43, 0x40).out8(0x43, 0xe4);
    expect(pc.in8(0x41)).toBe(0xb4);
    expect(pc.in8(0x41) | (pc.in8(0x41) << 8)).toBe(49900);
    expect(read(1)).toBe(49800);
  });

  it('interrupts at each end of a period of counter 0, and says when', () => {
    pc.out8(0x20, 0x11).out8(0x21, 0x20, 4, 3).out8(0x21, 0xfe);
    control(0, 3, 2);
    write(0, 1193);
    pc.take();
    for (let i = 1; i < 4; i++) {
      const due = pc.deadline();
      expect(due).toBe(((1000n + 1193n * BigInt(i)) * 1_000_000_000n + HZ - 1n) / HZ);
      expect(pc.at(due - 1n).take()).toBe(-1);
      expect(pc.at(due).take()).toBe(0x20);
      expect(pc.take()).toBe(-1);
    }
    // Three periods that passed unseen are one interrupt.
    toTick(1000n + 1193n * 6n + 5n);
    expect(pc.take()).toBe(0x20);
    expect(pc.take()).toBe(-1);
    pc.out8(0x21, 0xff);
    expect(pc.deadline()).toBe(0x7fff_ffff_ffff_ffffn);
  });

  it('port 0x61 has gate, speaker, output and a refresh bit that toggles every 15 µs', () => {
    control(2, 3, 3);
    write(2, 100);
    pc.out8(0x61, 3);
    expect(pc.in8(0x61) & 0x2f).toBe(0x23);
    ticks(50);
    expect(pc.in8(0x61) & 0x2f).toBe(0x03);
    let toggles = 0;
    let last = pc.in8(0x61) & 0x10;
    for (let i = 0; i < 1000; i++) {
      pc.after(1000);
      const now = pc.in8(0x61) & 0x10;
      if (now !== last) toggles++;
      last = now;
    }
    expect(toggles).toBeGreaterThanOrEqual(66);
    expect(toggles).toBeLessThanOrEqual(67);
  });
});
