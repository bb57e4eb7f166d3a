/** What the gallery remembers in this browser: the doors that were opened, and whether all of them may be. */

const KEY = 'snowglobe-gallery';

export class GalleryMemory {
  #season: number;
  #all = false;
  #opened = new Set<number>();

  /** @param season a new year's calendar is one on which no door was opened yet */
  constructor(season: number) {
    this.#season = season;
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
      this.#all = kept['all'] === true;
      if (kept['season'] === season && Array.isArray(kept['opened']))
        this.#opened = new Set(kept['opened'].filter(Number.isInteger));
    } catch {
      // Site data is blocked, or not of ours: nothing is remembered.
    }
  }

  get all(): boolean {
    return this.#all;
  }

  set all(all: boolean) {
    this.#all = all;
    this.#keep();
  }

  isOpened(door: number): boolean {
    return this.#opened.has(door);
  }

  /** All doors are closed again when the calendar is another year's. */
  turnTo(season: number): void {
    if (season === this.#season) return;
    this.#season = season;
    this.#opened = new Set();
  }

  open(door: number): void {
    this.#opened.add(door);
    this.#keep();
  }

  #keep(): void {
    const kept = { season: this.#season, all: this.#all, opened: [...this.#opened] };
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // It lasts as long as the page.
    }
  }
}
