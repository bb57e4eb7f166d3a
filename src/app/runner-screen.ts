import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { VmScreen } from '../core/scanout.ts';
import type { ScreenView } from '../element/screen-panel.ts';

/** A terminal on a guest's serial port, of the size every serial console assumes: 80 columns, 24 rows. */
export class RunnerScreen {
  readonly #terminal: Terminal;
  readonly #host: HTMLElement;
  #written: Promise<void> = Promise.resolve();
  #display: ScreenView | null = null;
  #disposed = false;

  constructor(send: (data: string) => void) {
    this.#host = document.createElement('div');
    this.#host.className = 'screen';
    document.body.append(this.#host);
    this.#terminal = new Terminal({
      cols: 80,
      rows: 24,
      cursorBlink: false,
      fontFamily: "'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace",
      fontSize: 14,
      scrollback: 2000,
      theme: { background: '#10141c', foreground: '#d8dee9' },
    });
    this.#terminal.open(this.#host);
    this.#terminal.onData(send);
  }

  /** Shows the machine's own screen too, beside the terminal, once it has a picture. */
  show(screen: VmScreen | null): void {
    const detach = screen?.onChange(async () => {
      detach?.();
      const { ScreenView } = await import('../element/screen-panel.ts');
      if (this.#disposed) return;
      this.#display = new ScreenView();
      this.#display.element.className = 'machine-screen';
      this.#host.after(this.#display.element);
      this.#display.show(screen);
    });
  }

  /** Resolves when the terminal has parsed the bytes. */
  write(bytes: Uint8Array): Promise<void> {
    this.#written = new Promise((resolve) => this.#terminal.write(bytes, resolve));
    return this.#written;
  }

  /** Resolves when everything written is on the page. */
  async drawn(): Promise<void> {
    await this.#written;
    // The renderer paints in the frame after the parse; the one after that has it on the page.
    for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  dispose(): void {
    this.#disposed = true;
    this.#display?.dispose();
    this.#display?.element.remove();
    this.#terminal.dispose();
    this.#host.remove();
  }
}
