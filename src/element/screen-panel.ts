/** The machine's screen in the element: the picture, its scaling, its keys and pointer, and its text for screen readers. */
import type { VmScreen } from '../core/scanout.ts';
import { ScreenView, screenshotPng } from '../display/screen-view.ts';
import { h, windowOf } from './dom.ts';
import { type Following, followedSize } from './followed-size.ts';

export { ScreenView, screenshotPng };

/** `smooth`: as large as fits, mixed where an edge falls into a pixel; `fit`: the same with hard edges; `integer`: a whole multiple of the guest's pixels. */
export type Scaling = 'smooth' | 'fit' | 'integer';

/** Where keys and pointer go while the screen has the focus. */
export interface ScreenInput {
  /**
   * A key went down or up; `code` is KeyboardEvent.code, the key's place on the keyboard. Repeats come as further downs.
   * @returns whether the guest took it, so that the browser must not
   */
  key(code: string, down: boolean, event: KeyboardEvent): boolean;
  /** What the browser has pasted, after a key that was left to it. */
  pasted?(text: string): void;
  /** The focus is gone: keys that are held are not any more. */
  blur(): void;
  /**
   * Pointer, wheel and button events on the picture, with the place in the guest's pixels.
   * @returns whether the guest took it, so that the browser must not
   */
  pointer?(
    event: PointerEvent | WheelEvent,
    at: { x: number; y: number; width: number; height: number },
  ): boolean;
}

/** Screen readers are told of new text once it has been the same for so long, or after so long at last, ms. */
const ANNOUNCE_MS = 700;
const ANNOUNCE_LATEST_MS = 5000;
const ANNOUNCED_LINES = 4;
/** A size that people are still dragging is none to follow, ms. */
const FOLLOW_MS = 300;
/** A multiple of the guest's pixels that fills its place to this part is taken for one that fits: each pixel is as large as the next then, and text stays sharp. */
const NEARLY_WHOLE = 0.98;

