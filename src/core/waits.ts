import { VmError } from './errors.ts';

/** How long a wait lasts unless told otherwise, ms. The test's own time-out still applies. */
const DEFAULT_TIMEOUT = 30_000;

export interface WaitOptions {
  /** ms; default 30,000 */
  timeout?: number;
}

/** A string as what it is, a regular expression as it is; either to be searched from `lastIndex` on. */
export function searching(pattern: RegExp | string): RegExp {
  const source =
    typeof pattern === 'string' ? pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&') : pattern.source;
  const flags = typeof pattern === 'string' ? '' : pattern.flags.replaceAll(/[gy]/g, '');
  return new RegExp(source, `${flags}g`);
}

/** Conditions that wait for events of a machine. */
export class Waits {
  readonly #steps = new Set<() => void>();
  readonly #describe: () => Promise<string>;

  /** @param describe what is seen of the machine, for the message of a wait that failed; it must not reject */
  constructor(describe: () => Promise<string>) {
    this.#describe = describe;
  }

  /** Something has happened: every condition is looked at again. */
  wake(): void {
    for (const step of [...this.#steps]) step();
  }

  /**
   * Resolves with the first value other than undefined that `check` returns; it is asked again at every event. What it throws ends
   * the wait: a VmError as it is, anything else as the reason in the message. So does `signal`, with its own reason.
   */
  wait<T>(
    what: string,
    { timeout = DEFAULT_TIMEOUT, signal }: WaitOptions & { signal?: AbortSignal | undefined },
    check: () => T | undefined,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#steps.delete(step);
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = () => {
        stop();
        reject(signal?.reason);
      };
      const failed = async (reason: string) => {
        stop();
        reject(new Error(`waiting for ${what}: ${reason}.\n${await this.#describe()}`));
      };
      const step = () => {
        try {
          const value = check();
          if (value === undefined) return;
          stop();
          resolve(value);
        } catch (error) {
          if (error instanceof VmError) {
            stop();
            reject(error);
          } else void failed((error as Error).message);
        }
      };
      const timer = setTimeout(() => void failed(`nothing after ${timeout} ms`), timeout);
      signal?.addEventListener('abort', giveUp);
      this.#steps.add(step);
      step();
    });
  }
}
