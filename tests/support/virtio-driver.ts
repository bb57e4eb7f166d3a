/**
 * A driver for virtio devices in tests, written from the specification (VIRTIO 1.2, sections 2.7, 3.1 and 4.2.3), which speaks to a device through its
 * registers and through rings in memory.
 */
import { Log } from '../../src/core/log.ts';
import type { MmioRegion } from '../../src/hw/device.ts';
import { VirtioMmio } from '../../src/hw/virtio/virtio-mmio.ts';
import { VirtioPci } from '../../src/hw/virtio/virtio-pci.ts';
import type { VirtioType } from '../../src/hw/virtio/virtio.ts';
import { FakeIrq, FakeLatch, FakeMemory, FakeShadow } from './device-env.ts';

export const VERSION_1 = 1n << 32n;
export const INDIRECT_DESC = 1n << 28n;
export const RING_PACKED = 1n << 34n;
export const EVENT_IDX = 1n << 29n;
export const RING_RESET = 1n << 40n;

const ACKNOWLEDGE = 1;
const DRIVER = 2;
const DRIVER_OK = 4;
const FEATURES_OK = 8;

/** What a driver does with a transport. */
export interface DriverTransport {
  readonly deviceId: number;
  status: number;
  readonly deviceFeatures: bigint;
  setDriverFeatures(features: bigint): void;
  queueSizeMax(queue: number): number;
  setQueue(queue: number, size: number, descriptors: number, driver: number, device: number): void;
  enableQueue(queue: number): void;
  resetQueue(queue: number): void;
  notify(queue: number): void;
  /** Takes and acknowledges the interrupt: 1 queues, 2 configuration. */
  takeInterrupt(): number;
  config(offset: number, size: number): number;
  writeConfig(offset: number, size: number, value: number): void;
}

/** A device behind MMIO registers. */
export function mmioDevice(type: VirtioType, memoryBytes = 1 << 20, later?: (task: () => void) => void) {
  const irq = new FakeIrq();
  const memory = new FakeMemory(memoryBytes);
  const shadow = new FakeShadow();
  const messages: string[] = [];
  const log = new Log(({ message }) => void messages.push(message));
  const latch = new FakeLatch(irq);
  const device = new VirtioMmio({ type, memory, shadow, latch, log, packed: true, later });
  const { read, write } = device.regions[0];
  const put = (offset: number, value: number): void => write(offset, 4, value >>> 0);
  const wide = (offset: number, value: number): void => {
    put(offset, value % 2 ** 32);
    put(offset + 4, Math.floor(value / 2 ** 32));
  };
  const transport: DriverTransport = {
    deviceId: read(0x008, 4),
    get status() {
      return read(0x070, 4);
    },
    set status(value) {
      put(0x070, value);
    },
    get deviceFeatures() {
      put(0x014, 0);
      const low = BigInt(read(0x010, 4));
      put(0x014, 1);
      return low | (BigInt(read(0x010, 4)) << 32n);
    },
    setDriverFeatures(features) {
      put(0x024, 0);
      put(0x020, Number(features & 0xffff_ffffn));
      put(0x024, 1);
      put(0x020, Number(features >> 32n));
    },
    queueSizeMax(queue) {
      put(0x030, queue);
      return read(0x034, 4);
    },
    setQueue(queue, size, descriptors, driver, device) {
      put(0x030, queue);
      put(0x038, size);
      wide(0x080, descriptors);
      wide(0x090, driver);
      wide(0x0a0, device);
    },
    enableQueue(queue) {
      put(0x030, queue);
      put(0x044, 1);
    },
    resetQueue(queue) {
      put(0x030, queue);
      put(0x0c0, 1);
    },
    notify: (queue) => device.doorbell(0x050, queue),
    takeInterrupt() {
      const bits = read(0x060, 4);
      put(0x064, bits);
      return bits;
    },
    config: (offset, size) => read(0x100 + offset, size),
    writeConfig: (offset, size, value) => write(0x100 + offset, size, value),
  };
  return { device, transport, memory, irq, messages };
}

