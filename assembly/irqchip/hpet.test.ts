/** HPET (IA-PC HPET Specification 1.0a), ACPI PM timer (ACPI 6.5, 4.8.3.3) and how timers and lines reach the controllers. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as L from '../../src/memory/layout.gen.ts';
import { type Chips, loadChips } from './tests/module.ts';

const makeChips = await loadChips();
const HPET = 0xfed00000;
const NEVER = 0x7fff_ffff_ffff_ffffn;
let pc: Chips;
const write = (register: number, value: number | bigint, size = 4) => pc.write(HPET + register, value, size);
const read = (register: number) => pc.read(HPET + register);

beforeEach(() => {
  pc = makeChips();
  pc.out8(0x43, 0x30).out8(0x20, 0x11).out8(0x21, 0x20, 4, 3);
  pc.out8(0xa0, 0x11).out8(0xa1, 0x28, 2, 3);
});

describe('HPET', () => {
  it('says what it is: 10 ns, three timers, 64 bits, legacy replacement, Intel', () => {
    expect(pc.read64(HPET)).toBe(0x009896808086a201n);
    expect(read(4)).toBe(10_000_000);
  });

  it('counts while it is enabled; the counter is written while it is not', () => {
    write(0xf0, 0x1_0000_0005n, 8);
    expect(pc.at(500).read64(HPET + 0xf0)).toBe(0x1_0000_0005n);
    write(0x10, 1);
    expect(pc.at(1529).read64(HPET + 0xf0)).toBe(0x1_0000_006bn);
    write(0xf0, 0, 8);
    expect(pc.read64(HPET + 0xf0)).toBe(0x1_0000_006bn);
    write(0x10, 0);
    expect(pc.at(9999).read64(HPET + 0xf0)).toBe(0x1_0000_006bn);
    expect([read(0xf0), read(0xf4), pc.read(HPET + 0xf1, 1)]).toEqual([0x6b, 1, 0]);
  });

  it('fires once at its comparator, on IRQ 0 and 8 in legacy replacement, where the PIT is silent', () => {
    pc.out8(0x43, 0x34).out8(0x40, 10, 0);
    while (pc.take() >= 0);
    write(0x10, 3);
    write(0x100, 4).write(HPET + 0x108, 1000n, 8);
    write(0x120, 4).write(HPET + 0x128, 2000n, 8);
    expect(pc.deadline()).toBe(10_000n);
    expect(pc.at(9_999).take()).toBe(-1);
    expect(pc.at(10_000).take()).toBe(0x20);
    expect(pc.deadline()).toBe(20_000n);
    pc.line(8, true);
    expect(pc.take()).toBe(-1);
    expect(pc.at(20_000).take()).toBe(0x28);
    expect(pc.deadline()).toBe(NEVER);
    expect(pc.at(10_000_000).take()).toBe(-1);
  });

  it('periodic: the comparator moves on by what was written last; unseen periods are one interrupt', () => {
    write(0x10, 3);
    write(0x100, 0x4c);
    write(0x108, 1000n, 8).write(HPET + 0x108, 300n, 8);
    expect(read(0x100) & 0x40).toBe(0);
    expect(pc.at(10_000).take()).toBe(0x20);
    expect(read(0x108)).toBe(1300);
    expect(pc.at(13_000).take()).toBe(0x20);
    expect(pc.at(22_500).take()).toBe(0x20);
    expect(pc.take()).toBe(-1);
    expect(read(0x108)).toBe(2500);
    expect(pc.deadline()).toBe(25_000n);
    write(0x108, 1000n, 8);
    expect(pc.at(25_000).take()).toBe(0x20);
    expect(read(0x108)).toBe(3500);
  });

  it('of 32 bits: matches each time the low half comes round', () => {
    write(0xf0, 0x1_ffff_ff00n, 8);
    write(0x100, 0x104).write(HPET + 0x108, 0x5_0000_0100n, 8);
    expect(pc.read64(HPET + 0x108)).toBe(0x100n);
    write(0x10, 3);
    // From ffffff00 on 512 ticks.
    expect(pc.deadline()).toBe(5120n);
    expect(pc.at(5119).take()).toBe(-1);
    expect(pc.at(5120).take()).toBe(0x20);
    expect(pc.deadline()).toBe(5120n + 0x1_0000_0000n * 10n);
    expect(pc.at(5120n + 0x1_0000_0000n * 10n).take()).toBe(0x20);
  });

  it('level-triggered: the status bit holds the line until it is written', () => {
    pc.write(0xfee000f0, 0x1ff);
    pc.ioapic(0x15, 0).ioapic(0x14, 0x8051);
    write(0x10, 1);
    write(0x140, 0x406).write(HPET + 0x148, 100n, 8);
    pc.at(1000);
    expect(read(0x20)).toBe(4);
    expect(pc.take()).toBe(0x51);
    pc.write(0xfee000b0, 0);
    expect(pc.take()).toBe(0x51);
    write(0x20, 4);
    expect(read(0x20)).toBe(0);
    pc.write(0xfee000b0, 0);
    expect(pc.take()).toBe(-1);
  });

  it('keeps only routes that it offers, and offers no FSB delivery', () => {
    write(0x140, 0x400);
    expect(read(0x140)).toBe(0x430);
    write(0x140, 0x1600 | 0x4000);
    expect(read(0x140)).toBe(0x430);
    expect([read(0x144), read(0x150), read(0x160), read(0x030)]).toEqual([4, 0, 0, 0]);
  });

  it('ignores writes narrower than 32 bits', () => {
    write(0x10, 1, 1);
    expect(read(0x10)).toBe(0);
  });
});

describe('ACPI PM timer', () => {
  const SECOND = 1_000_000_000n;

  it('counts 3579545 in a second, in 24 bits, and ignores writes', () => {
    expect(pc.at(SECOND).in32(0x608)).toBe(3579545);
    pc.out8(0x608, 0);
    expect(pc.in32(0x608)).toBe(3579545);
    expect(pc.in8(0x60a)).toBe(3579545 >> 16);
    expect(pc.at(10n * SECOND).in32(0x608)).toBe(35795450 & 0xffffff);
  });

  it('sets its status with each change of the highest bit', () => {
    const { pmTimerStatus, pmTimerDeadline, pmTimerClearStatus } = pc.exports;
    const half = (0x800000n * SECOND + 3579544n) / 3579545n;
    expect(pmTimerDeadline(0n)).toBe(half);
    expect(pmTimerStatus(half - 1n)).toBe(0);
    expect(pmTimerStatus(half)).toBe(1);
    expect(pmTimerStatus(3n * half)).toBe(1);
    pmTimerClearStatus(half);
    expect(pmTimerStatus(half)).toBe(0);
    expect(pmTimerDeadline(half)).toBe((0x1000000n * SECOND + 3579544n) / 3579545n);
    expect(pmTimerStatus(2n * half)).toBe(1);
  });
});

describe('lines', () => {
  it('reach the 8259s and the I/O APIC, PCI lines the I/O APIC alone', () => {
    pc.write(0xfee000f0, 0x1ff);
    pc.ioapic(0x10 + 2 * 5, 0x45).ioapic(0x10 + 2 * 17, 0x8046);
    pc.line(5, true);
    expect(pc.take()).toBe(0x45);
    pc.write(0xfee000b0, 0);
    expect(pc.take()).toBe(0x25);
    pc.line(17, true);
    expect(pc.take()).toBe(0x46);
    expect(pc.take()).toBe(-1);
  });

  it('an edge counts once, whether its level is seen first or not', () => {
    pc.setWord(L.IRQ_LEVEL, 0x20);
    expect(pc.take()).toBe(-1);
    pc.setWord(L.IRQ_EDGE, 0x20);
    expect(pc.take()).toBe(0x25);
    expect(pc.take()).toBe(-1);
  });
});

it('random accesses of any size anywhere neither throw nor hang, and reset equals construction', () => {
  let seed = 4711;
  const random = (n: number) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % n;
  };
  const first = L.LOCAL_PIC_MASTER;
  const cpu = pc.exports.stateOf(0);
  const fresh = makeChips();
  pc = makeChips();
  for (let i = 0; i < 50_000; i++) {
    const size = 1 << random(4);
    const offset = (random(0x1000) & ~(size - 1)) >> (random(2) * 4);
    if (random(100) === 0) pc.line(random(24), random(2) === 1);
    if (random(50) === 0) pc.after(random(2) ? random(5000) : random(2_000_000_000));
    if (random(20) === 0) pc.take();
    const local = first + random(L.LOCAL_PM_TIMER - first + 1);
    if (random(2)) pc.exports.pcLocalRead(cpu, local, offset, size);
    else
      pc.exports.pcLocalWrite(
        cpu,
        local,
        offset,
        BigInt.asIntN(64, BigInt(random(0x7fffffff)) * 0x1_0000_4001n),
        size,
      );
    if (random(10) === 0) pc.wrmsr(0x800 + random(0x40), random(0x7fffffff));
    if (random(10) === 0) pc.rdmsr(0x800 + random(0x40));
    if (random(1000) === 0) pc.setBase(0xfee00100n | BigInt(random(4) << 10));
    if (pc.deadline() < 0n) throw new Error(`deadline ${pc.deadline()}`);
  }
  for (let line = 0; line < 24; line++) pc.line(line, false);
  pc.exports.pcIrqchipReset();
  expect(pc.state().equals(fresh.state())).toBe(true);
});
