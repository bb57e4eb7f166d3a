import type { VmError } from '../core/errors.ts';
import type { DriveFailure, Vm, VmEvents, VmOutcome, VmReport, VmState } from '../core/vm-api.ts';
import { toVmError } from './failure.ts';

export interface SessionListener {
  state(state: VmState): void;
  progress(progress: VmEvents['progress']): void;
  exit(end: { outcome: VmOutcome; code: number }): void;
  panic(panic: VmEvents['panic']): void;
  reset(reset: VmEvents['reset']): void;
  /** A drive's medium failed a request. */
  ioerror(failed: DriveFailure): void;
  /** How a published image comes. */
  stream(stream: VmEvents['stream']): void;
  /** Called at most once; the state is `error` by then. */
  error(error: VmError): void;
}

/**
 * One life of a machine, from the wish to start it to its destruction. It covers what a Vm alone cannot: the time before
 * the Vm exists, failures to build it, and being given up in the middle of either. Silent once destroyed.
 */
export class Session {
  readonly #listener: SessionListener;
  readonly #attach: (vm: Vm | null) => void;
  #vm: Vm | null = null;
  #state: VmState = 'loading';
  #failed = false;
  #lastReport: VmReport | null = null;
  #destroyed: Promise<void> | null = null;

  /** @param attach connects and disconnects the machine's streams */
  constructor(listener: SessionListener, attach: (vm: Vm | null) => void) {
    this.#listener = listener;
    this.#attach = attach;
  }

  get vm(): Vm | null {
    return this.#vm;
  }

  get state(): VmState {
    return this.#state;
  }

  /** The machine's report of now, or its last one once it has failed. */
  report(): VmReport | null {
    return this.#lastReport ?? this.#vm?.report() ?? null;
  }

  /**
   * Builds the machine and starts it. `build` gives null when it finds the session given up.
   * @throws VmError after `error` was called; resolves quietly when the session was destroyed meanwhile
   */
  async start(build: () => Promise<Vm | null>): Promise<void> {
    try {
      this.#listener.state('loading');
      const vm = await build();
      if (this.#destroyed || !vm) {
        await vm?.destroy();
        return;
      }
      this.#vm = vm;
      vm.on('progress', (progress) => this.#alive() && this.#listener.progress(progress));
      vm.on('state', (state) => this.#setState(state));
      vm.on('panic', (panic) => this.#alive() && this.#listener.panic(panic));
      vm.on('reset', (reset) => this.#alive() && this.#listener.reset(reset));
      vm.on('ioerror', (failed) => this.#alive() && this.#listener.ioerror(failed));
      vm.on('stream', (stream) => this.#alive() && this.#listener.stream(stream));
      vm.on('exit', (end) => this.#alive() && this.#listener.exit(end));
      vm.on('error', (error) => this.#fail(toVmError(error)));
      this.#attach(vm);
      await vm.start();
    } catch (reason) {
      const error = toVmError(reason);
      if (this.#destroyed) return;
      this.#fail(error);
      throw error;
    }
  }

  /** Frees worker and memory. Idempotent. */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#release().then(() => {
      this.#state = 'destroyed';
    });
    return this.#destroyed;
  }

  #alive(): boolean {
    return !this.#destroyed && !this.#failed;
  }

  #setState(state: VmState): void {
    // `error` is announced by #fail, together with its reason.
    if (!this.#alive() || state === this.#state || state === 'error' || state === 'created') return;
    this.#state = state;
    this.#listener.state(state);
  }

  #fail(error: VmError): void {
    if (!this.#alive()) return;
    this.#lastReport = this.#vm?.report() ?? null;
    this.#failed = true;
    this.#state = 'error';
    this.#listener.state('error');
    this.#listener.error(error);
    // A failed machine serves nobody: its memory goes at once, its last report stays.
    void this.#release();
  }

  async #release(): Promise<void> {
    const vm = this.#vm;
    this.#vm = null;
    this.#attach(null);
    await vm?.destroy();
  }
}