/** A device behind PCI's capabilities, on a bus that takes messages. The driver finds the parts as section 4.1.4 says. */
export function pciDevice(type: VirtioType, memoryBytes = 1 << 20) {
  const irq = new FakeIrq();
  const memory = new FakeMemory(memoryBytes);
  const messages: string[] = [];
  const sent: [number, number][] = [];
  const log = new Log(({ message }) => void messages.push(message));
  const device = new VirtioPci({ type, memory, log, messages: true });
  const places = new Map<number, number>();
  device.connect({
    intx: irq,
    message: (address, data) => void sent.push([address, data]),
    places: device.windows.map((_, i) => ({
      move: (to) => void (to === null ? places.delete(i) : places.set(i, to)),
    })),
  });
  // BARs 1 and 4, memory decoding and bus mastering.
  device.configWrite(0x14, 4, 0xfebd_0000);
  device.configWrite(0x20, 4, 0xe000_0000);
  device.configWrite(0x24, 4, 1);
  device.configWrite(0x04, 2, 6);
  const bars = [0, 0xfebd_0000, 0, 0, 0x1_e000_0000];
  const found = (address: number): { region: MmioRegion; at: number } => {
    for (const [i, base] of places) {
      const window = device.windows[i];
      if ('region' in window && address >= base && address < base + window.region.size)
        return { region: window.region, at: address - base };
    }
    throw new Error(`nothing at 0x${address.toString(16)}`);
  };
  const read = (address: number, size: number): number => {
    const { region, at } = found(address);
    return region.read(at, size);
  };
  const write = (address: number, size: number, value: number): void => {
    const { region, at } = found(address);
    region.write(at, size, value >>> 0);
  };
  const parts: Record<number, number> = {};
  let step = 0;
  let msix = 0;
  for (let at = device.configRead(0x34, 1); at !== 0; at = device.configRead(at + 1, 1)) {
    if (device.configRead(at, 1) === 0x11) msix = at;
    if (device.configRead(at, 1) !== 0x09) continue;
    const kind = device.configRead(at + 3, 1);
    parts[kind] = bars[device.configRead(at + 4, 1)] + device.configRead(at + 8, 4);
    if (kind === 2) step = device.configRead(at + 16, 4);
  }
  const [, common, notify, isr, config] = [0, 1, 2, 3, 4].map((kind) => parts[kind]);
  const select = (queue: number): void => write(common + 0x16, 2, queue);
  const wide = (offset: number, value: number): void => {
    write(common + offset, 4, value % 2 ** 32);
    write(common + offset + 4, 4, Math.floor(value / 2 ** 32));
  };
  const transport: DriverTransport = {
    deviceId: device.configRead(2, 2) - 0x1040,
    get status() {
      return read(common + 0x14, 1);
    },
    set status(value) {
      write(common + 0x14, 1, value);
    },
    get deviceFeatures() {
      write(common, 4, 0);
      const low = BigInt(read(common + 4, 4));
      write(common, 4, 1);
      return low | (BigInt(read(common + 4, 4)) << 32n);
    },
    setDriverFeatures(features) {
      write(common + 8, 4, 0);
      write(common + 0xc, 4, Number(features & 0xffff_ffffn));
      write(common + 8, 4, 1);
      write(common + 0xc, 4, Number(features >> 32n));
    },
    queueSizeMax(queue) {
      select(queue);
      return read(common + 0x18, 2);
    },
    setQueue(queue, size, descriptors, driver, device) {
      select(queue);
      write(common + 0x18, 2, size);
      wide(0x20, descriptors);
      wide(0x28, driver);
      wide(0x30, device);
    },
    enableQueue(queue) {
      select(queue);
      write(common + 0x1c, 2, 1);
    },
    resetQueue(queue) {
      select(queue);
      write(common + 0x3a, 2, 1);
    },
    notify(queue) {
      select(queue);
      const { region, at } = found(notify + read(common + 0x1e, 2) * step);
      const register = region.registers.find(({ offset }) => offset === at);
      if (register?.write === 'doorbell') device.doorbell(at);
      else region.write(at, 2, queue);
    },
    takeInterrupt: () => read(isr, 1),
    config: (offset, size) => read(config + offset, size),
    writeConfig: (offset, size, value) => write(config + offset, size, value),
  };
  /** Registers that only PCI has. */
  const pci = {
    msix,
    common,
    /** Vectors of the configuration and of queues; what is read back. */
    setConfigVector(vector: number): number {
      write(common + 0x10, 2, vector);
      return read(common + 0x10, 2);
    },
    setQueueVector(queue: number, vector: number): number {
      select(queue);
      write(common + 0x1a, 2, vector);
      return read(common + 0x1a, 2);
    },
    /** Of the table and the pending bits. */
    tableRead: (offset: number): number => read(bars[1] + offset, 4),
    tableWrite: (offset: number, value: number): void => write(bars[1] + offset, 4, value),
    sent,
  };
  return { device, transport, memory, irq, messages, pci };
}

/** A chain that came back. */
export interface Used {
  id: number;
  length: number;
}

