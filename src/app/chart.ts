/** A small chart of the last minute: one or two lines over a filled ground, the values of now beside its name, and what its top and half stand for. */
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

/** The least of 1, 2 and 5 times a power of ten that is no less than `value`; of bytes, times a power of 1024 as well. */
export function roundTop(value: number, unit: 'bytes' | 'count'): number {
  const size = unit === 'bytes' ? 1024 ** Math.max(0, Math.floor(Math.log2(value) / 10)) : 1;
  const ten = 10 ** Math.floor(Math.log10(value / size));
  const times = [1, 2, 5, 10].find((one) => one * ten * size >= value) ?? 10;
  return times * ten * size;
}

export interface Scale {
  /** The top of the chart is never lower: noise is not to look like work. */
  least: number;
  unit: 'bytes' | 'count';
  /** The top, where there is a most. */
  most?: number;
}

export class Chart {
  readonly element: HTMLElement;
  readonly #title: string;
  readonly #series: readonly Series[];
  readonly #format: (value: number) => string;
  readonly #scale: Scale;
  #most: number | undefined;
  readonly #values: number[][];
  readonly #svg: HTMLElement;
  readonly #now: HTMLElement;

  /** @param format a value for people */
  constructor(title: string, series: readonly Series[], format: (value: number) => string, scale: Scale) {
    this.#title = title;
    this.#series = series;
    this.#format = format;
    this.#scale = scale;
    this.#most = scale.most;
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

  /** Adds what was measured in the last second, one value for each line. @param most the top from now on */
  add(values: readonly number[], most = this.#most): void {
    this.#most = most;
    for (const [at, value] of values.entries()) {
      this.#values[at]!.push(Number.isFinite(value) ? Math.max(value, 0) : 0);
      if (this.#values[at]!.length > LENGTH) this.#values[at]!.shift();
    }
    this.#draw();
  }

  #draw(): void {
    const highest = Math.max(0, ...this.#values.flat());
    const { least, unit } = this.#scale;
    const top = this.#most ?? roundTop(Math.max(least, highest), unit);
    const lines = this.#values.map((values, at) => {
      if (values.length === 0) return '';
      const x = (i: number): string => (WIDTH - (values.length - 1 - i) * (WIDTH / (LENGTH - 1))).toFixed(1);
      const points = values.map((value, i) => `${x(i)},${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`);
      const color = this.#series[at]!.color;
      const ground = `<polygon class="ground-${color}" points="${x(0)},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}"/>`;
      return `${ground}<polyline class="line-${color}" points="${points.join(' ')}"/>`;
    });
    const svg = markup(
      'div',
      {},
      `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><path class="grid" d="M0 ${HEIGHT / 2}H${WIDTH}"/>${lines.join('')}</svg>`,
    );
    const scale = (className: string, text: string): HTMLElement =>
      h('span', { class: className, 'aria-hidden': 'true' }, text);
    this.#svg.replaceChildren(
      ...svg.childNodes,
      scale('scale-top', this.#format(top)),
      scale('scale-half', this.#format(top / 2)),
      scale('scale-time', `${LENGTH} s ago`),
    );
    const texts = this.#series.map(({ name }, at) => {
      const value = this.#values[at]!.at(-1);
      return `${name ? `${name} ` : ''}${value === undefined ? '–' : this.#format(value)}`;
    });
    const several = texts.length > 1;
    this.#now.replaceChildren(
      ...texts.map((text, at) =>
        h('span', { class: several ? `key-${this.#series[at]!.color}` : null }, text),
      ),
    );
    this.#svg.setAttribute(
      'aria-label',
      `${this.#title}, last minute: now ${texts.join(', ')}, highest ${this.#format(highest)}`,
    );
  }
}
