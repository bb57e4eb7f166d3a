/**
 * QEMU's educational device, for those who learn to write drivers: PCI 1234:11e8 with one block of registers, an interrupt by its pin or by MSI, a
 * calculation that takes its time, and DMA. Specification: QEMU, docs/specs/edu.rst.
 *
 * DMA from or to outside of its buffer does nothing, where QEMU 7.2 ends.
 */
import type { DeviceTimer, GuestClock, TimerFactory } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { MmioRegion, SavedState } from '../device.ts';
import { COMMAND, COMMAND_MASTER } from '../pci/config-space.ts';
import { Msi } from '../pci/msi.ts';
import { PciFunction } from '../pci/pci-function.ts';

const IDENTIFICATION = 0x00;
const LIVENESS = 0x04;
const FACTORIAL = 0x08;
const STATUS = 0x20;
const INTERRUPT_STATUS = 0x24;
const INTERRUPT_RAISE = 0x60;
const INTERRUPT_ACKNOWLEDGE = 0x64;
const DMA_SOURCE = 0x80;
const DMA_DESTINATION = 0x88;
const DMA_COUNT = 0x90;
const DMA_COMMAND = 0x98;

/** Version 1.0, and "ed". */
const IDENTITY = 0x0100_00ed;
const STATUS_COMPUTING = 0x01;
const STATUS_INTERRUPT = 0x80;
const INTERRUPT_FACTORIAL = 0x001;
const INTERRUPT_DMA = 0x100;
const DMA_RUN = 1;
const DMA_FROM_DEVICE = 2;
const DMA_INTERRUPT = 4;

const BAR_BYTES = 0x10_0000;
/** Registers from here on take 8 bytes too. */
const WIDE = 0x80;
/** The device's own memory, as DMA sees it. */
const BUFFER = 0x40000;
const BUFFER_BYTES = 0x1000;
const DMA_NS = 100_000_000n;
const FACTORIAL_NS = 10_000n;
const USUAL_MASK = 2n ** 28n - 1n;

export interface EduOptions {
  memory: GuestMemory;
  clock: GuestClock;
  timers: TimerFactory;
  log: Log;
  /** Somebody takes messages: the device has MSI. */
  messages: boolean;
  /** Bits of an address that its DMA has: 28, if absent. */
  dmaMask?: bigint;
}

export class Edu extends PciFunction {
  readonly name = 'edu';
  private readonly options: EduOptions;
  private readonly msi: Msi | null;
  private readonly calculation: DeviceTimer;
  private readonly transfer: DeviceTimer;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private liveness = 0;
  private factorial = 0;
  private status = 0;
  private interrupts = 0;
  /** Source, destination, count, command: 64 bits each. */
  private readonly dma = new BigUint64Array(4);

  constructor(options: EduOptions) {
    super({
      vendor: 0x1234,
      device: 0x11e8,
      revision: 0x10,
      classCode: 0x00ff00,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
      interruptPin: 1,
    });
    this.options = options;
    const send = (address: number, data: number): void => this.sendMessage(address, data);
    this.msi = options.messages ? new Msi({ config: this.config, vectors: 1, is64: true, send }) : null;
    this.calculation = options.timers.create(() => this.calculated());
    this.transfer = options.timers.create(() => this.transferred());
    const region: MmioRegion = {
      name: 'edu',
      size: BAR_BYTES,
      accessMin: 4,
      accessMax: 8,
      spacing: 4,
      registers: [],
      read: (offset, size) => this.read(offset, size),
      write: (offset, size, value) => this.write(offset, size, value),
    };
    this.addBar({ index: 0, space: 'memory', size: BAR_BYTES }, region);
  }

  private read(offset: number, size: number): number {
    // 64 ones are no number of JavaScript's; -1 has them.
    const none = size === 4 ? 0xffff_ffff : -1;
    if (size !== 4 && offset < WIDE) return none;
    switch (offset) {
      case IDENTIFICATION:
        return IDENTITY;
      case LIVENESS:
        return this.liveness;
      case FACTORIAL:
        return this.factorial;
      case STATUS:
        return this.status;
      case INTERRUPT_STATUS:
        return this.interrupts;
      case DMA_SOURCE:
      case DMA_DESTINATION:
      case DMA_COUNT:
      case DMA_COMMAND:
        return Number(BigInt.asUintN(8 * size, this.dma[(offset - DMA_SOURCE) / 8]));
    }
    return none;
  }

  private write(offset: number, size: number, value: number): void {
    if (size !== 4 && offset < WIDE) return;
    switch (offset) {
      case LIVENESS:
        this.liveness = ~value >>> 0;
        break;
      case FACTORIAL:
        if (this.status & STATUS_COMPUTING) break;
        this.factorial = value;
        this.status |= STATUS_COMPUTING;
        this.calculation.arm(this.options.clock.now() + FACTORIAL_NS);
        break;
      case STATUS:
        this.status = (this.status & ~STATUS_INTERRUPT) | (value & STATUS_INTERRUPT);
        break;
      case INTERRUPT_RAISE:
        this.raise(value);
        break;
      case INTERRUPT_ACKNOWLEDGE:
        this.interrupts = (this.interrupts & ~value) >>> 0;
        if (this.interrupts === 0) this.setIntx(false);
        break;
      case DMA_SOURCE:
      case DMA_DESTINATION:
      case DMA_COUNT:
      case DMA_COMMAND:
        this.setDma((offset - DMA_SOURCE) / 8, value);
        break;
    }
  }

