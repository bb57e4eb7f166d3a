import { beforeEach, describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import { GoldfishRtc } from './goldfish-rtc.ts';

const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

/** 2026-11-21, low word close to its end. */
const START = 0x18a3_c5f1_ffff_fff0n;

function fixture() {
  const env = deviceEnv();
  const { time, irq, shadow, log } = env;
  const wallClock = { now: () => START + time.now() };
  const rtc = new GoldfishRtc({ irq, clock: time, wallClock, timers: time, shadow, log });
  const region = rtc.regions[0];
  const read = (offset: number): number => region.read(offset, 4);
  const write = (offset: number, value: number): void => region.write(offset, 4, value);
  const readTime = (): bigint => BigInt(read(TIME_LOW)) | (BigInt(read(TIME_HIGH)) << 32n);
  const setAlarm = (at: bigint): void => {
    write(ALARM_HIGH, Number(at >> 32n));
    write(ALARM_LOW, Number(at & 0xffff_ffffn));
  };
  return { ...env, rtc, read, write, readTime, setAlarm };
}

let f: ReturnType<typeof fixture>;
beforeEach(() => {
  f = fixture();
});

describe('goldfish RTC time', () => {
  it('is the wall clock', () => {
    expect(f.readTime()).toBe(START);
    f.time.advance(123_456_789n);
    expect(f.readTime()).toBe(START + 123_456_789n);
  });

  it('does not tear: the high word is latched by the read of the low one', () => {
    const low = f.read(TIME_LOW);
    f.time.advance(0x20n);
    const high = f.read(TIME_HIGH);
    expect((BigInt(high) << 32n) | BigInt(low)).toBe(START);
    expect(f.shadow.values.get(TIME_HIGH)).toBe(high);
  });

  it('can be set, word by word', () => {
    f.write(TIME_HIGH, 0x11223344);
    f.write(TIME_LOW, 0x55667788);
    expect(f.readTime()).toBe(0x1122_3344_5566_7788n);
    f.time.advance(10n);
    expect(f.readTime()).toBe(0x1122_3344_5566_7788n + 10n);
  });

  it('can be set to any 64-bit value', () => {
    f.write(TIME_HIGH, 0xffff_ffff);
    f.write(TIME_LOW, 0xffff_ffff);
    expect(f.readTime()).toBe(2n ** 64n - 1n);
  });
});

describe('goldfish RTC alarm', () => {
  it('interrupts at its time, if enabled, until cleared', () => {
    f.write(IRQ_ENABLED, 1);
    f.setAlarm(START + 1000n);
    expect(f.read(ALARM_STATUS)).toBe(1);
    f.time.advance(999n);
    expect(f.irq.level).toBe(false);
    f.time.advance(1n);
    expect(f.irq.level).toBe(true);
    expect(f.read(ALARM_STATUS)).toBe(0);
    f.write(CLEAR_INTERRUPT, 1);
    expect(f.irq.level).toBe(false);
  });

  it('is pending behind a disabled interrupt', () => {
    f.setAlarm(START + 5n);
    f.time.advance(5n);
    expect(f.irq.level).toBe(false);
    f.write(IRQ_ENABLED, 1);
    expect(f.irq.level).toBe(true);
  });

  it('goes off at once for a time that has passed', () => {
    f.write(IRQ_ENABLED, 1);
    f.setAlarm(START - 1n);
    expect(f.irq.level).toBe(true);
  });

  it('can be called off', () => {
    f.write(IRQ_ENABLED, 1);
    f.setAlarm(START + 5n);
    f.write(CLEAR_ALARM, 1);
    expect(f.read(ALARM_STATUS)).toBe(0);
    f.time.advance(100n);
    expect(f.irq.level).toBe(false);
  });

  it('reads back', () => {
    f.setAlarm(0x1122_3344_5566_7788n);
    expect([f.read(ALARM_HIGH), f.read(ALARM_LOW)]).toEqual([0x11223344, 0x55667788]);
  });

  it('follows a clock that is set past it', () => {
    f.write(IRQ_ENABLED, 1);
    f.setAlarm(START + 0x1_0000_0000n);
    f.write(TIME_HIGH, Number((START >> 32n) + 2n));
    expect(f.irq.level).toBe(true);
  });
});

it('goldfish RTC logs accesses that its registers do not have', () => {
  f.read(CLEAR_ALARM);
  f.write(ALARM_STATUS, 1);
  f.read(0x20);
  expect(f.log.guestErrors('goldfish-rtc')).toBe(3);
});
