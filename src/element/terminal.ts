/** The terminal: xterm.js, fitted to its host. Loaded lazily, since it is larger than the rest of the element. */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import css from '@xterm/xterm/css/xterm.css?inline';
import { windowOf } from './dom.ts';
import { terminalPicture } from './terminal-picture.ts';
import type { TerminalLook } from './theme.ts';

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface TerminalViewOptions {
  look: TerminalLook;
  /** Lines kept above the screen. */
  scrollback: number;
  /** The font shrinks until this many columns and rows fit, or until it is MIN_FONT_SIZE. */
  minColumns: number;
  minRows: number;
  /** A size that never changes; the font is scaled until it fills the host. */
  fixedSize: TerminalSize | null;
  /** Screen readers find its lines, and are told of new ones. */
  spoken: boolean;
  /** What the user typed or pasted, as the guest shall receive it. */
  onInput(data: string | Uint8Array): void;
  onResize(size: TerminalSize): void;
  /** Ctrl+F6: the way out for people who use only the keyboard, since the terminal takes Tab. */
  onLeave(): void;
}

/** Below this a line is a row of dots even on a dense screen. */
const MIN_FONT_SIZE = 7;
const MAX_FONT_SIZE = 64;
const FONT_STEP = 0.25;

export class TerminalView {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #host: HTMLElement;
  readonly #options: TerminalViewOptions;
  readonly #style: HTMLStyleElement;
  #observer: ResizeObserver | null = null;
  #fitQueued = 0;

