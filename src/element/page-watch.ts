/** What an element wants to know of its page while it is in the document. */
export class PageWatch {
  readonly #on: { keep(): void; restyle(): void };
  readonly #light = matchMedia('(prefers-color-scheme: light)');
  readonly #hidden = ({ type }: Event): void => {
    if (type === 'pagehide' || document.visibilityState === 'hidden') this.#on.keep();
  };
  readonly #scheme = (): void => this.#on.restyle();

  /**
   * @param on keep: the page is not looked at and may be gone any moment, so what disks hold back has to be stored; restyle: the system's colours are
   * others
   */
  constructor(on: { keep(): void; restyle(): void }) {
    this.#on = on;
  }

  begin(): void {
    document.addEventListener('visibilitychange', this.#hidden);
    window.addEventListener('pagehide', this.#hidden);
    this.#light.addEventListener('change', this.#scheme);
  }

  end(): void {
    document.removeEventListener('visibilitychange', this.#hidden);
    window.removeEventListener('pagehide', this.#hidden);
    this.#light.removeEventListener('change', this.#scheme);
  }
}
