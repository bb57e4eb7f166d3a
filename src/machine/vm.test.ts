import { describe, expect, it, vi } from 'vitest';
import { FakeWorker, type GuestScript, idle, pausePoint } from '../../tests/support/fake-worker.ts';
import type { Vm, VmConfig } from '../core/vm-api.ts';
import * as L from '../memory/layout.gen.ts';
import { STALL_LOOK_MS, STALL_LOOKS } from './stall-watch.ts';
import { createVm } from './vm.ts';

const EMPTY_MODULE = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
const UART = 0x10000000;
const TEST_DEVICE = 0x100000;

interface Fixture {
  vm: Vm;
  worker: () => FakeWorker;
  /** What happened, as strings, in order. */
  events: string[];
  output: () => string;
}

function machine(script: GuestScript, config: Partial<VmConfig> = {}, overrides = {}): Fixture {
  let worker: FakeWorker | null = null;
  const vm = createVm(
    { arch: 'riscv64', bios: 'none', memory: 16, ...config },
    {
      core: EMPTY_MODULE,
      createWorker: () => (worker = new FakeWorker(script, overrides)) as unknown as Worker,
      log: () => {},
    },
  );
  const events: string[] = [];
  vm.on('state', (state) => events.push(`state ${state}`));
  vm.on('reset', ({ guest }) => events.push(`reset by the ${guest ? 'guest' : 'host'}`));
  vm.on('panic', ({ message }) => events.push(`panic ${message}`));
  vm.on('error', ({ code }) => events.push(`error ${code}`));
  vm.on('exit', ({ outcome, code }) => events.push(`exit ${outcome} ${code}`));
  let output = '';
  vm.serial.onData((bytes) => {
    output += new TextDecoder('latin1').decode(bytes);
  });
  return { vm, worker: () => worker!, events, output: () => output };
}

async function print(vcpu: Parameters<GuestScript>[0], text: string): Promise<void> {
  for (const char of text) await vcpu.store(UART, char.charCodeAt(0), 1);
}

