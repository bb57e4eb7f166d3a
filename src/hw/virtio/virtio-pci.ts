import type { QueueState } from '../../core/vm-api.ts';
import type { MmioRegion, RegisterSpec, SavedState } from '../device.ts';
import { MSIX_BAR_BYTES, Msix } from '../pci/msix.ts';
import { PciFunction } from '../pci/pci-function.ts';
import type { RingAddresses } from './ring.ts';
import { INTERRUPT_CONFIG, INTERRUPT_QUEUE } from './virtio.ts';
import { VirtioCore, type VirtioTransportOptions } from './virtio-core.ts';

const VENDOR = 0x1af4;
/** PCI device ID of device ID 0 (4.1.2). */
const DEVICE_BASE = 0x1040;
const SUBSYSTEM = 0x1100;

const MODERN_BAR_BYTES = 0x4000;

interface Part {
  offset: number;
  size: number;
}

/** Which BARs the device has, and where in the modern one its blocks of registers are. */
export interface VirtioPciLayout {
  modernBar: number;
  msixBar: number;
  common: Part;
  isr: Part;
  device: Part;
  notify: Part;
}

const USUAL_LAYOUT: VirtioPciLayout = {
  modernBar: 4,
  msixBar: 1,
  common: { offset: 0x0000, size: 0x1000 },
  isr: { offset: 0x1000, size: 0x1000 },
  device: { offset: 0x2000, size: 0x1000 },
  notify: { offset: 0x3000, size: 0x1000 },
};

/** With room for the registers of a VGA before them. */
export const LAYOUT_BESIDE_VGA: VirtioPciLayout = {
  modernBar: 2,
  msixBar: 4,
  common: { offset: 0x1000, size: 0x800 },
  isr: { offset: 0x1800, size: 0x800 },
  device: { offset: 0x2000, size: 0x1000 },
  notify: { offset: 0x3000, size: 0x1000 },
};

/** Bytes between the notification registers of two queues. */
const NOTIFY_STEP = 4;

const CAPABILITY_VENDOR = 0x09;
const CAPABILITY_BYTES = 16;
const LONG_CAPABILITY_BYTES = 20;
const CFG_COMMON = 1;
const CFG_NOTIFY = 2;
const CFG_ISR = 3;
const CFG_DEVICE = 4;
const CFG_PCI = 5;

const NO_VECTOR = 0xffff;

/** Registers of the common configuration (4.1.4.3). */
const DEVICE_FEATURE_SELECT = 0x00;
const DEVICE_FEATURE = 0x04;
const DRIVER_FEATURE_SELECT = 0x08;
const DRIVER_FEATURE = 0x0c;
const CONFIG_VECTOR = 0x10;
const NUM_QUEUES = 0x12;
const DEVICE_STATUS = 0x14;
const CONFIG_GENERATION = 0x15;
const QUEUE_SELECT = 0x16;
const QUEUE_SIZE = 0x18;
const QUEUE_VECTOR = 0x1a;
const QUEUE_ENABLE = 0x1c;
const QUEUE_NOTIFY_OFF = 0x1e;
const QUEUE_RESET = 0x3a;

const ADDRESSES: ReadonlyMap<number, readonly [keyof RingAddresses, 'low' | 'high']> = new Map([
  [0x20, ['descriptors', 'low']],
  [0x24, ['descriptors', 'high']],
  [0x28, ['driver', 'low']],
  [0x2c, ['driver', 'high']],
  [0x30, ['device', 'low']],
  [0x34, ['device', 'high']],
]);

export interface VirtioPciOptions extends VirtioTransportOptions {
  /** The bus takes messages. */
  messages: boolean;
  /** Absent: the usual one. */
  layout?: VirtioPciLayout;
  /** Absent: that of the type. */
  classCode?: number;
  /** Further registers in the modern BAR; their windows come first. */
  beside?: readonly { offset: number; region: MmioRegion }[];
}