/** The driver's side of a split virtqueue. */
export class SplitQueue {
  readonly memory: FakeMemory;
  readonly view: DataView;
  readonly size: number;
  readonly base: number;
  readonly descriptors: number;
  readonly avail: number;
  readonly used: number;
  private free: number[];
  private seenUsed = 0;
  private readonly chains = new Map<number, number[]>();

  /** @param base where in memory its areas lie: 16 bytes aligned, `bytes(size)` long */
  constructor(memory: FakeMemory, base: number, size: number) {
    this.memory = memory;
    this.view = new DataView(memory.bytes.buffer);
    this.size = size;
    this.base = base;
    this.descriptors = base;
    this.avail = base + 16 * size;
    this.used = (this.avail + 6 + 2 * size + 3) & ~3;
    memory.bytes.fill(0, base, base + SplitQueue.bytes(size));
    this.free = Array.from({ length: size }, (_, i) => i);
  }

  static bytes(size: number): number {
    return 16 * size + 6 + 2 * size + 4 + 6 + 8 * size;
  }

  get availIndex(): number {
    return this.view.getUint16(this.avail + 2, true);
  }

  set availIndex(value: number) {
    this.view.setUint16(this.avail + 2, value, true);
  }

  set flags(value: number) {
    this.view.setUint16(this.avail, value, true);
  }

  get usedFlags(): number {
    return this.view.getUint16(this.used, true);
  }

  /** The used index after which the driver wants an interrupt. */
  set usedEvent(value: number) {
    this.view.setUint16(this.avail + 4 + 2 * this.size, value, true);
  }

  get availEvent(): number {
    return this.view.getUint16(this.used + 4 + 8 * this.size, true);
  }

  setDescriptor(
    index: number,
    address: number,
    length: number,
    flags: number,
    next = 0,
    table = this.descriptors,
  ): void {
    const at = table + 16 * index;
    this.view.setBigUint64(at, BigInt(address), true);
    this.view.setUint32(at + 8, length, true);
    this.view.setUint16(at + 12, flags, true);
    this.view.setUint16(at + 14, next, true);
  }

  /** Offers the chain that begins at a descriptor, without a notification. */
  offer(head: number): void {
    this.view.setUint16(this.avail + 4 + 2 * (this.availIndex % this.size), head, true);
    this.availIndex = (this.availIndex + 1) & 0xffff;
  }

  /**
   * Offers buffers that lie at guest addresses: those the device reads, then those it writes.
   * @param table address of an indirect table; absent: descriptors of the queue
   * @returns the head
   */
  add(out: readonly [number, number][], into: readonly [number, number][], table?: number): number {
    const all = [...out.map((one) => [...one, 0] as const), ...into.map((one) => [...one, 2] as const)];
    const place = table === undefined ? all.map(() => this.free.shift()!) : all.map((_, i) => i);
    all.forEach(([address, length, write], i) => {
      const more = i + 1 < all.length;
      this.setDescriptor(
        place[i],
        address,
        length,
        write | (more ? 1 : 0),
        more ? place[i + 1] : 0,
        table ?? this.descriptors,
      );
    });
    let head = place[0];
    if (table !== undefined) {
      head = this.free.shift()!;
      this.setDescriptor(head, table, 16 * all.length, 4);
    }
    this.chains.set(head, table === undefined ? place : [head]);
    this.offer(head);
    return head;
  }

  /** Chains that came back since the last call. */
  take(): Used[] {
    const taken: Used[] = [];
    while (this.seenUsed !== this.view.getUint16(this.used + 2, true)) {
      const at = this.used + 4 + 8 * (this.seenUsed % this.size);
      const id = this.view.getUint32(at, true);
      taken.push({ id, length: this.view.getUint32(at + 4, true) });
      this.free.push(...(this.chains.get(id) ?? []));
      this.chains.delete(id);
      this.seenUsed = (this.seenUsed + 1) & 0xffff;
    }
    return taken;
  }
}

/** The driver's side of a packed virtqueue (2.8). */
export class PackedQueue {
  readonly size: number;
  readonly base: number;
  /** Driver and device event suppression. */
  readonly driver: number;
  readonly device: number;
  private readonly view: DataView;
  private next = 0;
  private wrap = 1;
  private usedNext = 0;
  private usedWrap = 1;
  private readonly lengths = new Map<number, number>();

  constructor(memory: FakeMemory, base: number, size: number) {
    this.size = size;
    this.base = base;
    this.driver = base + 16 * size;
    this.device = this.driver + 4;
    this.view = new DataView(memory.bytes.buffer);
    memory.bytes.fill(0, base, base + 16 * size + 8);
  }

