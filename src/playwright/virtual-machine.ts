import type { Page } from 'playwright';
import { VmError } from '../core/errors.ts';
import type { DriveState, VmErrorCode, VmOutcome, VmReport, VmState } from '../core/vm-api.ts';
import type { GuestConfig, GuestVm } from '../cli/runner-page.ts';

/** How long a wait lasts unless told otherwise, ms. The test's own time-out still applies. */
const DEFAULT_TIMEOUT = 30_000;

/** How often a wait for the screen looks at it, ms. */
const SCREEN_LOOK_MS = 100;

/** Serial text that an error message shows. */
const TAIL = 1500;

export interface WaitOptions {
  /** ms; default 30,000 */
  timeout?: number;
}

export interface BootOptions {
  /** Show a terminal on the serial port in the page, for pictures of it. */
  screen?: boolean;
}

/** Keys that `press` knows, as the bytes a terminal sends for them. */
const KEYS: Readonly<Record<string, string>> = {
  Enter: '\r',
  Tab: '\t',
  Escape: '\x1b',
  Backspace: '\x7f',
  Delete: '\x1b[3~',
  ArrowUp: '\x1b[A',
  ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C',
  ArrowLeft: '\x1b[D',
  Home: '\x1b[H',
  End: '\x1b[F',
  PageUp: '\x1b[5~',
  PageDown: '\x1b[6~',
};

function bytesOfKey(key: string): string {
  const control = /^(?:Control|Ctrl)\+([a-zA-Z@[\\\]^_])$/.exec(key);
  if (control) return String.fromCharCode(control[1].toUpperCase().charCodeAt(0) & 0x1f);
  if (Object.hasOwn(KEYS, key)) return KEYS[key];
  if ([...key].length === 1) return key;
  throw new Error(`press("${key}"): use one character, Control+letter, or ${Object.keys(KEYS).join(', ')}`);
}

/** The `vm` of a test: a guest, what it wrote, and how it ended. */
export class VirtualMachine {
  /** The page that the machine runs in; other machines of the same test share it. */
  readonly page: Page;
  readonly #guest: GuestVm;
  readonly #decoder = new TextDecoder();
  readonly #waiters = new Set<() => void>();
  readonly #log: { source: string; message: string }[] = [];
  #text = '';
  #searched = 0;
  #state: VmState = 'created';
  #ended: { outcome: VmOutcome; code: number } | undefined;
  #failure: { code: VmErrorCode; message: string } | undefined;
  #panic: string | undefined;

  constructor(page: Page, guest: GuestVm) {
    this.page = page;
    this.#guest = guest;
    guest.on('serial', ({ bytes }) => {
      this.#text += this.#decoder.decode(bytes, { stream: true });
      this.#wake();
    });
    guest.on('log', ({ source, message }) => {
      this.#log.push({ source, message });
      this.#wake();
    });
    guest.on('state', (state) => {
      this.#state = state;
      this.#wake();
    });
    guest.on('panic', ({ message }) => {
      this.#panic = message;
      this.#wake();
    });
    guest.on('error', (error) => {
      this.#failure = error;
      this.#wake();
    });
    guest.on('exit', ({ outcome, code }) => {
      this.#ended = { outcome, code };
      this.#wake();
    });
  }

  /** Everything the guest wrote to its serial port so far. */
  get serialText(): string {
    return this.#text;
  }

  /** Lines that the guest left at a debug port: `firmware` is port 0x402, `debugcon` port 0xe9. */
  debugText(port: 'firmware' | 'debugcon' = 'debugcon'): string {
    return this.#log.flatMap(({ source, message }) => (source === port ? [`${message}\n`] : [])).join('');
  }

  get state(): VmState {
    return this.#state;
  }

  /** Starts the guest; images are paths. Resolves when its first instruction is about to run. Rejects with VmError. */
  boot(config: GuestConfig, options: BootOptions = {}): Promise<void> {
    return this.#guest.boot(config, options);
  }

