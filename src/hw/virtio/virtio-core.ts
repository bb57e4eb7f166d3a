/**
 * The part of a virtio device that neither its type nor its transport changes: status, feature negotiation, queues and their rings.
 * Specification: VIRTIO 1.2, sections 2 and 3. There is no legacy interface: a driver that does not accept VIRTIO_F_VERSION_1 is refused.
 */
import type { Log } from '../../core/log.ts';
import type { QueueState } from '../../core/vm-api.ts';
import type { DmaMemory } from '../../memory/guest-memory.ts';
import type { SavedValue, StateReader } from '../device.ts';
import { DESCRIPTOR_BYTES, RING_ENTRY_WORDS, RING_WORDS, type Ring, type RingAddresses } from './ring.ts';
import { PackedRing } from './packed-ring.ts';
import { SplitRing } from './split-ring.ts';
import * as V from './virtio.ts';

const RESERVED_FEATURES = V.F_INDIRECT_DESC | V.F_EVENT_IDX | V.F_VERSION_1 | V.F_RING_RESET;
const LOW_32 = 0xffff_ffffn;
/** Words of a saved queue before those of its ring: size, enabled, three addresses in two halves. */
const QUEUE_WORDS = 8;
const AREAS: readonly (keyof RingAddresses)[] = ['descriptors', 'driver', 'device'];

/** What every transport is given for its device. */
export interface VirtioTransportOptions {
  type: V.VirtioType;
  memory: DmaMemory;
  log: Log;
  /** Offer packed rings; default: only split ones, as QEMU. */
  packed?: boolean | undefined;
  /** Runs a task when the page's other work had its turn. Absent: everything is done at once. */
  later?: ((task: () => void) => void) | undefined;
}

export interface VirtioCoreOptions extends VirtioTransportOptions {
  /** Tells the driver that chains of a queue are done. */
  queueInterrupt(queue: number): void;
  /** Tells the driver that the configuration space is another one. */
  configInterrupt(): void;
}

/** A queue as the driver sets it up. */
export interface QueueSetup extends RingAddresses {
  size: number;
  readonly sizeMax: number;
  readonly enabled: boolean;
}

interface Queue extends QueueSetup {
  enabled: boolean;
  ring: Ring | null;
}

export class VirtioCore implements V.VirtioHost {
  readonly type: V.VirtioType;
  readonly memory: DmaMemory;
  readonly deviceFeatures: bigint;
  /** Counts changes of the configuration space, modulo 256 (4.1.4.3.1). */
  generation = 0;
  driverFeatures = 0n;
  private readonly log: Log;
  private readonly options: VirtioCoreOptions;
  private readonly queues: readonly Queue[];
  private value = 0;

  constructor(options: VirtioCoreOptions) {
    this.options = options;
    this.type = options.type;
    this.memory = options.memory;
    this.log = options.log;
    this.deviceFeatures = options.type.features | RESERVED_FEATURES | (options.packed ? V.F_RING_PACKED : 0n);
    this.queues = options.type.queues.map((sizeMax) => ({
      sizeMax,
      size: sizeMax,
      enabled: false,
      descriptors: 0,
      driver: 0,
      device: 0,
      ring: null,
    }));
    options.type.connect(this);
  }

  get queueCount(): number {
    return this.queues.length;
  }

  get status(): number {
    return this.value;
  }

  get running(): boolean {
    return (this.value & (V.STATUS_DRIVER_OK | V.STATUS_NEEDS_RESET)) === V.STATUS_DRIVER_OK;
  }

  /** A queue's registers; null: there is no such queue. */
  queue(index: number): QueueSetup | null {
    return this.queues[index] ?? null;
  }

  ring(index: number): Ring | null {
    return this.queues[index]?.ring ?? null;
  }

  /** @returns whether it was a reset: the transport resets its part too */
  writeStatus(value: number): boolean {
    if (value === 0) {
      this.reset();
      return true;
    }
    const before = this.value;
    let status = (value & V.STATUS_WRITABLE) | (before & V.STATUS_NEEDS_RESET);
    if (status & ~before & V.STATUS_FEATURES_OK && !this.acceptable()) status &= ~V.STATUS_FEATURES_OK;
    // 3.1.1: DRIVER_OK comes after features that were accepted.
    if ((status & V.STATUS_FEATURES_OK) === 0) status &= ~V.STATUS_DRIVER_OK;
    this.value = status;
    if (status & ~before & V.STATUS_DRIVER_OK) this.type.start?.();
    return false;
  }

