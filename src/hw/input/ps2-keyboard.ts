/**
 * A PS/2 keyboard with scan-code sets 1, 2 and 3.
 * Specification: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101/102-key)".
 *
 * Not there: set 3's choice of which keys repeat and break (0xf7 to 0xfd are acknowledged, and every key does both).
 */
import type { DeviceTimer, GuestClock, TimerFactory } from '../../core/clock.ts';
import type { StateReader } from '../device.ts';
import { ACK, type Ps2Device, RESEND, TEST_PASSED } from './ps2-port.ts';
import { type ScanSet, scanCodes } from './scan-codes.ts';

const SET_LEDS = 0xed;
const ECHO = 0xee;
const SET_SCAN_SET = 0xf0;
const IDENTIFY = 0xf2;
const SET_TYPEMATIC = 0xf3;
const ENABLE = 0xf4;
const DISABLE = 0xf5;
const SET_DEFAULTS = 0xf6;
const ALL_KEYS_FIRST = 0xf7;
const KEY_TYPE_FIRST = 0xfb;
const RESEND_COMMAND = 0xfe;
const RESET = 0xff;

/** Bytes of keys that are kept; what is typed beyond is lost, and said to be (code 0 or 0xff). */
const BUFFER = 64;
const OVERRUN = { 1: 0xff, 2: 0x00, 3: 0x00 } as const;
/** 10.9 characters a second after 500 ms. */
const TYPEMATIC_DEFAULT = 0x2b;
const LEDS_ALL = 0x07;

export interface Ps2KeyboardOptions {
  clock: GuestClock;
  timers: TimerFactory;
  /** There are bytes to take. */
  changed: () => void;
  /** The lamps are other ones: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  leds?: (lit: number) => void;
}

interface State {
  enabled: boolean;
  set: ScanSet;
  typematic: number;
  leds: number;
  /** Command that waits for its byte; 0: none. */
  command: number;
  lastSent: number;
}

const resetState = (): State => ({
  enabled: true,
  set: 2,
  typematic: TYPEMATIC_DEFAULT,
  leds: 0,
  command: 0,
  lastSent: 0,
});

export class Ps2Keyboard implements Ps2Device {
  private readonly clock: GuestClock;
  private readonly timer: DeviceTimer;
  private readonly changed: () => void;
  private readonly ledsChanged: (lit: number) => void;
  private state = resetState();
  /** Answers to commands come before keys. */
  private answers: number[] = [];
  private keys: number[] = [];
  /** The key that repeats. */
  private held: string | null = null;
  private readonly down = new Set<string>();

  constructor(options: Ps2KeyboardOptions) {
    this.clock = options.clock;
    this.changed = options.changed;
    this.ledsChanged = options.leds ?? (() => {});
    this.timer = options.timers.create(() => this.repeat());
  }

  /** Whether what is typed now finds room. */
  get idle(): boolean {
    return this.keys.length === 0;
  }

  /** A key goes down or up. @returns false for a key that there is none of */
  key(code: string, down: boolean): boolean {
    const codes = scanCodes(code, this.state.set);
    if (!codes) return false;
    if (down === this.down.has(code)) return true;
    if (down) this.down.add(code);
    else this.down.delete(code);
    this.send(down ? codes.make : codes.break);
    if (down && code !== 'Pause') {
      this.held = code;
      this.timer.arm(this.clock.now() + this.delay());
    } else if (code === this.held || !down) {
      if (code === this.held) this.held = null;
      if (this.held === null) this.timer.disarm();
    }
    return true;
  }

  /** Lets go of every key that is down: the person went elsewhere. */
  releaseAll(): void {
    for (const code of [...this.down]) this.key(code, false);
  }

  private repeat(): void {
    if (this.held === null) return;
    // A guest that does not read gets no more.
    if (this.keys.length === 0) this.send(scanCodes(this.held, this.state.set)?.make ?? []);
    const rate = this.state.typematic & 0x1f;
    // (8 + A) * 2^B * 4.17 ms.
    const period = BigInt((8 + (rate & 7)) * 2 ** (rate >> 3)) * 4_170_000n;
    this.timer.arm(this.clock.now() + period);
  }

