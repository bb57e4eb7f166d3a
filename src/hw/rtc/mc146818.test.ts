import { describe, expect, it } from 'vitest';
import { FakeIrq, FakeShadow, FakeTime } from '../../../tests/support/device-env.ts';
import { Mc146818 } from './mc146818.ts';

const SECOND = 1_000_000_000n;
/** 2026-11-21 13:45:58 UTC, a Saturday. */
const START = BigInt(Date.UTC(2026, 10, 21, 13, 45, 58)) * 1_000_000n;

function rtc(contents?: Record<number, number>) {
  const time = new FakeTime();
  const irq = new FakeIrq();
  const device = new Mc146818({
    shadow: new FakeShadow(),
    irq,
    clock: time,
    wallClock: { now: () => START + time.now() },
    timers: time,
    contents,
  });
  const [region] = device.regions;
  const read = (index: number): number => {
    region.write(0, 1, index);
    return region.read(1, 1);
  };
  const write = (index: number, value: number): void => {
    region.write(0, 1, index);
    region.write(1, 1, value);
  };
  const date = () => [0x32, 9, 8, 7, 6, 4, 2, 0].map(read);
  return { time, irq, device, region, read, write, date };
}

describe('the time of day', () => {
  it('is the host’s in UTC, in BCD and 24 hours after power-on', () => {
    expect(rtc().date()).toEqual([0x20, 0x26, 0x11, 0x21, 0x07, 0x13, 0x45, 0x58]);
  });

  it('reads in binary and in 12 hours when register B says so', () => {
    const { write, date, read } = rtc();
    write(0x0b, 0x06);
    expect(date()).toEqual([0x20, 26, 11, 21, 7, 13, 45, 58]);
    write(0x0b, 0x00);
    expect(read(4)).toBe(0x81);
    write(0x0b, 0x04);
    expect(read(4)).toBe(0x81);
  });

  it('counts midnight and noon as 12 in 12 hours', () => {
    const { write, read } = rtc();
    for (const [hours, twelve] of [
      [0x00, 0x12],
      [0x12, 0x92],
      [0x23, 0x91],
    ]) {
      write(0x0b, 0x02);
      write(4, hours);
      write(0x0b, 0x00);
      expect(read(4)).toBe(twelve);
    }
  });

  it('runs on from what the guest set, over the ends of month and year', () => {
    const { time, write, date } = rtc();
    write(0x0b, 0x82);
    const set: [number, number][] = [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x12],
      [7, 0x31],
      [4, 0x23],
      [2, 0x59],
      [0, 0x59],
    ];
    for (const [index, value] of set) write(index, value);
    time.advance(10n * SECOND);
    expect(date()).toEqual([0x19, 0x99, 0x12, 0x31, 7, 0x23, 0x59, 0x59]);
    write(0x0b, 0x02);
    time.advance(2n * SECOND);
    expect(date()).toEqual([0x20, 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x01]);
  });

  it('takes its first update half a second after the divider is released (register A)', () => {
    const { time, write, read } = rtc();
    write(0x0a, 0x70);
    time.advance(3n * SECOND);
    expect(read(0)).toBe(0x58);
    write(0x0a, 0x26);
    time.advance(499_000_000n);
    expect(read(0)).toBe(0x58);
    time.advance(2_000_000n);
    expect(read(0)).toBe(0x59);
  });

  it('announces an update 244 microseconds before it', () => {
    const { time, read } = rtc();
    time.advance(SECOND - 245_000n);
    expect(read(0x0a)).toBe(0x26);
    time.advance(2_000n);
    expect(read(0x0a)).toBe(0xa6);
    time.advance(244_000n);
    expect([read(0x0a), read(0)]).toEqual([0x26, 0x59]);
  });

  it('stays as it was when the registers hold no date', () => {
    const { write, read } = rtc();
    write(8, 0x13);
    expect(read(8)).toBe(0x11);
  });
});