  /**
   * Waits until the guest's output matches, and returns the match. Each wait searches after the end of the previous
   * match, so the same prompt can be waited for again. Rejects as soon as the guest ends without a match.
   */
  waitForSerial(pattern: RegExp | string, options: WaitOptions = {}): Promise<RegExpExecArray> {
    const source =
      typeof pattern === 'string' ? pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&') : pattern.source;
    const flags = typeof pattern === 'string' ? '' : pattern.flags.replaceAll(/[gy]/g, '');
    const regex = new RegExp(source, `${flags}g`);
    return this.#wait(`serial output ${pattern}`, options, () => {
      regex.lastIndex = this.#searched;
      const match = regex.exec(this.#text);
      if (match) this.#searched = match.index + match[0].length;
      else this.#refuseIfOver();
      return match ?? undefined;
    });
  }

  /** The characters on the machine's screen, a line for each row; empty unless it is in a text mode. */
  screenText(): Promise<string> {
    return this.#guest.screenText();
  }

  /** The machine's screen as a PNG file, in the guest's own pixels. Null: it has none, or it is off. */
  screenshot(): Promise<Buffer | null> {
    return this.#guest.screenshot();
  }

  /** Waits until the text on the machine's screen matches. Rejects as soon as the guest ends without a match. */
  async waitForScreen(pattern: RegExp | string, options: WaitOptions = {}): Promise<string> {
    let text = '';
    const matches = (): boolean =>
      typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
    const look = setInterval(async () => {
      text = await this.screenText().catch(() => text);
      this.#wake();
    }, SCREEN_LOOK_MS);
    try {
      return await this.#wait(`screen text ${pattern}`, options, () => {
        if (matches()) return text;
        this.#refuseIfOver();
        return undefined;
      });
    } finally {
      clearInterval(look);
    }
  }

  /** Types text as a keyboard would: UTF-8, where a newline is the Enter key. */
  type(text: string): Promise<void> {
    return this.#guest.send(text.replaceAll('\n', '\r'));
  }

  /** Sends bytes as they are. */
  send(data: Uint8Array | string): Promise<void> {
    return this.#guest.send(data);
  }

  /** Presses a key: one character, `Enter`, `ArrowUp`, `Control+C` and their like. */
  press(key: string): Promise<void> {
    return this.#guest.send(bytesOfKey(key));
  }

  /** Waits until the guest ends by itself or is stopped. Rejects if the machine fails. */
  waitForExit(options: WaitOptions = {}): Promise<{ outcome: VmOutcome; code: number }> {
    return this.#wait('the end of the guest', options, () => {
      if (this.#failure) throw new VmError(this.#failure.code, this.#failure.message);
      return this.#ended;
    });
  }

  /** Waits until the guest reports a panic; returns the line that says so. */
  waitForPanic(options: WaitOptions = {}): Promise<string> {
    return this.#wait('a panic of the guest', options, () => {
      if (this.#panic === undefined) this.#refuseIfOver();
      return this.#panic;
    });
  }

  /** Waits until the machine fails (its state is then `error`), and returns the failure. */
  waitForError(options: WaitOptions = {}): Promise<{ code: VmErrorCode; message: string }> {
    return this.#wait('a failure of the machine', options, () => this.#failure);
  }

  waitForState(state: VmState, options: WaitOptions = {}): Promise<void> {
    return this.#wait(`state ${state}`, options, () => (this.#state === state ? true : undefined)).then(
      () => {},
    );
  }

  pause(): Promise<void> {
    return this.#guest.pause();
  }

  resume(): Promise<void> {
    return this.#guest.resume();
  }

  /** Presses the reset button. */
  reset(): Promise<void> {
    return this.#guest.reset();
  }

  /** Pulls the plug: the outcome is `stopped`. */
  powerOff(): Promise<void> {
    return this.#guest.powerOff();
  }

  /** The drives as they are now. */
  drives(): Promise<readonly DriveState[]> {
    return this.#guest.drives();
  }

  /** Puts another image, a path, into a drive, or takes out (null) what is in it, by force. */
  changeMedium(drive: string, path: string | null): Promise<void> {
    return this.#guest.changeMedium(drive, path);
  }

  /** Presses a drive's eject button. False: the guest has locked its door. */
  eject(drive: string): Promise<boolean> {
    return this.#guest.eject(drive);
  }

  report(): Promise<VmReport> {
    return this.#guest.report();
  }

  /** Ends the machine and frees its memory. The fixture does so at the end of the test. */
  destroy(): Promise<void> {
    return this.#guest.destroy();
  }

  #refuseIfOver(): void {
    if (this.#failure) throw new Error(`the machine failed: ${this.#failure.message}`);
    if (this.#ended) throw new Error(`the guest ended (${this.#ended.outcome})`);
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }

  /** Resolves with the first value other than undefined that `check` returns; it is asked again at every event. */
  #wait<T>(what: string, { timeout = DEFAULT_TIMEOUT }: WaitOptions, check: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const failed = (reason: string) =>
        reject(
          new Error(
            `waiting for ${what}: ${reason}. The guest's output ends in:\n${this.#text.slice(-TAIL)}`,
          ),
        );
      const stop = () => {
        this.#waiters.delete(step);
        clearTimeout(timer);
      };
      const step = () => {
        try {
          const value = check();
          if (value === undefined) return;
          stop();
          resolve(value);
        } catch (error) {
          stop();
          if (error instanceof VmError) reject(error);
          else failed((error as Error).message);
        }
      };
      const timer = setTimeout(() => {
        stop();
        failed(`nothing after ${timeout} ms`);
      }, timeout);
      this.#waiters.add(step);
      step();
    });
  }
}