  constructor(host: HTMLElement, options: TerminalViewOptions) {
    this.#host = host;
    this.#options = options;
    this.#style = document.createElement('style');
    this.#style.textContent = css;
    host.before(this.#style);
    const { fontFamily, fontSize, lineHeight, theme } = options.look;
    this.#terminal = new Terminal({
      fontFamily,
      fontSize,
      lineHeight,
      theme,
      scrollback: options.scrollback,
      // A blinking cursor repaints an idle page for ever.
      cursorBlink: false,
      cursorInactiveStyle: 'outline',
      macOptionIsMeta: true,
      rescaleOverlappingGlyphs: true,
      screenReaderMode: options.spoken,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(host);
    this.#terminal.onData((text) => options.onInput(text));
    this.#terminal.onBinary((text) => options.onInput(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#terminal.onResize(({ cols, rows }) => options.onResize({ columns: cols, rows }));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#takeKey(event));
    this.#terminal.textarea?.setAttribute('aria-label', 'Serial console. Control and F6 leave it.');
    this.moved();
  }

  /** To be called when the host is in another window: sizes and frames are those of a window. */
  moved(): void {
    this.#observer?.disconnect();
    const view = windowOf(this.#host);
    this.#observer = new view.ResizeObserver(() => {
      view.cancelAnimationFrame(this.#fitQueued);
      this.#fitQueued = view.requestAnimationFrame(() => this.fit());
    });
    this.#observer.observe(this.#host);
    // xterm.js looks which window it is in.
    this.#terminal.open(this.#host);
    this.fit();
  }

  /** Changes colours and fonts. */
  restyle(look: TerminalLook): void {
    this.#options.look = look;
    const { fontFamily, fontSize, lineHeight, theme } = look;
    Object.assign(this.#terminal.options, { fontFamily, fontSize, lineHeight, theme });
    this.fit();
  }

  set spoken(on: boolean) {
    this.#terminal.options.screenReaderMode = on;
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** DECCKM: whether the guest wants arrow keys as SS3 sequences. */
  get applicationCursorKeys(): boolean {
    return this.#terminal.modes.applicationCursorKeysMode;
  }

  /** Shows bytes of the guest; resolves when they are parsed, which is the console's back-pressure. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }

  /** Types text as if pasted: line ends become carriage returns, and the guest's bracketed paste mode is honoured. */
  paste(text: string): void {
    this.#terminal.paste(text);
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Hides the cursor of a guest that will never move it again; reset() brings it back. */
  hideCursor(): void {
    this.#terminal.write('\x1b[?25l');
  }

  /** Clears screen, scrollback and every mode the guest has set. */
  reset(): void {
    this.#terminal.reset();
  }

  /** The screen as text, or with `scrollback` everything that is still kept. Trailing blanks and blank lines are cut. */
  text(scrollback = false): string {
    const buffer = this.#terminal.buffer.active;
    const first = scrollback ? 0 : buffer.baseY;
    const lines: string[] = [];
    for (let y = first; y < buffer.baseY + this.#terminal.rows; y++) {
      const line = buffer.getLine(y);
      const text = line?.translateToString(true) ?? '';
      if (scrollback && line?.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.join('\n').trimEnd();
  }

  /** A picture of the screen with this many pixels; null if it is blank. */
  picture(width: number, height: number): OffscreenCanvas | null {
    return terminalPicture(this.#terminal, this.#options.look, width, height);
  }

  /** Fits columns, rows and, on small hosts, the font to the host's size. */
  fit(): void {
    if (this.#host.clientWidth === 0 || this.#host.clientHeight === 0) return;
    const { look, minColumns, minRows, fixedSize } = this.#options;
    if (fixedSize) {
      this.#fillWith(fixedSize);
      return;
    }
    const size = this.#fitWith(look.fontSize);
    if (!size) return;
    const fitted = this.#shrinkUntil(look.fontSize, size, { columns: minColumns, rows: minRows });
    this.#terminal.resize(Math.max(fitted.columns, 2), Math.max(fitted.rows, 1));
  }

  dispose(): void {
    windowOf(this.#host).cancelAnimationFrame(this.#fitQueued);
    this.#observer?.disconnect();
    this.#terminal.dispose();
    this.#style.remove();
    this.#host.replaceChildren();
  }

  /** How many characters of a font fit the host. */
  #fitWith(fontSize: number): TerminalSize | null {
    if (this.#terminal.options.fontSize !== fontSize) this.#terminal.options.fontSize = fontSize;
    const size = this.#fit.proposeDimensions();
    if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows)) return null;
    return { columns: size.cols, rows: size.rows };
  }

  /** Shrinks the font from `fontSize`, of which `size` characters fit, until `wanted` fit or it is the smallest. */
  #shrinkUntil(fontSize: number, size: TerminalSize, wanted: TerminalSize): TerminalSize {
    const share = ({ columns, rows }: TerminalSize) =>
      Math.min(columns / wanted.columns, rows / wanted.rows, 1);
    let fitted = size;
    let font = fontSize;
    if (share(fitted) < 1) font = Math.max(MIN_FONT_SIZE, font * share(fitted)) + FONT_STEP;
    // Cells are rounded to device pixels, so the estimate may be some steps too large.
    while (share(fitted) < 1 && font > MIN_FONT_SIZE) {
      font = Math.max(MIN_FONT_SIZE, font - FONT_STEP);
      fitted = this.#fitWith(font) ?? fitted;
    }
    return fitted;
  }

  /** Gives the terminal exactly `size`, in the largest font in which it fits. */
  #fillWith(size: TerminalSize): void {
    const smallest = this.#fitWith(MIN_FONT_SIZE);
    if (!smallest) return;
    // Character cells grow with the font, a little less than in proportion because they are rounded.
    const estimate = MIN_FONT_SIZE * Math.min(smallest.columns / size.columns, smallest.rows / size.rows);
    const font = Math.min(MAX_FONT_SIZE, Math.max(MIN_FONT_SIZE, Math.ceil(estimate) + 2));
    const fitted = this.#fitWith(font);
    if (fitted) this.#shrinkUntil(font, fitted, size);
    this.#terminal.resize(size.columns, size.rows);
  }

  /** The console's own keys; false keeps a key from the guest. */
  #takeKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true;
    if (event.ctrlKey && event.key === 'F6') {
      event.preventDefault();
      this.#options.onLeave();
      return false;
    }
    if (event.ctrlKey && event.shiftKey && event.code === 'KeyC') {
      event.preventDefault();
      const selection = this.#terminal.getSelection();
      if (selection)
        void windowOf(this.#host)
          .navigator.clipboard?.writeText(selection)
          .catch(() => {});
      return false;
    }
    // The browser's own “paste as plain text” follows; xterm.js takes its paste event, and no permission is asked.
    if (event.ctrlKey && event.shiftKey && event.code === 'KeyV') return false;
    return true;
  }
}
