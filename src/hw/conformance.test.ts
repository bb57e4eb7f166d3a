/** What every device must do. A new device is added to DEVICES, with some accesses that change its state. */
import { describe, expect, it } from 'vitest';
import { deviceEnv, FakeIrq, FakeLatch } from '../../tests/support/device-env.ts';
import { Ns16550a } from './char/ns16550a.ts';
import { type Device, RestoreError, type SavedState } from './device.ts';
import { Dma8237 } from './dma/dma8237.ts';
import { PflashCfi01 } from './flash/pflash-cfi01.ts';
import { FwCfg } from './firmware/fw-cfg.ts';
import { SysconTest } from './misc/syscon-test.ts';
import { DebugCon } from './char/debugcon.ts';
import { MemoryNode } from '../block/protocol/memory-node.ts';
import { I82077 } from './floppy/i82077.ts';
import { AtapiDrive } from './ide/atapi-drive.ts';
import { AtaDisk } from './ide/ata-disk.ts';
import { guessGeometry } from './ide/geometry.ts';
import { Piix3Ide } from './ide/piix3-ide.ts';
import { I8042 } from './input/i8042.ts';
import { VmPort } from './input/vmport.ts';
import { Edu } from './misc/edu.ts';
import { IsaDebugExit } from './misc/isa-debug-exit.ts';
import { Port92 } from './misc/port92.ts';
import { PciConfigPorts } from './pci/config-ports.ts';
import { EcamHost } from './pci/ecam-host.ts';
import { I440fx } from './pci/i440fx.ts';
import { PciBus } from './pci/pci-bus.ts';
import { Piix3 } from './pci/piix3.ts';
import { Piix4Pm } from './pci/piix4-pm.ts';
import { Mc146818 } from './rtc/mc146818.ts';
import { bareVga } from '../../tests/support/vga-mode.ts';
import type { StdVga } from './display/std-vga.ts';
import { GoldfishRtc } from './rtc/goldfish-rtc.ts';
import { FileTree } from './virtio/file-tree.ts';
import { Virtio9p } from './virtio/virtio-9p.ts';
import { VirtioBalloon } from './virtio/virtio-balloon.ts';
import { VirtioBlk } from './virtio/virtio-blk.ts';
import { VirtioMmio } from './virtio/virtio-mmio.ts';
import { VirtioConsole } from './virtio/virtio-console.ts';
import { VirtioGpu } from './virtio/virtio-gpu.ts';
import { VirtioTablet } from './virtio/virtio-input.ts';
import { VirtioRng } from './virtio/virtio-rng.ts';
import { VirtioPci } from './virtio/virtio-pci.ts';
import { VirtioMmioSlot } from './virtio/virtio-mmio-slot.ts';

type Env = ReturnType<typeof deviceEnv>;

interface Subject {
  create(env: Env): Device;
  /** Brings the device into an interesting state: [offset, size, value]. */
  writes: [number, number, number][];
  /** What a reset leaves: time has passed, a battery keeps it, or it is the line's affair what it delivers. */
  keeps?: readonly string[];
  /** Changes its state by other means than `writes`. */
  change?(device: Device): void;
  /** A device without state saves the same in every state. */
  stateless?: boolean;
}

/** Features, one queue of 8 at 0x1000, ready; an interrupt, since the second cannot be. */
const VIRTIO_SETUP: Subject['writes'] = [
  [0x70, 4, 3],
  [0x24, 4, 1],
  [0x20, 4, 1],
  [0x70, 4, 11],
  [0x38, 4, 8],
  [0x80, 4, 0x1000],
  [0x90, 4, 0x2000],
  [0xa0, 4, 0x3000],
  [0x44, 4, 1],
  [0x70, 4, 15],
  [0x30, 4, 1],
  [0x80, 4, 0x1001],
  [0x44, 4, 1],
];