describe('interrupts', () => {
  it('come each period of the rate in register A, until C is read', () => {
    const { time, irq, read, write } = rtc();
    // Rate 6: 1024 Hz (datasheet, table 5).
    write(0x0b, 0x42);
    let count = 0;
    for (let ms = 0; ms < 1000; ms++) {
      time.advance(1_000_000n);
      if (!irq.level) continue;
      count++;
      expect(read(0x0c) & 0xc0).toBe(0xc0);
      expect(irq.level).toBe(false);
    }
    // One look a millisecond sees at most one of 1024 ticks.
    expect(count).toBeGreaterThanOrEqual(999);
    write(0x0b, 0x02);
    time.advance(SECOND);
    expect(irq.level).toBe(false);
    expect(read(0x0c) & 0xc0).toBe(0x40);
  });

  it('have the periods of the datasheet’s table 5', () => {
    const { time, irq, read, write } = rtc();
    const periods: [number, bigint][] = [
      [1, 3_906_250n],
      [2, 7_812_500n],
      [3, 122_071n],
      [8, 3_906_250n],
      [15, 500_000_000n],
    ];
    for (const [rate, ns] of periods) {
      write(0x0b, 0x02);
      write(0x0a, 0x20 | rate);
      // Ticks fall on multiples of the period since the machine started.
      time.advance(SECOND - (time.now() % SECOND));
      write(0x0b, 0x42);
      read(0x0c);
      time.advance(ns - 1000n);
      expect(irq.level, `rate ${rate}`).toBe(false);
      time.advance(1000n);
      expect(irq.level, `rate ${rate}`).toBe(true);
    }
  });

  it('come once a second for updates', () => {
    const { time, irq, read, write } = rtc();
    write(0x0b, 0x12);
    time.advance(SECOND - 1n);
    expect(irq.level).toBe(false);
    time.advance(1n);
    expect(irq.level).toBe(true);
    expect(read(0x0c) & 0xb0).toBe(0x90);
    time.advance(SECOND);
    expect(irq.edges).toBe(2);
  });

  it('come at the alarm’s time, whose parts may be left open', () => {
    const cases: [number[], bigint][] = [
      [[0x13, 0x46, 0x05], 7n],
      [[0xff, 0xff, 0x03], 5n],
      [[0xc0, 0x45, 0xff], 1n],
      [[0x14, 0x00, 0x00], 14n * 60n + 2n],
      [[0x13, 0x45, 0x58], 86400n],
    ];
    for (const [[hours, minutes, seconds], after] of cases) {
      const { time, irq, read, write } = rtc();
      write(5, hours);
      write(3, minutes);
      write(1, seconds);
      write(0x0b, 0x22);
      time.advance(after * SECOND - 1n);
      expect(irq.level, String(after)).toBe(false);
      time.advance(1n);
      expect(irq.level, String(after)).toBe(true);
      expect(read(0x0c) & 0xa0).toBe(0xa0);
    }
  });

  it('never come from an alarm that no time of day matches', () => {
    const { time, irq, write } = rtc();
    write(5, 0x25);
    write(0x0b, 0x22);
    time.advance(3n * 86400n * SECOND);
    expect(irq.level).toBe(false);
  });

  it('set their flags without being enabled', () => {
    const { time, irq, read } = rtc();
    read(0x0c);
    time.advance(2n * SECOND);
    expect([read(0x0c), read(0x0c), irq.edges]).toEqual([0x50, 0, 0]);
  });
});

describe('the rest', () => {
  it('is memory, which a reset keeps while it ends interrupts', () => {
    const { time, device, irq, read, write } = rtc({ 21: 0x80, 22: 0x02 });
    expect([read(0x15), read(0x16), read(0x0d)]).toEqual([0x80, 0x02, 0x80]);
    write(0x0f, 0x0a);
    write(0x0b, 0x52);
    time.advance(SECOND);
    expect(irq.level).toBe(true);
    device.reset();
    expect([read(0x0f), read(0x0b), irq.level]).toEqual([0x0a, 0x02, false]);
    write(0x0d, 0);
    expect(read(0x0d)).toBe(0x80);
  });

  it('keeps the NMI mask beside the index', () => {
    const { device, region } = rtc();
    region.write(0, 1, 0x8d);
    expect([device.nmiMasked, region.read(1, 1), region.read(0, 1)]).toEqual([true, 0x80, 0xff]);
    region.write(0, 1, 0x0d);
    expect(device.nmiMasked).toBe(false);
  });
});
