/** The terminal: xterm.js, fitted to its host. Loaded lazily, since it is larger than the rest of the element. */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import css from '@xterm/xterm/css/xterm.css?inline';
import type { TerminalLook } from './theme.ts';

export interface TerminalViewOptions {
  look: TerminalLook;
  /** Lines kept above the screen. */
  scrollback: number;
  /** The font shrinks until this many columns fit, or until it is MIN_FONT_SIZE. */
  minColumns: number;
  /** What the user typed or pasted, as the guest shall receive it. */
  onInput(data: string | Uint8Array): void;
  onResize(size: { columns: number; rows: number }): void;
  /** Ctrl+F6: the way out for people who use only the keyboard, since the terminal takes Tab. */
  onLeave(): void;
}

/** Below this a line is a row of dots even on a dense screen. */
const MIN_FONT_SIZE = 7;

export class TerminalView {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #host: HTMLElement;
  readonly #options: TerminalViewOptions;
  readonly #style: HTMLStyleElement;
  readonly #observer: ResizeObserver;
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
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(host);
    this.#terminal.onData((text) => options.onInput(text));
    this.#terminal.onBinary((text) => options.onInput(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#terminal.onResize(({ cols, rows }) => options.onResize({ columns: cols, rows }));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#takeKey(event));
    this.#observer = new ResizeObserver(() => {
      cancelAnimationFrame(this.#fitQueued);
      this.#fitQueued = requestAnimationFrame(() => this.fit());
    });
    this.#observer.observe(host);
    this.fit();
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

  /** Fits columns, rows and, on narrow hosts, the font to the host's size. */
  fit(): void {
    if (this.#host.clientWidth === 0 || this.#host.clientHeight === 0) return;
    const { look, minColumns } = this.#options;
    let size = this.#fitWith(look.fontSize);
    if (size && size.cols < minColumns && look.fontSize > MIN_FONT_SIZE) {
      const wanted = (look.fontSize * size.cols) / minColumns;
      let fontSize = Math.max(MIN_FONT_SIZE, Math.floor(wanted * 4) / 4);
      size = this.#fitWith(fontSize);
      // Cells are rounded to device pixels, so the estimate may be one step too large.
      while (size && size.cols < minColumns && fontSize > MIN_FONT_SIZE) {
        fontSize -= 0.25;
        size = this.#fitWith(fontSize);
      }
    }
    if (size) this.#terminal.resize(Math.max(size.cols, 2), Math.max(size.rows, 1));
  }

  dispose(): void {
    cancelAnimationFrame(this.#fitQueued);
    this.#observer.disconnect();
    this.#terminal.dispose();
    this.#style.remove();
    this.#host.replaceChildren();
  }

  #fitWith(fontSize: number): { cols: number; rows: number } | undefined {
    if (this.#terminal.options.fontSize !== fontSize) this.#terminal.options.fontSize = fontSize;
    const size = this.#fit.proposeDimensions();
    return size && Number.isFinite(size.cols) && Number.isFinite(size.rows) ? size : undefined;
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
      if (selection) void navigator.clipboard?.writeText(selection).catch(() => {});
      return false;
    }
    // The browser's own “paste as plain text” follows; xterm.js takes its paste event, and no permission is asked.
    if (event.ctrlKey && event.shiftKey && event.code === 'KeyV') return false;
    return true;
  }
}