export class VirtioPci extends PciFunction {
  readonly name: string;
  private readonly core: VirtioCore;
  private readonly layout: VirtioPciLayout;
  private readonly msix: Msix | null;
  /** Offset of the capability that is a window to the BAR. */
  private readonly pciCfg: number;
  private readonly parts: readonly { offset: number; region: MmioRegion }[];
  private deviceSelect = 0;
  private driverSelect = 0;
  private queueSelect = 0;
  private isr = 0;
  private configVector = NO_VECTOR;
  private readonly queueVectors: number[];

  constructor(options: VirtioPciOptions) {
    const { type, memory, log, messages, packed, later, layout = USUAL_LAYOUT } = options;
    super({
      vendor: VENDOR,
      device: DEVICE_BASE + type.id,
      revision: 1,
      classCode: options.classCode ?? type.pciClass,
      subsystemVendor: VENDOR,
      subsystem: SUBSYSTEM,
      interruptPin: 1,
    });
    this.name = `${type.name}-pci`;
    this.layout = layout;
    this.queueVectors = type.queues.map(() => NO_VECTOR);
    this.core = new VirtioCore({
      type,
      memory,
      log,
      packed,
      later,
      queueInterrupt: (queue) => this.interrupt(INTERRUPT_QUEUE, this.queueVectors[queue]),
      configInterrupt: () => this.interrupt(INTERRUPT_CONFIG, this.configVector),
    });
    this.capability(CFG_COMMON, layout.common);
    this.capability(CFG_ISR, layout.isr);
    this.capability(CFG_DEVICE, layout.device);
    const notify = this.capability(CFG_NOTIFY, layout.notify, LONG_CAPABILITY_BYTES);
    this.config.define(notify + CAPABILITY_BYTES, 4, NOTIFY_STEP);
    this.pciCfg = this.config.addCapability(CAPABILITY_VENDOR, LONG_CAPABILITY_BYTES, 'first');
    this.config.define(this.pciCfg + 2, 1, LONG_CAPABILITY_BYTES);
    this.config.define(this.pciCfg + 3, 1, CFG_PCI);
    this.config.mark(this.pciCfg + CAPABILITY_BYTES, 4, 'live');
    // BAR, offset and length of the access; then its data.
    this.config.allow(this.pciCfg + 4, 1, 0xff);
    for (let at = 8; at < LONG_CAPABILITY_BYTES; at += 4) this.config.allow(this.pciCfg + at, 4, 0xffff_ffff);
    this.msix = messages
      ? new Msix({
          config: this.config,
          vectors: type.queues.length + 1,
          bar: layout.msixBar,
          send: (address, data) => this.sendMessage(address, data),
        })
      : null;
    this.parts = this.blocks(type.queues.length);
    const bar = {
      index: layout.modernBar,
      space: 'memory',
      size: MODERN_BAR_BYTES,
      is64: true,
      prefetchable: true,
    } as const;
    this.addBarParts(bar, [...(options.beside ?? []), ...this.parts]);
    if (this.msix)
      this.addBar({ index: layout.msixBar, space: 'memory', size: MSIX_BAR_BYTES }, this.msix.region);
  }

  private capability(kind: number, { offset, size }: Part, bytes = CAPABILITY_BYTES): number {
    const { config } = this;
    const at = config.addCapability(CAPABILITY_VENDOR, bytes, 'first');
    config.define(at + 2, 1, bytes);
    config.define(at + 3, 1, kind);
    config.define(at + 4, 1, this.layout.modernBar);
    config.define(at + 8, 4, offset);
    config.define(at + 12, 4, size);
    return at;
  }

