/**
 * Keyboard controller of a PC/AT (8042) with a keyboard and a mouse.
 * Specification: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and auxiliary device controller".
 *
 * Bytes come without the time that a serial line takes: the next one is there as soon as the guest has read the last one.
 */
import type { GuestClock, TimerFactory } from '../../core/clock.ts';
import type { IrqLine } from '../../core/irq.ts';
import type { A20Gate } from '../misc/port92.ts';
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';
import { Ps2Keyboard } from './ps2-keyboard.ts';
import { Ps2Mouse } from './ps2-mouse.ts';
import { translate } from './scan-codes.ts';

const STATUS_OBF = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
/** The byte in the output buffer is the mouse's. */
const STATUS_AUX = 0x20;

const MODE_KEYBOARD_INT = 0x01;
const MODE_AUX_INT = 0x02;
const MODE_SYSTEM = 0x04;
const MODE_KEYBOARD_DISABLED = 0x10;
const MODE_AUX_DISABLED = 0x20;
/** Codes of set 2 become those of set 1. */
const MODE_TRANSLATE = 0x40;
const MODE_RESET = MODE_KEYBOARD_INT | MODE_AUX_INT;

const OUT_NO_RESET = 0x01;
const OUT_A20 = 0x02;
/** The port's other lines, all idle. */
const OUT_IDLE = 0xcc;

const READ_MODE = 0x20;
const DISABLE_AUX = 0xa7;
const ENABLE_AUX = 0xa8;
const AUX_TEST = 0xa9;
const WRITE_MODE = 0x60;
const SELF_TEST = 0xaa;
const KEYBOARD_TEST = 0xab;
const DISABLE_KEYBOARD = 0xad;
const ENABLE_KEYBOARD = 0xae;
const READ_INPUT_PORT = 0xc0;
const READ_OUTPUT_PORT = 0xd0;
const WRITE_OUTPUT_PORT = 0xd1;
const WRITE_OUTPUT_BUFFER = 0xd2;
const WRITE_AUX_BUFFER = 0xd3;
const WRITE_AUX = 0xd4;
const DISABLE_A20 = 0xdd;
const ENABLE_A20 = 0xdf;
/** 0xf0 to 0xff pulse the output port's low four lines whose bit is 0; bit 0 is the processor's reset. */
const PULSE = 0xf0;

const SELF_TEST_PASSED = 0x55;
const INPUT_UNLOCKED = 0x80;
/** Prefix of set 2's break codes: translated, it is bit 7 of the code that follows. */
const BREAK = 0xf0;

const VERSION = 2;

interface State {
  status: number;
  mode: number;
  /** Output port without A20. */
  output: number;
  /** Output buffer. */
  data: number;
  /** Command that waits for its byte; 0: none. */
  command: number;
  /** 0x80 after the keyboard's prefix 0xf0, while codes are translated. */
  breakBit: number;
}

function resetState(): State {
  return {
    status: STATUS_COMMAND | STATUS_UNLOCKED,
    mode: MODE_RESET,
    output: OUT_IDLE,
    data: 0,
    command: 0,
    breakBit: 0,
  };
}

export interface I8042Options {
  irq: IrqLine;
  /** The mouse's line. */
  auxIrq: IrqLine;
  clock: GuestClock;
  timers: TimerFactory;
  /** The keyboard's lamps are other ones: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  leds?: (lit: number) => void;
  a20: A20Gate;
  reset: () => void;
  shadow: ShadowPort;
}

export class I8042 implements Device {
  readonly name = 'i8042';
  /** Status and command (port 0x64), data (port 0x60). */
  readonly regions: readonly MmioRegion[];
  readonly keyboard: Ps2Keyboard;
  readonly mouse: Ps2Mouse;
  private readonly irq: IrqLine;
  private readonly auxIrq: IrqLine;
  private readonly a20: A20Gate;
  private readonly requestReset: () => void;
  private readonly shadow: ShadowPort;
  private state = resetState();

  constructor(options: I8042Options) {
    this.irq = options.irq;
    this.auxIrq = options.auxIrq;
    const { clock, timers, leds } = options;
    const changed = (): void => this.update();
    this.keyboard = new Ps2Keyboard({ clock, timers, changed, ...(leds && { leds }) });
    this.mouse = new Ps2Mouse({ changed });
    this.a20 = options.a20;
    this.requestReset = options.reset;
    this.shadow = options.shadow;
    const port = { size: 1, accessMin: 1, accessMax: 1, spacing: 1 };
    this.regions = [
      {
        ...port,
        name: 'i8042-command',
        registers: [{ offset: 0, name: 'STATUS_COMMAND', read: 'shadow', write: 'exit' }],
        read: () => this.state.status,
        write: (_offset, _size, value) => this.command(value & 0xff),
      },
      {
        ...port,
        name: 'i8042-data',
        registers: [{ offset: 0, name: 'DATA', read: 'exit', write: 'exit' }],
        read: () => this.read(),
        write: (_offset, _size, value) => this.write(value & 0xff),
      },
    ];
    this.update();
  }

  /** Has the guest look at the mouse, where another pointer has something for it. */
  nudgeMouse(): void {
    this.mouse.move(1, 0, 0, 0);
  }

  private read(): number {
    const { data } = this.state;
    this.state.status &= ~(STATUS_OBF | STATUS_AUX);
    // The line falls before the next byte raises it again.
    this.updateIrqs();
    this.update();
    return data;
  }

