/** What the panel "Statistics" says about a running machine: a report, and the change since the one before it, in words. */
import type { VmReport } from '../core/vm-api.ts';
import { formatBytes, formatDuration } from '../element/format.ts';
import { statsBetween } from '../element/stats.ts';

export interface StatisticsRow {
  name: string;
  /** What the number means, in one short sentence. */
  help: string;
  /** Between the last two reports; empty where only the whole run has a value. */
  recent: string;
  /** Since the machine started. */
  total: string;
  /** The tier whose colour in the bar the row explains. */
  tier?: 0 | 1;
}

export interface StatisticsGroup {
  title: string;
  rows: StatisticsRow[];
}

/** Stands for a value that is not known, or not yet. */
const NONE = '–';

/** A value of one report that only grows. */
type Reading = (report: VmReport) => number | undefined;

const compact = new Intl.NumberFormat('en', {
  notation: 'compact',
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

/** `812`, `9,999`, `12.3K`, `4.50M`, `1.03B`: never wider than six characters below a thousand billion. */
export function formatNumber(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count)) return NONE;
  const whole = Math.round(count);
  return Math.abs(whole) < 10_000 ? whole.toLocaleString('en') : compact.format(whole);
}

/** A share from 0 to 1 as `97.3 %`. What is not all is never called 100 %, what is not nothing never 0 %. */
export function formatShare(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return NONE;
  if (share > 0 && share < 0.0005) return '< 0.1 %';
  if (share < 1 && share >= 0.9995) return '> 99.9 %';
  return `${(share * 100).toFixed(1)} %`;
}

