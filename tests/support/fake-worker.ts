import * as Comlink from 'comlink';
import * as L from '../../src/memory/layout.gen.ts';
import type { VcpuInit, VcpuWorkerApi } from '../../src/worker/messages.ts';
import { FakeVcpu } from './fake-vcpu.ts';

/** What a fake worker runs in place of guest code; resolves with a RESULT_*. `signal` aborts on terminate(). */
export type GuestScript = (vcpu: FakeVcpu, run: number) => Promise<number>;

/** A Worker whose vCPU is a script on the same thread, behind a real message channel and Comlink. */
export class FakeWorker extends EventTarget {
  readonly resets: { pc: bigint; processor: number }[] = [];
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
      warmUp: async () => {},
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

/** Stands still as long as a pause is asked for. */
export async function pausePoint(vcpu: FakeVcpu): Promise<void> {
  if (!(vcpu.word(L.COMM_REQUEST) & L.REQUEST_PAUSE)) return;
  vcpu.setWord(L.COMM_RUN_STATE, L.RUN_STATE_PAUSED);
  await kicked(vcpu, () => (vcpu.word(L.COMM_REQUEST) & L.REQUEST_PAUSE) === 0);
  vcpu.setWord(L.COMM_RUN_STATE, L.RUN_STATE_RUNNING);
}

/** Idles as a guest in WFI does: until it is asked to stop; stands still through pauses. */
export async function idle(vcpu: FakeVcpu): Promise<number> {
  while (!(vcpu.word(L.COMM_REQUEST) & L.REQUEST_STOP)) {
    await pausePoint(vcpu);
    vcpu.setWord(L.COMM_RUN_STATE, L.RUN_STATE_HALTED);
    await kicked(vcpu, () => (vcpu.word(L.COMM_REQUEST) & (L.REQUEST_STOP | L.REQUEST_PAUSE)) !== 0);
  }
  return L.RESULT_STOP;
}

/** Sleeps on the kick word until `ready`. */
async function kicked(vcpu: FakeVcpu, ready: () => boolean): Promise<void> {
  for (;;) {
    const kick = vcpu.word(L.COMM_KICK);
    if (ready()) return;
    const wait = Atomics.waitAsync(vcpu.i32, (vcpu.area + L.COMM_KICK) >> 2, kick, 50);
    if (wait.async) await wait.value;
  }
}
