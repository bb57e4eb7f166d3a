import type { QueueState } from '../../core/vm-api.ts';
import {
  type Device,
  type IrqLatch,
  type MmioRegion,
  type SavedState,
  type ShadowPort,
  StateReader,
} from '../device.ts';
import type { RingAddresses } from './ring.ts';
import { INTERRUPT_CONFIG, INTERRUPT_QUEUE } from './virtio.ts';
import { VirtioCore, type VirtioTransportOptions } from './virtio-core.ts';

const MAGIC_VALUE = 0x000;
const VERSION_REGISTER = 0x004;
const DEVICE_ID = 0x008;
const VENDOR_ID = 0x00c;
const DEVICE_FEATURES = 0x010;
const DEVICE_FEATURES_SEL = 0x014;
const DRIVER_FEATURES = 0x020;
const DRIVER_FEATURES_SEL = 0x024;
const QUEUE_SEL = 0x030;
const QUEUE_SIZE_MAX = 0x034;
const QUEUE_SIZE = 0x038;
const QUEUE_READY = 0x044;
const QUEUE_NOTIFY = 0x050;
const INTERRUPT_STATUS = 0x060;
export const INTERRUPT_ACK = 0x064;
const STATUS = 0x070;
const QUEUE_RESET = 0x0c0;
const SHM_FIRST = 0x0b0;
const SHM_LAST = 0x0bc;
const CONFIG_GENERATION = 0x0fc;
const CONFIG = 0x100;
const SIZE = 0x200;

const ADDRESSES: ReadonlyMap<number, readonly [keyof RingAddresses, 'low' | 'high']> = new Map([
  [0x080, ['descriptors', 'low']],
  [0x084, ['descriptors', 'high']],
  [0x090, ['driver', 'low']],
  [0x094, ['driver', 'high']],
  [0x0a0, ['device', 'low']],
  [0x0a4, ['device', 'high']],
]);

/** "virt", layout version 2, and the vendor "QEMU". */
const MAGIC = 0x74726976;
const LAYOUT = 2;
const VENDOR = 0x554d4551;
const STATE_VERSION = 1;

export interface VirtioMmioOptions extends VirtioTransportOptions {
  shadow: ShadowPort;
  latch: IrqLatch;
}

export class VirtioMmio implements Device {
  readonly name: string;
  readonly regions: readonly MmioRegion[];
  private readonly core: VirtioCore;
  private readonly latch: IrqLatch;
  private deviceSelect = 0;
  private driverSelect = 0;
  private queueSelect = 0;

  constructor({ type, memory, shadow, latch, log, packed, later }: VirtioMmioOptions) {
    this.name = `${type.name}-device`;
    this.latch = latch;
    this.core = new VirtioCore({
      type,
      memory,
      log,
      packed,
      later,
      queueInterrupt: () => latch.raise(INTERRUPT_QUEUE),
      configInterrupt: () => latch.raise(INTERRUPT_CONFIG),
    });
    const identity = new Map([
      [MAGIC_VALUE, MAGIC],
      [VERSION_REGISTER, LAYOUT],
      [DEVICE_ID, type.id],
      [VENDOR_ID, VENDOR],
    ]);
    const constant = (offset: number, name: string) =>
      ({ offset, name, read: 'shadow', write: 'exit' }) as const;
    this.regions = [
      {
        name: 'virtio-mmio',
        size: SIZE,
        accessMin: 1,
        accessMax: 4,
        spacing: 4,
        registers: [
          constant(MAGIC_VALUE, 'MAGIC_VALUE'),
          constant(VERSION_REGISTER, 'VERSION'),
          constant(DEVICE_ID, 'DEVICE_ID'),
          constant(VENDOR_ID, 'VENDOR_ID'),
          {
            offset: QUEUE_NOTIFY,
            name: 'QUEUE_NOTIFY',
            read: 'exit',
            write: 'doorbell',
            doorbells: type.queues.length,
          },
          constant(INTERRUPT_STATUS, 'INTERRUPT_STATUS'),
          {
            offset: INTERRUPT_ACK,
            name: 'INTERRUPT_ACK',
            read: 'exit',
            write: 'acknowledge',
            acknowledges: 'INTERRUPT_STATUS',
          },
        ],
        read: (offset, size) => (size === 4 ? identity.get(offset) : undefined) ?? this.read(offset, size),
        write: (offset, size, value) => this.write(offset, size, value),
      },
    ];
    for (const [offset, value] of identity) shadow.publish(offset, value);
    shadow.publish(INTERRUPT_STATUS, 0);
  }

