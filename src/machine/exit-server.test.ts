import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeVcpu } from '../../tests/support/fake-vcpu.ts';
import type { MmioRegion } from '../hw/device.ts';
import { SharedTimers } from '../memory/device-timers.ts';
import * as layout from '../memory/layout.gen.ts';
import { RegionTable } from '../memory/region-table.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import { type ExitHandlers, ExitServer } from './exit-server.ts';

const L = layout;
const BASE = 0x1000_0000;
const POSTED = BASE;
const EXIT = BASE + 4;
const DOORBELL = BASE + 8;
const SHADOW = BASE + 12;
const DEFERRED = BASE + 16;

const servers: ExitServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

/** A machine with one device whose every access is logged. */
function machine(vcpus = 1, overrides: Partial<ExitHandlers> & { onWrite?: (value: number) => void } = {}) {
  const vm = new VmMemory({ vcpus, slots: [], icount: null });
  const log: string[] = [];
  const region: MmioRegion = {
    name: 'test',
    size: 20,
    accessMin: 4,
    accessMax: 4,
    spacing: 4,
    registers: [
      { offset: 0, name: 'POSTED', read: 'exit', write: 'posted', stale: ['SHADOW'] },
      { offset: 4, name: 'EXIT', read: 'exit', write: 'exit' },
      { offset: 8, name: 'DOORBELL', read: 'exit', write: 'doorbell', doorbells: 4 },
      { offset: 12, name: 'SHADOW', read: 'shadow', write: 'exit' },
      { offset: 16, name: 'DEFERRED', read: 'shadow', write: 'deferred', decisive: 0x80, stale: ['SHADOW'] },
    ],
    read(offset) {
      log.push(`read ${offset}`);
      return 0xc0de0000 + offset;
    },
    write(offset, _size, value) {
      log.push(`write ${offset}=${value}`);
      overrides.onWrite?.(value);
    },
  };
  const placed = new RegionTable(vm).addMmio(BASE, 0, {
    ...region,
    registers: region.registers.map((r) => ({ ...r, stale: r.stale?.map(() => 12) })),
  });
  placed.publish(12, 77);
  placed.publish(16, 0x80);
  const failures: unknown[] = [];
  const server = new ExitServer(vm, new SharedTimers(vm), {
    regions: [region],
    doorbellCount: 4,
    doorbell: (number) => log.push(`doorbell ${number}`),
    turnEnd: () => {},
    failed: (error) => failures.push(error),
    ...overrides,
  });
  servers.push(server);
  return {
    vm,
    region,
    server,
    log,
    failures,
    placed,
    cpus: Array.from({ length: vcpus }, (_, i) => new FakeVcpu(vm.memory, i)),
  };
}