  private acceptable(): boolean {
    const { driverFeatures: features } = this;
    if (features & V.F_VERSION_1 && (features & ~this.deviceFeatures) === 0n) return true;
    this.error(`the driver's features 0x${features.toString(16)} are not among those that are offered`);
    return false;
  }

  /** 32 of the features that are offered. */
  featureWord(select: number): number {
    return select < 2 ? Number((this.deviceFeatures >> BigInt(32 * select)) & LOW_32) : 0;
  }

  driverFeatureWord(select: number): number {
    return select < 2 ? Number((this.driverFeatures >> BigInt(32 * select)) & LOW_32) : 0;
  }

  writeFeatureWord(select: number, value: number): void {
    if (this.value & V.STATUS_FEATURES_OK) return this.error('features written after FEATURES_OK');
    if (select > 1) {
      if (value !== 0) this.driverFeatures |= 1n << 64n;
      return;
    }
    const shift = BigInt(32 * select);
    this.driverFeatures = (this.driverFeatures & ~(LOW_32 << shift)) | (BigInt(value >>> 0) << shift);
  }

  private get isPacked(): boolean {
    return (this.driverFeatures & V.F_RING_PACKED) !== 0n;
  }

  /** The driver chooses a queue's size. */
  writeQueueSize(index: number, size: number): void {
    const queue = this.queues[index];
    if (!queue || queue.enabled) return this.error(`size of queue ${index}, which is not to be set up`);
    // 2.8.10.1: only a split queue's size is a power of two.
    const fits = size > 0 && size <= queue.sizeMax && (this.isPacked || (size & (size - 1)) === 0);
    if (fits) queue.size = size;
    else this.error(`a queue of ${size}, where up to ${queue.sizeMax} are possible`);
  }

  /** Half of one of a queue's addresses. */
  writeQueueAddress(index: number, area: keyof RingAddresses, half: 'low' | 'high', value: number): void {
    const queue = this.queues[index];
    if (!queue || queue.enabled) return this.error(`address of queue ${index}, which is not to be set up`);
    const low = queue[area] % 2 ** 32;
    queue[area] = half === 'low' ? queue[area] - low + value : low + value * 2 ** 32;
  }

  enableQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue) return this.error(`there is no queue ${index}`);
    if (queue.enabled) return;
    const ring = this.openRing(queue);
    if (!ring) return this.fail(`queue ${index} does not lie in RAM, or not at a multiple of what it must`);
    queue.enabled = true;
    queue.ring = ring;
  }

  /** QueueReady of MMIO set to 0, or a queue's reset (2.6.1). */
  disableQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue) return;
    queue.ring?.close();
    queue.ring = null;
    queue.enabled = false;
  }

  /** Per-queue reset, which is finished when this returns; the queue is then as after a reset of the device. */
  resetQueue(index: number): void {
    const queue = this.queues[index];
    if (!queue) return;
    this.disableQueue(index);
    Object.assign(queue, { size: queue.sizeMax, descriptors: 0, driver: 0, device: 0 });
  }

  private openRing(queue: Queue): Ring | null {
    const kind = this.isPacked ? PackedRing : SplitRing;
    return kind.open({
      memory: this.memory,
      size: queue.size,
      descriptors: queue.descriptors,
      driver: queue.driver,
      device: queue.device,
      eventIndex: (this.driverFeatures & V.F_EVENT_IDX) !== 0n,
      indirect: (this.driverFeatures & V.F_INDIRECT_DESC) !== 0n,
      fail: (message) => this.fail(message),
    });
  }

  notify(index: number): void {
    const queue = this.queues[index];
    if (!queue?.ring) return this.error(`notification of queue ${index}, which is not enabled`);
    if (this.running) this.type.notify(index);
  }

  again(index: number): boolean {
    const { later } = this.options;
    const { ring } = this.queues[index];
    later?.(() => {
      if (ring && ring === this.queues[index].ring && this.running) this.type.notify(index);
    });
    return later !== undefined;
  }

  signal(index: number): void {
    if (this.queues[index].ring?.takeInterrupt()) this.options.queueInterrupt(index);
  }

  configChanged(): void {
    this.generation = (this.generation + 1) & 0xff;
    if (this.value & V.STATUS_DRIVER_OK) this.options.configInterrupt();
  }

  fail(message: string): void {
    this.error(`${message}: the device needs a reset`);
    if (this.value & V.STATUS_NEEDS_RESET) return;
    this.value |= V.STATUS_NEEDS_RESET;
    if (this.value & V.STATUS_DRIVER_OK) this.options.configInterrupt();
  }

  private error(message: string): void {
    this.log.guestError(this.type.name, message);
  }

  /** An unsigned number of the configuration space; bytes beyond its end are 0. */
  readConfig(offset: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) {
      if (offset + i < this.type.configBytes) value += this.type.readConfig(offset + i) * 2 ** (8 * i);
    }
    return value;
  }

  writeConfig(offset: number, size: number, value: number): void {
    if (offset + size <= this.type.configBytes && this.type.writeConfig)
      this.type.writeConfig(offset, size, value);
    else this.error(`write to the configuration space at ${offset}`);
  }

  /** Where the enabled queues stand. */
  queueStates(): QueueState[] {
    return this.queues.flatMap(({ ring }, queue) =>
      ring ? [{ device: this.type.name, queue, ...ring.status() }] : [],
    );
  }

  reset(): void {
    this.value = 0;
    this.driverFeatures = 0n;
    this.generation = 0;
    this.queues.forEach((_, index) => this.resetQueue(index));
    this.type.reset();
  }

  save(): Record<string, SavedValue> {
    const saved: Record<string, SavedValue> = {
      status: this.value,
      generation: this.generation,
      featuresLow: this.driverFeatureWord(0),
      featuresHigh: this.driverFeatureWord(1),
      ...this.type.save(),
    };
    this.queues.forEach(({ size, enabled, ring, ...queue }, index) => {
      const addresses = AREAS.flatMap((area) => [queue[area] % 2 ** 32, Math.floor(queue[area] / 2 ** 32)]);
      saved[`queue${index}`] = [size, Number(enabled), ...addresses, ...(ring?.save() ?? [])];
    });
    return saved;
  }

  /** Reads and checks a saved state; the function it gives takes it over. */
  restorer(reader: StateReader): () => void {
    const status = reader.uint('status', 8);
    const generation = reader.uint('generation', 8);
    const features =
      BigInt(reader.uint('featuresLow', 32)) | (BigInt(reader.uint('featuresHigh', 32)) << 32n);
    const packed = (features & V.F_RING_PACKED) !== 0n;
    const type = this.type.restorer(reader);
    const setups = this.queues.map((_, index) => this.queueRestorer(reader, `queue${index}`, index, packed));
    return () => {
      this.reset();
      this.value = status;
      this.generation = generation;
      this.driverFeatures = features;
      for (const restore of setups) restore();
      type();
      if (this.running) {
        this.queues.forEach(({ ring }, index) => {
          if ((ring?.status().inDevice ?? 0) > 0) this.type.notify(index);
        });
      }
    };
  }

  private queueRestorer(reader: StateReader, key: string, index: number, packed: boolean): () => void {
    const queue = this.queues[index];
    const words = reader.uints(key, 32, QUEUE_WORDS + RING_WORDS + RING_ENTRY_WORDS * queue.sizeMax);
    const [size, enabled, ...rest] = words;
    const ringWords = rest.slice(QUEUE_WORDS - 2);
    const oddSize = !packed && (size & (size - 1)) !== 0;
    const wrong = words.length < QUEUE_WORDS || size === 0 || size > queue.sizeMax || oddSize || enabled > 1;
    const addresses = AREAS.map((_, i) => rest[2 * i] + rest[2 * i + 1] * 2 ** 32);
    const saved: Queue = { ...queue, size, enabled: enabled === 1, ring: null };
    AREAS.forEach((area, i) => (saved[area] = addresses[i]));
    const inRam = this.memory.view(saved.descriptors, size * DESCRIPTOR_BYTES, true) !== null;
    const fits = saved.enabled
      ? inRam && (packed ? PackedRing : SplitRing).fits(size, ringWords)
      : ringWords.length === 0;
    if (wrong || !fits) throw reader.error(key, 'a queue of this device');
    return () => {
      Object.assign(queue, saved);
      if (!saved.enabled) return;
      const ring = this.openRing(queue);
      ring?.restore(ringWords);
      queue.ring = ring;
    };
  }
}
