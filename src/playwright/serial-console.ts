import { terminalBytes } from '../cli/keys.ts';
import { step } from './steps.ts';
import { searching, type Waits, type WaitOptions } from '../core/waits.ts';

/** Output that an error message shows. */
const TAIL = 1500;
/** Output that is searched again with what follows it, for what `failOn` was told. */
const OVERLAP = 4096;

export interface SerialHost {
  waits: Waits;
  send(data: Uint8Array | string): Promise<void>;
  /** Throws if no more output is to be expected. */
  refuseIfOver(): void;
}

/** A serial port of the guest, or a port of a virtio-serial device: what the guest wrote there, and the way to type to it. */
export class SerialConsole {
  /** What messages call it: `serial port`, `port org.example.0`. */
  readonly label: string;
  /** The name that the guest knows it by; null: it has none. */
  readonly name: string | null;
  readonly #host: SerialHost;
  readonly #decoder = new TextDecoder();
  #text = '';
  #searched = 0;
  readonly #failing: RegExp[] = [];
  /** The first thing that was not to be written, and where it is. */
  #refused: { index: number; reason: string } | null = null;

  constructor(label: string, name: string | null, host: SerialHost) {
    this.label = label;
    this.name = name;
    this.#host = host;
  }

  /** Everything that the guest wrote here so far. */
  get text(): string {
    return this.#text;
  }

  /** The end of it, for messages. @internal */
  get tail(): string {
    return this.#text.slice(-TAIL);
  }

  /** Takes output of the guest. @internal */
  take(bytes: Uint8Array): void {
    const before = this.#text.length;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    for (const pattern of this.#failing) this.#look(pattern, before - OVERLAP);
    this.#host.waits.wake();
  }

  /**
   * Waits until the output matches, and returns the match. Each wait searches after the end of the previous match, so the same prompt
   * can be waited for again. Rejects as soon as the guest ends without a match, or wrote what `failOn` was told.
   */
  waitFor(pattern: RegExp | string, options: WaitOptions = {}): Promise<RegExpExecArray> {
    const regex = searching(pattern);
    return step(`${this.label}: wait for ${show(pattern)}`, () =>
      this.#host.waits.wait(`${this.label} output ${pattern}`, options, () => {
        regex.lastIndex = this.#searched;
        const match = regex.exec(this.#text);
        // What came before the output that is waited for was wrong already.
        if (this.#refused && (!match || this.#refused.index < match.index))
          throw new Error(this.#refused.reason);
        if (match) this.#searched = match.index + match[0].length;
        else this.#host.refuseIfOver();
        return match ?? undefined;
      }),
    );
  }

  /** From now on a wait fails as soon as the output matches: `Oops`, `BUG:`. Output that is there already counts too. */
  failOn(pattern: RegExp | string): void {
    const regex = searching(pattern);
    this.#failing.push(regex);
    this.#look(regex, 0);
    this.#host.waits.wake();
  }

  /**
   * @throws Error if the guest has written what `failOn` was told, after the last match, too
   * @internal
   */
  check(): void {
    if (this.#refused) throw new Error(`${this.label}: ${this.#refused.reason}`);
  }

  /** Sends bytes, or a string as UTF-8, as they are. */
  send(data: Uint8Array | string): Promise<void> {
    return step(`${this.label}: send ${show(data)}`, () => this.#host.send(data));
  }

  /** Types text as a terminal would: UTF-8, where a newline is the Enter key. */
  type(text: string): Promise<void> {
    return step(`${this.label}: type ${show(text)}`, () => this.#host.send(text.replaceAll('\n', '\r')));
  }

  /** Presses a key of a terminal: one character, `Enter`, `ArrowUp`, `Control+C` and their like. */
  press(key: string): Promise<void> {
    return step(`${this.label}: press ${key}`, async () => this.#host.send(terminalBytes(key)));
  }

  #look(pattern: RegExp, from: number): void {
    pattern.lastIndex = Math.max(from, 0);
    const match = pattern.exec(this.#text);
    if (match && (!this.#refused || match.index < this.#refused.index))
      this.#refused = { index: match.index, reason: `the guest wrote ${JSON.stringify(match[0])}` };
  }
}

const SHOWN = 60;

/** A value in the title of a step. */
function show(value: RegExp | string | Uint8Array): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof RegExp) return String(value);
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
