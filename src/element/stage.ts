/** Where the machine is seen: the terminal's place, the panels that lie over it, and the strips above and below. */
import { h } from './dom.ts';
import { banner, type BannerAction } from './panels.ts';

export class Stage {
  /** The terminal's place. */
  readonly host = h('div', { class: 'viewport', part: 'terminal' });
  readonly #layer = h('div', { class: 'layer' });
  readonly element = h('div', { class: 'stage', part: 'stage' }, this.host, this.#layer);
  readonly banners = h('div', {});
  readonly typing = h('div', {});
  readonly footer = h('div', {});

  /** Puts the screen's element over the terminal, under the panels. */
  addScreen(element: HTMLElement): void {
    this.#layer.before(element);
  }

  /** Lays a panel over the terminal; the strip of an earlier end goes. */
  cover(panel: HTMLElement | null, dim = false): void {
    this.footer.replaceChildren();
    this.#layer.replaceChildren(...(panel ? [panel] : []));
    this.element.classList.toggle('covered', dim);
  }

  /** A line under the picture while a text is typed; null: it is done. */
  showTyping(line: HTMLElement | null): void {
    this.typing.replaceChildren(...(line ? [line] : []));
  }

  showBanner(kind: 'panic' | 'hint', text: string, action?: BannerAction): void {
    this.banners.replaceChildren(banner(kind, text, () => this.closeBanners(), action));
  }

  closeBanners(): void {
    this.banners.replaceChildren();
  }
}