  private blocks(queues: number): { offset: number; region: MmioRegion }[] {
    const { core, layout } = this;
    const block = (
      name: 'common' | 'isr' | 'device' | 'notify',
      read: MmioRegion['read'],
      write: MmioRegion['write'],
      registers: readonly RegisterSpec[] = [],
    ): MmioRegion => ({
      name: `virtio-${name}`,
      size: layout[name].size,
      accessMin: 1,
      accessMax: 4,
      spacing: NOTIFY_STEP,
      registers,
      read,
      write,
    });
    const bells = Array.from({ length: queues }, (_, queue): RegisterSpec => {
      return { offset: queue * NOTIFY_STEP, name: `QUEUE_NOTIFY${queue}`, read: 'exit', write: 'doorbell' };
    });
    return [
      {
        offset: layout.common.offset,
        region: block(
          'common',
          (offset, size) => this.readCommon(offset, size),
          (offset, size, value) => this.writeCommon(offset, size, value),
        ),
      },
      {
        offset: layout.isr.offset,
        region: block(
          'isr',
          (offset) => (offset === 0 ? this.takeIsr() : 0),
          () => {},
        ),
      },
      {
        offset: layout.device.offset,
        region: block(
          'device',
          (offset, size) => core.readConfig(offset, size),
          (offset, size, value) => core.writeConfig(offset, size, value),
        ),
      },
      {
        offset: layout.notify.offset,
        region: block(
          'notify',
          () => 0,
          (offset) => core.notify(Math.floor(offset / NOTIFY_STEP)),
          bells,
        ),
      },
    ];
  }

  doorbell(offset: number): void {
    this.core.notify(offset / NOTIFY_STEP);
  }

  /** Where its queues stand. */
  queueStates(): QueueState[] {
    return this.core.queueStates();
  }

  private interrupt(bit: number, vector: number): void {
    if (this.msix?.enabled) {
      this.msix.notify(vector);
      return;
    }
    this.isr |= bit;
    this.setIntx(true);
  }

  /** A read clears it and lowers the pin (4.1.4.5). */
  private takeIsr(): number {
    const { isr } = this;
    this.isr = 0;
    this.setIntx(false);
    return isr;
  }

  private readCommon(offset: number, size: number): number {
    const { core, queueSelect } = this;
    const queue = core.queue(queueSelect);
    const address = ADDRESSES.get(offset);
    if (address) {
      const value = queue?.[address[0]] ?? 0;
      return size === 4 ? (address[1] === 'low' ? value % 2 ** 32 : Math.floor(value / 2 ** 32)) : 0;
    }
    const limit = 2 ** (8 * size);
    switch (offset) {
      case DEVICE_FEATURE_SELECT:
        return this.deviceSelect % limit;
      case DEVICE_FEATURE:
        return core.featureWord(this.deviceSelect) % limit;
      case DRIVER_FEATURE_SELECT:
        return this.driverSelect % limit;
      case DRIVER_FEATURE:
        return core.driverFeatureWord(this.driverSelect) % limit;
      case CONFIG_VECTOR:
        return this.configVector % limit;
      case NUM_QUEUES:
        return core.queueCount % limit;
      case DEVICE_STATUS:
        return core.status;
      case CONFIG_GENERATION:
        return core.generation;
      case QUEUE_SELECT:
        return queueSelect % limit;
      case QUEUE_SIZE:
        return (queue?.size ?? 0) % limit;
      case QUEUE_VECTOR:
        return (queue ? this.queueVectors[queueSelect] : NO_VECTOR) % limit;
      case QUEUE_ENABLE:
        return Number(queue?.enabled ?? false);
      case QUEUE_NOTIFY_OFF:
        return queue ? queueSelect % limit : 0;
      default:
        return 0;
    }
  }

