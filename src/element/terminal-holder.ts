/** The terminal of an element, which is loaded with its first machine. */
import { VmError } from '../core/errors.ts';
import { terminalSettings } from './attributes.ts';
import type { TerminalSize, TerminalView } from './terminal.ts';

/** Whom the terminal tells. */
export interface TerminalOwner {
  input(data: string | Uint8Array): void;
  leave(): void;
  resize(size: TerminalSize): void;
}

export class TerminalHolder {
  readonly #owner: HTMLElement;
  readonly #host: HTMLElement;
  readonly #on: TerminalOwner;
  #view: TerminalView | null = null;
  #loading: Promise<TerminalView | null> | null = null;

  /** @param owner its attributes and custom properties say how the terminal looks */
  constructor(owner: HTMLElement, host: HTMLElement, on: TerminalOwner) {
    this.#owner = owner;
    this.#host = host;
    this.#on = on;
  }

  get view(): TerminalView | null {
    return this.#view;
  }

  /** Loads xterm.js; null when the owner left the document meanwhile. @throws VmError not-found */
  load(): Promise<TerminalView | null> {
    this.#loading ??= import('./terminal.ts').then(
      ({ TerminalView }) => {
        if (!this.#owner.isConnected) {
          this.#loading = null;
          return null;
        }
        this.#view = new TerminalView(this.#host, {
          ...terminalSettings(this.#owner),
          onInput: (data) => this.#on.input(data),
          onResize: (size) => this.#on.resize(size),
          onLeave: () => this.#on.leave(),
        });
        return this.#view;
      },
      (cause) => {
        this.#loading = null;
        throw new VmError(
          'not-found',
          'The terminal could not be loaded. Check your connection, then reload the page.',
          { cause },
        );
      },
    );
    return this.#loading;
  }

  /** Reads the colours and fonts again. */
  restyle(): void {
    this.#view?.restyle(terminalSettings(this.#owner).look);
  }

  /** Whether screen readers find the terminal's lines. */
  speak(on: boolean): void {
    if (this.#view) this.#view.spoken = on;
  }

  drop(): void {
    this.#view?.dispose();
    this.#view = null;
    this.#loading = null;
  }
}
