/** Waits for texts of a guest: on its serial port, or on its machine's screen. */
import type { Vm, VmState } from '../core/vm-api.ts';
import { searching, Waits } from '../core/waits.ts';

export interface TextWaitOptions {
  /** Where; default: what is looked at. */
  on?: 'screen' | 'serial';
  /** ms; default 30,000 */
  timeout?: number;
  /** Ends it, with the signal's reason. */
  signal?: AbortSignal;
}

/** Characters of the serial port that are kept, at least, for what is asked for later. */
const KEPT = 256 << 10;
/** How often a wait for the screen looks at it, ms. */
const LOOK_MS = 100;
/** Characters that an error message shows. */
const TAIL = 500;

export class TextWaits {
  readonly #machine: { readonly vm: Pick<Vm, 'screen'> | null; readonly state: VmState };
  readonly #onSerial = new Waits(async () => this.#text.slice(-TAIL));
  readonly #onScreen = new Waits(async () => this.#screenText);
  #decoder = new TextDecoder();
  #text = '';
  /** What was waited for ends here. */
  #searched = 0;

  /** @param machine the one of the moment */
  constructor(machine: { readonly vm: Pick<Vm, 'screen'> | null; readonly state: VmState }) {
    this.#machine = machine;
  }

  get #screenText(): string {
    return this.#machine.vm?.screen?.text() ?? '';
  }

  /** A new machine: nothing of the one before is waited for. */
  begin(): void {
    this.#decoder = new TextDecoder();
    this.#text = '';
    this.#searched = 0;
  }

  /** Takes output of the serial port. */
  take(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    const over = this.#text.length - KEPT;
    if (over > KEPT) {
      this.#text = this.#text.slice(over);
      this.#searched = Math.max(this.#searched - over, 0);
    }
    this.#onSerial.wake();
  }

  /** The machine is in another state: who waits for one that has ended waits in vain. */
  look(): void {
    this.#onSerial.wake();
    this.#onScreen.wake();
  }

  /** The match: on the serial port the first one after that of the wait before. @throws Error also when the machine has ended */
  async wait(
    pattern: RegExp | string,
    on: 'screen' | 'serial',
    options: Pick<TextWaitOptions, 'timeout' | 'signal'>,
  ): Promise<RegExpExecArray> {
    const regex = searching(pattern);
    if (on === 'serial')
      return this.#onSerial.wait(`${pattern} on the serial port`, options, () => {
        regex.lastIndex = this.#searched;
        const match = regex.exec(this.#text);
        if (match) this.#searched = match.index + match[0].length;
        return match ?? this.#refuseIfOver();
      });
    const looking = setInterval(() => this.#onScreen.wake(), LOOK_MS);
    try {
      return await this.#onScreen.wait(`${pattern} on the screen`, options, () => {
        regex.lastIndex = 0;
        return regex.exec(this.#screenText) ?? this.#refuseIfOver();
      });
    } finally {
      clearInterval(looking);
    }
  }

  #refuseIfOver(): undefined {
    const { state } = this.#machine;
    if (state !== 'loading' && state !== 'running' && state !== 'paused')
      throw new Error('the machine has ended');
  }
}
