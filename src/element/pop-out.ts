/**
 * The element's contents in a window of their own. The element stays where it is, since frameworks and scripts own it: its frame moves into an element of the
 * same name in the other window, which is none of ours there, so that the page's `::part()` rules hold for it as well.
 */
import { VmError } from '../core/errors.ts';
import { h } from './dom.ts';
import { STYLES } from './styles.ts';
import { COLORS } from './theme.ts';

/** `window`: one that can be resized, full screen and on another display; `on-top`: a small one above all others, where the browser has them. */
export type PopOutKind = 'window' | 'on-top';

interface PictureInPicture {
  requestWindow(options: { width: number; height: number }): Promise<Window>;
}

const pictureInPicture = (): PictureInPicture | undefined =>
  (window as { documentPictureInPicture?: PictureInPicture }).documentPictureInPicture;

/** Whether the browser has windows that stay on top (Document Picture-in-Picture). */
export const canStayOnTop = (): boolean => pictureInPicture() !== undefined;

/** Every custom property that the element reads. */
const PROPERTIES = [
  ...new Set([
    ...[...STYLES.matchAll(/--vm-console-[\w-]+/g)].map(([name]) => name),
    ...Object.values(COLORS).map(([name]) => `--vm-console-${name}`),
    ...['font-family', 'font-size', 'line-height'].map((name) => `--vm-console-${name}`),
  ]),
];

/** The page's rules, for the parts. Sheets of other sites cannot be read, and are linked. */
function pageStyles(): HTMLElement[] {
  const sheets = [...document.styleSheets, ...document.adoptedStyleSheets];
  return sheets.flatMap((sheet) => {
    if (sheet.disabled) return [];
    try {
      const style = h('style', { media: sheet.media.mediaText || null });
      style.textContent = [...sheet.cssRules].map(({ cssText }) => cssText).join('\n');
      return style;
    } catch {
      return sheet.href ? h('link', { rel: 'stylesheet', href: sheet.href }) : [];
    }
  });
}

/** What an element is in, be it the host of its shadow tree. */
function parentOf(element: Element): Element | null {
  return element.parentElement ?? (element.getRootNode() as Partial<ShadowRoot>).host ?? null;
}

async function openWindow(kind: PopOutKind, width: number, height: number): Promise<Window> {
  const size = { width: Math.round(width), height: Math.round(height) };
  if (kind === 'on-top') {
    const top = pictureInPicture();
    if (!top) throw new VmError('unsupported', 'This browser has no windows that stay on top.');
    return await top.requestWindow(size);
  }
  const view = window.open('', '', `popup,width=${size.width},height=${size.height}`);
  if (!view)
    throw new VmError('unsupported', 'The browser has blocked the window: allow this page to open some.');
  // In standards mode, and no initial document any more, which Firefox replaces by another one later.
  view.document.write('<!doctype html><title></title><body></body>');
  view.document.close();
  return view;
}

export class PopOut {
  readonly #owner: HTMLElement;
  readonly #frame: HTMLElement;
  readonly #moved: () => void;
  readonly #closeWithPage = (): void => this.close();
  readonly #light = matchMedia('(prefers-color-scheme: light)');
  readonly #copyProperties = (): void => {
    const computed = getComputedStyle(this.#owner);
    for (const name of PROPERTIES) this.#shell?.style.setProperty(name, computed.getPropertyValue(name));
  };
  readonly #restyled = new MutationObserver(this.#copyProperties);
  #window: Window | null = null;
  #shell: HTMLElement | null = null;
  #away: HTMLElement | null = null;

  /**
   * @param frame what moves
   * @param moved called when it has moved
   */
  constructor(owner: HTMLElement, frame: HTMLElement, moved: () => void) {
    this.#owner = owner;
    this.#frame = frame;
    this.#moved = moved;
  }

  get isOpen(): boolean {
    return this.#window !== null;
  }

  /** What holds the contents now: the element itself, or its stand-in in the other window. */
  get host(): HTMLElement {
    return this.#shell ?? this.#owner;
  }

  /** @throws VmError unsupported, if the browser gives no window */
  async open(kind: PopOutKind, title: string): Promise<void> {
    if (this.#window) {
      this.#window.focus();
      return;
    }
    const { width, height } = this.#owner.getBoundingClientRect();
    const view = await openWindow(kind, width, height);
    if (!this.#owner.isConnected || this.#window) {
      view.close();
      return;
    }
    this.#window = view;
    const { document: there } = view;
    there.title = title;
    there.documentElement.lang = document.documentElement.lang || 'en';
    there.head.append(...pageStyles());
    const fill = h('style', {});
    fill.textContent = 'html, body { height: 100%; margin: 0; padding: 0; background: #05080f; }';
    there.head.append(fill);
    const shell = there.createElement('vm-console');
    for (const { name, value } of this.#owner.attributes) shell.setAttribute(name, value);
    shell.style.cssText += ';display:block;width:100%;height:100%;max-width:none;margin:0;border-radius:0';
    const style = h('style', {});
    style.textContent = STYLES;
    this.#shell = shell;
    this.#followProperties();
    this.#away = h(
      'div',
      { class: 'away', part: 'away' },
      h('p', {}, 'The machine is in a window of its own.'),
      h('button', { type: 'button', part: 'panel-button', onclick: () => this.close() }, 'Bring it back'),
    );
    this.#frame.after(this.#away);
    shell.attachShadow({ mode: 'open' }).append(style, this.#frame);
    there.body.append(shell);
    view.addEventListener('pagehide', () => this.#back(view), { once: true });
    window.addEventListener('pagehide', this.#closeWithPage);
    this.#moved();
  }

  /** Gives the stand-in an attribute of the element. */
  mirror(name: string, value: string | null): void {
    if (value === null) this.#shell?.removeAttribute(name);
    else this.#shell?.setAttribute(name, value);
  }

  /** Brings the contents back. */
  close(): void {
    const view = this.#window;
    if (!view) return;
    this.#back(view);
    view.close();
  }

  /** Nothing says that a property is another one now. What pages do to change one is to give the element, or what it is in, another attribute. */
  #followProperties(): void {
    this.#copyProperties();
    this.#light.addEventListener('change', this.#copyProperties);
    for (let node: Element | null = this.#owner; node; node = parentOf(node))
      this.#restyled.observe(node, { attributes: true });
  }

  #back(view: Window): void {
    if (this.#window !== view) return;
    this.#window = null;
    this.#shell = null;
    this.#restyled.disconnect();
    this.#light.removeEventListener('change', this.#copyProperties);
    window.removeEventListener('pagehide', this.#closeWithPage);
    this.#away?.replaceWith(this.#frame);
    this.#away = null;
    this.#moved();
  }
}
