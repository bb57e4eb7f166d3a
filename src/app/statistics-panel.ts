/** The panel "Statistics" below a machine: tables that follow the machine's report while the panel is open. */
import type { Vm, VmReport } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';
import { formatBytes } from '../element/format.ts';
import { statsBetween } from '../element/stats.ts';
import { Chart } from './chart.ts';
import { barShare, formatNumber, formatShare, type StatisticsGroup, statistics } from './statistics.ts';

/** How often the report is read while the panel is open and the page is visible, ms. */
const INTERVAL = 1000;

export interface StatisticsPanel {
  element: HTMLElement;
  /** Starts or stops following. A panel that has left the page stops by itself. */
  follow(open: boolean): void;
}

function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A table whose cells are written to, never made again: nothing moves, and a selection stays. */
class GroupTable {
  readonly element: HTMLElement;
  readonly #cells: [recent: HTMLElement, total: HTMLElement][] = [];

  constructor({ title, rows }: StatisticsGroup, extra?: HTMLElement) {
    const body = h('tbody', {});
    for (const { name, help, tier } of rows) {
      const recent = h('td', {});
      const total = h('td', {});
      this.#cells.push([recent, total]);
      const what = h('span', { class: tier === undefined ? null : `tier-${tier}` }, name);
      body.append(h('tr', {}, h('th', { scope: 'row' }, what, help && h('small', {}, help)), recent, total));
    }
    const head = h(
      'tr',
      {},
      h('td', {}),
      h('th', { scope: 'col' }, 'Last second'),
      h('th', { scope: 'col' }, 'Since start'),
    );
    this.element = h(
      'div',
      { class: 'statistics-group' },
      h('table', {}, h('caption', {}, title), h('thead', {}, head), body),
      extra,
    );
  }

  get rows(): number {
    return this.#cells.length;
  }

  show({ rows }: StatisticsGroup): void {
    for (const [at, { recent, total }] of rows.entries()) {
      const [recentCell, totalCell] = this.#cells[at]!;
      setText(recentCell, recent);
      setText(totalCell, total);
    }
  }
}

/** Accesses and doorbells that the page has to do something for. */
const exitsOf = ({ exits: { mmioRead = 0, mmioWrite = 0, posted = 0, doorbell = 0 } }: VmReport): number =>
  mmioRead + mmioWrite + posted + doorbell;

/** The charts above the tables. */
function charts(vm: () => Vm | null) {
  const percent = (value: number): string => `${Math.round(value)} %`;
  const share = { least: 100, most: 100, unit: 'count' } as const;
  const speed = new Chart(
    'Speed',
    [{ name: '', color: 1 }],
    (value) => `${value.toFixed(value < 10 ? 1 : 0)} MIPS`,
    { least: 10, unit: 'count' },
  );
  const busy = new Chart('Processor', [{ name: 'busy', color: 1 }], percent, share);
  const tiers = new Chart('Tiers', [{ name: 'compiled', color: 1 }], percent, share);
  const exits = new Chart(
    'Exits to the page',
    [{ name: '', color: 2 }],
    (value) => `${formatNumber(Math.round(value))}/s`,
    { least: 100, unit: 'count' },
  );
  const rate = (value: number): string => `${formatBytes(value)}/s`;
  const disk = new Chart(
    'Disks',
    [
      { name: 'read', color: 1 },
      { name: 'written', color: 2 },
    ],
    rate,
    { least: 100 << 10, unit: 'bytes' },
  );
  const memory = new Chart('Memory in use', [{ name: 'about', color: 2 }], formatBytes, {
    least: 16 << 20,
    unit: 'bytes',
  });
  const all = [speed, busy, tiers, exits, disk, memory];
  let last: { read: number; written: number } | null = null;
  return {
    element: h('div', { class: 'charts' }, ...all.map((chart) => chart.element)),
    /** @param before null: there is nothing to count from */
    add(before: VmReport | null, now: VmReport): void {
      const machine = vm();
      const io = (machine?.drives ?? []).map((drive) => drive.io);
      const read = io.reduce((sum, counts) => sum + (counts?.bytesRead ?? 0), 0);
      const written = io.reduce((sum, counts) => sum + (counts?.bytesWritten ?? 0), 0);
      const recent = before && now.guestMs > before.guestMs ? statsBetween(before, now) : null;
      if (recent && last) {
        const seconds = (now.guestMs - before!.guestMs) / 1000;
        speed.add([recent.mips]);
        busy.add([(1 - recent.idle) * 100]);
        tiers.add([barShare(before, now) * 100]);
        exits.add([(exitsOf(now) - exitsOf(before!)) / seconds]);
        disk.add([(read - last.read) / seconds, (written - last.written) / seconds]);
        const use = machine?.memoryUse();
        if (use) memory.add([use.used], use.total);
      }
      last = { read, written };
    },
  };
}

/**
 * @param read the machine's report; null while there is no machine
 * @param vm the machine of now
 */
export function statisticsPanel(read: () => VmReport | null, vm: () => Vm | null): StatisticsPanel {
  const fill = h('div', { class: 'tier-fill' });
  const bar = h('div', { class: 'tier-bar', role: 'img' }, fill);
  const empty = h('p', { class: 'statistics-empty' }, 'There are numbers once the machine has started.');
  const element = h('div', { class: 'statistics' }, empty);
  const graphs = charts(vm);
  let tables: GroupTable[] = [];
  let before: VmReport | null = null;
  let timer = 0;

  const show = (now: VmReport) => {
    const groups = statistics(before, now);
    if (
      tables.length !== groups.length ||
      tables.some((table, at) => table.rows !== groups[at]!.rows.length)
    ) {
      tables = groups.map((group, at) => new GroupTable(group, at === 0 ? bar : undefined));
      element.replaceChildren(graphs.element, ...tables.map((table) => table.element));
    }
    for (const [at, group] of groups.entries()) tables[at]!.show(group);
    const share = barShare(before, now);
    fill.style.width = `${share * 100}%`;
    bar.setAttribute('aria-label', `Tier 1 runs ${formatShare(share)} of the instructions`);
    graphs.add(before, now);
    before = now;
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    before = null;
  };
  const tick = () => {
    if (!element.isConnected) return stop();
    if (document.hidden) {
      // A rate over the time out of sight would not be one of the last second.
      before = null;
      return;
    }
    const now = read();
    if (now) show(now);
  };
  return {
    element,
    follow(open) {
      stop();
      if (!open) return;
      timer = window.setInterval(tick, INTERVAL);
      tick();
    },
  };
}
