/**
 * NS16550A UART with 16-byte FIFOs.
 * Specification: National Semiconductor PC16550D datasheet, June 1995.
 *
 * The transmitter is infinitely fast: a byte written to THR has left the chip when the write has been handled, so
 * LSR.THRE and TEMT always read as set, and the THRE interrupt is pending again after every write. Not implemented, and
 * what the guest sees instead: DMA modes (FCR bit 3 has no effect); parity and word length
 * (bytes pass as they are); modem inputs (CTS, DSR and DCD are always asserted and never change, in loopback too, so
 * there are no delta bits and no modem status interrupt).
 *
 * Reach: LSR, IIR and MSR have side effects only while they have something to clear. Then their shadow is withdrawn and
 * a read is an exit. Printing a character in a polling loop therefore costs no exit: LSR from the shadow, THR posted.
 */
import type { DeviceTimer, GuestClock, TimerFactory } from '../../core/clock.ts';
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

const RBR_THR = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_RDI = 0x01;
const IER_THRI = 0x02;
const IER_RLSI = 0x04;
const IER_MSI = 0x08;

const IIR_NONE = 0x01;
const IIR_MSI = 0x00;
const IIR_THRI = 0x02;
const IIR_RDI = 0x04;
const IIR_RLSI = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFO_ENABLED = 0xc0;

const FCR_ENABLE = 0x01;
const FCR_RESET_RX = 0x02;
const FCR_RESET_TX = 0x04;
/** The bits of FCR that stick: enable, DMA mode, trigger level. */
const FCR_STICKY = 0xc9;
const TRIGGER_LEVELS = [1, 4, 8, 14];

const LCR_STOP = 0x04;
const LCR_PARITY = 0x08;
const LCR_BREAK = 0x40;
const LCR_DLAB = 0x80;

const MCR_MASK = 0x1f;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;

const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_BI = 0x10;
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;
const LSR_ERRORS = 0x1e;
/** Bits that reading LSR clears. */
const LSR_CLEARED = LSR_OE | LSR_BI;

const MSR_DELTAS = 0x0f;
const MSR_RESET = 0xb0; // DCD, DSR, CTS

const FIFO_SIZE = 16;
/** Divisor after reset: 9600 baud of the 115200 that QEMU's board assumes. */
const DIVISOR_RESET = 12;

const VERSION = 1;

/** The host's end of the line. */
export interface SerialBackend {
  /** A byte that the guest sent. */
  transmit(byte: number): void;
  /** The next byte for the guest, or null if there is none; called only when there is room for it. */
  take(): number | null;
  /** The guest holds the line in break condition, or releases it. */
  setBreak(on: boolean): void;
}

interface State {
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  lsr: number;
  msr: number;
  scr: number;
  divisor: number;
  /** THRE interrupt condition, cleared by reading IIR while it is the one reported. */
  threPending: boolean;
  timeoutPending: boolean;
  /** Received bytes, oldest first; one at most while the FIFO is disabled. */
  rx: number[];
}

function resetState(): State {
  return {
    ier: 0,
    fcr: 0,
    lcr: 0,
    mcr: MCR_OUT2,
    lsr: LSR_THRE | LSR_TEMT,
    msr: MSR_RESET,
    scr: 0,
    divisor: DIVISOR_RESET,
    threPending: false,
    timeoutPending: false,
    rx: [],
  };
}

export interface Ns16550aOptions {
  irq: IrqLine;
  clock: GuestClock;
  timers: TimerFactory;
  shadow: ShadowPort;
  backend: SerialBackend;
  log: Log;
  /** Input clock divided by 16, in Hz: the baud rate at divisor 1. */
  baudBase: number;
}

