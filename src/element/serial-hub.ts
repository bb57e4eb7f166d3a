import type { SerialStream, Unsubscribe } from '../core/vm-api.ts';

type Listener = (bytes: Uint8Array) => void | Promise<void>;

/**
 * A serial stream that outlives machines: listeners stay attached while machines come and go behind it.
 * Output is passed on with its back-pressure; input goes to the machine of the moment.
 */
export class SerialHub implements SerialStream {
  readonly #listeners = new Set<Listener>();
  #source: SerialStream | null = null;
  #detach: Unsubscribe = () => {};

  /** Connects a machine's stream, or none. */
  attach(source: SerialStream | null): void {
    this.#detach();
    this.#source = source;
    this.#detach = source?.onData((bytes) => this.#deliver(bytes)) ?? (() => {});
  }

  onData(listener: Listener): Unsubscribe {
    const own: Listener = (bytes) => listener(bytes);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Bytes for a machine that is not there are dropped, as on a cable that is not plugged in. */
  write(data: Uint8Array | string): void {
    this.#source?.write(data);
  }

  #deliver(bytes: Uint8Array): void | Promise<void> {
    const pending: Promise<void>[] = [];
    for (const listener of this.#listeners) {
      try {
        // Each gets bytes of its own, to keep or to transfer: the terminal reads its own later.
        const digested = listener(this.#listeners.size === 1 ? bytes : bytes.slice());
        // A listener that fails must neither hold the guest back nor keep the others from their bytes.
        if (digested) pending.push(Promise.resolve(digested).catch(reportError));
      } catch (error) {
        reportError(error);
      }
    }
    if (pending.length > 0) return Promise.all(pending).then(() => {});
  }
}
