import * as Comlink from 'comlink';
import * as L from '../../src/memory/layout.gen.ts';
import type { VcpuInit, VcpuWorkerApi } from '../../src/worker/messages.ts';
import { FakeVcpu } from './fake-vcpu.ts';

/** What a fake worker runs in place of guest code; resolves with a RESULT_*. `signal` aborts on terminate(). */
export type GuestScript = (vcpu: FakeVcpu, run: number) => Promise<number>;

/** A Worker whose vCPU is a script on the same thread, behind a real message channel and Comlink. */
export class FakeWorker extends EventTarget {
  readonly resets: { pc: bigint; hartId: number }[] = [];
  terminated = false;
  vcpu: FakeVcpu | null = null;
  private readonly near: MessagePort;
  private readonly far: MessagePort;

  constructor(script: GuestScript, overrides: Partial<VcpuWorkerApi> = {}) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.near = port1;
    this.far = port2;
    port1.addEventListener('message', (event) => {
      this.dispatchEvent(new MessageEvent('message', { data: event.data }));
    });
    port1.start();
    let runs = 0;
    const api: VcpuWorkerApi = {
      init: async (options: VcpuInit) => {
        this.vcpu = new FakeVcpu(options.memory, options.index);
      },
      reset: async (options) => {
        this.resets.push(options);
      },
      run: async () => {
        const vcpu = this.vcpu!;
        vcpu.setWord(L.COMM_RUN_STATE, L.RUN_STATE_RUNNING);
        const result = await script(vcpu, runs++);
        vcpu.setWord(L.COMM_RUN_STATE, L.RUN_STATE_STOPPED);
        return result;
      },
      describe: async () => 'pc 0000000000001000',
      ...overrides,
    };
    Comlink.expose(api, port2);
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    if (!this.terminated) this.near.postMessage(message, transfer);
  }

  terminate(): void {
    this.terminated = true;
    this.near.close();
    this.far.close();
  }
}

/** Idles as a guest in WFI does: until it is asked to stop; sleeps through pauses. */
export async function idle(vcpu: FakeVcpu): Promise<number> {
  for (;;) {
    const request = vcpu.word(L.COMM_REQUEST);
    const kick = vcpu.word(L.COMM_KICK);
    if (request & L.REQUEST_STOP) return L.RESULT_STOP;
    vcpu.setWord(L.COMM_RUN_STATE, request & L.REQUEST_PAUSE ? L.RUN_STATE_PAUSED : L.RUN_STATE_HALTED);
    const wait = Atomics.waitAsync(vcpu.i32, (vcpu.area + L.COMM_KICK) >> 2, kick, 50);
    if (wait.async) await wait.value;
  }
}
