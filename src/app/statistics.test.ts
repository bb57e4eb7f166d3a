import { describe, expect, it } from 'vitest';
import type { VmReport } from '../core/vm-api.ts';
import { barShare, formatMs, formatNumber, formatShare, statistics, tier1Share } from './statistics.ts';

const START: VmReport = {
  outcome: 'running',
  guestMs: 2000,
  firstSerialMs: 3,
  instructions: 100_000_000,
  sleepMs: 500,
  tiers: { interp: 40_000_000, jit: 60_000_000 },
  exits: { mmioRead: 4, mmioWrite: 5, posted: 600, doorbell: 7, shadow: 800, local: 9, halt: 10 },
  regions: { compiled: 50, bytes: 50_000, compileMs: 40, evicted: 2 },
  events: {
    lookups: 100,
    translated: 200,
    regionEntries: 300,
    regionInstructions: 1000,
    regionsKilled: 3,
    regionsRefused: 1,
    tlbFills: 400,
    tlbFlushes: 5,
    spaceFlushes: 2,
    pageFlushes: 1,
    jumpFlushes: 3,
    exceptions: 6,
    interrupts: 7,
    invalidations: 8,
  },
  fallbacks: {
    branchInside: 0,
    uncachedPage: 0,
    engineRefused: 0,
    queueFull: 0,
    noDescriptor: 0,
    rewritten: 12,
    remapped: 13,
    refusedInstructions: 4096,
    waitingInstructions: 14,
    slowAccesses: 15,
    helperCalls: 16,
  },
};

const LATER: VmReport = {
  ...START,
  guestMs: 3000,
  instructions: 400_000_000,
  sleepMs: 600,
  tiers: { interp: 43_000_000, jit: 357_000_000 },
  exits: { ...START.exits, posted: 20_600 },
  regions: { compiled: 60, bytes: 58_000, compileMs: 65, evicted: 5 },
  events: { ...START.events, regionInstructions: 1200, regionsKilled: 13, interrupts: 107 },
  fallbacks: { ...START.fallbacks, refusedInstructions: 40960 },
};

/** [last second, since start] of a row. */
function values(before: VmReport | null, now: VmReport, name: string): [string, string] {
  const found = statistics(before, now)
    .flatMap(({ rows }) => rows)
    .filter((row) => row.name === name);
  expect(found, name).toHaveLength(1);
  return [found[0]!.recent, found[0]!.total];
}

describe('numbers in the statistics', () => {
  it.each([
    [0, '0'],
    [9_999, '9,999'],
    [12_345, '12.3K'],
    [4_500_000, '4.50M'],
    [1_030_000_000, '1.03B'],
    [-12, '-12'],
    [undefined, '–'],
    [Number.NaN, '–'],
  ])('%d', (count, text) => expect(formatNumber(count)).toBe(text));

  it.each([
    [0, '0.0 %'],
    [0.0001, '< 0.1 %'],
    [0.973, '97.3 %'],
    [0.9997, '> 99.9 %'],
    [1, '100.0 %'],
    [null, '–'],
  ])('share %d', (share, text) => expect(formatShare(share)).toBe(text));

  it.each([
    [1.24, '1.2 ms'],
    [42.4, '42 ms'],
    [999.7, '1.0 s'],
    [93_500, '1 min 34 s'],
  ])('%d ms', (ms, text) => expect(formatMs(ms)).toBe(text));
});

