/**
 * MC146818A real-time clock with 128 bytes of CMOS memory, as in a PC/AT.
 * Specification: Motorola MC146818A datasheet; Intel 82371AB (PIIX4) section 7.2 for the index port and the NMI mask; the century
 * in byte 0x32 is IBM's convention.
 *
 * The clock is the host's time of day plus what the guest set it ahead. Flags are computed when somebody looks, so that a timer
 * runs only for interrupts that are enabled. Not implemented: the square wave (its pin is not connected in a PC), daylight saving
 * (DSE is kept and does nothing), and the day of the week of its own (it follows from the date).
 */
import type { DeviceTimer, GuestClock, TimerFactory, WallClock } from '../../core/clock.ts';
import type { IrqLine } from '../../core/irq.ts';
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';
import { type CalendarTime, decodeTime, encodeTime, nextAlarm, type TimeFormat } from './mc146818-time.ts';

const INDEX = 0;
/** What a read of the index port gives. */
const NOT_READABLE = 0xff;
const DATA = 1;

const REG_A = 0x0a;
const REG_B = 0x0b;
const REG_C = 0x0c;
const REG_D = 0x0d;
const CENTURY = 0x32;
/** The registers of the time of day; 1, 3 and 5 between them are the alarm's. */
const TIME_REGISTERS: readonly number[] = [0, 2, 4, 6, 7, 8, 9, CENTURY];

const A_UIP = 0x80;
const A_DIVIDER = 0x70;
const A_DIVIDER_RESET = 0x60;
const A_RATE = 0x0f;
const B_SET = 0x80;
const B_PIE = 0x40;
const B_AIE = 0x20;
const B_UIE = 0x10;
const B_DM = 0x04;
const B_24H = 0x02;
const C_IRQF = 0x80;
const C_PF = 0x40;
const C_AF = 0x20;
const C_UF = 0x10;
const D_VRT = 0x80;

/** The clock counts microseconds: in 64 bits of nanoseconds there would be no year 2300. */
const SECOND = 1_000_000n;
const NS_PER_US = 1000n;
const NS_PER_SECOND = 1_000_000_000n;
/** UIP is set so long before an update (datasheet, figure 16). */
const UIP = 244n;
const CRYSTAL_HZ = 32768n;

export const CMOS_BYTES = 128;
const VERSION = 1;

interface State {
  /** Selected byte. */
  index: number;
  nmiMasked: boolean;
  /** CMOS memory; the bytes of running registers are where they stood last. */
  cmos: number[];
  /** What the guest has set its clock ahead of the host's, in µs. */
  offset: bigint;
  /** Time at which a halted clock stands, in µs; null while it runs. */
  halted: bigint | null;
  /** Times up to which UF and AF (the clock's, in µs), and PF (the guest's, in ns), have been looked at. */
  seen: bigint;
  periodSeen: bigint;
}

export interface Mc146818Options {
  shadow: ShadowPort;
  irq: IrqLine;
  clock: GuestClock;
  wallClock: WallClock;
  timers: TimerFactory;
  /** What the firmware finds in CMOS memory, by byte. */
  contents?: Readonly<Record<number, number>>;
}

export class Mc146818 implements Device {
  readonly name = 'mc146818';
  readonly regions: readonly MmioRegion[];
  private readonly irq: IrqLine;
  private readonly clock: GuestClock;
  private readonly wallClock: WallClock;
  private readonly periodic: DeviceTimer;
  private readonly update: DeviceTimer;
  private readonly state: State;

  constructor(options: Mc146818Options) {
    this.irq = options.irq;
    this.clock = options.clock;
    this.wallClock = options.wallClock;
    this.periodic = options.timers.create(() => this.changed());
    this.update = options.timers.create(() => this.changed());
    const cmos = new Array<number>(CMOS_BYTES).fill(0);
    cmos[REG_A] = 0x26;
    cmos[REG_B] = B_24H;
    cmos[REG_D] = D_VRT;
    for (const [byte, value] of Object.entries(options.contents ?? {})) cmos[Number(byte)] = value & 0xff;
    this.state = { index: 0, nmiMasked: false, cmos, offset: 0n, halted: null, seen: 0n, periodSeen: 0n };
    this.regions = [
      {
        name: 'rtc',
        size: 2,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        registers: [
          // The data register is always an exit, and so finds the index that was written before it.
          { offset: INDEX, name: 'INDEX', read: 'shadow', write: 'deferred' },
          { offset: DATA, name: 'DATA', read: 'exit', write: 'exit' },
        ],
        read: (offset) => (offset === INDEX ? NOT_READABLE : this.read(this.state.index)),
        write: (offset, _size, value) => {
          if (offset === DATA) return this.write(this.state.index, value & 0xff);
          this.state.index = value & 0x7f;
          this.state.nmiMasked = (value & 0x80) !== 0;
        },
      },
    ];
    options.shadow.publish(INDEX, NOT_READABLE);
    this.reset();
  }