const REGISTERS: readonly RegisterSpec[] = [
  // RBR pops the FIFO. THR and DLL make no shadow stale; the ring keeps their order with LCR.DLAB.
  { offset: RBR_THR, name: 'RBR_THR', read: 'exit', write: 'posted' },
  // Can lower the IRQ, so never posted.
  { offset: IER, name: 'IER', read: 'shadow', write: 'exit' },
  { offset: IIR_FCR, name: 'IIR_FCR', read: 'shadow', write: 'exit' },
  // DLAB exchanges IER for the divisor's high byte.
  { offset: LCR, name: 'LCR', read: 'shadow', write: 'posted', stale: ['LCR', 'IER'] },
  // Loopback connects MSR to MCR.
  { offset: MCR, name: 'MCR', read: 'shadow', write: 'posted', stale: ['MCR', 'MSR'] },
  { offset: LSR, name: 'LSR', read: 'shadow', write: 'exit' },
  { offset: MSR, name: 'MSR', read: 'shadow', write: 'exit' },
  { offset: SCR, name: 'SCR', read: 'shadow', write: 'posted', stale: ['SCR'] },
];

export class Ns16550a implements Device {
  readonly name = 'ns16550a';
  readonly regions: readonly MmioRegion[];
  private readonly irq: IrqLine;
  private readonly clock: GuestClock;
  private readonly shadow: ShadowPort;
  private readonly backend: SerialBackend;
  private readonly log: Log;
  private readonly baudBase: number;
  private readonly timeout: DeviceTimer;
  private readonly published: (number | null | undefined)[] = [];
  private state = resetState();
  private irqLevel = false;

  constructor(options: Ns16550aOptions) {
    this.irq = options.irq;
    this.clock = options.clock;
    this.shadow = options.shadow;
    this.backend = options.backend;
    this.log = options.log;
    this.baudBase = options.baudBase;
    this.timeout = options.timers.create(() => this.receiveTimeout());
    this.regions = [
      {
        name: 'uart',
        size: 8,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        registers: REGISTERS,
        read: (offset) => this.read(offset),
        write: (offset, _size, value) => this.write(offset, value),
      },
    ];
    this.updateIrq();
  }

  /** The backend has bytes: takes as many as fit. Loopback disconnects the line, so nothing is taken then. */
  inputReady(): void {
    const { state } = this;
    if (state.mcr & MCR_LOOP) return;
    let taken = false;
    while (state.rx.length < this.capacity()) {
      const byte = this.backend.take();
      if (byte === null) break;
      state.rx.push(byte & 0xff);
      taken = true;
    }
    if (taken) this.received();
  }

  /** The far end sent a break: a zero byte with LSR.BI. */
  receiveBreak(): void {
    if (this.state.mcr & MCR_LOOP) return;
    this.receive(0);
    this.state.lsr |= LSR_BI;
    this.updateIrq();
  }

  private read(offset: number): number {
    const { state } = this;
    const dlab = (state.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case RBR_THR:
        return dlab ? state.divisor & 0xff : this.readRbr();
      case IIR_FCR: {
        const iir = this.iir();
        if ((iir & 0x0f) === IIR_THRI) {
          state.threPending = false;
          this.updateIrq();
        }
        return iir;
      }
      case LSR: {
        const lsr = state.lsr;
        if (lsr & LSR_CLEARED) {
          state.lsr &= ~LSR_CLEARED;
          this.updateIrq();
        }
        return lsr;
      }
      case MSR: {
        const msr = this.msr();
        if (!(state.mcr & MCR_LOOP) && msr & MSR_DELTAS) {
          state.msr &= ~MSR_DELTAS;
          this.updateIrq();
        }
        return msr;
      }
      case IER:
        return dlab ? state.divisor >> 8 : state.ier;
      case LCR:
        return state.lcr;
      case MCR:
        return state.mcr;
      default:
        return state.scr;
    }
  }

  private readRbr(): number {
    const { state } = this;
    const byte = state.rx.shift() ?? 0;
    if (state.rx.length === 0) {
      state.lsr &= ~(LSR_DR | LSR_BI);
      this.timeout.disarm();
    } else {
      this.armTimeout();
    }
    state.timeoutPending = false;
    this.inputReady();
    this.updateIrq();
    return byte;
  }

