import { describe, expect, it } from 'vitest';
import { SharedTimers } from './device-timers.ts';
import { DirtyLog } from './dirty-log.ts';
import { SlotGuestMemory } from './guest-memory.ts';
import * as L from './layout.gen.ts';
import { RegionTable } from './region-table.ts';
import { SharedClock } from './shared-clock.ts';
import { VmMemory } from './vm-memory.ts';

const RAM = 0x8000_0000;
const ROM = 0x1000;
const RAM_BYTES = 0x40000;
const ROM_BYTES = 0xf000;

function machine(icount: number | null = null) {
  const vm = new VmMemory({
    vcpus: 2,
    icount,
    slots: [
      { name: 'ram', kind: 'ram', guestBase: RAM, size: RAM_BYTES },
      { name: 'rom', kind: 'rom', guestBase: ROM, size: ROM_BYTES },
    ],
  });
  return { vm, memory: new SlotGuestMemory(vm) };
}

describe('VmMemory', () => {
  it('places slots behind the vCPU areas on 64 KiB boundaries and initialises the shared state', () => {
    const { vm } = machine();
    expect(vm.slots.map((s) => s.linear)).toEqual([
      L.VCPU_BASE + 2 * L.VCPU_STRIDE,
      L.VCPU_BASE + 2 * L.VCPU_STRIDE + RAM_BYTES,
    ]);
    expect(vm.slots.every((s) => s.linear % 65536 === 0)).toBe(true);
    expect(vm.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(vm.memory.buffer.byteLength).toBe(vm.slots[1].linear + 65536);
    expect(vm.load(L.VM_VCPU_COUNT)).toBe(2);
    expect(vm.load(L.VM_ICOUNT_SHIFT)).toBe(-1);
    for (let i = 0; i < L.TIMER_COUNT; i++) expect(vm.i64[L.TIMER_DEADLINES / 8 + i]).toBe(-1n);
  });

  it('names the amount when the browser gives no memory', () => {
    expect(() => new VmMemory({ vcpus: 1, icount: null, slots: [slot(8 * 2 ** 30)] })).toThrow(
      expect.objectContaining({ code: 'out-of-memory', message: expect.stringContaining('8260 MiB') }),
    );
  });

  it('latches rising edges of IRQ lines and wakes the vCPUs for them only', () => {
    const { vm } = machine();
    const kicks = (): number[] => [0, 1].map((i) => vm.load(vm.vcpu(i) + L.COMM_KICK));
    vm.setIrq(40, true);
    expect(kicks()).toEqual([1, 1]);
    vm.setIrq(40, true);
    vm.setIrq(40, false);
    expect(kicks()).toEqual([1, 1]);
    expect(vm.load(L.IRQ_LEVEL + 4)).toBe(0);
    expect(vm.load(L.IRQ_EDGE + 4)).toBe(1 << 8);
    vm.setIrq(40, true);
    vm.setIrq(63, true);
    expect(kicks()).toEqual([3, 3]);
    expect(vm.load(L.IRQ_LEVEL + 4) >>> 0).toBe(0x8000_0100);
  });

  it('raises and withdraws requests, waking the vCPUs', () => {
    const { vm } = machine();
    vm.requestAll(L.REQUEST_PAUSE);
    vm.requestAll(L.REQUEST_STOP);
    vm.withdrawAll(L.REQUEST_PAUSE);
    for (const i of [0, 1]) {
      expect(vm.load(vm.vcpu(i) + L.COMM_REQUEST)).toBe(L.REQUEST_STOP);
      expect(vm.load(vm.vcpu(i) + L.COMM_KICK)).toBe(3);
    }
  });
});

function slot(size: number) {
  return { name: 'ram', kind: 'ram' as const, guestBase: RAM, size };
}

describe('SlotGuestMemory', () => {
  it('copies in and out, as bytes of their own', () => {
    const { memory } = machine();
    expect(memory.write(RAM + 5, Uint8Array.of(1, 2, 3))).toBe(true);
    const bytes = memory.read(RAM + 4, 5)!;
    expect([...bytes]).toEqual([0, 1, 2, 3, 0]);
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it.each([
    ['below RAM', RAM - 1, 2],
    ['past its end', RAM + RAM_BYTES - 1, 2],
    ['far outside', 0x4000_0000, 1],
    ['at no integer address', 2 ** 60, 4],
    ['of a negative length', RAM + 8, -4],
  ])('refuses what lies %s', (_name, address, length) => {
    const { memory } = machine();
    expect(memory.read(address, length)).toBeNull();
    if (length >= 0) expect(memory.write(address, new Uint8Array(length))).toBe(false);
    expect(memory.clear(address, length)).toBe(false);
  });

  it('lets devices read ROM but not write it; loaders may', () => {
    const { memory } = machine();
    expect(memory.write(ROM, Uint8Array.of(9))).toBe(false);
    expect(memory.load(ROM, Uint8Array.of(9))).toBe(true);
    expect([...memory.read(ROM, 1)!]).toEqual([9]);
  });

  it('notes in the dirty log the pages it writes, if they are logged, and tells the screen', () => {
    const { vm, memory } = machine();
    memory.write(RAM + 0x1ffe, new Uint8Array(0x1004));
    expect(vm.load(L.VM_DISPLAY_EVENTS)).toBe(0);
    const log = new DirtyLog(vm, vm.slots[0]);
    expect(log.take()).toEqual([]);
    memory.write(RAM + 0x1ffe, new Uint8Array(0x1004));
    expect(vm.load(L.VM_DISPLAY_EVENTS)).toBe(L.DISPLAY_WRITTEN);
    expect(log.take()).toEqual([{ first: 1, count: 3 }]);
    expect(log.take()).toEqual([]);
    log.mark(0x8000, 1);
    expect(log.take()).toEqual([{ first: 8, count: 1 }]);
    expect(vm.load(vm.vcpu(0) + L.COMM_REQUEST)).toBe(0);
  });

  it('logs another range when it is told to, and the first no more', () => {
    const { vm, memory } = machine();
    const log = new DirtyLog(vm, null);
    memory.write(RAM, new Uint8Array(1));
    expect(log.take()).toEqual([]);
    const { linear } = vm.slots[0];
    log.watch({ linear, size: 0x8000 });
    memory.write(RAM + 0x1000, new Uint8Array(1));
    expect(log.take()).toEqual([{ first: 1, count: 1 }]);
    log.watch({ linear: linear + 0x8000, size: 0x8000 });
    memory.write(RAM + 0x1000, new Uint8Array(1));
    memory.write(RAM + 0xa000, new Uint8Array(1));
    expect(log.take()).toEqual([{ first: 2, count: 1 }]);
    const page = linear >>> L.PAGE_BITS;
    expect([vm.u8[L.DIRTY_PAGES + page + 1], vm.load(L.DIRTY_RANGES)]).toEqual([0, page + 8]);
  });

  it('tells the vCPUs when it writes into translated code, page by page', () => {
    const { vm, memory } = machine();
    const page = (vm.slots[0].linear >>> L.PAGE_BITS) + 2;
    vm.u8[L.CODE_PAGES + page] = 1;
    memory.write(RAM + 0x1000, new Uint8Array(16));
    expect(vm.load(vm.vcpu(1) + L.COMM_REQUEST)).toBe(0);
    memory.write(RAM + 0x2000, new Uint8Array(1));
    expect(vm.load(L.STALE_PAGES + (page >>> 5) * 4)).toBe(1 << (page & 31));
    for (const i of [0, 1]) {
      expect(vm.load(vm.vcpu(i) + L.COMM_REQUEST)).toBe(L.REQUEST_INVALIDATE);
      expect(vm.load(vm.vcpu(i) + L.COMM_KICK)).toBe(1);
    }
  });

  it('does nothing for no bytes', () => {
    const { vm, memory } = machine();
    expect(memory.write(RAM + RAM_BYTES, new Uint8Array(0))).toBe(true);
    expect(vm.u8[L.DIRTY_PAGES + (vm.slots[1].linear >>> L.PAGE_BITS)]).toBe(0);
  });
});

describe('SharedTimers', () => {
  it('arms by writing the deadline and kicking vCPU 0', () => {
    const { vm } = machine();
    const timer = new SharedTimers(vm).create(() => {});
    timer.arm(12345n);
    expect(vm.i64[L.TIMER_DEADLINES / 8]).toBe(12345n);
    expect(vm.load(vm.vcpu(0) + L.COMM_KICK)).toBe(1);
    timer.disarm();
    expect([vm.i64[L.TIMER_DEADLINES / 8], timer.deadline]).toEqual([-1n, null]);
    timer.arm(-5n);
    expect(vm.i64[L.TIMER_DEADLINES / 8]).toBe(0n);
    timer.arm(2n ** 70n);
    expect(vm.i64[L.TIMER_DEADLINES / 8]).toBe(2n ** 63n - 1n);
  });

  it('calls back once for an expiry, and not for one that was overtaken by arming anew or disarming', () => {
    const { vm } = machine();
    const timers = new SharedTimers(vm);
    let fired = 0;
    const first = timers.create(() => {});
    const timer = timers.create(() => fired++);
    const expire = (): void => {
      Atomics.store(vm.i64, L.TIMER_DEADLINES / 8 + 1, -1n);
      Atomics.or(vm.i32, L.TIMER_FIRED >> 2, 2);
    };
    timer.arm(10n);
    expire();
    timers.expire(timers.take());
    timers.expire(timers.take());
    expect([fired, timer.deadline, first.deadline]).toEqual([1, null, null]);
    timer.arm(20n);
    expire();
    timer.arm(30n);
    timers.expire(timers.take());
    expect([fired, timer.deadline]).toEqual([1, 30n]);
    expire();
    timer.disarm();
    timers.expire(timers.take());
    expect(fired).toBe(1);
  });

  it('can use the last timer there is, and no more', () => {
    const { vm } = machine();
    const timers = new SharedTimers(vm);
    let fired = 0;
    for (let i = 1; i < L.TIMER_COUNT; i++) timers.create(() => {});
    timers.create(() => fired++).arm(1n);
    Atomics.store(vm.i64, L.TIMER_DEADLINES / 8 + 63, -1n);
    Atomics.or(vm.i32, (L.TIMER_FIRED >> 2) + 1, 1 << 31);
    timers.expire(timers.take());
    expect(fired).toBe(1);
    expect(() => timers.create(() => {})).toThrow(RangeError);
  });
});

describe('SharedClock', () => {
  it('runs with the host, stands still while stopped, and never runs backwards', () => {
    const { vm } = machine();
    let host = 1000;
    const clock = new SharedClock(vm, () => host);
    host = 1500;
    expect(clock.now()).toBe(0n);
    clock.start();
    expect(vm.view.getFloat64(L.VM_CLOCK_EPOCH, true)).toBe(1500);
    host = 1502.5;
    expect(clock.now()).toBe(2_500_000n);
    clock.stop();
    host = 9000;
    expect([clock.now(), clock.hostElapsedMs()]).toEqual([2_500_000n, 2.5]);
    clock.start();
    host = 9001;
    expect(clock.now()).toBe(3_500_000n);
    host = 9000.5;
    expect(clock.now()).toBe(3_500_000n);
    clock.reset();
    expect(clock.now()).toBe(3_500_000n);
  });

  it('is the virtual time that the vCPU publishes under -icount, and starts again with it', () => {
    const { vm } = machine(3);
    let host = 0;
    const clock = new SharedClock(vm, () => host);
    clock.start();
    host = 100;
    expect(clock.now()).toBe(0n);
    Atomics.store(vm.i64, L.VM_VIRTUAL_NS / 8, 777n);
    expect([clock.now(), clock.hostElapsedMs()]).toEqual([777n, 100]);
    clock.reset();
    expect(clock.now()).toBe(0n);
  });
});

describe('RegionTable', () => {
  it.each([
    [null, [L.REACH_POSTED, L.REACH_DEFERRED, L.REACH_DOORBELL, L.REACH_EXIT]],
    [0, [L.REACH_EXIT, L.REACH_EXIT, L.REACH_EXIT, L.REACH_EXIT]],
  ])('lets writes run ahead of the page, but not under -icount (shift %s)', (icount, kinds) => {
    const { vm } = machine(icount);
    new RegionTable(vm).addMmio(0x1000, 0, {
      size: 16,
      accessMin: 4,
      accessMax: 4,
      spacing: 4,
      registers: (['posted', 'deferred', 'doorbell', 'exit'] as const).map((write, i) => ({
        offset: 4 * i,
        read: 'exit',
        write,
      })),
    });
    const table = vm.view.getUint32(L.REGION_TABLE + L.REGION_REACH, true);
    expect(kinds.map((_, i) => vm.u8[table + i * L.REACH_STRIDE + L.REACH_WRITE])).toEqual(kinds);
  });

  it('moves regions and exchanges memory, each real change in a new generation of the map', () => {
    const { vm } = machine();
    const table = new RegionTable(vm);
    const local = table.addLocal(null, 0x40, 7);
    const window = table.addMemory(0xf0000, 0x10000);
    const entries = () =>
      [0, 1].map((i) => {
        const at = L.REGION_TABLE + i * L.REGION_STRIDE;
        return [
          Number(vm.view.getBigUint64(at + L.REGION_BASE, true)),
          Number(vm.view.getBigUint64(at + L.REGION_SIZE, true)),
          vm.view.getUint32(at + L.REGION_KIND, true),
          vm.view.getUint32(at + L.REGION_LINEAR, true),
        ];
      });
    const generation = () => vm.load(L.VM_MAP_GENERATION);
    expect([entries()[0][1], entries()[1][1], generation()]).toEqual([0, 0, 0]);
    local.move(0x600);
    window.show({ kind: 'rom', linear: 0x1230000 });
    expect(entries()).toEqual([
      [0x600, 0x40, L.REGION_KIND_LOCAL, 7],
      [0xf0000, 0x10000, L.REGION_KIND_ROM, 0x1230000],
    ]);
    expect(generation()).toBe(2);
    local.move(0x600);
    window.show({ kind: 'rom', linear: 0x1230000 });
    expect(generation()).toBe(2);
    window.show({ kind: 'ram', linear: 0x1230000 });
    local.move(null);
    window.show(null);
    expect([entries()[0][1], entries()[1][1], generation()]).toEqual([0, 0, 5]);
  });

  it('refuses more regions, reach records, doorbells or stale registers than the layout has', () => {
    const reach = (registers: number, doorbells = 1) => ({
      size: 4 * registers,
      accessMin: 4,
      accessMax: 4,
      spacing: 4,
      registers: [
        { offset: 0, read: 'exit' as const, write: 'doorbell' as const, doorbells },
        { offset: 4 * (registers - 1), read: 'exit' as const, write: 'exit' as const },
      ],
    });
    const table = new RegionTable(machine().vm);
    expect(() => table.addMmio(0, 0, reach(10_000))).toThrow('reach tables are full');
    expect(() => new RegionTable(machine().vm).addMmio(0, 0, reach(2, 1025))).toThrow('DOORBELL_COUNT');
    const many = new RegionTable(machine().vm);
    for (let i = 0; i < L.REGION_MAX; i++) many.addLocal(i * 4096, 4096, 1);
    expect(() => many.addLocal(0, 1, 1)).toThrow('REGION_MAX');
    const stale = {
      ...reach(2),
      size: 1024,
      registers: [{ offset: 0, read: 'exit' as const, write: 'posted' as const, stale: [256] }],
    };
    expect(() => new RegionTable(machine().vm).addMmio(0, 0, stale)).toThrow('first 64');
  });
});
