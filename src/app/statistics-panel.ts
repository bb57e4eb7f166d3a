/** The panel "Statistics" below a machine: tables that follow the machine's report while the panel is open. */
import type { VmReport } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';
import { barShare, formatShare, type StatisticsGroup, statistics } from './statistics.ts';

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

/** @param read the machine's report; null while there is no machine */
export function statisticsPanel(read: () => VmReport | null): StatisticsPanel {
  const fill = h('div', { class: 'tier-fill' });
  const bar = h('div', { class: 'tier-bar', role: 'img' }, fill);
  const empty = h('p', { class: 'statistics-empty' }, 'There are numbers once the machine has started.');
  const element = h('div', { class: 'statistics' }, empty);
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
      element.replaceChildren(...tables.map((table) => table.element));
    }
    for (const [at, group] of groups.entries()) tables[at]!.show(group);
    const share = barShare(before, now);
    fill.style.width = `${share * 100}%`;
    bar.setAttribute('aria-label', `Tier 1 runs ${formatShare(share)} of the instructions`);
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