  private write(offset: number, value: number): void {
    const { state } = this;
    const byte = value & 0xff;
    switch (offset) {
      case RBR_THR:
        if (state.lcr & LCR_DLAB) state.divisor = (state.divisor & 0xff00) | byte;
        else this.writeThr(byte);
        break;
      case IER:
        if (state.lcr & LCR_DLAB) state.divisor = (state.divisor & 0x00ff) | (byte << 8);
        else this.writeIer(byte & 0x0f);
        break;
      case IIR_FCR:
        this.writeFcr(byte);
        break;
      case LCR:
        if ((state.lcr ^ byte) & LCR_BREAK) this.backend.setBreak((byte & LCR_BREAK) !== 0);
        state.lcr = byte;
        break;
      case MCR:
        state.mcr = byte & MCR_MASK;
        this.inputReady();
        break;
      case SCR:
        state.scr = byte;
        break;
      default:
        this.log.guestError(
          this.name,
          `write of 0x${byte.toString(16)} to a read-only register at ${offset}`,
        );
    }
    this.updateIrq();
  }

  /**
   * The byte leaves at once, so THRE is pending again when the write has been handled. That this happens later than the
   * posted write is what hardware does, where it takes a character's time. And the line, if it was high for THRE, stays
   * high: on hardware it would drop for that time, but no guest can rely on seeing the drop.
   */
  private writeThr(byte: number): void {
    if (this.state.mcr & MCR_LOOP) this.receive(byte);
    else this.backend.transmit(byte);
    this.state.threPending = true;
  }

  /** Switching the THRE interrupt on reports an empty THR even if that had been acknowledged before. */
  private writeIer(value: number): void {
    const { state } = this;
    if ((state.ier ^ value) & IER_THRI) state.threPending = (value & IER_THRI) !== 0;
    state.ier = value;
  }

  private writeFcr(value: number): void {
    const { state } = this;
    let effective = value;
    if ((value ^ state.fcr) & FCR_ENABLE) effective |= FCR_RESET_RX | FCR_RESET_TX;
    if (effective & FCR_RESET_RX) {
      state.rx.length = 0;
      state.lsr &= ~(LSR_DR | LSR_BI);
      state.timeoutPending = false;
      this.timeout.disarm();
    }
    if (effective & FCR_RESET_TX) state.threPending = true;
    state.fcr = effective & FCR_STICKY;
    this.inputReady();
  }

  /** A byte from the loopback: the one way to overrun, since the backend waits for room. */
  private receive(byte: number): void {
    const { state } = this;
    if (state.rx.length < this.capacity()) state.rx.push(byte);
    else state.lsr |= LSR_OE;
    this.received();
  }

  private received(): void {
    this.state.lsr |= LSR_DR;
    this.armTimeout();
    this.updateIrq();
  }

  private armTimeout(): void {
    if (this.state.fcr & FCR_ENABLE) this.timeout.arm(this.clock.now() + 4n * this.characterTime());
  }

  /** Received bytes below the trigger level have waited for four character times. */
  private receiveTimeout(): void {
    if (this.state.rx.length === 0) return;
    this.state.timeoutPending = true;
    this.updateIrq();
  }

  private capacity(): number {
    return this.state.fcr & FCR_ENABLE ? FIFO_SIZE : 1;
  }

  /** Time of one character on the line, in ns. */
  private characterTime(): bigint {
    const { lcr, divisor } = this.state;
    const bits = 1 + 5 + (lcr & 3) + (lcr & LCR_PARITY ? 1 : 0) + (lcr & LCR_STOP ? 2 : 1);
    return BigInt(Math.round((bits * 1e9 * (divisor || DIVISOR_RESET)) / this.baudBase));
  }