async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + 3000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('the exit server', () => {
  it('answers reads and writes', async () => {
    const { server, log, cpus } = machine();
    server.start();
    expect(await cpus[0].load(EXIT, 4)).toBe(0xc0de0004);
    await cpus[0].store(EXIT, 5, 4);
    expect(log).toEqual(['read 4', 'write 4=5']);
  });

  it('drains posted writes before the exit that follows them', async () => {
    const { server, log, cpus } = machine();
    server.start();
    for (let round = 0; round < 20; round++) {
      log.length = 0;
      await cpus[0].store(POSTED, 1, 4);
      await cpus[0].store(POSTED, 2, 4);
      await cpus[0].store(EXIT, 3, 4);
      expect(log).toEqual(['write 0=1', 'write 0=2', 'write 4=3']);
    }
  });

  it('is not woken for a deferred write, and handles it before what comes next', async () => {
    const { vm, server, log, cpus } = machine();
    server.start();
    await cpus[0].store(EXIT, 1, 4);
    await eventually(() => vm.load(L.VM_PAGE_AWAKE) === 0);
    const wakes = vm.load(L.VM_PAGE_WAKE);
    await cpus[0].store(DEFERRED, 0x81, 4);
    await cpus[0].store(DEFERRED, 0x82, 4);
    expect([vm.load(L.VM_PAGE_WAKE), cpus[0].ringLength]).toEqual([wakes, 2]);
    await cpus[0].store(EXIT, 2, 4);
    expect(log).toEqual(['write 4=1', 'write 16=129', 'write 16=130', 'write 4=2']);
  });

  it('answers a deferred write at once that changes a bit on which something depends', async () => {
    const { server, log, cpus } = machine();
    server.start();
    await cpus[0].store(DEFERRED, 0x81, 4);
    await cpus[0].store(DEFERRED, 0x01, 4);
    expect(log).toEqual(['write 16=129', 'write 16=1']);
    expect(cpus[0].taken.exit).toBe(1);
  });

  it('lets no shadow be read that a deferred write has made stale', async () => {
    const { server, log, cpus } = machine();
    server.start();
    expect(await cpus[0].load(SHADOW, 4)).toBe(77);
    await cpus[0].store(DEFERRED, 0x81, 4);
    expect(await cpus[0].load(SHADOW, 4)).toBe(0xc0de000c);
    expect(log).toEqual(['write 16=129', 'read 12']);
  });

  it('lets a vCPU wait until what its exit began is over, and handles the exit once', async () => {
    let over = (): void => {};
    let pending: Promise<void> | null = null;
    const { server, log, cpus } = machine(2, {
      onWrite: (value) => {
        if (value === 1)
          pending = new Promise<void>((resolve) => (over = resolve)).then(() => void (pending = null));
      },
      settled: () => pending,
    });
    server.start();
    let answered = false;
    const first = cpus[0].store(EXIT, 1, 4).then(() => (answered = true));
    await eventually(() => log.length === 1);
    cpus[0].wakePage(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([answered, log]).toEqual([false, ['write 4=1']]);
    over();
    await first;
    await cpus[1].store(EXIT, 2, 4);
    expect(log).toEqual(['write 4=1', 'write 4=2']);
  });

  it("drains every vCPU's ring before it answers one vCPU's exit", async () => {
    const { server, log, cpus } = machine(2);
    cpus[1].post(0, 0, 4, 11n);
    const exit = cpus[0].store(EXIT, 3, 4);
    server.start();
    await exit;
    expect(log).toEqual(['write 0=11', 'write 4=3']);
  });

  it('handles a doorbell after what was posted before it, and keeps every value', async () => {
    const { server, log, cpus } = machine();
    await cpus[0].store(DOORBELL, 1, 4);
    await cpus[0].store(POSTED, 9, 4);
    await cpus[0].store(DOORBELL, 3, 4);
    await cpus[0].store(DOORBELL, 1000, 4);
    server.start();
    await eventually(() => log.length === 3);
    expect(log).toEqual(['write 0=9', 'doorbell 1', 'doorbell 3']);
  });

  it('handles posted writes, then doorbells, before the exit that follows them', async () => {
    const { server, log, cpus } = machine();
    server.start();
    for (let round = 0; round < 20; round++) {
      log.length = 0;
      await cpus[0].store(POSTED, 1, 4);
      await cpus[0].store(DOORBELL, 2, 4);
      await cpus[0].store(EXIT, 3, 4);
      expect(log).toEqual(['write 0=1', 'doorbell 2', 'write 4=3']);
    }
  });

  it('serves posted writes and doorbells with no exit', async () => {
    const { server, log, cpus } = machine();
    server.start();
    for (let i = 0; i < 50; i++) {
      await cpus[0].store(POSTED, i, 4);
      await eventually(() => log.length === 2 * i + 1);
      await cpus[0].store(DOORBELL, i % 4, 4);
      await eventually(() => log.length === 2 * i + 2);
    }
    expect(cpus[0].taken.exit).toBe(0);
  });

  it('answers a read of a stale shadow register by an exit, after the write that made it stale', async () => {
    const { server, log, cpus, placed } = machine(1, { onWrite: (value) => placed.publish(12, value) });
    server.start();
    expect(await cpus[0].load(SHADOW, 4)).toBe(77);
    await cpus[0].store(POSTED, 5, 4);
    // Not drained yet: nothing else ran on this thread.
    await cpus[0].load(SHADOW, 4);
    expect(log).toEqual(['write 0=5', 'read 12']);
    expect(await cpus[0].load(SHADOW, 4)).toBe(5);
    expect(cpus[0].taken).toMatchObject({ shadow: 2, stale: 1 });
  });

  it('turns a shadow that was withdrawn into an exit', async () => {
    const { server, cpus, placed } = machine();
    server.start();
    placed.publish(12, null);
    expect(await cpus[0].load(SHADOW, 4)).toBe(0xc0de000c);
    placed.publish(12, 78);
    expect(await cpus[0].load(SHADOW, 4)).toBe(78);
  });

  it('drops nothing when the ring is full', async () => {
    const { server, log, cpus } = machine();
    const writer = (async () => {
      for (let i = 0; i < 5000; i++) await cpus[0].store(POSTED, i, 4);
      await cpus[0].load(EXIT, 4);
    })();
    await eventually(() => cpus[0].ringLength === L.RING_ENTRIES);
    server.start();
    await writer;
    expect(cpus[0].taken.ringFull).toBeGreaterThan(0);
    expect(log.slice(0, 5000)).toEqual(Array.from({ length: 5000 }, (_, i) => `write 0=${i}`));
    expect(log[5000]).toBe('read 4');
  });

  it('ends its turn after some milliseconds under a flood, and goes on by itself', async () => {
    const busy = (): void => {
      const end = performance.now() + 0.2;
      while (performance.now() < end);
    };
    let turns = 0;
    const { server, log, cpus } = machine(1, { onWrite: busy, turnEnd: () => turns++ });
    for (let i = 0; i < 1000; i++) await cpus[0].store(POSTED, i, 4);
    server.start();
    expect(turns).toBe(1);
    expect(log.length).toBeLessThan(100);
    await eventually(() => log.length === 1000);
    expect(turns).toBeGreaterThan(10);
  });

  it('leaves work lying while held, and takes it up when released', async () => {
    const { server, log, cpus } = machine();
    server.start();
    server.hold();
    await cpus[0].store(POSTED, 1, 4);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log).toEqual([]);
    server.release();
    await eventually(() => log.length === 1);
  });

  it('answers an access even if the device fails, and says so', async () => {
    const { server, cpus, failures } = machine(1, {
      onWrite: () => {
        throw new Error('broken device');
      },
    });
    server.start();
    await cpus[0].store(EXIT, 1, 4);
    await cpus[0].store(POSTED, 1, 4);
    expect(await cpus[0].load(EXIT, 4)).toBe(0xc0de0004);
    expect(failures).toHaveLength(2);
  });

  it('expires timers that the vCPU reports, once', async () => {
    const { server, vm, cpus } = machine();
    let fired = 0;
    // Timer 0 of a second bank that shares the words.
    const timers = new SharedTimers(vm);
    timers.create(() => fired++).arm(5n);
    const own = new ExitServer(vm, timers, {
      regions: [],
      doorbellCount: 0,
      doorbell: () => {},
      turnEnd: () => {},
      failed: () => {},
    });
    servers.push(own);
    await server.dispose();
    own.start();
    Atomics.store(vm.i64, L.TIMER_DEADLINES / 8, -1n);
    Atomics.or(vm.i32, L.TIMER_FIRED >> 2, 1);
    cpus[0].wakePage(true);
    await eventually(() => fired === 1);
    cpus[0].wakePage(true);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(fired).toBe(1);
  });

  it('settles its wait when it is disposed of, and serves nothing afterwards', async () => {
    const { server, log, cpus } = machine();
    server.start();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await server.dispose();
    await cpus[0].store(POSTED, 1, 4);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(log).toEqual([]);
    expect(Atomics.notify(cpus[0].i32, L.VM_PAGE_WAKE >> 2)).toBe(0);
  });

  it('makes the accesses of a string instruction one after the other, or hands them to a device that streams', async () => {
    const { server, cpus, vm, log, region } = machine();
    server.start();
    const data = vm.u8.subarray(cpus[0].area + L.CPU_STRING, cpus[0].area + L.CPU_STRING + 8);
    await cpus[0].exit(L.EXIT_STRING_READ, 0, 4, 4, 2n);
    expect([...data]).toEqual([4, 0, 0xde, 0xc0, 4, 0, 0xde, 0xc0]);
    data.set([1, 2, 3, 4, 5, 6, 7, 8]);
    await cpus[0].exit(L.EXIT_STRING_WRITE, 0, 4, 4, 2n);
    expect(log).toEqual(['read 4', 'read 4', 'write 4=67305985', 'write 4=134678021']);
    region.readString = (_offset, _size, into) => void into.set([9, 8, 7, 6, 5, 4, 3, 2]);
    region.writeString = (offset, size, from) => void log.push(`string ${offset} ${size} ${[...from]}`);
    await cpus[0].exit(L.EXIT_STRING_READ, 0, 4, 4, 2n);
    await cpus[0].exit(L.EXIT_STRING_WRITE, 0, 4, 4, 2n);
    expect(log.at(-1)).toBe('string 4 4 9,8,7,6,5,4,3,2');
  });

  it('refuses a browser without Atomics.waitAsync', () => {
    const original = Atomics.waitAsync;
    Object.assign(Atomics, { waitAsync: undefined });
    try {
      expect(() => machine()).toThrow(/no Atomics.waitAsync/);
    } finally {
      Object.assign(Atomics, { waitAsync: original });
    }
  });

  it('loses no wake-up of a real second thread, whatever the timing', async () => {
    const { server, vm, log } = machine();
    server.start();
    const worker = new Worker(new URL('../../tests/support/posting-thread.mjs', import.meta.url), {
      workerData: { memory: vm.memory, layout: { ...layout }, rounds: 3000 },
    });
    const result = await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    expect(result).toBe('done');
    expect(
      log.filter((entry) => entry.startsWith('write 0=')).map((entry) => Number(entry.slice(8))),
    ).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  }, 20_000);
});
