import type { MediumStep, MonitorStep, Script } from '../command/cli-options.ts';

/** Text without a match that is kept for the next batch: a match longer than this may be missed. */
const WINDOW = 64 * 1024;

export interface ScriptHost {
  /** Types bytes to the guest. */
  send(bytes: Uint8Array): void;
  /** Exchanges a medium, or asks the monitor; the script goes on when that has happened. Fails only by ending the run. */
  act(step: MediumStep | MonitorStep): Promise<void>;
  /** Every step is done and the last was an --expect: the run may end. */
  done(): void;
}

/**
 * Runs --expect, --send, --change, --eject and --hmp in order over the serial output. Each expression is searched after the end of the previous
 * match, so the same prompt can be expected twice. A script that does not end in --expect never calls `done`: what it did is
 * to take effect, so the run goes on until the guest ends or the time is up.
 */
export class ScriptRunner {
  /** One for each matched --expect: ms since the vCPU's start, as given with the output that completed the match. */
  readonly expectMs: number[] = [];
  #text = '';
  #next = 0;
  #acting = false;
  readonly #script: Script;
  readonly #host: ScriptHost;
  readonly #decoder = new TextDecoder();

  constructor(script: Script, host: ScriptHost) {
    this.#script = script;
    this.#host = host;
  }

  /** The expression that is waited for, if any. */
  get pending(): RegExp | undefined {
    for (const step of this.#script.slice(this.#next)) if ('expect' in step) return step.expect;
    return undefined;
  }

  /** Types what precedes the first --expect. Call once, when the guest runs. */
  start(): void {
    this.#advance(0);
  }

  /** Takes serial output; `ms` is the guest's time at which it came. */
  output(bytes: Uint8Array, ms: number): void {
    if (this.#next >= this.#script.length) return;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    this.#advance(ms);
    if (this.#text.length > WINDOW) this.#text = this.#text.slice(-WINDOW);
  }

  #advance(ms: number): void {
    while (this.#next < this.#script.length && !this.#acting) {
      const step = this.#script[this.#next];
      if ('drive' in step || 'monitor' in step) {
        this.#next += 1;
        this.#acting = true;
        void this.#host.act(step).then(() => {
          this.#acting = false;
          this.#advance(ms);
        });
        return;
      }
      if ('send' in step) {
        this.#next += 1;
        this.#host.send(step.send);
        continue;
      }
      const match = step.expect.exec(this.#text);
      if (!match) return;
      this.#next += 1;
      this.#text = this.#text.slice(match.index + match[0].length);
      this.expectMs.push(ms);
      if (this.#next === this.#script.length) this.#host.done();
    }
  }
}