  private msr(): number {
    const { mcr, msr } = this.state;
    if (!(mcr & MCR_LOOP)) return msr;
    // OUT2 → DCD, OUT1 → RI, DTR → DSR, RTS → CTS.
    return ((mcr & 0x0c) << 4) | ((mcr & 0x02) << 3) | ((mcr & 0x01) << 5);
  }

  /** The highest pending interrupt (datasheet table IV) and the FIFO bits. */
  private iir(): number {
    const { ier, lsr, msr, fcr, rx } = this.state;
    const fifo = (fcr & FCR_ENABLE) !== 0;
    const high = fifo ? IIR_FIFO_ENABLED : 0;
    const trigger = fifo ? TRIGGER_LEVELS[fcr >> 6] : 1;
    if (ier & IER_RLSI && lsr & LSR_ERRORS) return high | IIR_RLSI;
    if (ier & IER_RDI && this.state.timeoutPending) return high | IIR_TIMEOUT;
    if (ier & IER_RDI && lsr & LSR_DR && rx.length >= trigger) return high | IIR_RDI;
    if (ier & IER_THRI && this.state.threPending) return high | IIR_THRI;
    if (ier & IER_MSI && msr & MSR_DELTAS) return high | IIR_MSI;
    return high | IIR_NONE;
  }

  private updateIrq(): void {
    const { state } = this;
    const iir = this.iir();
    const dlab = (state.lcr & LCR_DLAB) !== 0;
    this.publish(IER, dlab ? state.divisor >> 8 : state.ier);
    this.publish(IIR_FCR, (iir & 0x0f) === IIR_THRI ? null : iir);
    this.publish(LCR, state.lcr);
    this.publish(MCR, state.mcr);
    this.publish(LSR, state.lsr & LSR_CLEARED ? null : state.lsr);
    const msr = this.msr();
    this.publish(MSR, !(state.mcr & MCR_LOOP) && msr & MSR_DELTAS ? null : msr);
    this.publish(SCR, state.scr);
    const level = (iir & 0x01) === 0;
    if (level !== this.irqLevel) this.irq.set((this.irqLevel = level));
  }

  private publish(offset: number, value: number | null): void {
    if (this.published[offset] === value) return;
    this.published[offset] = value;
    this.shadow.publish(offset, value);
  }

  reset(): void {
    if (this.state.lcr & LCR_BREAK) this.backend.setBreak(false);
    this.timeout.disarm();
    this.state = resetState();
    this.updateIrq();
    this.inputReady();
  }

  save(): SavedState {
    const { rx, ...registers } = this.state;
    return {
      version: VERSION,
      ...registers,
      rx: [...rx],
      timeoutAt: this.timeout.deadline?.toString() ?? null,
    };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const next: State = {
      ier: reader.uint('ier', 4),
      fcr: reader.uint('fcr', 8),
      lcr: reader.uint('lcr', 8),
      mcr: reader.uint('mcr', 5),
      lsr: reader.uint('lsr', 8),
      msr: reader.uint('msr', 8),
      scr: reader.uint('scr', 8),
      divisor: reader.uint('divisor', 16),
      threPending: reader.bool('threPending'),
      timeoutPending: reader.bool('timeoutPending'),
      rx: reader.bytes('rx', FIFO_SIZE),
    };
    const timeoutAt = reader.optionalInt64('timeoutAt');
    if ((next.fcr & ~FCR_STICKY) !== 0) throw reader.error('fcr', 'made of the bits that stick');
    if (!(next.fcr & FCR_ENABLE) && next.rx.length > 1) throw reader.error('rx', 'one byte without the FIFO');
    if ((next.lsr & LSR_DR) !== (next.rx.length > 0 ? LSR_DR : 0))
      throw reader.error('lsr', 'in step with rx');
    this.state = next;
    if (timeoutAt === null) this.timeout.disarm();
    else this.timeout.arm(timeoutAt);
    this.updateIrq();
    this.inputReady();
  }
}