  private command(value: number): void {
    const { state } = this;
    state.status |= STATUS_COMMAND;
    state.command = 0;
    switch (value) {
      case READ_MODE:
        this.answer(state.mode);
        break;
      case SELF_TEST:
        state.status |= STATUS_SYSTEM;
        this.answer(SELF_TEST_PASSED);
        break;
      case KEYBOARD_TEST:
        this.answer(0);
        break;
      case AUX_TEST:
        this.answer(0);
        break;
      case DISABLE_AUX:
        state.mode |= MODE_AUX_DISABLED;
        break;
      case ENABLE_AUX:
        state.mode &= ~MODE_AUX_DISABLED;
        break;
      case DISABLE_KEYBOARD:
        state.mode |= MODE_KEYBOARD_DISABLED;
        break;
      case ENABLE_KEYBOARD:
        state.mode &= ~MODE_KEYBOARD_DISABLED;
        break;
      case READ_INPUT_PORT:
        this.answer(INPUT_UNLOCKED);
        break;
      case READ_OUTPUT_PORT:
        this.answer(this.outputPort());
        break;
      case WRITE_MODE:
      case WRITE_OUTPUT_PORT:
      case WRITE_OUTPUT_BUFFER:
      case WRITE_AUX_BUFFER:
      case WRITE_AUX:
        state.command = value;
        break;
      case DISABLE_A20:
        this.a20.enabled = false;
        break;
      case ENABLE_A20:
        this.a20.enabled = true;
        break;
      default:
        if (value >= PULSE && !(value & OUT_NO_RESET)) this.requestReset();
    }
    this.update();
  }

  private write(value: number): void {
    const { state } = this;
    const { command } = state;
    state.status &= ~STATUS_COMMAND;
    state.command = 0;
    if (command === WRITE_MODE) {
      state.mode = value;
      state.status = (state.status & ~STATUS_SYSTEM) | (value & MODE_SYSTEM ? STATUS_SYSTEM : 0);
    } else if (command === WRITE_OUTPUT_PORT) {
      this.a20.enabled = (value & OUT_A20) !== 0;
      state.output = value & ~(OUT_A20 | OUT_NO_RESET);
      if (!(value & OUT_NO_RESET)) this.requestReset();
    } else if (command === WRITE_OUTPUT_BUFFER) {
      this.answer(value);
    } else if (command === WRITE_AUX_BUFFER) {
      this.answer(value, STATUS_AUX);
    } else if (command === WRITE_AUX) {
      this.mouse.receive(value);
    } else {
      // A byte for the keyboard enables its interface.
      state.mode &= ~MODE_KEYBOARD_DISABLED;
      this.keyboard.receive(value);
    }
    this.update();
  }

  private outputPort(): number {
    const { output, status } = this.state;
    // Bits 4 and 5 are the interrupt lines.
    const interrupt = status & STATUS_OBF ? (status & STATUS_AUX ? 0x20 : 0x10) : 0;
    return (output & ~0x30) | interrupt | OUT_NO_RESET | (this.a20.enabled ? OUT_A20 : 0);
  }

  private answer(value: number, source = 0): void {
    this.state.data = value;
    this.state.status = (this.state.status & ~STATUS_AUX) | STATUS_OBF | source;
  }

  /** Takes the next byte of a device into the output buffer if that is empty; the keyboard goes first. */
  private fill(): void {
    const { state } = this;
    while (!(state.status & STATUS_OBF)) {
      const key = state.mode & MODE_KEYBOARD_DISABLED ? null : this.keyboard.take();
      if (key !== null) {
        this.keyboardByte(key);
        continue;
      }
      const aux = state.mode & MODE_AUX_DISABLED ? null : this.mouse.take();
      if (aux === null) return;
      this.answer(aux, STATUS_AUX);
    }
  }

  private keyboardByte(byte: number): void {
    const { state } = this;
    if (!(state.mode & MODE_TRANSLATE)) return this.answer(byte);
    if (byte === BREAK) {
      state.breakBit = 0x80;
      return;
    }
    this.answer(translate(byte) | state.breakBit);
    state.breakBit = 0;
  }

  private update(): void {
    this.fill();
    this.shadow.publish(0, this.state.status);
    this.updateIrqs();
  }

  private updateIrqs(): void {
    const { status, mode } = this.state;
    const full = (status & STATUS_OBF) !== 0;
    const aux = (status & STATUS_AUX) !== 0;
    this.irq.set(full && !aux && (mode & MODE_KEYBOARD_INT) !== 0);
    this.auxIrq.set(full && aux && (mode & MODE_AUX_INT) !== 0);
  }

  reset(): void {
    this.state = resetState();
    this.keyboard.reset();
    this.mouse.reset();
    this.update();
  }

  save(): SavedState {
    return {
      version: VERSION,
      ...this.state,
      ...this.keyboard.save('keyboard'),
      ...this.mouse.save('mouse'),
    };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const keyboard = this.keyboard.restorer('keyboard', reader);
    const mouse = this.mouse.restorer('mouse', reader);
    this.state = {
      status: reader.uint('status', 8),
      mode: reader.uint('mode', 8),
      output: reader.uint('output', 8),
      data: reader.uint('data', 8),
      command: reader.uint('command', 8),
      breakBit: reader.uint('breakBit', 8),
    };
    keyboard();
    mouse();
    this.update();
  }
}
