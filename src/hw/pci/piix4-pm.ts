/**
 * Power management of the PIIX4: ACPI's fixed registers, power-off, the APM control port.
 * Specification: Intel 82371AB (PIIX4) datasheet, chapter 7 and section 11.2; ACPI 6.5, section 4.8.3 (fixed hardware registers).
 *
 * The timer's counter, at +8 of the block, is answered by the vCPU's worker; this device knows it only for its interrupt. As in QEMU
 * (hw/acpi/piix4.c) the general-purpose events are at a place of their own, SLP_TYP 0 means S5, and the bytes 0xf1 and 0xf0 at the APM
 * port hand the registers over to ACPI and back, which is firmware's work on other machines. Not there: the SMBus controller, and sleep
 * states other than S5.
 */
import type { DeviceTimer, GuestClock, TimerFactory } from '../../core/clock.ts';
import type { IrqLine, PowerControl } from '../../core/irq.ts';
import type { Log } from '../../core/log.ts';
import type { MmioRegion, SavedState } from '../device.ts';
import { PciFunction } from './pci-function.ts';

const PMBASE = 0x40;
const DEVACTB = 0x58;
const PMREGMISC = 0x80;

const PMBASE_ADDRESS = 0xffc0;
const DEVACTB_APMC_EN = 1 << 25;
const PMREGMISC_PMIOSE = 0x01;

/** The block of fixed registers, offsets from PMBASE. */
const PM_BYTES = 64;
const PM1_STATUS = 0x00;
const PM1_ENABLE = 0x02;
const PM1_CONTROL = 0x04;
/** Where the timer's counter lies in the block. */
export const PM_TIMER_OFFSET = 0x08;

const STS_TIMER = 0x0001;
const STS_POWER_BUTTON = 0x0100;
/** Timer, bus master, global lock, power and sleep buttons, RTC, wake. */
const STS_ALL = 0x8731;
/** Those that can interrupt. */
const EN_ALL = 0x0721;
const CONTROL_SCI_EN = 0x0001;
const CONTROL_SLEEP_ENABLE = 0x2000;
/** BM_RLD and SLP_TYP stick; GBL_RLS and SLP_EN read as 0. */
const CONTROL_STICKY = 0x1c03;
const SLEEP_TYPE_SHIFT = 10;
/** SLP_TYP of S5, which the DSDT tells the guest (`\_S5`). */
export const SLEEP_TYPE_S5 = 0;

export const APM_ACPI_ENABLE = 0xf1;
export const APM_ACPI_DISABLE = 0xf0;

/** Where the APM ports are among the fixed blocks. */
const APM_BLOCK = 0;
const GPE_BYTES = 4;
const TIMER_HZ = 3_579_545n;
const NS_PER_SECOND = 1_000_000_000n;
/** TMR_STS is set each time the counter's highest bit, 23, changes. */
const TIMER_HALF = 1n << 23n;

export interface Piix4PmOptions {
  /** ACPI's interrupt (SCI). */
  sci: IrqLine;
  clock: GuestClock;
  timers: TimerFactory;
  power: PowerControl;
  /** System management interrupt to the processor. */
  smi: () => void;
  log: Log;
}

interface PmState {
  status: number;
  enable: number;
  control: number;
  apmControl: number;
  apmStatus: number;
  gpeStatus: number;
  gpeEnable: number;
  /** Half period of the timer in which TMR_STS was cleared last. */
  timerHalf: bigint;
}

function resetPm(timerHalf: bigint): PmState {
  return {
    status: 0,
    enable: 0,
    control: 0,
    apmControl: 0,
    apmStatus: 0,
    gpeStatus: 0,
    gpeEnable: 0,
    timerHalf,
  };
}

export class Piix4Pm extends PciFunction {
  readonly name = 'piix4-pm';
  /** The APM ports (0xb2, 0xb3), and the general-purpose events. */
  override readonly fixed: readonly MmioRegion[];
  private readonly sci: IrqLine;
  private readonly clock: GuestClock;
  private readonly power: PowerControl;
  private readonly smi: () => void;
  private readonly log: Log;
  private readonly timer: DeviceTimer;
  private pm: PmState;

  constructor(options: Piix4PmOptions) {
    super({
      vendor: 0x8086,
      device: 0x7113,
      revision: 3,
      classCode: 0x068000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
      interruptPin: 1,
    });
    this.sci = options.sci;
    this.clock = options.clock;
    this.power = options.power;
    this.smi = options.smi;
    this.log = options.log;
    this.timer = options.timers.create(() => this.updateSci());
    this.pm = resetPm(this.timerHalf());
    const { config } = this;
    config.define(0x06, 2, 0x0280);
    config.define(PMBASE, 4, 0x01);
    config.allow(PMBASE, 4, PMBASE_ADDRESS);
    for (const at of [
      0x48,
      0x4c,
      0x50,
      0x54,
      DEVACTB,
      0x5c,
      0x60,
      0x64,
      0x68,
      0x6c,
      0x70,
      0x74,
      0x78,
      0x7c,
    ]) {
      config.allow(at, 4, 0xffff_ffff);
    }
    config.define(0x5c, 4, 0x1000_0000);
    config.define(0x60, 4, 0x6000_0000);
    config.allow(PMREGMISC, 1, PMREGMISC_PMIOSE);
    const bytes = { accessMin: 1, accessMax: 1, spacing: 1 };
    this.windows.push({
      space: 'io',
      region: {
        name: 'pm',
        size: PM_BYTES,
        accessMin: 2,
        accessMax: 2,
        spacing: 2,
        registers: [PM1_STATUS, PM1_ENABLE, PM1_CONTROL].map((offset, i) => ({
          offset,
          name: ['PM1_STATUS', 'PM1_ENABLE', 'PM1_CONTROL'][i],
          read: 'exit' as const,
          write: 'exit' as const,
        })),
        read: (offset) => this.readPm(offset),
        write: (offset, _size, value) => this.writePm(offset, value),
      },
    });
    this.fixed = [
      {
        ...bytes,
        name: 'apm',
        size: 2,
        registers: [
          { offset: 0, name: 'APMC', read: 'exit', write: 'exit' },
          // Firmware waits for a change of it until the processor has taken a system management interrupt.
          { offset: 1, name: 'APMS', read: 'shadow', write: 'exit' },
        ],
        read: (offset) => (offset === 0 ? this.pm.apmControl : this.pm.apmStatus),
        write: (offset, _size, value) => this.writeApm(offset, value & 0xff),
      },
      {
        ...bytes,
        name: 'gpe0',
        size: GPE_BYTES,
        registers: [0, 1, 2, 3].map((offset) => ({
          offset,
          name: `GPE0_${offset}`,
          read: 'exit' as const,
          write: 'exit' as const,
        })),
        read: (offset) => ((offset < 2 ? this.pm.gpeStatus : this.pm.gpeEnable) >> (8 * (offset & 1))) & 0xff,
        write: (offset, _size, value) => this.writeGpe(offset, value & 0xff),
      },
    ];
  }