/** Polls a condition that other tasks bring about. */
async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('a machine', () => {
  it('starts at the reset vector, prints through the ring and powers off through an exit', async () => {
    const { vm, worker, events, output } = machine(async (vcpu) => {
      await print(vcpu, 'hello\n');
      await vcpu.store(TEST_DEVICE, 0x5555, 4);
      return idle(vcpu);
    });
    expect(vm.state).toBe('created');
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'poweroff', code: 0 });
    expect(output()).toBe('hello\n');
    expect(worker().resets).toEqual([{ pc: 0x1000n, processor: 0 }]);
    expect(events).toEqual(['state loading', 'state running', 'state stopped', 'exit poweroff 0']);
    expect(vm.report()).toMatchObject({ outcome: 'poweroff' });
    expect(vm.report().firstSerialMs).toBeGreaterThanOrEqual(0);
    await eventually(() => worker().terminated);
  });

  it('passes the exit status of the guest on', async () => {
    const { vm } = machine(async (vcpu) => {
      await vcpu.store(TEST_DEVICE, (7 << 16) | 0x3333, 4);
      return idle(vcpu);
    });
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'poweroff', code: 7 });
  });

  it('starts again when the guest asks for a reset, with RAM kept and devices reset', async () => {
    const seen: number[] = [];
    const { vm, worker, events } = machine(async (vcpu, run) => {
      seen.push(await vcpu.load(UART + 7, 1));
      if (run === 0) {
        await vcpu.store(UART + 7, 0x5a, 1);
        await vcpu.store(TEST_DEVICE, 0x7777, 4);
      } else {
        await vcpu.store(TEST_DEVICE, 0x5555, 4);
      }
      return idle(vcpu);
    });
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'poweroff', code: 0 });
    expect(seen).toEqual([0, 0]);
    expect(worker().resets.length).toBe(2);
    expect(events).toEqual([
      'state loading',
      'state running',
      'reset by the guest',
      'state stopped',
      'exit poweroff 0',
    ]);
  });

  it('counts over resets, although the vCPU starts its counters again', async () => {
    const { vm } = machine(async (vcpu, run) => {
      const counter = (at: number, value: bigint): void => {
        vcpu.view.setBigUint64(vcpu.area + at, value, true);
      };
      expect(vcpu.view.getBigUint64(vcpu.area + L.COUNTER_INSTRUCTIONS, true)).toBe(0n);
      counter(L.COUNTER_INSTRUCTIONS, 1000n);
      counter(L.COUNTER_SLEEP_NS, 2_500_000n);
      counter(L.COUNTER_HALT, 3n);
      counter(L.COUNTER_JIT_INSTRUCTIONS, 400n);
      counter(L.COUNTER_REGIONS, 5n);
      counter(L.COUNTER_COMPILE_NS, 1_500_000n);
      await vcpu.store(TEST_DEVICE, run === 0 ? 0x7777 : 0x5555, 4);
      return idle(vcpu);
    });
    await vm.start();
    await vm.ended;
    expect(vm.report()).toMatchObject({
      instructions: 2000,
      sleepMs: 5,
      exits: { halt: 6 },
      tiers: { interp: 1200, jit: 800 },
      regions: { compiled: 10, bytes: 0, compileMs: 3, evicted: 0 },
    });
  });

  it('ends with outcome reset under noReboot', async () => {
    const { vm } = machine(
      async (vcpu) => {
        await vcpu.store(TEST_DEVICE, 0x7777, 4);
        return idle(vcpu);
      },
      { noReboot: true },
    );
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'reset', code: 0 });
  });

  it('resets itself when the processor shuts down, and ends then under noReboot', async () => {
    const once = machine(async (vcpu) => (worker().resets.length === 1 ? L.RESULT_RESET : idle(vcpu)));
    const { worker } = once;
    await once.vm.start();
    await eventually(() => worker().resets.length === 2);
    expect(once.vm.state).toBe('running');
    await once.vm.destroy();
    const { vm } = machine(async () => L.RESULT_RESET, { noReboot: true });
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'reset', code: 0 });
  });

  it('pauses, stands still, and resumes', async () => {
    const { vm, worker, events } = machine(idle);
    await vm.start();
    await vm.pause();
    expect(vm.state).toBe('paused');
    expect(worker().vcpu!.word(L.COMM_RUN_STATE)).toBe(L.RUN_STATE_PAUSED);
    const frozen = vm.report().guestMs;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(vm.report().guestMs).toBe(frozen);
    const resumed = performance.now();
    await vm.resume();
    await eventually(() => worker().vcpu!.word(L.COMM_RUN_STATE) === L.RUN_STATE_HALTED);
    const { guestMs } = vm.report();
    expect(guestMs).toBeGreaterThanOrEqual(frozen);
    expect(guestMs - frozen, 'the pause counts as no time').toBeLessThanOrEqual(performance.now() - resumed);
    await vm.powerOff();
    expect(events).toEqual([
      'state loading',
      'state running',
      'state paused',
      'state running',
      'state stopped',
      'exit stopped 0',
    ]);
  });

  it('stays paused over a reset by its button', async () => {
    const { vm, worker, events } = machine(idle);
    await vm.start();
    await vm.pause();
    await vm.reset();
    await eventually(() => events.includes('reset by the host'));
    expect(worker().resets.length).toBe(2);
    await eventually(() => worker().vcpu!.word(L.COMM_RUN_STATE) === L.RUN_STATE_PAUSED);
    expect(vm.state).toBe('paused');
    await vm.resume();
    await eventually(() => worker().vcpu!.word(L.COMM_RUN_STATE) === L.RUN_STATE_HALTED);
    await vm.destroy();
  });

  it('reports a kernel panic once, keeps running, and calls the end a panic', async () => {
    const { vm, events } = machine(async (vcpu) => {
      await print(
        vcpu,
        '[    1.25] Kernel panic - not syncing: VFS\r\n---[ end Kernel panic - not syncing: VFS ]---\r\n',
      );
      return idle(vcpu);
    });
    await vm.start();
    await eventually(() => events.includes('panic Kernel panic - not syncing: VFS'));
    expect(vm.state).toBe('running');
    await vm.powerOff();
    expect(await vm.ended).toEqual({ outcome: 'panic', code: 0 });
    expect(events.filter((event) => event.startsWith('panic'))).toHaveLength(1);
  });

  it('says so when the tiers differ, with the description of the difference', async () => {
    const { vm, events } = machine(async () => L.RESULT_DIFFERENCE, { tier: 'check' });
    let message = '';
    vm.on('error', (error) => {
      message = error.message;
    });
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'error', code: 1 });
    expect(events).toContain('error internal');
    expect(message).toMatch(/^The tiers of the accelerator differ/);
    expect(message).toContain('pc 0000000000001000');
  });

  it('names a guest that traps in its own trap handler for ever, with its registers', async () => {
    const { vm, events } = machine(async () => L.RESULT_TRAP_LOOP);
    let message = '';
    vm.on('error', (error) => {
      message = error.message;
    });
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'error', code: 1 });
    expect(events).toContain('error guest-hang');
    expect(message).toContain('pc 0000000000001000');
    expect(vm.state).toBe('error');
  });

  it('reports a worker that dies and lets another machine run', async () => {
    const dying = machine(idle);
    const other = machine(idle);
    await dying.vm.start();
    await other.vm.start();
    dying.worker().dispatchEvent(new Event('error'));
    expect(await dying.vm.ended).toEqual({ outcome: 'error', code: 1 });
    expect(dying.events).toContain('error worker-died');
    expect(other.vm.state).toBe('running');
    await other.vm.powerOff();
    expect(await other.vm.ended).toEqual({ outcome: 'stopped', code: 0 });
    await dying.vm.destroy();
  });

  it('finds a worker that was ended without a word', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { vm, worker, events } = machine(() => new Promise(() => {}));
      await vm.start();
      vi.advanceTimersByTime(STALL_LOOKS * STALL_LOOK_MS);
      expect(vm.state).toBe('running');
      vi.advanceTimersByTime(STALL_LOOK_MS);
      expect(await vm.ended).toEqual({ outcome: 'error', code: 1 });
      expect(events).toContain('error worker-died');
      await eventually(() => worker().terminated);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ['with the registers', async () => 'pc 0000000080001234', 'pc 0000000080001234'],
    [
      'also where the core is in no shape to tell them',
      () => Promise.reject(new WebAssembly.RuntimeError('unreachable')),
      'could not be read',
    ],
  ])('names a trap inside the accelerator, %s', async (_name, describeVcpu, expected) => {
    const { vm, worker, events } = machine(
      () => Promise.reject(new WebAssembly.RuntimeError('memory access out of bounds')),
      {},
      { describe: describeVcpu },
    );
    let message = '';
    vm.on('error', (error) => {
      message = error.message;
    });
    await vm.start();
    expect(await vm.ended).toEqual({ outcome: 'error', code: 1 });
    expect(events).toContain('error internal');
    expect(message).toContain('memory access out of bounds');
    expect(message).toContain(expected);
    await eventually(() => worker().terminated);
  });

  it('terminates a vCPU that does not stop', async () => {
    const { vm, worker } = machine(() => new Promise(() => {}));
    await vm.start();
    await vm.powerOff();
    expect(await vm.ended).toEqual({ outcome: 'stopped', code: 0 });
    await eventually(() => worker().terminated);
  }, 10_000);

  it('survives 200,000 characters at once, in order, yielding to the page meanwhile', async () => {
    const text = Array.from({ length: 200_000 }, (_, i) => String.fromCharCode(32 + (i % 95))).join('');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const { vm, output } = machine(async (vcpu) => {
      await print(vcpu, text);
      await vcpu.store(TEST_DEVICE, 0x5555, 4);
      return idle(vcpu);
    });
    await vm.start();
    await vm.ended;
    clearInterval(timer);
    expect(output()).toBe(text);
    expect(ticks).toBeGreaterThan(3);
  });

  it('holds the guest back while a listener has not digested 64 KiB, loses nothing, and can be stopped meanwhile', async () => {
    let digest: () => void = () => {};
    let received = 0;
    const { vm, worker } = machine(async (vcpu) => {
      for (let i = 0; i < 1500; i++) {
        await pausePoint(vcpu);
        await print(vcpu, 'x'.repeat(100));
      }
      return idle(vcpu);
    });
    const unsubscribe = vm.serial.onData((bytes) => {
      received += bytes.length;
      return new Promise<void>((resolve) => {
        const previous = digest;
        digest = () => {
          previous();
          resolve();
        };
      });
    });
    await vm.start();
    await eventually(() => received >= 65536 && worker().vcpu!.ringLength === L.RING_ENTRIES);
    const held = received;
    expect(held).toBeLessThan(65536 + 2048);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(received).toBe(held);
    // Stopping for a pause needs the ring drained, once; the guest is held back again when it goes on.
    await vm.pause();
    await vm.resume();
    await eventually(() => worker().vcpu!.ringLength === L.RING_ENTRIES);
    const heldAgain = received;
    expect(heldAgain).toBeLessThan(held + 8192);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(received).toBe(heldAgain);
    unsubscribe();
    digest();
    await eventually(() => worker().vcpu!.ringLength === 0);
    await vm.powerOff();
    expect(await vm.ended).toEqual({ outcome: 'stopped', code: 0 });
  });

  it('queues typed text with no loss until the guest reads it', async () => {
    const typed = 'The quick brown fox jumps over the lazy dog.\n'.repeat(40);
    let read = '';
    const { vm } = machine(async (vcpu) => {
      await vcpu.store(UART + 2, 1, 1);
      while (read.length < typed.length) {
        if ((await vcpu.load(UART + 5, 1)) & 1) read += String.fromCharCode(await vcpu.load(UART, 1));
        else await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await vcpu.store(TEST_DEVICE, 0x5555, 4);
      return idle(vcpu);
    });
    await vm.start();
    await new Promise((resolve) => setTimeout(resolve, 5));
    vm.serial.write(typed.slice(0, 100));
    vm.serial.write(new TextEncoder().encode(typed.slice(100)));
    await vm.ended;
    expect(read).toBe(typed);
  });

  it('can be destroyed in every state, and then settles its waits and ends its worker', async () => {
    const created = machine(idle);
    await created.vm.destroy();
    expect(created.vm.state).toBe('destroyed');
    const loading = machine(idle);
    const start = loading.vm.start();
    await loading.vm.destroy();
    await expect(start).rejects.toThrow();
    expect(loading.worker().terminated).toBe(true);
    for (const act of ['run', 'pause'] as const) {
      const { vm, worker } = machine(idle);
      await vm.start();
      if (act === 'pause') await vm.pause();
      await vm.destroy();
      expect(worker().terminated).toBe(true);
      expect(await vm.ended).toEqual({ outcome: 'stopped', code: 0 });
      await vm.destroy();
    }
  });

  it('rejects what its state does not allow, saying what would', async () => {
    const { vm } = machine(idle);
    await expect(vm.pause()).rejects.toThrow('it must be running');
    await vm.start();
    await expect(vm.start()).rejects.toThrow('it must be created');
    await vm.destroy();
    await expect(vm.resume()).rejects.toThrow('it must be paused');
  });

  it('fails to start without the default firmware, saying how to get it', async () => {
    const { vm, worker, events } = machine(idle, { bios: 'default' });
    await expect(vm.start()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining("the element's attribute firmware"),
    });
    expect(vm.state).toBe('error');
    expect(events).toEqual(['state loading', 'state error', 'error not-found', 'exit error 1']);
    expect(worker().terminated).toBe(true);
  });

  it('fails to start when the worker dies before it is ready', async () => {
    const { vm, worker, events } = machine(idle, {}, { init: () => new Promise(() => {}) });
    const start = vm.start();
    await eventually(() => worker() !== null);
    worker().dispatchEvent(new Event('error'));
    await expect(start).rejects.toMatchObject({ code: 'worker-died' });
    expect(events).toEqual(['state loading', 'state error', 'error worker-died', 'exit error 1']);
  });

  it('says so when it is ended while it loads', async () => {
    const { vm } = machine(idle, {}, { init: () => new Promise((resolve) => setTimeout(resolve, 20)) });
    const start = vm.start();
    await vm.powerOff();
    await expect(start).rejects.toThrow('ended while it was loading');
    expect(await vm.ended).toEqual({ outcome: 'stopped', code: 0 });
    expect(vm.state).toBe('stopped');
  });

  it('fails to start when the core cannot be instantiated', async () => {
    const { vm } = machine(idle, {}, { init: () => Promise.reject(new Error('import env.now missing')) });
    await expect(vm.start()).rejects.toMatchObject({ code: 'internal' });
    expect(vm.state).toBe('error');
  });
});