  private writeCommon(offset: number, size: number, value: number): void {
    const { core } = this;
    const address = ADDRESSES.get(offset);
    if (address) {
      if (size === 4) core.writeQueueAddress(this.queueSelect, ...address, value);
      return;
    }
    switch (offset) {
      case DEVICE_FEATURE_SELECT:
        this.deviceSelect = value;
        break;
      case DRIVER_FEATURE_SELECT:
        this.driverSelect = value;
        break;
      case DRIVER_FEATURE:
        core.writeFeatureWord(this.driverSelect, value);
        break;
      case CONFIG_VECTOR:
        this.configVector = this.vector(value);
        break;
      case DEVICE_STATUS:
        if (core.writeStatus(value & 0xff)) this.resetTransport();
        break;
      case QUEUE_SELECT:
        this.queueSelect = value & 0xffff;
        break;
      case QUEUE_SIZE:
        core.writeQueueSize(this.queueSelect, value);
        break;
      case QUEUE_VECTOR:
        if (core.queue(this.queueSelect)) this.queueVectors[this.queueSelect] = this.vector(value);
        break;
      case QUEUE_ENABLE:
        if (value === 1) core.enableQueue(this.queueSelect);
        break;
      case QUEUE_RESET:
        if (value === 1 && core.queue(this.queueSelect)) {
          core.resetQueue(this.queueSelect);
          this.queueVectors[this.queueSelect] = NO_VECTOR;
        }
        break;
    }
  }

  /** A vector that there is not reads back as none (4.1.5.1.2). */
  private vector(value: number): number {
    return this.msix && value < this.msix.vectors ? value : NO_VECTOR;
  }

  // The window to the BAR through the configuration space (4.1.4.9).

  override configRead(offset: number, size: number): number {
    const data = this.windowData(offset, size);
    if (data) this.config.set(offset, size, data.region.read(data.at, size));
    return super.configRead(offset, size);
  }

  override configWrite(offset: number, size: number, value: number): void {
    super.configWrite(offset, size, value);
    const data = this.windowData(offset, size);
    if (data) data.region.write(data.at, size, value);
  }

  /** What an access to the window's data reaches; null: it is another register, or the window leads nowhere. */
  private windowData(offset: number, size: number): { region: MmioRegion; at: number } | null {
    const { config, pciCfg } = this;
    if (offset !== pciCfg + CAPABILITY_BYTES || config.get(pciCfg + 4, 1) !== this.layout.modernBar)
      return null;
    const [at, length] = [config.get(pciCfg + 8, 4), config.get(pciCfg + 12, 4)];
    const part = this.parts.find((one) => at >= one.offset && at + size <= one.offset + one.region.size);
    return part && length === size && at % size === 0 ? { region: part.region, at: at - part.offset } : null;
  }

  protected override configChanged(): void {
    super.configChanged();
    this.msix?.configChanged();
  }

  private resetTransport(): void {
    this.deviceSelect = 0;
    this.driverSelect = 0;
    this.queueSelect = 0;
    this.isr = 0;
    this.configVector = NO_VECTOR;
    this.queueVectors.fill(NO_VECTOR);
    this.setIntx(false);
  }

  override reset(): void {
    this.core.reset();
    this.resetTransport();
    this.msix?.reset();
    super.reset();
  }

  override save(): SavedState {
    return {
      ...super.save(),
      ...this.msix?.save(),
      deviceSelect: this.deviceSelect,
      driverSelect: this.driverSelect,
      queueSelect: this.queueSelect,
      isr: this.isr,
      configVector: this.configVector,
      queueVectors: [...this.queueVectors],
      ...this.core.save(),
    };
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const [deviceSelect, driverSelect] = ['deviceSelect', 'driverSelect'].map((key) => reader.uint(key, 32));
    const [queueSelect, configVector] = ['queueSelect', 'configVector'].map((key) => reader.uint(key, 16));
    const isr = reader.uint('isr', 2);
    const vectors = reader.uints('queueVectors', 16, this.queueVectors.length);
    if (vectors.length !== this.queueVectors.length) throw reader.error('queueVectors', 'one for each queue');
    const msix = this.msix?.restorer(reader);
    const core = this.core.restorer(reader);
    this.msix?.reset();
    super.restore(state);
    msix?.();
    Object.assign(this, { deviceSelect, driverSelect, queueSelect, isr, configVector });
    this.queueVectors.splice(0, vectors.length, ...vectors);
    core();
  }
}