  /** The port that the guest has put the registers at; 0: none. */
  get base(): number {
    return this.config.get(PMBASE, 2) & PMBASE_ADDRESS;
  }

  /** Somebody pressed the power button. */
  pressPowerButton(): void {
    this.pm.status |= STS_POWER_BUTTON;
    this.updateSci();
  }

  private timerHalf(): bigint {
    return (this.clock.now() * TIMER_HZ) / NS_PER_SECOND / TIMER_HALF;
  }

  private status(): number {
    return this.pm.status | (this.timerHalf() === this.pm.timerHalf ? 0 : STS_TIMER);
  }

  private readPm(offset: number): number {
    if (offset === PM1_STATUS) return this.status();
    if (offset === PM1_ENABLE) return this.pm.enable;
    return offset === PM1_CONTROL ? this.pm.control : 0;
  }

  private writePm(offset: number, value: number): void {
    const { pm } = this;
    if (offset === PM1_STATUS) {
      pm.status &= ~(value & STS_ALL);
      if (value & STS_TIMER) pm.timerHalf = this.timerHalf();
    } else if (offset === PM1_ENABLE) {
      pm.enable = value & EN_ALL;
    } else if (offset === PM1_CONTROL) {
      pm.control = value & CONTROL_STICKY;
      if (value & CONTROL_SLEEP_ENABLE) this.sleep((value >> SLEEP_TYPE_SHIFT) & 7);
    }
    this.updateSci();
  }

  private sleep(type: number): void {
    if (type === SLEEP_TYPE_S5) this.power.powerOff(0);
    else this.log.guestError(this.name, `there is no sleep state of type ${type}`);
  }

  private writeApm(offset: number, value: number): void {
    const { pm } = this;
    if (offset === 1) {
      pm.apmStatus = value;
      this.publish(APM_BLOCK, 1, value);
      return;
    }
    pm.apmControl = value;
    if (value === APM_ACPI_ENABLE) pm.control |= CONTROL_SCI_EN;
    else if (value === APM_ACPI_DISABLE) pm.control &= ~CONTROL_SCI_EN;
    this.updateSci();
    if (this.config.get(DEVACTB, 4) & DEVACTB_APMC_EN) this.smi();
  }

  private writeGpe(offset: number, value: number): void {
    const { pm } = this;
    const shift = 8 * (offset & 1);
    if (offset < 2) pm.gpeStatus &= ~(value << shift);
    else pm.gpeEnable = (pm.gpeEnable & ~(0xff << shift)) | (value << shift);
    this.updateSci();
  }

  private updateSci(): void {
    const { pm } = this;
    const events = (this.status() & pm.enable) !== 0 || (pm.gpeStatus & pm.gpeEnable) !== 0;
    this.sci.set(events && (pm.control & CONTROL_SCI_EN) !== 0);
    if (pm.enable & STS_TIMER && this.timerHalf() === pm.timerHalf) {
      const ticks = (pm.timerHalf + 1n) * TIMER_HALF;
      this.timer.arm((ticks * NS_PER_SECOND + TIMER_HZ - 1n) / TIMER_HZ);
    } else {
      this.timer.disarm();
    }
  }

  protected override configChanged(): void {
    super.configChanged();
    this.publish(APM_BLOCK, 1, this.pm.apmStatus);
    const { base } = this;
    const on = (this.config.get(PMREGMISC, 1) & PMREGMISC_PMIOSE) !== 0;
    this.place(0, on && base !== 0 ? base : null);
  }

  override reset(): void {
    this.pm = resetPm(this.timerHalf());
    super.reset();
    this.updateSci();
  }

  override save(): SavedState {
    const { timerHalf, ...rest } = this.pm;
    return { ...super.save(), ...rest, timerHalf: timerHalf.toString() };
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const next: PmState = {
      status: reader.uint('status', 16),
      enable: reader.uint('enable', 16),
      control: reader.uint('control', 16),
      apmControl: reader.uint('apmControl', 8),
      apmStatus: reader.uint('apmStatus', 8),
      gpeStatus: reader.uint('gpeStatus', 16),
      gpeEnable: reader.uint('gpeEnable', 16),
      timerHalf: reader.int64('timerHalf'),
    };
    super.restore(state);
    this.pm = next;
    this.publish(APM_BLOCK, 1, next.apmStatus);
    this.updateSci();
  }
}
