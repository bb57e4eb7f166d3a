/** Where the machine is seen: the terminal's place, the panels that lie over it, and the strips above and below. */
import { h } from './dom.ts';
import { banner, type BannerAction } from './panels.ts';

export class Stage {
  /** The terminal's place. */
  readonly host = h('div', { class: 'viewport', part: 'terminal' });
  /** How the keyboard gets out of here: shown when it first comes in. */
  readonly hint = h(
    'div',
    { class: 'leave', part: 'leave-hint', 'aria-hidden': 'true', hidden: true },
    'Ctrl+F6 leaves',
  );
  readonly #layer = h('div', { class: 'layer' });
  readonly element = h(
    'div',
    { class: 'stage', part: 'stage' },
    this.host,
    h('div', { class: 'poster', part: 'poster' }, h('slot', { name: 'poster' })),
    h('div', { class: 'overlay' }, h('slot', { name: 'overlay' })),
    this.#layer,
    this.hint,
  );
  readonly banners = h('div', {});
  readonly typing = h('div', {});
  readonly footer = h('div', {});

  /** Puts the screen's element over the terminal, under the panels. */
  addScreen(element: HTMLElement): void {
    this.host.after(element);
  }

  constructor() {
    let pointed = false;
    this.element.addEventListener('pointerdown', () => {
      pointed = true;
    });
    this.element.addEventListener('focusin', ({ target }) => {
      const machine = target as Node;
      if (pointed || this.#layer.contains(machine) || !this.hint.hidden) return;
      this.hint.hidden = false;
    });
  }

  /**
   * Lays a panel over the terminal; the strip of an earlier end goes. Who had the keyboard in either gets the new panel.
   * @returns whether the keyboard was there and has no place now
   */
  cover(panel: HTMLElement | null, dim = false): boolean {
    const held = this.#holdsFocus;
    this.footer.replaceChildren();
    this.#layer.replaceChildren(...(panel ? [panel] : []));
    this.element.classList.toggle('covered', dim);
    return held && !this.focusPanel();
  }

  /** Gives the panel the keyboard, and Tab goes on from there. @returns false where there is none */
  focusPanel(): boolean {
    const panel = this.#layer.firstElementChild as HTMLElement | null;
    if (!panel) return false;
    panel.tabIndex = -1;
    panel.focus({ preventScroll: true });
    return true;
  }

  get #holdsFocus(): boolean {
    const { activeElement, host } = this.element.getRootNode() as ShadowRoot;
    if (activeElement) return this.#layer.contains(activeElement) || this.footer.contains(activeElement);
    return host?.querySelector('[slot="start"]:is(:focus, :focus-within)') != null;
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