  private delay(): bigint {
    return BigInt(((this.state.typematic >> 5) & 3) + 1) * 250_000_000n;
  }

  private send(bytes: readonly number[]): void {
    if (!this.state.enabled || bytes.length === 0) return;
    if (this.keys.length + bytes.length < BUFFER) this.keys.push(...bytes);
    else if (this.keys.at(-1) !== OVERRUN[this.state.set]) this.keys.push(OVERRUN[this.state.set]);
    this.changed();
  }

  take(): number | null {
    const byte = this.answers.shift() ?? this.keys.shift() ?? null;
    if (byte !== null) this.state.lastSent = byte;
    return byte;
  }

  receive(byte: number): void {
    const { state } = this;
    const { command } = state;
    state.command = 0;
    // A command where an argument should be is a command.
    if (command !== 0 && byte < SET_LEDS) this.argument(command, byte);
    else this.command(byte);
    this.changed();
  }

  private command(byte: number): void {
    const { state } = this;
    switch (byte) {
      case ECHO:
        this.answers.push(ECHO);
        return;
      case IDENTIFY:
        this.answers.push(ACK, 0xab, 0x83);
        return;
      case SET_LEDS:
      case SET_SCAN_SET:
      case SET_TYPEMATIC:
        state.command = byte;
        break;
      case ENABLE:
        this.keys = [];
        state.enabled = true;
        break;
      case DISABLE:
      case SET_DEFAULTS:
        this.defaults();
        state.enabled = byte === SET_DEFAULTS;
        break;
      case RESEND_COMMAND:
        this.answers.push(state.lastSent);
        return;
      case RESET:
        this.reset();
        this.answers.push(ACK, TEST_PASSED);
        return;
      default:
        if (byte >= KEY_TYPE_FIRST && byte < RESEND_COMMAND) state.command = byte;
        else if (byte < ALL_KEYS_FIRST) {
          this.answers.push(RESEND);
          return;
        }
    }
    this.answers.push(ACK);
  }

  private argument(command: number, byte: number): void {
    const { state } = this;
    this.answers.push(ACK);
    if (command === SET_LEDS) {
      state.leds = byte & LEDS_ALL;
      this.ledsChanged(state.leds);
    } else if (command === SET_TYPEMATIC) state.typematic = byte & 0x7f;
    else if (command === SET_SCAN_SET) {
      if (byte === 0) this.answers.push(state.set);
      else if (byte <= 3) state.set = byte as ScanSet;
    }
  }

  private defaults(): void {
    this.keys = [];
    this.state.set = 2;
    this.state.typematic = TYPEMATIC_DEFAULT;
  }

  reset(): void {
    const { leds } = this.state;
    this.state = resetState();
    this.answers = [];
    this.keys = [];
    this.held = null;
    this.timer.disarm();
    if (leds !== 0) this.ledsChanged(0);
  }

  save(prefix: string) {
    const { enabled, ...numbers } = this.state;
    return {
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${prefix}.${name}`, value])),
      [`${prefix}.enabled`]: enabled,
      [`${prefix}.answers`]: [...this.answers],
      [`${prefix}.keys`]: [...this.keys],
    };
  }

  restorer(prefix: string, reader: StateReader): () => void {
    const set = reader.uint(`${prefix}.set`, 2);
    if (set === 0) throw reader.error(`${prefix}.set`, '1, 2 or 3');
    const state: State = {
      set: set as ScanSet,
      enabled: reader.bool(`${prefix}.enabled`),
      typematic: reader.uint(`${prefix}.typematic`, 7),
      leds: reader.uint(`${prefix}.leds`, 3),
      command: reader.uint(`${prefix}.command`, 8),
      lastSent: reader.uint(`${prefix}.lastSent`, 8),
    };
    const answers = reader.bytes(`${prefix}.answers`, 1024);
    const keys = reader.bytes(`${prefix}.keys`, BUFFER);
    return () => {
      Object.assign(this, { state, answers, keys, held: null });
      this.timer.disarm();
      this.ledsChanged(state.leds);
    };
  }
}
