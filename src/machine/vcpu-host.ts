import * as Comlink from 'comlink';
import { VmError } from '../core/errors.ts';
import type { VcpuInit, VcpuWorkerApi } from '../worker/messages.ts';

/** The page's handle of one vCPU worker. Every call rejects with `worker-died` if the worker ends meanwhile. */
export class VcpuHost {
  private readonly worker: Worker;
  private readonly api: Comlink.Remote<VcpuWorkerApi>;
  private readonly died: Promise<never>;
  private terminated = false;
  private running: Promise<unknown> = Promise.resolve();

  /** @param onDeath called once if the worker fails by itself */
  constructor(createWorker: () => Worker, onDeath: (error: VmError) => void) {
    try {
      this.worker = createWorker();
    } catch (cause) {
      throw new VmError(
        'worker-died',
        'The browser could not start a worker for the vCPU: reload the page.',
        { cause },
      );
    }
    this.died = new Promise((_, reject) => {
      const fail = (event: Event): void => {
        const detail = (event as Partial<ErrorEvent>).message;
        const error = new VmError(
          'worker-died',
          `The vCPU's worker ended unexpectedly${detail ? ` (${detail})` : ''}: start the machine again.`,
        );
        if (!this.terminated) onDeath(error);
        reject(error);
      };
      this.worker.addEventListener('error', fail, { once: true });
      this.worker.addEventListener('messageerror', fail, { once: true });
    });
    this.died.catch(() => {});
    this.api = Comlink.wrap<VcpuWorkerApi>(this.worker);
  }

  /** Has the core's functions optimised until init() is called; a machine runs without it, too. False: the worker was terminated. */
  warmUp(options: Pick<VcpuInit, 'module' | 'arch'>): boolean {
    if (this.terminated) return false;
    this.call(this.api.warmUp(options)).catch(() => {});
    return true;
  }

  init(options: VcpuInit): Promise<void> {
    return this.call(this.api.init(options));
  }

  reset(options: { pc: bigint; processor: number }): Promise<void> {
    return this.call(this.api.reset(options));
  }

  /** @returns RESULT_STOP, RESULT_RESET, RESULT_TRAP_LOOP or RESULT_DIFFERENCE */
  run(): Promise<number> {
    const result = this.call(this.api.run());
    this.running = result.catch(() => {});
    return result;
  }

  /** Resolves once the vCPU is out of run(), or after `limitMs`. */
  async idle(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.running, limit]);
    clearTimeout(timer);
  }

  describe(): Promise<string> {
    return this.call(this.api.describe());
  }

  /** Ends the worker at once. Calls in progress never settle. */
  terminate(): void {
    if (this.terminated) return;
    this.terminated = true;
    this.worker.terminate();
    // Comlink's registry of proxies holds the worker, whose listeners hold the proxy: without this neither is ever freed.
    this.api[Comlink.releaseProxy]();
  }

  private call<T>(result: Promise<T>): Promise<T> {
    return Promise.race([result, this.died]);
  }
}
