import type { VmReport } from '../core/vm-api.ts';
import { formatStats, statsBetween } from './stats.ts';

/** How often the toolbar's figures are renewed, ms. */
const STATS_INTERVAL = 1000;

/** Says once a second, while the page is visible, how fast a machine runs. */
export class StatsTimer {
  readonly #report: () => VmReport | null;
  readonly #show: (text: string) => void;
  #timer = 0;

  constructor(report: () => VmReport | null, show: (text: string) => void) {
    this.#report = report;
    this.#show = show;
  }

  start(): void {
    this.stop();
    let before = this.#report();
    this.#timer = window.setInterval(() => {
      if (document.hidden) return;
      const now = this.#report();
      const stats = before && now && statsBetween(before, now);
      if (stats) this.#show(formatStats(stats));
      before = now;
    }, STATS_INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