  /** When the driver wants interrupts: 0 always, 1 never, 2 at a position. */
  setEvent(flags: number, position = 0, wrap = 1): void {
    this.view.setUint16(this.driver, position | (wrap << 15), true);
    this.view.setUint16(this.driver + 2, flags, true);
  }

  /** What the device wants: position, wrap counter and flags. */
  get deviceEvent(): [number, number, number] {
    const offset = this.view.getUint16(this.device, true);
    return [offset & 0x7fff, offset >> 15, this.view.getUint16(this.device + 2, true)];
  }

  setDescriptor(index: number, address: number, length: number, id: number, flags: number): void {
    const at = this.base + 16 * index;
    this.view.setBigUint64(at, BigInt(address), true);
    this.view.setUint32(at + 8, length, true);
    this.view.setUint16(at + 12, id, true);
    this.view.setUint16(at + 14, flags, true);
  }

  /** Offers a chain, with an identifier of the test's choice; with `table` by an indirect table there. */
  add(id: number, out: readonly [number, number][], into: readonly [number, number][], table?: number): void {
    let all = [...out.map((one) => [...one, 0] as const), ...into.map((one) => [...one, 2] as const)];
    if (table !== undefined) {
      all.forEach(([address, length, write], i) => {
        this.view.setBigUint64(table + 16 * i, BigInt(address), true);
        this.view.setUint32(table + 16 * i + 8, length, true);
        this.view.setUint32(table + 16 * i + 12, write << 16, true);
      });
      all = [[table, 16 * all.length, 4 as 0]];
    }
    this.lengths.set(id, all.length);
    // The first one last, so that the device sees all of the chain or nothing (2.8.6).
    const writes: (() => void)[] = [];
    all.forEach(([address, length, kind], i) => {
      const owner = this.wrap ? 0x80 : 0x8000;
      const flags = kind | owner | (i + 1 < all.length ? 1 : 0);
      const index = this.next;
      writes.unshift(() => this.setDescriptor(index, address, length, id, flags));
      if (++this.next === this.size) {
        this.next = 0;
        this.wrap ^= 1;
      }
    });
    for (const write of writes) write();
  }

  take(): Used[] {
    const taken: Used[] = [];
    for (;;) {
      const at = this.base + 16 * this.usedNext;
      const flags = this.view.getUint16(at + 14, true);
      const both = this.usedWrap ? 0x8080 : 0;
      if ((flags & 0x8080) !== both) return taken;
      const id = this.view.getUint16(at + 12, true);
      taken.push({ id, length: this.view.getUint32(at + 8, true) });
      this.usedNext += this.lengths.get(id)!;
      if (this.usedNext >= this.size) {
        this.usedNext -= this.size;
        this.usedWrap ^= 1;
      }
    }
  }
}

/** Initialises a device with packed queues. */
export function startPacked(
  transport: DriverTransport,
  memory: FakeMemory,
  { features = 0n, size = 8, base = 0x1000 } = {},
): PackedQueue {
  startDriver(transport, memory, { features: features | RING_PACKED, queues: 0 });
  transport.status = 11;
  const ring = new PackedQueue(memory, base, size);
  transport.setQueue(0, size, ring.base, ring.driver, ring.device);
  transport.enableQueue(0);
  transport.status = 15;
  return ring;
}

/** Initialises a device as section 3.1.1 says, up to its queues, which lie from `base` on. */
export function startDriver(
  transport: DriverTransport,
  memory: FakeMemory,
  { features = 0n, queues = 1, size = 8, base = 0x1000 } = {},
): SplitQueue[] {
  transport.status = 0;
  transport.status = ACKNOWLEDGE;
  transport.status = ACKNOWLEDGE | DRIVER;
  transport.setDriverFeatures(VERSION_1 | features);
  transport.status = ACKNOWLEDGE | DRIVER | FEATURES_OK;
  if ((transport.status & FEATURES_OK) === 0) throw new Error('the device refuses the features');
  const rings = Array.from({ length: queues }, (_, i) => {
    return new SplitQueue(memory, base + i * ((SplitQueue.bytes(size) + 63) & ~63), size);
  });
  rings.forEach((ring, i) => startQueue(transport, i, ring));
  transport.status = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
  return rings;
}

export function startQueue(transport: DriverTransport, index: number, ring: SplitQueue): void {
  transport.setQueue(index, ring.size, ring.descriptors, ring.avail, ring.used);
  transport.enableQueue(index);
}
