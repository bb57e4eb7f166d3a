/** A small chart of the last minute: one or two lines over a filled ground, the values of now beside its name. */
import { h, markup } from '../element/dom.ts';

/** Samples that are shown, one a second. */
const LENGTH = 60;
const WIDTH = 240;
const HEIGHT = 56;

export interface Series {
  name: string;
  /** Of the line: 1 or 2 of the page's colours. */
  color: 1 | 2;
}

export class Chart {
  readonly element: HTMLElement;
  readonly #title: string;
  readonly #series: readonly Series[];
  readonly #format: (value: number) => string;
  readonly #least: number;
  readonly #values: number[][];
  readonly #svg: HTMLElement;
  readonly #now: HTMLElement;

  /**
   * @param format a value for people
   * @param least the top of the chart is never lower: noise is not to look like work
   */
  constructor(title: string, series: readonly Series[], format: (value: number) => string, least: number) {
    this.#title = title;
    this.#series = series;
    this.#format = format;
    this.#least = least;
    this.#values = series.map(() => []);
    this.#svg = h('div', { class: 'chart-picture', role: 'img' });
    this.#now = h('span', { class: 'chart-now' });
    this.element = h(
      'div',
      { class: 'chart' },
      h('div', { class: 'chart-head' }, h('h2', {}, title), this.#now),
      this.#svg,
    );
    this.#draw();
  }

  /** Adds what was measured in the last second, one value for each line. */
  add(values: readonly number[]): void {
    for (const [at, value] of values.entries()) {
      this.#values[at]!.push(Number.isFinite(value) ? Math.max(value, 0) : 0);
      if (this.#values[at]!.length > LENGTH) this.#values[at]!.shift();
    }
    this.#draw();
  }

  #draw(): void {
    const top = Math.max(this.#least, ...this.#values.flat());
    const lines = this.#values.map((values, at) => {
      if (values.length === 0) return '';
      const x = (i: number): string => (WIDTH - (values.length - 1 - i) * (WIDTH / (LENGTH - 1))).toFixed(1);
      const points = values.map(
        (value, i) => `${x(i)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 4)).toFixed(1)}`,
      );
      const color = this.#series[at]!.color;
      const ground = `<polygon class="ground-${color}" points="${x(0)},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}"/>`;
      return `${ground}<polyline class="line-${color}" points="${points.join(' ')}"/>`;
    });
    const svg = markup(
      'div',
      {},
      `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${lines.join('')}</svg>`,
    );
    this.#svg.replaceChildren(...svg.childNodes);
    const texts = this.#series.map(({ name }, at) => {
      const value = this.#values[at]!.at(-1);
      return `${name ? `${name} ` : ''}${value === undefined ? '–' : this.#format(value)}`;
    });
    this.#now.textContent = texts.join(' · ');
    this.#svg.setAttribute(
      'aria-label',
      `${this.#title}, last minute: now ${texts.join(', ')}, highest ${this.#format(Math.max(0, ...this.#values.flat()))}`,
    );
  }
}
