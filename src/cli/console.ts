import { EscapeKeys, ESCAPE_HELP } from './escape-keys.ts';

export interface ConsoleHost {
  /** Types bytes to the guest. */
  input(bytes: Uint8Array): void;
  /** The user or the reader of stdout has had enough. */
  quit(): void;
}

/** The process's stdin and stdout as the guest's serial console: raw on a terminal, transparent in a pipe. */
export class StdioConsole {
  readonly #host: ConsoleHost;
  readonly #keys = new EscapeKeys();
  #atLineStart = true;
  #open = false;

  constructor(host: ConsoleHost) {
    this.#host = host;
  }

  open(): void {
    this.#open = true;
    // A reader that went away, as in `snowglobe … | head`.
    process.stdout.on('error', () => this.#host.quit());
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    process.stdin.on('data', this.#onInput);
    // End of stdin ends the typing, not the guest.
    process.stdin.on('error', () => {});
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#atLineStart = bytes[bytes.length - 1] === 0x0a;
    process.stdout.write(bytes);
  }

  /** Gives the terminal back as it was, with the cursor at the start of a line. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.stdin.off('data', this.#onInput);
    process.stdin.pause();
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    if (process.stdout.isTTY && !this.#atLineStart) process.stdout.write('\r\n');
  }

  #onInput = (bytes: Buffer): void => {
    if (!process.stdin.isTTY) {
      this.#host.input(bytes);
      return;
    }
    const { data, commands } = this.#keys.feed(bytes);
    if (data.length > 0) this.#host.input(data);
    for (const command of commands) {
      if (command === 'quit') this.#host.quit();
      if (command === 'help') process.stdout.write(ESCAPE_HELP.replaceAll('\n', '\r\n'));
      if (command === 'monitor') process.stdout.write('\r\nThe monitor is not built yet.\r\n');
    }
  };
}