  /** Changes bytes of CMOS memory from outside. */
  setContents(contents: Readonly<Record<number, number>>): void {
    for (const [byte, value] of Object.entries(contents)) this.state.cmos[Number(byte)] = value & 0xff;
  }

  /** Whether the guest keeps NMIs from its processor (bit 7 of the index port). */
  get nmiMasked(): boolean {
    return this.state.nmiMasked;
  }

  private get format(): TimeFormat {
    const b = this.state.cmos[REG_B];
    return { binary: (b & B_DM) !== 0, hours24: (b & B_24H) !== 0 };
  }

  /** Microseconds since 1970, the host's. */
  private wall(): bigint {
    return this.wallClock.now() / NS_PER_US;
  }

  /** The clock's time, µs since 1970 in the guest's time zone. */
  private now(): bigint {
    return this.state.halted ?? this.wall() + this.state.offset;
  }

  private read(index: number): number {
    const { state } = this;
    const { cmos } = state;
    if (TIME_REGISTERS.includes(index)) {
      if (state.halted === null) this.storeTime(this.now());
      return cmos[index];
    }
    if (index === REG_A) return cmos[REG_A] | (this.isUpdating() ? A_UIP : 0);
    if (index === REG_C) {
      this.look();
      const value = cmos[REG_C];
      cmos[REG_C] = 0;
      this.updateIrq();
      // A flag that was set kept its timer from running.
      this.arm();
      return value;
    }
    return cmos[index];
  }

  private write(index: number, value: number): void {
    const { state } = this;
    const { cmos } = state;
    // What happened until now happened under the old settings.
    this.look();
    if (index === REG_C || index === REG_D) return;
    if (index === REG_A || index === REG_B) {
      const wasReset = this.dividerIsReset();
      if (state.halted === null) this.storeTime(this.now());
      cmos[index] = index === REG_A ? value & ~A_UIP : value;
      // SET aborts updates, and clears UIE (datasheet, register B).
      if (cmos[REG_B] & B_SET) cmos[REG_B] &= ~B_UIE;
      if (index === REG_A) state.periodSeen = this.clock.now();
      this.haltOrRun(wasReset);
    } else if (TIME_REGISTERS.includes(index)) {
      if (state.halted === null) this.storeTime(this.now());
      cmos[index] = value;
      this.takeTime();
    } else {
      cmos[index] = value;
    }
    this.changed();
  }

  private dividerIsReset(): boolean {
    return (this.state.cmos[REG_A] & A_DIVIDER & A_DIVIDER_RESET) === A_DIVIDER_RESET;
  }

  private haltOrRun(wasReset: boolean): void {
    const { state } = this;
    const halt = (state.cmos[REG_B] & B_SET) !== 0 || this.dividerIsReset();
    if (halt) {
      state.halted ??= this.now();
      // The time registers hold what was written in the format of that moment: reread them when the format changes.
      this.takeTime();
    } else if (state.halted !== null) {
      this.takeTime();
      // The first update comes half a second after the divider is released (datasheet, register A).
      const fraction = wasReset ? SECOND / 2n : this.wall() % SECOND;
      const start = state.halted - (state.halted % SECOND) + fraction;
      state.halted = null;
      this.setTime(start);
    }
  }

  /** Sets the clock by its registers. */
  private takeTime(): void {
    const { state } = this;
    const seconds = decodeTime(this.calendar(), this.format);
    // Registers that hold no time of day leave the clock where it is, until they do.
    if (seconds === null) return;
    this.setTime(seconds * SECOND + (this.now() % SECOND));
    state.seen = this.now();
  }

  private setTime(time: bigint): void {
    if (this.state.halted !== null) this.state.halted = time;
    else this.state.offset = time - this.wall();
    this.state.seen = time;
  }

  private calendar(): CalendarTime {
    const { cmos } = this.state;
    const [seconds, minutes, hours, weekday, day, month, year, century] = TIME_REGISTERS.map((i) => cmos[i]);
    return { seconds, minutes, hours, weekday, day, month, year, century };
  }