/** `7.4 ms`, `812 ms`, from a second on as any duration. */
export function formatMs(ms: number): string {
  if (ms >= 999.5) return formatDuration(ms);
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** The share of `part`, within bounds even if the two were read at different moments; null for a share of nothing. */
function share(part: number, whole: number): number | null {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : null;
}

/** Share of the instructions that tier 1 ran, 0 to 1; null when there were none. `before`: count from that report on. */
export function tier1Share(before: VmReport | null, now: VmReport): number | null {
  return share(now.tiers.jit - (before?.tiers.jit ?? 0), now.instructions - (before?.instructions ?? 0));
}

/** The report to count from: null when the machine has been started anew since, or stands still. */
function baseline(before: VmReport | null, now: VmReport): VmReport | null {
  return before && now.guestMs > before.guestMs && now.instructions >= before.instructions ? before : null;
}

function row(name: string, help: string, recent: string, total: string): StatisticsRow {
  return { name, help, recent, total };
}

function speed(before: VmReport | null, now: VmReport): StatisticsRow[] {
  const start = { guestMs: 0, instructions: 0, sleepMs: 0 };
  const recent = before && statsBetween(before, now);
  const all = statsBetween(start, now);
  const mips = (stats: typeof all) => (stats ? stats.mips.toFixed(stats.mips < 10 ? 1 : 0) : NONE);
  const tier = (from: VmReport | null) => tier1Share(from, now);
  const rest = (value: number | null) => (value === null ? null : 1 - value);
  const sinceLast = (value: (from: VmReport) => number | null) => formatShare(before && value(before));
  return [
    row('Speed, MIPS', 'Million guest instructions a second', mips(recent), mips(all)),
    row(
      'Instructions',
      'What the guest has carried out',
      delta(before, now, (report) => report.instructions),
      formatNumber(now.instructions),
    ),
    row(
      'Time',
      'Since the first instruction, pauses left out',
      before ? formatMs(now.guestMs - before.guestMs) : NONE,
      formatDuration(now.guestMs),
    ),
    row(
      'Idle',
      'Share of the time that the guest slept',
      formatShare(recent?.idle ?? null),
      formatShare(all?.idle ?? null),
    ),
    {
      ...row('Tier 1', 'Share that ran as WebAssembly', sinceLast(tier), formatShare(tier(null))),
      tier: 1,
    },
    {
      ...row(
        'Tier 0',
        'Share that the interpreter ran',
        sinceLast((from) => rest(tier(from))),
        formatShare(rest(tier(null))),
      ),
      tier: 0,
    },
  ];
}

/** How much a reading has grown. */
function delta(before: VmReport | null, now: VmReport, reading: Reading): string {
  const [from, to] = [before ? reading(before) : undefined, reading(now)];
  return formatNumber(from === undefined || to === undefined ? undefined : to - from);
}

/** Regions that are in the table: neither evicted nor ended by a change of their code. */
const alive: Reading = ({ regions, events }) =>
  regions.compiled - regions.evicted - (events.regionsKilled ?? 0);

function signed(text: string): string {
  return /^[1-9]/.test(text) ? `+${text}` : text.replace('-', '−');
}

function compiled(before: VmReport | null, now: VmReport): StatisticsRow[] {
  const count = (name: string, help: string, reading: Reading) =>
    row(name, help, delta(before, now, reading), formatNumber(reading(now)));
  const compileMs = (from: VmReport | null) => now.regions.compileMs - (from?.regions.compileMs ?? 0);
  const runMs = (from: VmReport | null) => now.guestMs - (from?.guestMs ?? 0);
  const perInstruction = (from: VmReport | null) => {
    const instructions = (now.events.regionInstructions ?? 0) - (from?.events.regionInstructions ?? 0);
    return instructions > 0
      ? ((now.regions.bytes - (from?.regions.bytes ?? 0)) / instructions).toFixed(1)
      : NONE;
  };
  return [
    count('Regions compiled', 'Hot guest code made WebAssembly', (r) => r.regions.compiled),
    row(
      'Regions in use',
      'Neither evicted nor killed so far',
      signed(delta(before, now, alive)),
      formatNumber(alive(now)),
    ),
    count('Regions evicted', 'Dropped to make room, coldest first', (r) => r.regions.evicted),
    count('Regions killed', 'Dropped: their code was overwritten', (r) => r.events.regionsKilled),
    row(
      'WebAssembly',
      'Size of the code of all regions',
      before ? formatBytes(now.regions.bytes - before.regions.bytes) : NONE,
      formatBytes(now.regions.bytes),
    ),
    row(
      'Bytes an instruction',
      'WebAssembly for a guest instruction',
      before ? perInstruction(before) : NONE,
      perInstruction(null),
    ),
    row(
      'Compile time',
      'Making it, the browser’s part included',
      before ? formatMs(compileMs(before)) : NONE,
      formatMs(compileMs(null)),
    ),
    row(
      'Compile share',
      'Of the run time; the guest waits for it',
      before ? formatShare(share(compileMs(before), runMs(before))) : NONE,
      formatShare(share(compileMs(null), runMs(null))),
    ),
    count('Blocks refused', 'Hot code that has to stay in tier 0', (r) => r.events.regionsRefused),
  ];
}

type Descriptions = Record<string, readonly [name: string, help: string]>;

/** VmReport.events that the other groups leave over. */
const EVENTS: Descriptions = {
  translated: ['Blocks translated', 'Straight guest code, read for tier 0'],
  lookups: ['Lookups', 'Blocks that the jump cache did not have'],
  regionEntries: ['Entries to tier 1', 'From the run loop, not another region'],
  tlbFills: ['TLB fills', 'Address lookups; a device access is one'],
  tlbFlushes: ['TLB flushes', 'Times some of those were forgotten'],
  spaceFlushes: ['For an address space', 'Of these; what all processes share is kept'],
  pageFlushes: ['For one page', 'Of these; the rest forgot everything'],
  jumpFlushes: ['Jump cache flushes', 'Times that all lookups became stale'],
  exceptions: ['Exceptions', 'Page faults, system calls and the like'],
  interrupts: ['Interrupts', 'Timers and devices that were heard'],
  invalidations: ['Invalidations', 'Pages of code that were written to'],
};

/** VmReport.fallbacks: what tier 1 did not run, or not alone. */
const FALLBACKS: Descriptions = {
  branchInside: ['Refused: shape', 'Blocks with a branch before their end'],
  uncachedPage: ['Refused: protection', 'Blocks in pages cut by a PMP boundary'],
  engineRefused: ['Refused: browser', 'Blocks whose module it would not make'],
  refusedInstructions: ['Run in spite of that', 'Instructions of those blocks, in tier 0'],
  waitingInstructions: ['Run while waiting', 'Instructions of hot blocks, in tier 0'],
  queueFull: ['Queue full', 'Times that half of it had to ask again'],
  noDescriptor: ['No descriptor', 'Batches cut short: too many regions'],
  rewritten: ['Put off', 'Blocks in pages that keep being rewritten'],
  remapped: ['Mapped elsewhere', 'Times a region’s code lay somewhere else'],
  slowAccesses: ['Slow accesses', 'Memory accesses that left the fast path'],
  helperCalls: ['Calls of helpers', 'In the code made; floating point, mostly'],
};

const EXITS: Descriptions = {
  mmioRead: ['Reads, waited for', 'The page’s device code has to answer'],
  mmioWrite: ['Writes, waited for', 'The page’s device code has to finish first'],
  posted: ['Writes, queued', 'The guest runs on; the page has them later'],
  doorbell: ['Doorbells', 'The guest runs on; the page is woken'],
  shadow: ['Reads from a copy', 'From shared memory, without the page'],
  local: ['Local devices', 'Interrupt controller, timer: no page'],
  halt: ['Sleeps', 'Waits of the guest for an interrupt'],
};

/** Shown in another group, or of no use to the panel (`checked`: 0 but under tier check). */
const ELSEWHERE = new Set(['regionInstructions', 'regionsKilled', 'regionsRefused', 'checked']);

/** Rows for counts by name; one that has no description yet shows under its own name. */
function counts(
  descriptions: Descriptions,
  pick: (report: VmReport) => Record<string, number>,
  before: VmReport | null,
  now: VmReport,
): StatisticsRow[] {
  const unknown = Object.keys(pick(now)).filter((key) => !(key in descriptions) && !ELSEWHERE.has(key));
  return [...Object.keys(descriptions), ...unknown].map((key) => {
    const [name, help] = descriptions[key] ?? [key, ''];
    const reading: Reading = (report) => pick(report)[key];
    return row(name, help, delta(before, now, reading), formatNumber(reading(now)));
  });
}

/**
 * The panel's contents.
 * @param before the report that the column "last second" counts from; null before there is one
 */
export function statistics(before: VmReport | null, now: VmReport): StatisticsGroup[] {
  const from = baseline(before, now);
  return [
    { title: 'Speed', rows: speed(from, now) },
    { title: 'Compiled code', rows: compiled(from, now) },
    { title: 'Left by tier 1', rows: counts(FALLBACKS, (report) => report.fallbacks, from, now) },
    { title: 'Processor', rows: counts(EVENTS, (report) => report.events, from, now) },
    { title: 'Device accesses', rows: counts(EXITS, (report) => report.exits, from, now) },
  ];
}

/** Share of tier 1 that the bar shows: of the last second, or of the whole run when that had no instructions. */
export function barShare(before: VmReport | null, now: VmReport): number {
  const from = baseline(before, now);
  return (from && tier1Share(from, now)) ?? tier1Share(null, now) ?? 0;
}