/** What `VmConsole.screen` gives. */
export class ScreenPanel {
  /** The part `screen` of the element. */
  readonly element: HTMLElement;
  /** What keys and pointer do; null: nothing. */
  input: ScreenInput | null = null;
  readonly #view: ScreenView;
  readonly #live = h('div', { class: 'spoken', 'aria-live': 'polite' });
  readonly #notice = h('div', { class: 'notice', role: 'status', part: 'screen-notice' });
  #resize: ResizeObserver | null = null;
  readonly #densityChanged = (): void => {
    this.#followDensity();
    this.#scale();
    this.#askSoon();
  };
  #density: MediaQueryList | null = null;
  #screen: VmScreen | null = null;
  #scaling: Scaling = 'smooth';
  #zoom: number | null = null;
  #follow: Following | null = null;
  #followTimer = 0;
  #said: string[] = [];
  #sayTimer = 0;
  /** When it is said at last. */
  #sayBy: number | null = null;

  constructor() {
    this.#view = new ScreenView({
      changed: ({ width, height, renderer, problem }) => {
        this.#scale();
        this.element.dataset.renderer = renderer;
        this.element.setAttribute('aria-label', `Screen, ${width} by ${height} pixels`);
        this.#notice.textContent =
          renderer === 'canvas' ? `Drawn without WebGPU, more slowly: ${problem}.` : '';
      },
      drawn: () => this.#saySoon(),
    });
    this.element = h(
      'div',
      { class: 'screen', part: 'screen', tabindex: 0, role: 'application', 'aria-label': 'Screen' },
      this.#view.element,
      this.#notice,
      this.#live,
    );
    this.element.addEventListener('keydown', (event) => this.#key(event, true));
    this.element.addEventListener('keyup', (event) => this.#key(event, false));
    this.element.addEventListener('paste', (event) => {
      this.input?.pasted?.(event.clipboardData?.getData('text/plain') ?? '');
      event.preventDefault();
    });
    this.element.addEventListener('blur', () => {
      // What is not said by now is not owed to who comes back.
      clearTimeout(this.#sayTimer);
      this.#sayBy = null;
      this.input?.blur();
    });
    this.element.addEventListener('focus', () => this.#saySoon());
    const pointer = (event: PointerEvent | WheelEvent): void => {
      if (this.input?.pointer?.(event, { ...this.guestPoint(event), ...this.size }) && event.type === 'wheel')
        event.preventDefault();
    };
    for (const type of ['pointerdown', 'pointerup', 'pointercancel', 'pointermove'] as const)
      this.#view.element.addEventListener(type, pointer);
    // On an element with a box of its own: browsers ask at once whether a place has such a listener.
    this.element.addEventListener('wheel', pointer, { passive: false });
    this.moved();
  }

  /** @internal To be called when the element is in another window: sizes, frames and the display's density are those of a window. */
  moved(): void {
    this.#resize?.disconnect();
    this.#resize = new (windowOf(this.element).ResizeObserver)(() => {
      this.#scale();
      this.#askSoon();
    });
    this.#resize.observe(this.element);
    this.#followDensity();
    this.#scale();
    this.#view.redraw();
  }

  /** A window that moves to another display keeps its size, but has other pixels. */
  #followDensity(): void {
    this.#density?.removeEventListener('change', this.#densityChanged);
    this.#density = windowOf(this.element).matchMedia(
      `(resolution: ${windowOf(this.element).devicePixelRatio}dppx)`,
    );
    this.#density.addEventListener('change', this.#densityChanged);
  }

  /** @internal Follows this screen from now on. */
  show(screen: VmScreen | null): void {
    this.#screen = screen;
    this.#said = [];
    this.#view.show(screen);
    this.#askSoon();
  }

  /** How the picture is scaled; the attribute of that name sets it. */
  get scaling(): Scaling {
    return this.#scaling;
  }

  set scaling(scaling: Scaling) {
    this.#scaling = scaling;
    this.#scale();
  }

  /** CSS pixels for each of the guest's, if the picture is to have that size whatever its place has room for: it can be scrolled then. Null: it fits. */
  get zoom(): number | null {
    return this.#zoom;
  }

  set zoom(zoom: number | null) {
    this.#zoom = zoom;
    this.element.classList.toggle('zoomed', zoom !== null);
    this.#scale();
  }

  /** Whose pixels the guest is asked for a picture of the panel's size in, whenever that has been the same for a moment; null: its pictures have what size it likes. */
  get follow(): Following | null {
    return this.#follow;
  }

  set follow(follow: Following | null) {
    this.#follow = follow;
    this.#askSoon();
  }

  #askSoon(): void {
    clearTimeout(this.#followTimer);
    const follow = this.#follow;
    if (!follow) return;
    this.#followTimer = window.setTimeout(() => {
      const { width, height } = this.element.getBoundingClientRect();
      const size = followedSize(width, height, windowOf(this.element).devicePixelRatio || 1, follow);
      if (size) this.#screen?.resize?.(size.width, size.height);
    }, FOLLOW_MS);
  }

  /** The picture's size in the guest's pixels. */
  get size(): { width: number; height: number } {
    return this.#view.size;
  }

  /** What draws; null before it has begun. */
  get renderer(): 'webgpu' | 'canvas' | null {
    return this.#view.rendererKind;
  }

  /** @internal The view itself, for tests. */
  get view(): ScreenView {
    return this.#view;
  }

  /** The picture as a PNG file, in the guest's own pixels. */
  async screenshot(): Promise<Blob> {
    if (!this.#screen) throw new Error('there is no screen');
    await this.#view.settle();
    return screenshotPng(this.#screen);
  }

  /** Where an event happened, in the guest's pixels, within the picture. */
  guestPoint(event: MouseEvent): { x: number; y: number } {
    const canvas = this.#view.element.firstElementChild?.getBoundingClientRect();
    const { width, height } = this.size;
    if (!canvas || canvas.width === 0 || canvas.height === 0) return { x: 0, y: 0 };
    const clamp = (value: number, end: number): number => Math.min(Math.max(Math.floor(value), 0), end - 1);
    return {
      x: clamp(((event.clientX - canvas.left) / canvas.width) * width, width),
      y: clamp(((event.clientY - canvas.top) / canvas.height) * height, height),
    };
  }

  /** Gives the screen the keyboard. */
  focus(): void {
    this.element.focus({ preventScroll: true });
  }

  #key(event: KeyboardEvent, down: boolean): void {
    if (this.input?.key(event.code, down, event)) event.preventDefault();
  }

  /** Gives the canvas its size and its place on the page, in whole pixels of the display. */
  #scale(): void {
    const { width, height } = this.size;
    const pixel = windowOf(this.element).devicePixelRatio || 1;
    const room = this.element.getBoundingClientRect();
    if (room.width === 0 || room.height === 0) return;
    const fit = Math.min((room.width * pixel) / width, (room.height * pixel) / height);
    // A picture that is larger than its place has to shrink all the same, and then no pixel can stay whole.
    const whole = Math.floor(fit + 1e-6);
    const fitted = whole >= 1 && (this.#scaling === 'integer' || whole / fit >= NEARLY_WHOLE) ? whole : fit;
    const factor = this.#zoom === null ? fitted : this.#zoom * pixel;
    const output = {
      width: Math.max(Math.round(width * factor), 1),
      height: Math.max(Math.round(height * factor), 1),
      hard: this.#scaling !== 'smooth' && factor >= 1,
    };
    const { style } = this.#view.element;
    // What is larger than its place is scrolled from its edge.
    const place = (start: number, space: number, size: number): string =>
      `${Math.floor(start * pixel + Math.max(space * pixel - size, 0) / 2) / pixel - start}px`;
    style.setProperty('--picture-left', place(room.left, room.width, output.width));
    style.setProperty('--picture-top', place(room.top, room.height, output.height));
    style.setProperty('--picture-width', `${output.width / pixel}px`);
    style.setProperty('--picture-height', `${output.height / pixel}px`);
    this.#view.output = output;
  }

  /** Tells screen readers the lines that are new, once the guest has paused for breath, and people who are elsewhere nothing. */
  #saySoon(): void {
    clearTimeout(this.#sayTimer);
    if (!this.element.matches(':focus')) return;
    const now = performance.now();
    this.#sayBy ??= now + ANNOUNCE_LATEST_MS;
    this.#sayTimer = window.setTimeout(() => this.#say(), Math.min(ANNOUNCE_MS, this.#sayBy - now));
  }

  #say(): void {
    this.#sayBy = null;
    const lines = (this.#screen?.text() ?? '').split('\n');
    const before = new Set(this.#said);
    const fresh = lines.filter((line) => line.trim() !== '' && !before.has(line));
    this.#said = lines;
    if (fresh.length > 0) this.#live.textContent = fresh.slice(-ANNOUNCED_LINES).join('\n');
  }

  /** @internal */
  dispose(): void {
    clearTimeout(this.#sayTimer);
    clearTimeout(this.#followTimer);
    this.#resize?.disconnect();
    this.#density?.removeEventListener('change', this.#densityChanged);
    this.#view.dispose();
    this.element.remove();
  }
}
