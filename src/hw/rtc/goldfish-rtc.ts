/**
 * Google Goldfish real-time clock: nanoseconds since 1970 in two 32-bit registers, one alarm.
 * Specification: Android emulator, docs/GOLDFISH-VIRTUAL-HARDWARE.TXT, "Goldfish real-time clock".
 *
 * Reading TIME_LOW latches the high word into the device's state, so the halves cannot tear.
 */
import type { DeviceTimer, GuestClock, TimerFactory, WallClock } from '../../core/clock.ts';
import type { IrqLine } from '../../core/irq.ts';
import type { Log } from '../../core/log.ts';
import {
  type Device,
  type MmioRegion,
  type RegisterSpec,
  type SavedState,
  type ShadowPort,
  StateReader,
} from '../device.ts';

const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

const LOW = 0xffff_ffffn;
const VERSION = 1;

interface State {
  /** What the guest has set its clock ahead of the host's, in ns (64-bit wrap-around). */
  offset: bigint;
  /** Time of the alarm, ns since 1970, unsigned. */
  alarm: bigint;
  alarmRunning: boolean;
  irqPending: boolean;
  irqEnabled: boolean;
  /** High word, latched by a read of TIME_LOW. */
  timeHigh: number;
}

function resetState(): State {
  return { offset: 0n, alarm: 0n, alarmRunning: false, irqPending: false, irqEnabled: false, timeHigh: 0 };
}

export interface GoldfishRtcOptions {
  irq: IrqLine;
  clock: GuestClock;
  wallClock: WallClock;
  timers: TimerFactory;
  shadow: ShadowPort;
  log: Log;
}

const REGISTERS: readonly RegisterSpec[] = [
  { offset: TIME_LOW, name: 'TIME_LOW', read: 'exit', write: 'exit' },
  { offset: TIME_HIGH, name: 'TIME_HIGH', read: 'shadow', write: 'exit' },
  { offset: ALARM_LOW, name: 'ALARM_LOW', read: 'shadow', write: 'exit' },
  { offset: ALARM_HIGH, name: 'ALARM_HIGH', read: 'shadow', write: 'posted', stale: ['ALARM_HIGH'] },
  { offset: IRQ_ENABLED, name: 'IRQ_ENABLED', read: 'shadow', write: 'exit' },
  { offset: CLEAR_ALARM, name: 'CLEAR_ALARM', read: 'exit', write: 'exit' },
  { offset: ALARM_STATUS, name: 'ALARM_STATUS', read: 'shadow', write: 'exit' },
  { offset: CLEAR_INTERRUPT, name: 'CLEAR_INTERRUPT', read: 'exit', write: 'exit' },
];

export class GoldfishRtc implements Device {
  readonly name = 'goldfish-rtc';
  readonly regions: readonly MmioRegion[];
  private readonly irq: IrqLine;
  private readonly clock: GuestClock;
  private readonly wallClock: WallClock;
  private readonly shadow: ShadowPort;
  private readonly log: Log;
  private readonly timer: DeviceTimer;
  private state = resetState();

  constructor(options: GoldfishRtcOptions) {
    this.irq = options.irq;
    this.clock = options.clock;
    this.wallClock = options.wallClock;
    this.shadow = options.shadow;
    this.log = options.log;
    this.timer = options.timers.create(() => this.checkAlarm());
    this.regions = [
      {
        name: 'rtc',
        size: 0x24,
        accessMin: 4,
        accessMax: 4,
        spacing: 4,
        registers: REGISTERS,
        read: (offset) => this.read(offset),
        write: (offset, _size, value) => this.write(offset, value),
      },
    ];
    this.updateIrq();
  }

  private now(): bigint {
    return BigInt.asUintN(64, this.wallClock.now() + this.state.offset);
  }

  private read(offset: number): number {
    const { state } = this;
    switch (offset) {
      case TIME_LOW: {
        const now = this.now();
        state.timeHigh = Number(now >> 32n);
        this.updateIrq();
        return Number(now & LOW);
      }
      case TIME_HIGH:
        return state.timeHigh;
      case ALARM_LOW:
        return Number(state.alarm & LOW);
      case ALARM_HIGH:
        return Number(state.alarm >> 32n);
      case IRQ_ENABLED:
        return state.irqEnabled ? 1 : 0;
      case ALARM_STATUS:
        return state.alarmRunning ? 1 : 0;
      default:
        this.log.guestError(this.name, `read of a write-only register at 0x${offset.toString(16)}`);
        return 0;
    }
  }

  private write(offset: number, value: number): void {
    const { state } = this;
    const word = BigInt(value >>> 0);
    switch (offset) {
      case TIME_LOW:
        this.setTime((now) => (now & ~LOW) | word);
        break;
      case TIME_HIGH:
        this.setTime((now) => (now & LOW) | (word << 32n));
        break;
      case ALARM_LOW:
        state.alarm = (state.alarm & ~LOW) | word;
        state.alarmRunning = true;
        this.checkAlarm();
        break;
      case ALARM_HIGH:
        state.alarm = (state.alarm & LOW) | (word << 32n);
        break;
      case IRQ_ENABLED:
        state.irqEnabled = (value & 1) !== 0;
        break;
      case CLEAR_ALARM:
        state.alarmRunning = false;
        this.timer.disarm();
        break;
      case CLEAR_INTERRUPT:
        state.irqPending = false;
        break;
      default:
        this.log.guestError(this.name, `write to a read-only register at 0x${offset.toString(16)}`);
    }
    this.updateIrq();
  }

  private setTime(change: (now: bigint) => bigint): void {
    const now = this.now();
    this.state.offset = BigInt.asIntN(64, this.state.offset + change(now) - now);
    if (this.state.alarmRunning) this.checkAlarm();
  }

  /** Raises the interrupt if the alarm's time has come, else arms the timer for it. */
  private checkAlarm(): void {
    const { state } = this;
    if (!state.alarmRunning) return;
    const wait = state.alarm - this.now();
    if (wait > 0n) {
      this.timer.arm(this.clock.now() + wait);
    } else {
      this.timer.disarm();
      state.alarmRunning = false;
      state.irqPending = true;
    }
    this.updateIrq();
  }

  private updateIrq(): void {
    const { state } = this;
    this.shadow.publish(TIME_HIGH, state.timeHigh);
    this.shadow.publish(ALARM_LOW, Number(state.alarm & LOW));
    this.shadow.publish(ALARM_HIGH, Number(state.alarm >> 32n));
    this.shadow.publish(IRQ_ENABLED, state.irqEnabled ? 1 : 0);
    this.shadow.publish(ALARM_STATUS, state.alarmRunning ? 1 : 0);
    this.irq.set(state.irqPending && state.irqEnabled);
  }

  reset(): void {
    this.timer.disarm();
    this.state = resetState();
    this.updateIrq();
  }

  save(): SavedState {
    const { offset, alarm, ...rest } = this.state;
    return {
      version: VERSION,
      ...rest,
      offset: offset.toString(),
      alarm: BigInt.asIntN(64, alarm).toString(),
    };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const next: State = {
      offset: reader.int64('offset'),
      alarm: BigInt.asUintN(64, reader.int64('alarm')),
      alarmRunning: reader.bool('alarmRunning'),
      irqPending: reader.bool('irqPending'),
      irqEnabled: reader.bool('irqEnabled'),
      timeHigh: reader.uint('timeHigh', 32),
    };
    this.state = next;
    this.timer.disarm();
    this.checkAlarm();
    this.updateIrq();
  }
}