  private storeTime(time: bigint): void {
    const { seconds, minutes, hours, weekday, day, month, year, century } = encodeTime(
      time / SECOND,
      this.format,
    );
    [seconds, minutes, hours, weekday, day, month, year, century].forEach((value, i) => {
      this.state.cmos[TIME_REGISTERS[i]] = value;
    });
  }

  private isUpdating(): boolean {
    return this.state.halted === null && this.now() % SECOND >= SECOND - UIP;
  }

  /** Ticks of the crystal in one period of the periodic interrupt; 0: none (datasheet, table 5, 32,768 Hz). */
  private period(): bigint {
    const rate = this.state.cmos[REG_A] & A_RATE;
    if (rate === 0) return 0n;
    return 1n << BigInt(rate <= 2 ? rate + 6 : rate - 1);
  }

  /** Sets the flags of what has happened since the last look. */
  private look(): void {
    const { state } = this;
    const { cmos } = state;
    const period = this.period();
    const ticks = (ns: bigint): bigint => (ns * CRYSTAL_HZ) / NS_PER_SECOND / period;
    const guestNow = this.clock.now();
    if (period !== 0n && ticks(guestNow) !== ticks(state.periodSeen)) cmos[REG_C] |= C_PF;
    state.periodSeen = guestNow;
    if (state.halted !== null) return;
    const now = this.now();
    if (now / SECOND !== state.seen / SECOND) {
      cmos[REG_C] |= C_UF;
      const alarm = this.alarmAfter(state.seen / SECOND);
      if (alarm !== null && alarm <= now / SECOND) cmos[REG_C] |= C_AF;
    }
    state.seen = now;
  }

  /** Second of the next alarm after a second; null if it never comes. */
  private alarmAfter(second: bigint): bigint | null {
    const { cmos } = this.state;
    return nextAlarm(second, { seconds: cmos[1], minutes: cmos[3], hours: cmos[5] }, this.format);
  }

  private changed(): void {
    this.look();
    this.updateIrq();
    this.arm();
  }

  /** The timers run only towards a flag that would interrupt and is not set yet. */
  private arm(): void {
    const { cmos, halted } = this.state;
    const wanted = cmos[REG_B] & ~cmos[REG_C];
    const guestNow = this.clock.now();
    const period = this.period();
    if (wanted & B_PIE && period !== 0n) {
      const tick = (guestNow * CRYSTAL_HZ) / NS_PER_SECOND / period + 1n;
      this.periodic.arm((tick * period * NS_PER_SECOND + CRYSTAL_HZ - 1n) / CRYSTAL_HZ);
    } else {
      this.periodic.disarm();
    }
    const now = this.now();
    let target: bigint | null = null;
    if (wanted & B_AIE) target = this.alarmAfter(now / SECOND);
    if (wanted & B_UIE) target = now / SECOND + 1n;
    if (target === null || halted !== null) this.update.disarm();
    else this.update.arm(guestNow + (target * SECOND - now) * NS_PER_US);
  }

  private updateIrq(): void {
    const { cmos } = this.state;
    const high = (cmos[REG_C] & cmos[REG_B] & (C_PF | C_AF | C_UF)) !== 0;
    if (high) cmos[REG_C] |= C_IRQF;
    this.irq.set(high);
  }

  /** The battery keeps time and memory; RESET# clears interrupts and flags only (datasheet, "RESET"). */
  reset(): void {
    const { state } = this;
    const { cmos } = state;
    cmos[REG_B] &= ~(B_PIE | B_AIE | B_UIE);
    cmos[REG_C] = 0;
    state.index = 0;
    state.nmiMasked = false;
    state.seen = this.now();
    state.periodSeen = this.clock.now();
    this.updateIrq();
    this.arm();
  }

  save(): SavedState {
    const { cmos, offset, halted, seen, periodSeen, ...rest } = this.state;
    return {
      version: VERSION,
      ...rest,
      cmos: [...cmos],
      offset: offset.toString(),
      halted: halted?.toString() ?? null,
      seen: seen.toString(),
      periodSeen: periodSeen.toString(),
    };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const next: State = {
      index: reader.uint('index', 7),
      nmiMasked: reader.bool('nmiMasked'),
      cmos: reader.bytes('cmos', CMOS_BYTES),
      offset: reader.int64('offset'),
      halted: reader.optionalInt64('halted'),
      seen: reader.int64('seen'),
      periodSeen: reader.int64('periodSeen'),
    };
    if (next.cmos.length !== CMOS_BYTES) throw reader.error('cmos', `${CMOS_BYTES} bytes`);
    Object.assign(this.state, next);
    this.arm();
    this.irq.set((next.cmos[REG_C] & C_IRQF) !== 0);
  }
}
