/** Waves of the PC speaker say what counter 2's output does, as the 8254 itself tells it tick by tick. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Chips, loadChips, type SpeakerWave } from './tests/module.ts';

const makeChips = await loadChips();
const HZ = 1193182n;
let pc: Chips;
let tick = 0;
let waves: SpeakerWave[] = [];

function toTick(n: number): void {
  tick = n;
  pc.at(((BigInt(n) * 2n + 1n) * 1_000_000_000n) / (2n * HZ));
}

/** Level of the speaker at a tick by the last wave that has begun. */
function level(at: number): number {
  const current = waves.findLast((wave) => wave.tick <= at);
  if (!current) return 0;
  let left = at - current.tick;
  let value = current.level;
  for (let length = current.first, even = true; length !== 0 && left >= length; even = !even) {
    left -= length;
    value ^= 1;
    length = even ? current.second : current.third;
  }
  return value;
}

/** The speaker's level by the chip: the output by read-back, and the data bit. */
function chip(): number {
  const data = (pc.in8(0x61) >> 1) & 1;
  pc.out8(0x43, 0xe8);
  return data & (pc.in8(0x42) >> 7);
}

/** Compares both for so many ticks. */
function compare(ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    waves.push(...pc.waves());
    expect([tick, level(tick)]).toEqual([tick, chip()]);
    toTick(tick + 1);
  }
}

const count = (mode: number, value: number) =>
  pc.out8(0x43, 0xb0 | (mode << 1)).out8(0x42, value & 0xff, value >> 8);

beforeEach(() => {
  pc = makeChips();
  waves = [];
  toTick(1000);
});

describe('PC speaker', () => {
  it('says nothing of counter 2 while the data bit is not set', () => {
    pc.out8(0x61, 1);
    count(3, 1000);
    pc.out8(0x61, 0, 1, 0);
    expect(pc.waves()).toEqual([]);
  });

  it('a tone is one wave, which lasts until it is switched off', () => {
    count(3, 1193);
    pc.out8(0x61, 3);
    toTick(51000);
    pc.out8(0x61, 0);
    expect(pc.waves()).toEqual([
      { tick: 1000, level: 1, first: 597, second: 596, third: 597 },
      { tick: 51000, level: 0, first: 0, second: 0, third: 0 },
    ]);
  });

  it.each([0, 1, 2, 3, 4, 5])('mode %i with the gate open', (mode) => {
    pc.out8(0x61, 3);
    count(mode, 7);
    compare(40);
    pc.out8(0x61, 2);
    compare(9);
    pc.out8(0x61, 3);
    compare(30);
  });

  it.each([2, 3])(
    'mode %i: a new count takes over at its time, and a second one before that replaces it',
    (mode) => {
      pc.out8(0x61, 3);
      count(mode, 20);
      for (const after of [3, 14, 27]) {
        compare(after);
        pc.out8(0x42, 9, 0);
        compare(2);
        pc.out8(0x42, 12 + after, 0);
        compare(60);
      }
    },
  );

  it('follows a data bit that is toggled while the output is high', () => {
    count(3, 100);
    for (const value of [2, 0, 2, 0]) {
      pc.out8(0x61, value);
      compare(5);
    }
    expect(waves.map((wave) => wave.level)).toEqual([1, 0, 1, 0]);
  });

  it('follows writes of all kinds', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let i = 0; i < 400; i++) {
      const kind = random(5);
      if (kind === 0) pc.out8(0x61, random(4));
      else if (kind === 1) pc.out8(0x43, 0x80 | (random(4) << 4) | (random(8) << 1));
      else pc.out8(0x42, random(2) ? random(16) : 0);
      compare(1 + random(20));
    }
  });

  it('is silent after a reset', () => {
    pc.out8(0x61, 3);
    count(3, 1000);
    pc.waves();
    pc.exports.pcIrqchipReset();
    pc.out8(0x61, 1);
    expect(pc.waves()).toEqual([]);
  });
});