  doorbell(_offset: number, queue: number): void {
    this.core.notify(queue);
  }

  /** Where its queues stand. */
  queueStates(): QueueState[] {
    return this.core.queueStates();
  }

  private read(offset: number, size: number): number {
    const { core } = this;
    if (offset >= CONFIG) return core.readConfig(offset - CONFIG, size);
    // 4.2.2.2: other registers are 32 bits wide.
    if (size !== 4) return 0;
    const queue = core.queue(this.queueSelect);
    if (offset === DEVICE_FEATURES) return core.featureWord(this.deviceSelect);
    if (offset === QUEUE_SIZE_MAX) return queue?.sizeMax ?? 0;
    if (offset === QUEUE_READY) return Number(queue?.enabled ?? false);
    if (offset === INTERRUPT_STATUS) return this.latch.bits;
    if (offset === STATUS) return core.status;
    if (offset === CONFIG_GENERATION) return core.generation;
    // There is no shared memory region: its length and its base are all ones (4.2.2).
    return offset >= SHM_FIRST && offset <= SHM_LAST ? 0xffff_ffff : 0;
  }

  private write(offset: number, size: number, value: number): void {
    const { core } = this;
    if (offset >= CONFIG) return core.writeConfig(offset - CONFIG, size, value);
    if (size !== 4) return;
    const address = ADDRESSES.get(offset);
    if (address) core.writeQueueAddress(this.queueSelect, ...address, value);
    else if (offset === DEVICE_FEATURES_SEL) this.deviceSelect = value;
    else if (offset === DRIVER_FEATURES) core.writeFeatureWord(this.driverSelect, value);
    else if (offset === DRIVER_FEATURES_SEL) this.driverSelect = value;
    else if (offset === QUEUE_SEL) this.queueSelect = value;
    else if (offset === QUEUE_SIZE) core.writeQueueSize(this.queueSelect, value);
    else if (offset === QUEUE_READY) {
      if (value === 1) core.enableQueue(this.queueSelect);
      else core.disableQueue(this.queueSelect);
    } else if (offset === QUEUE_NOTIFY) core.notify(value);
    else if (offset === INTERRUPT_ACK) this.latch.acknowledge(value);
    else if (offset === STATUS) {
      if (core.writeStatus(value & 0xff)) this.resetTransport();
    } else if (offset === QUEUE_RESET && value === 1) core.resetQueue(this.queueSelect);
  }

  private resetTransport(): void {
    this.deviceSelect = 0;
    this.driverSelect = 0;
    this.queueSelect = 0;
    this.latch.acknowledge(0xffff_ffff);
  }

  reset(): void {
    this.core.reset();
    this.resetTransport();
  }

  save(): SavedState {
    return {
      version: STATE_VERSION,
      deviceSelect: this.deviceSelect,
      driverSelect: this.driverSelect,
      queueSelect: this.queueSelect,
      interruptStatus: this.latch.bits,
      ...this.core.save(),
    };
  }

  restore(state: SavedState): void {
    const reader = new StateReader(this.name, STATE_VERSION, state);
    const [deviceSelect, driverSelect, queueSelect] = ['deviceSelect', 'driverSelect', 'queueSelect'].map(
      (key) => reader.uint(key, 32),
    );
    const interruptStatus = reader.uint('interruptStatus', 2);
    const core = this.core.restorer(reader);
    this.latch.acknowledge(0xffff_ffff);
    core();
    Object.assign(this, { deviceSelect, driverSelect, queueSelect });
    this.latch.raise(interruptStatus);
  }
}