const DEVICES: Record<string, Subject> = {
  'std-vga': {
    create: () => bareVga().vga,
    writes: [
      [0, 2, 1],
      [2, 2, 800],
      [0, 2, 4],
      [2, 2, 0x41],
      [1, 2, 0xffff],
    ],
    change: (device) => (device as StdVga).registers.setCr(0x0c, 0x12),
  },
  ns16550a: {
    create: ({ irq, time, shadow, log }) => {
      // A line on which someone types for ever.
      let next = 0;
      const backend = { transmit() {}, take: () => next++ & 0xff, setBreak() {} };
      return new Ns16550a({ irq, clock: time, timers: time, shadow, backend, log, baudBase: 115200 });
    },
    keeps: ['timeoutAt', 'rx'],
    writes: [
      [2, 1, 0xc1],
      [1, 1, 0x07],
      [7, 1, 0x99],
      [4, 1, 0x1b],
      [0, 1, 0x41],
      [3, 1, 0x83],
      [0, 1, 0x55],
      [1, 1, 0x01],
    ],
  },
  'goldfish-rtc': {
    create: ({ irq, time, shadow, log }) => {
      const wallClock = { now: () => 10n ** 18n + time.now() };
      return new GoldfishRtc({ irq, clock: time, wallClock, timers: time, shadow, log });
    },
    writes: [
      [0x10, 4, 1],
      [0x04, 4, 0x01000000],
      [0x0c, 4, 0x01000001],
      [0x08, 4, 0x12345678],
    ],
  },
  'syscon-test': {
    create: ({ log }) => new SysconTest({ power: { powerOff() {}, reset() {} }, log }),
    writes: [[0, 4, 0x5555]],
    stateless: true,
  },
  'fw-cfg': {
    create: ({ memory, shadow, log }) => new FwCfg({ memory, shadow, log, ramBytes: 2 ** 30, vcpus: 1 }),
    writes: [
      [8, 2, 0x0300],
      [0x10, 4, 0x12345678],
    ],
  },
  'fw-cfg at ports': {
    create: ({ memory, shadow, log }) =>
      new FwCfg({ memory, shadow, log, ramBytes: 2 ** 30, vcpus: 1, layout: 'ports' }),
    writes: [[0, 2, 3]],
  },
  mc146818: {
    create: ({ irq, time, shadow }) => {
      const wallClock = { now: () => 10n ** 18n + time.now() };
      return new Mc146818({ shadow, irq, clock: time, wallClock, timers: time });
    },
    keeps: ['cmos', 'offset', 'seen', 'periodSeen'],
    writes: [
      [0, 1, 0x0a],
      [1, 1, 0x21],
      [0, 1, 0x0b],
      [1, 1, 0x72],
      [0, 1, 0x8f],
      [1, 1, 0x05],
    ],
  },
  vmport: {
    create: () => {
      const registers = [0x564d5868, 0x45414552, 41, 0x5658, 0, 0];
      const set = (n: number, value: number) => void (registers[n] = value);
      return new VmPort({ registers: { get: (n) => registers[n], set }, ramBytes: 2 ** 26, nudge() {} });
    },
    writes: [[0, 4, 0]],
    change: (device) => {
      // The registers ask for the pointer's name, after which it listens.
      device.regions[0].read(0, 4);
      (device as VmPort).pointer({ dx: 3, dy: -4, buttons: 1 });
    },
  },
  i8042: {
    create: ({ irq, shadow, time }) =>
      new I8042({
        irq,
        auxIrq: new FakeIrq(),
        clock: time,
        timers: time,
        shadow,
        a20: { enabled: true, onChange() {} },
        reset() {},
      }),
    change: (device) => {
      (device as I8042).keyboard.key('KeyA', true);
      (device as I8042).mouse.receive(0xf4);
    },
    writes: [
      [0, 1, 0xad],
      [0, 1, 0xaa],
      [0, 1, 0x60],
    ],
  },
  dma8237: {
    create: ({ memory, log }) => new Dma8237({ memory, log }),
    writes: [
      [4, 1, 0x34],
      [4, 1, 0x12],
      [0xb, 1, 0x46],
      [0xa, 1, 0x02],
      [5, 1, 0xff],
    ],
  },
  pflash: {
    create: ({ memory, log }) =>
      new PflashCfi01({
        name: 'pflash',
        memory: {
          size: 0x8000,
          read: (offset, length) => memory.read(offset, length) ?? new Uint8Array(length),
          write: (offset, bytes) => void memory.write(offset, bytes),
          show() {},
        },
        node: new MemoryNode(new Uint8Array(0x8000)),
        log,
      }),
    writes: [
      [0, 1, 0x50],
      [0, 1, 0xe8],
      [0, 1, 0x07],
    ],
  },
  'pci-config': {
    create: () => new PciConfigPorts({ bus: new PciBus({ swizzle: () => 0, route() {} }) }),
    writes: [[0, 4, 0x80001234]],
  },
  i440fx: {
    create: () => new I440fx({ memory: { pam() {}, smram() {} } }),
    writes: [],
    change: (device) => (device as I440fx).configWrite(0x59, 1, 0x30),
  },
  piix3: {
    create: ({ irq }) => new Piix3({ irqs: [irq], reset() {} }),
    writes: [[0, 1, 2]],
  },
  'piix3-ide': {
    create: ({ irq, memory, shadow, log }) => {
      const node = new MemoryNode(new Uint8Array(4 << 20));
      const geometry = guessGeometry(node.size / 512, null);
      const ide = new Piix3Ide({
        irqs: [irq, new FakeIrq()],
        memory,
        drive: (channel, place, host) =>
          channel === place
            ? new AtaDisk({ node, geometry, serial: 'QM00001', host, log })
            : new AtapiDrive({ node, serial: 'QM00003', host, log }),
      });
      const publish: typeof shadow.publish = (offset, value) => shadow.publish(offset, value);
      ide.connect({
        intx: { set() {} },
        shadows: ide.fixed.map((_, i) => ({ publish: i < 2 ? publish : () => {} })),
        places: [{ move() {}, publish }],
      });
      return ide;
    },
    writes: [
      [2, 1, 3],
      [3, 1, 7],
      [6, 1, 0xe0],
      [7, 1, 0x20],
      [0, 2, 0],
    ],
  },
  i82077: {
    create: ({ irq, memory, log, shadow }) => {
      const dma = new Dma8237({ memory, log }).channel(2);
      const drives = [new MemoryNode(new Uint8Array(1440 * 1024)), null];
      return new I82077({ irq, dma, drives, log, shadow });
    },
    keeps: ['changed'],
    writes: [
      [5, 1, 0x0f],
      [5, 1, 0x00],
      [5, 1, 0x05],
      [5, 1, 0x4a],
    ],
  },
  'piix4-pm': {
    create: ({ irq, time, shadow, log }) => {
      const power = { powerOff() {}, reset() {} };
      const pm = new Piix4Pm({ sci: irq, clock: time, timers: time, power, smi() {}, log });
      // The APM ports alone have a shadow.
      const places = pm.windows.map(() => ({ move() {} }));
      pm.connect({ intx: { set() {} }, shadows: [shadow, { publish() {} }], places });
      return pm;
    },
    keeps: ['timerHalf'],
    writes: [[0, 1, 0xf1]],
  },
  port92: {
    // The A20 line is the board's, and so is its level.
    create: ({ shadow }) => {
      const a20 = {
        get enabled() {
          return true;
        },
        set enabled(_on) {},
        onChange() {},
      };
      return new Port92({ a20, reset() {}, shadow });
    },
    writes: [[0, 1, 0x84]],
  },
  debugcon: {
    create: ({ shadow }) => new DebugCon({ shadow, line() {} }),
    writes: [[0, 1, 0x41]],
  },
  edu: {
    create: ({ irq, memory, time, log }) => {
      const edu = new Edu({ memory, clock: time, timers: time, log, messages: false });
      edu.connect({ intx: irq, places: [{ move: () => {} }] });
      return edu;
    },
    writes: [
      [0x04, 4, 5],
      [0x20, 4, 0x80],
      [0x08, 4, 6],
      [0x60, 4, 2],
      [0x80, 4, 0x1000],
      [0x98, 4, 5],
    ],
  },
  'isa-debug-exit': {
    create: () => new IsaDebugExit({ power: { powerOff() {}, reset() {} } }),
    writes: [[0, 1, 1]],
    stateless: true,
  },
  'virtio-blk on MMIO': {
    create: ({ irq, memory, shadow, log }) => {
      const geometry = { cylinders: 2, heads: 16, sectors: 63 };
      const type = new VirtioBlk({ node: new MemoryNode(new Uint8Array(1 << 20)), geometry, queues: 2, log });
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      return new VirtioMmio({ type, memory, shadow, latch, log });
    },
    writes: VIRTIO_SETUP,
  },
  'virtio-balloon': {
    create: ({ irq, memory, shadow, log }) => {
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      return new VirtioMmio({ type: new VirtioBalloon({ reporting: true }), memory, shadow, latch, log });
    },
    writes: [...VIRTIO_SETUP, [0x104, 4, 7]],
  },
  'virtio-serial': {
    create: ({ irq, memory, shadow, log }) => {
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      const backend = { output() {}, take: () => null };
      const type = new VirtioConsole({ log, ports: [{ console: true, name: 'x', backend }, null] });
      return new VirtioMmio({ type, memory, shadow, latch, log });
    },
    writes: VIRTIO_SETUP,
  },
  'virtio-9p': {
    create: ({ irq, memory, shadow, log }) => {
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      const now = () => 1n;
      const type = new Virtio9p({ tree: new FileTree({ now }), tag: 'snow', now, log });
      return new VirtioMmio({ type, memory, shadow, latch, log });
    },
    writes: VIRTIO_SETUP,
  },
  'virtio-tablet': {
    create: ({ irq, memory, shadow, log }) => {
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      return new VirtioMmio({ type: new VirtioTablet(), memory, shadow, latch, log });
    },
    writes: [...VIRTIO_SETUP, [0x100, 1, 1]],
  },
  'virtio-gpu': {
    create: ({ irq, memory, shadow, log }) => {
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      const type = new VirtioGpu({
        log,
        preferred: { width: 640, height: 480 },
        outputs: 2,
        hostMemory: 1 << 20,
        edid: true,
        blob: true,
        random: (bytes) => void bytes.fill(9),
        changed: () => {},
      });
      return new VirtioMmio({ type, memory, shadow, latch, log });
    },
    writes: VIRTIO_SETUP,
  },
  'virtio-rng': {
    create: ({ irq, memory, shadow, log }) => {
      const latch = new FakeLatch(irq as FakeIrq, (bits) => shadow.publish(0x60, bits));
      const type = new VirtioRng({ random: (bytes) => void bytes.fill(9) });
      return new VirtioMmio({ type, memory, shadow, latch, log, packed: true });
    },
    writes: VIRTIO_SETUP,
  },
  'virtio-blk on PCI': {
    create: ({ irq, memory, log }) => {
      const geometry = { cylinders: 2, heads: 16, sectors: 63 };
      const type = new VirtioBlk({ node: new MemoryNode(new Uint8Array(1 << 20)), geometry, queues: 2, log });
      const device = new VirtioPci({ type, memory, log, messages: true });
      device.connect({ intx: irq, places: device.windows.map(() => ({ move() {} })) });
      return device;
    },
    writes: [
      [0x14, 1, 3],
      [0x08, 4, 1],
      [0x0c, 4, 1],
      [0x14, 1, 11],
      [0x10, 2, 1],
      [0x18, 2, 8],
      [0x20, 4, 0x1000],
      [0x28, 4, 0x2000],
      [0x30, 4, 0x3000],
      [0x1a, 2, 2],
      [0x1c, 2, 1],
      [0x14, 1, 15],
      [0x16, 2, 1],
      [0x20, 4, 0x1001],
      [0x1c, 2, 1],
    ],
  },
  'pci-ecam': {
    create: () => new EcamHost({ bus: new PciBus({ swizzle: () => 0, route() {} }), size: 0x100000 }),
    writes: [[0, 4, 1]],
    stateless: true,
  },
  'virtio-mmio': {
    create: ({ shadow, log }) => new VirtioMmioSlot({ shadow, log }),
    writes: [[0x70, 4, 1]],
    stateless: true,
  },
};