describe('the statistics of a machine', () => {
  it('say what happened in the last second, and in all', () => {
    expect(values(START, LATER, 'Speed, MIPS')).toEqual(['300', '133']);
    expect(values(START, LATER, 'Instructions')).toEqual(['300M', '400M']);
    expect(values(START, LATER, 'Time')).toEqual(['1.0 s', '3.0 s']);
    expect(values(START, LATER, 'Idle')).toEqual(['10.0 %', '20.0 %']);
    expect(values(START, LATER, 'Tier 1')).toEqual(['99.0 %', '89.3 %']);
    expect(values(START, LATER, 'Tier 0')).toEqual(['1.0 %', '10.8 %']);
    expect(values(START, LATER, 'Interrupts')).toEqual(['100', '107']);
    expect(values(START, LATER, 'Writes, queued')).toEqual(['20.0K', '20.6K']);
  });

  it('say what the compiler did', () => {
    expect(values(START, LATER, 'Regions compiled')).toEqual(['10', '60']);
    expect(values(START, LATER, 'Regions evicted')).toEqual(['3', '5']);
    expect(values(START, LATER, 'Regions killed')).toEqual(['10', '13']);
    expect(values(START, LATER, 'Regions in use')).toEqual(['−3', '42']);
    expect(values(START, { ...LATER, events: START.events }, 'Regions in use')).toEqual(['+7', '52']);
    expect(values(START, LATER, 'WebAssembly')).toEqual(['7.8 KB', '56.6 KB']);
    expect(values(START, LATER, 'Bytes an instruction')).toEqual(['40.0', '48.3']);
    expect(values(START, LATER, 'Compile time')).toEqual(['25 ms', '65 ms']);
    expect(values(START, LATER, 'Compile share')).toEqual(['2.5 %', '2.2 %']);
    expect(values(START, LATER, 'Blocks refused')).toEqual(['0', '1']);
  });

  it('say what tier 1 did not take, and why', () => {
    expect(values(START, LATER, 'Run in spite of that')).toEqual(['36.9K', '41.0K']);
  });

  it('have no last second before the second report, while the machine stands still, and after a new start', () => {
    for (const [before, now] of [
      [null, START],
      [START, START],
      [LATER, START],
    ] as const) {
      const rows = statistics(before, now).flatMap(({ rows }) => rows);
      expect(new Set(rows.map(({ recent }) => recent))).toEqual(new Set(['–']));
      expect(values(before, now, 'Instructions')[1]).toBe('100M');
    }
  });

  it('are of one shape whatever happens, so that nothing moves', () => {
    const names = (before: VmReport | null, now: VmReport) =>
      statistics(before, now).map(({ title, rows }) => [title, ...rows.map(({ name }) => name)]);
    expect(names(START, LATER)).toEqual(names(null, START));
  });

  it('show every count of the report once, also one that nobody has described', () => {
    const odd = {
      ...START,
      events: { ...START.events, novelty: 4711 },
      exits: { ...START.exits, other: 5 },
      fallbacks: { ...START.fallbacks, strange: 6 },
    };
    expect(values(null, odd, 'novelty')).toEqual(['–', '4,711']);
    expect(values(null, odd, 'other')).toEqual(['–', '5']);
    expect(values(null, odd, 'strange')).toEqual(['–', '6']);
    const plain = statistics(null, START).flatMap(({ rows }) => rows);
    expect(plain.filter(({ help }) => help === '')).toEqual([]);
  });

  it('know no share of nothing, and a dash for what a report lacks', () => {
    const fresh: VmReport = {
      ...START,
      guestMs: 0,
      instructions: 0,
      sleepMs: 0,
      tiers: { interp: 0, jit: 0 },
      events: {},
      fallbacks: {},
    };
    expect(values(null, fresh, 'Tier 1')).toEqual(['–', '–']);
    expect(values(null, fresh, 'Speed, MIPS')).toEqual(['–', '–']);
    expect(values(null, fresh, 'Bytes an instruction')).toEqual(['–', '–']);
    expect(values(null, fresh, 'Lookups')).toEqual(['–', '–']);
    expect(barShare(null, fresh)).toBe(0);
  });
});

describe('the share of tier 1', () => {
  it('stays within bounds when the two counts were read at different moments', () => {
    expect(tier1Share(null, { ...START, instructions: 10, tiers: { interp: -2, jit: 12 } })).toBe(1);
  });

  it('is for the bar that of the last second, or of the whole run when nothing ran', () => {
    expect(barShare(START, LATER)).toBeCloseTo(0.99);
    expect(barShare(START, { ...START, guestMs: 9000 })).toBeCloseTo(0.6);
    expect(barShare(null, START)).toBeCloseTo(0.6);
  });
});
