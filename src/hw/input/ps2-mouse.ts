/**
 * A PS/2 mouse that can be an IntelliMouse (wheel) or an IntelliMouse Explorer (wheel and five buttons).
 * Specification: IBM PS/2 Hardware Interface Technical Reference, "Mouse"; Microsoft's "PS/2-Compatible Wheel Mouse" for the two others, which
 * a guest switches on by setting three sample rates in a row.
 */
import type { StateReader } from '../device.ts';
import { ACK, type Ps2Device, RESEND, TEST_PASSED } from './ps2-port.ts';

const SCALING_1 = 0xe6;
const SCALING_2 = 0xe7;
const SET_RESOLUTION = 0xe8;
const STATUS_REQUEST = 0xe9;
const STREAM = 0xea;
const READ_DATA = 0xeb;
const WRAP_OFF = 0xec;
const WRAP_ON = 0xee;
const REMOTE = 0xf0;
const IDENTIFY = 0xf2;
const SET_SAMPLE_RATE = 0xf3;
const ENABLE = 0xf4;
const DISABLE = 0xf5;
const SET_DEFAULTS = 0xf6;
const RESEND_COMMAND = 0xfe;
const RESET = 0xff;

const ID_PLAIN = 0;
const ID_WHEEL = 3;
const ID_EXPLORER = 4;
/** The three rates that make a mouse another one. */
const KNOCKS: readonly (readonly [rates: string, id: number])[] = [
  ['200,100,80', ID_WHEEL],
  ['200,200,80', ID_EXPLORER],
];

/** Movement of one packet: nine bits. */
const MOVE_MAX = 255;
const BUTTONS_ALL = 0x1f;
/** Bytes that may wait. A packet is made only when those before it are gone, so movement adds up instead of coming late. */
const BUFFER = 16;

const FIELDS = {
  /** Bit 0 left, 1 right, 2 middle, 3 and 4 the side buttons. */
  buttons: 5,
  reported: 5,
  id: 3,
  rate: 8,
  resolution: 2,
  /** Command that waits for its byte; 0: none. */
  command: 8,
  enabled: 1,
  remote: 1,
  wrap: 1,
  scaling2: 1,
  lastSent: 8,
} as const;

type State = Record<keyof typeof FIELDS, number>;

const resetState = (): State => ({
  buttons: 0,
  reported: 0,
  id: ID_PLAIN,
  rate: 100,
  resolution: 2,
  command: 0,
  enabled: 0,
  remote: 0,
  wrap: 0,
  scaling2: 0,
  lastSent: 0,
});

export class Ps2Mouse implements Ps2Device {
  private readonly changed: () => void;
  private state = resetState();
  private queue: number[] = [];
  private rates: number[] = [];
  /** Movement that no packet has told yet; y grows downwards, as on a screen. */
  private dx = 0;
  private dy = 0;
  private dz = 0;

  /** @param options.changed there are bytes to take */
  constructor(options: { changed: () => void }) {
    this.changed = options.changed;
  }

  /** Whether the guest listens. */
  get enabled(): boolean {
    return this.state.enabled === 1;
  }

  /**
   * The mouse moved, or its buttons are others.
   * @param dx, dy counts, to the right and downwards
   * @param dz notches of the wheel, towards the person
   * @param buttons bit 0 left, 1 right, 2 middle, 3 and 4 the side buttons
   */
  move(dx: number, dy: number, dz: number, buttons: number): void {
    this.state.buttons = buttons & BUTTONS_ALL;
    const { enabled, remote, wrap } = this.state;
    if (!enabled && !remote) return;
    this.dx += Math.trunc(dx);
    this.dy += Math.trunc(dy);
    this.dz += Math.trunc(dz);
    if (!remote && !wrap) this.changed();
  }

  private get news(): boolean {
    return this.dx !== 0 || this.dy !== 0 || this.dz !== 0 || this.state.buttons !== this.state.reported;
  }

  take(): number | null {
    const { state } = this;
    if (this.queue.length === 0 && state.enabled && !state.remote && !state.wrap && this.news) this.packet();
    const byte = this.queue.shift() ?? null;
    if (byte !== null) state.lastSent = byte;
    return byte;
  }