function generator(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

describe.each(Object.entries(DEVICES))('%s', (_name, subject) => {
  const build = () => {
    const env = deviceEnv();
    return { env, device: subject.create(env) };
  };
  const change = ({ env, device }: ReturnType<typeof build>): void => {
    for (const [offset, size, value] of subject.writes) device.regions[0].write(offset, size, value);
    subject.change?.(device);
    env.time.advance(1_000_000n);
  };
  /** Everything the guest could tell: state, IRQ, shadows. */
  const observable = ({ env, device }: ReturnType<typeof build>) => ({
    state: device.save(),
    irq: env.irq.level,
    shadows: [...env.shadow.values].sort(),
  });

  it('is after reset as after construction', () => {
    const subject1 = build();
    subject1.device.reset();
    const fresh = observable(subject1);
    change(subject1);
    subject1.device.reset();
    const { state, ...rest } = observable(subject1);
    const keeps = subject.keeps ?? [];
    expect(without(state, ...keeps)).toEqual(without(fresh.state, ...keeps));
    expect(rest).toEqual({ irq: fresh.irq, shadows: fresh.shadows });
  });

  it('restores what it saved: into itself after a change, and into a new device', () => {
    const first = build();
    change(first);
    const saved = observable(first);
    const copy = JSON.parse(JSON.stringify(saved.state)) as SavedState;
    expect(copy).toEqual(saved.state);
    first.device.reset();
    if (!subject.stateless) expect(first.device.save()).not.toEqual(saved.state);
    first.device.restore(copy);
    expect(observable(first)).toEqual(saved);
    const second = build();
    second.env.time.advance(1_000_000n);
    second.device.restore(copy);
    expect(observable(second)).toEqual(saved);
  });

  it('refuses a damaged state and keeps its own', () => {
    const first = build();
    change(first);
    const saved = first.device.save();
    for (const key of Object.keys(saved)) {
      for (const damage of [undefined, -1, 'x', [300], 2 ** 60, {}]) {
        const damaged = { ...saved, [key]: damage } as SavedState;
        expect(() => first.device.restore(damaged), `${key} = ${JSON.stringify(damage)}`).toThrow(
          RestoreError,
        );
        expect(first.device.save()).toEqual(saved);
      }
    }
  });

  it('survives 20,000 random accesses, with results that fit their width', () => {
    const random = generator(7);
    const { env, device } = build();
    for (let i = 0; i < 20_000; i++) {
      if (device.regions.length === 0) break;
      const region = device.regions[random(device.regions.length)];
      const sizes = [1, 2, 4].filter((size) => size >= region.accessMin && size <= region.accessMax);
      const size = sizes[random(sizes.length)];
      const offset = random(region.size / size) * size;
      if (random(2) === 0) {
        const value = region.read(offset, size);
        expect(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * size), `read ${offset}`).toBe(true);
      } else {
        region.write(offset, size, random(2) === 0 ? random(2 ** (8 * size)) : random(16));
      }
      if (random(16) === 0) env.time.advance(BigInt(random(10_000_000)));
    }
    device.reset();
    device.restore(device.save());
  });

  it('declares its registers soundly', () => {
    const { env, device } = build();
    for (const region of device.regions) {
      const names = region.registers.map((register) => register.name);
      expect(new Set(names).size).toBe(names.length);
      for (const register of region.registers) {
        expect(register.offset % region.spacing, register.name).toBe(0);
        expect(register.offset).toBeLessThan(region.size);
        for (const stale of register.stale ?? []) {
          expect(names).toContain(stale);
          expect(['posted', 'deferred'], `${register.name} makes ${stale} stale`).toContain(register.write);
          expect(region.registers.find((r) => r.name === stale)!.read).toBe('shadow');
        }
        if (register.read === 'shadow') {
          const known = register.value !== undefined || env.shadow.values.has(register.offset);
          expect(known, `${register.name} was published, or has a value from the start`).toBe(true);
          if (register.value !== undefined)
            expect(region.read(register.offset, region.spacing), register.name).toBe(register.value);
        }
      }
    }
  });

  it('never lowers its IRQ, and changes no shadow but those declared stale, by a posted or deferred write', () => {
    const random = generator(11);
    const { env, device } = build();
    const irq = env.irq as FakeIrq;
    for (let i = 0; i < 20_000; i++) {
      const region = device.regions[0];
      if (region === undefined || region.registers.length === 0) break;
      const register = region.registers[random(region.registers.length)];
      const deferred = register.write === 'deferred';
      const size = deferred ? (register.width ?? region.spacing) : region.accessMax;
      const value = random(2) === 0 ? random(2 ** (8 * size)) : random(16);
      const changed = (env.shadow.values.get(register.offset) ?? 0) ^ value;
      const waits = register.write === 'posted' || (deferred && !(changed & (register.decisive ?? 0)));
      if (!waits) {
        if (random(2) === 0) region.read(register.offset, size);
        else region.write(register.offset, size, value);
        continue;
      }
      const high = irq.level;
      const before = new Map(env.shadow.values);
      region.write(register.offset, size, value);
      if (high) expect(irq.level, `after a ${register.write} write to ${register.name}`).toBe(true);
      const stale = new Set(register.stale ?? []);
      for (const other of region.registers) {
        if (other.read !== 'shadow' || stale.has(other.name)) continue;
        const [was, is] = [before.get(other.offset), env.shadow.values.get(other.offset)];
        if (was !== is)
          expect(ALLOWED_CHANGES, `${register.name} changed ${other.name}`).toContain(
            `${register.name} ${other.name}`,
          );
      }
    }
  });
});

/**
 * Shadows that change when a posted write is handled and that may be read before it: the guest cannot tell a device that
 * is slow from one whose write is still on its way. A byte takes its time through the transmitter and the loopback.
 */
const ALLOWED_CHANGES = ['RBR_THR IIR_FCR', 'RBR_THR LSR', 'MCR IIR_FCR', 'MCR LSR'];

function without(state: SavedState, ...keys: string[]): SavedState {
  return Object.fromEntries(Object.entries(state).filter(([key]) => !keys.includes(key)));
}