  private raise(bits: number): void {
    this.interrupts = (this.interrupts | bits) >>> 0;
    if (this.interrupts === 0) return;
    if (this.msi?.enabled) this.msi.notify(0);
    else this.setIntx(true);
  }

  private calculated(): void {
    let product = 1;
    // From 34 on there are 32 factors of two.
    if (this.factorial >= 34) product = 0;
    else for (let factor = this.factorial; factor > 1; factor--) product = Math.imul(product, factor);
    this.factorial = product >>> 0;
    this.status &= ~STATUS_COMPUTING;
    if (this.status & STATUS_INTERRUPT) this.raise(INTERRUPT_FACTORIAL);
  }

  /** Nothing changes while a transfer is under way. */
  private setDma(register: number, value: number): void {
    const command = (DMA_COMMAND - DMA_SOURCE) / 8;
    if (this.dma[command] & BigInt(DMA_RUN)) return;
    if (register === command && (value & DMA_RUN) === 0) return;
    this.dma[register] = BigInt(value);
    if (register === command) this.transfer.arm(this.options.clock.now() + DMA_NS);
  }

  private transferred(): void {
    const [source, destination, count, command] = this.dma;
    const fromDevice = (Number(command) & DMA_FROM_DEVICE) !== 0;
    this.copy(fromDevice ? source : destination, fromDevice ? destination : source, count, fromDevice);
    this.dma[3] &= ~BigInt(DMA_RUN);
    if (Number(command) & DMA_INTERRUPT) this.raise(INTERRUPT_DMA);
  }

  private copy(own: bigint, others: bigint, count: bigint, fromDevice: boolean): void {
    const { memory, log, dmaMask = USUAL_MASK } = this.options;
    const at = Number(own) - BUFFER;
    const length = Number(count);
    if (at < 0 || length === 0 || at + length > BUFFER_BYTES) {
      log.guestError(this.name, `DMA of ${length} bytes at 0x${own.toString(16)} is not in the buffer`);
      return;
    }
    if ((this.config.get(COMMAND, 2) & COMMAND_MASTER) === 0) return;
    const address = Number(others & dmaMask);
    if (fromDevice) {
      if (memory.write(address, this.buffer.subarray(at, at + length))) return;
    } else {
      const bytes = memory.read(address, length);
      if (bytes) return this.buffer.set(bytes, at);
    }
    log.guestError(this.name, `DMA of ${length} bytes at 0x${address.toString(16)} is not in RAM`);
  }

  protected override configChanged(): void {
    super.configChanged();
    if (!this.msi?.enabled) return;
    this.setIntx(false);
    this.msi.configChanged();
  }

  override reset(): void {
    this.calculation.disarm();
    this.transfer.disarm();
    this.buffer.fill(0);
    this.dma.fill(0n);
    this.liveness = 0;
    this.factorial = 0;
    this.status = 0;
    this.interrupts = 0;
    super.reset();
  }

  override save(): SavedState {
    const deadline = ({ deadline }: DeviceTimer): string | null => deadline?.toString() ?? null;
    return {
      ...super.save(),
      liveness: this.liveness,
      factorial: this.factorial,
      status: this.status,
      interrupts: this.interrupts,
      dma: [...this.dma].flatMap((value) => [Number(value & 0xffff_ffffn), Number(value >> 32n)]),
      buffer: [...this.buffer],
      calculation: deadline(this.calculation),
      transfer: deadline(this.transfer),
    };
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const [liveness, factorial, interrupts] = ['liveness', 'factorial', 'interrupts'].map((key) =>
      reader.uint(key, 32),
    );
    const status = reader.uint('status', 8);
    const dma = reader.uints('dma', 32, 8);
    const buffer = reader.bytes('buffer', BUFFER_BYTES);
    const calculation = reader.optionalInt64('calculation');
    const transfer = reader.optionalInt64('transfer');
    if (dma.length !== 8) throw reader.error('dma', '8 numbers');
    if (buffer.length !== BUFFER_BYTES) throw reader.error('buffer', `${BUFFER_BYTES} bytes`);
    super.restore(state);
    Object.assign(this, { liveness, factorial, interrupts, status });
    for (let i = 0; i < 4; i++) this.dma[i] = BigInt(dma[2 * i]) | (BigInt(dma[2 * i + 1]) << 32n);
    this.buffer.set(buffer);
    for (const [timer, at] of [
      [this.calculation, calculation],
      [this.transfer, transfer],
    ] as const) {
      if (at === null) timer.disarm();
      else timer.arm(at);
    }
  }
}