  /** Puts as much movement as a packet holds into the queue. */
  private packet(): void {
    const { state } = this;
    const part = (value: number, max: number): number => Math.max(-max, Math.min(max, value));
    let x = part(this.dx, MOVE_MAX);
    let y = part(-this.dy, MOVE_MAX);
    const z = part(this.dz, state.id === ID_EXPLORER ? 7 : 127);
    this.dx -= x;
    this.dy += y;
    this.dz -= z;
    // Scaling is for streams only: 1, 1, 3, 6, 9, then twice the count.
    if (state.scaling2 && !state.remote) {
      x = scaled(x);
      y = scaled(y);
    }
    const signs = (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0);
    this.queue.push(0x08 | signs | (state.buttons & 7), x & 0xff, y & 0xff);
    if (state.id === ID_WHEEL) this.queue.push(z & 0xff);
    else if (state.id === ID_EXPLORER) this.queue.push((z & 0x0f) | ((state.buttons & 0x18) << 1));
    else this.dz = 0;
    state.reported = state.buttons;
  }

  receive(byte: number): void {
    const { state } = this;
    const { command } = state;
    state.command = 0;
    if (state.wrap && byte !== WRAP_OFF && byte !== RESET) this.answer(byte);
    else if (command !== 0) this.argument(command, byte);
    else this.command(byte);
    this.changed();
  }

  private answer(...bytes: number[]): void {
    // An answer takes the place of movement that was on its way.
    this.queue = [...bytes];
  }

  private command(byte: number): void {
    const { state } = this;
    switch (byte) {
      case SCALING_1:
      case SCALING_2:
        state.scaling2 = byte === SCALING_2 ? 1 : 0;
        break;
      case SET_RESOLUTION:
      case SET_SAMPLE_RATE:
        state.command = byte;
        break;
      case STATUS_REQUEST: {
        const mode = (state.remote << 6) | (state.enabled << 5) | (state.scaling2 << 4);
        const { buttons } = state;
        const shown = ((buttons & 1) << 2) | ((buttons & 4) >> 1) | ((buttons & 2) >> 1);
        this.answer(ACK, mode | shown, state.resolution, state.rate);
        return;
      }
      case STREAM:
      case REMOTE:
        state.remote = byte === REMOTE ? 1 : 0;
        this.forget();
        break;
      case READ_DATA:
        this.answer(ACK);
        this.packet();
        return;
      case WRAP_OFF:
      case WRAP_ON:
        state.wrap = byte === WRAP_ON ? 1 : 0;
        break;
      case IDENTIFY:
        this.answer(ACK, state.id);
        return;
      case ENABLE:
      case DISABLE:
        state.enabled = byte === ENABLE ? 1 : 0;
        // What is held down by now is no news.
        state.reported = state.buttons;
        this.forget();
        break;
      case SET_DEFAULTS:
        this.defaults();
        break;
      case RESEND_COMMAND:
        this.answer(state.lastSent);
        return;
      case RESET:
        this.reset();
        this.answer(ACK, TEST_PASSED, ID_PLAIN);
        return;
      default:
        this.answer(RESEND);
        return;
    }
    this.answer(ACK);
  }

  private argument(command: number, byte: number): void {
    const { state } = this;
    if (command === SET_RESOLUTION) {
      if (byte > 3) return this.answer(RESEND);
      state.resolution = byte;
    } else {
      state.rate = byte;
      this.rates = [...this.rates, byte].slice(-3);
      const knock = KNOCKS.find(([rates]) => rates === this.rates.join());
      if (knock) state.id = knock[1];
    }
    this.answer(ACK);
  }

  private forget(): void {
    this.dx = 0;
    this.dy = 0;
    this.dz = 0;
  }

  private defaults(): void {
    Object.assign(this.state, { rate: 100, resolution: 2, scaling2: 0, enabled: 0, remote: 0 });
    this.forget();
  }

  reset(): void {
    const { buttons } = this.state;
    this.state = { ...resetState(), buttons };
    this.queue = [];
    this.rates = [];
    this.forget();
  }

  save(prefix: string) {
    return {
      ...Object.fromEntries(Object.entries(this.state).map(([name, value]) => [`${prefix}.${name}`, value])),
      [`${prefix}.queue`]: [...this.queue],
      [`${prefix}.rates`]: [...this.rates],
    };
  }

  restorer(prefix: string, reader: StateReader): () => void {
    const state = Object.fromEntries(
      Object.entries(FIELDS).map(([name, bits]) => [name, reader.uint(`${prefix}.${name}`, bits)]),
    ) as State;
    const queue = reader.bytes(`${prefix}.queue`, BUFFER);
    const rates = reader.bytes(`${prefix}.rates`, 3);
    return () => {
      Object.assign(this, { state, queue, rates });
      this.forget();
    };
  }
}

function scaled(value: number): number {
  const size = Math.abs(value);
  const result = size > 5 ? Math.min(2 * size, MOVE_MAX) : [0, 1, 1, 3, 6, 9][size];
  return value < 0 ? -result : result;
}
