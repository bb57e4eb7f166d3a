/**
 * Keyboard controller of a PC/AT (8042), with no keyboard and no mouse connected.
 * Specification: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and auxiliary device controller".
 *
 * What the guest sees: a controller that passes its self-test, drives A20 and resets the machine, and reports a time-out for whatever
 * is sent to a keyboard, as a real one does when none is plugged in. It has no auxiliary port: its commands do nothing.
 */
import type { IrqLine } from '../../core/irq.ts';
import type { A20Gate } from '../misc/port92.ts';
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';

const STATUS_OBF = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_TIMEOUT = 0x40;

const MODE_KEYBOARD_INT = 0x01;
const MODE_SYSTEM = 0x04;
const MODE_RESET = 0x03;

const OUT_NO_RESET = 0x01;
const OUT_A20 = 0x02;
/** The port's other lines, all idle. */
const OUT_IDLE = 0xcc;

const READ_MODE = 0x20;
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

const MODE_KEYBOARD_DISABLED = 0x10;
const SELF_TEST_PASSED = 0x55;
const INPUT_UNLOCKED = 0x80;
/** What the controller gives for an answer that did not come in time. */
const NO_ANSWER = 0xfe;

const VERSION = 1;

interface State {
  status: number;
  mode: number;
  /** Output port without A20. */
  output: number;
  /** Output buffer. */
  data: number;
  /** Command that waits for its byte; 0: none. */
  command: number;
}

function resetState(): State {
  return {
    status: STATUS_COMMAND | STATUS_UNLOCKED,
    mode: MODE_RESET,
    output: OUT_IDLE,
    data: 0,
    command: 0,
  };
}

export interface I8042Options {
  irq: IrqLine;
  a20: A20Gate;
  reset: () => void;
  shadow: ShadowPort;
}

export class I8042 implements Device {
  readonly name = 'i8042';
  /** Status and command (port 0x64), data (port 0x60). */
  readonly regions: readonly MmioRegion[];
  private readonly irq: IrqLine;
  private readonly a20: A20Gate;
  private readonly requestReset: () => void;
  private readonly shadow: ShadowPort;
  private state = resetState();

  constructor(options: I8042Options) {
    this.irq = options.irq;
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

  private read(): number {
    this.state.status &= ~(STATUS_OBF | STATUS_TIMEOUT);
    this.update();
    return this.state.data;
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
    } else if (command === 0) {
      // A byte for the keyboard enables its interface.
      state.mode &= ~MODE_KEYBOARD_DISABLED;
      state.status |= STATUS_TIMEOUT;
      this.answer(NO_ANSWER);
    }
    this.update();
  }

  private outputPort(): number {
    const { output, status } = this.state;
    // Bit 4 is the keyboard's interrupt line.
    const interrupt = status & STATUS_OBF ? 0x10 : 0;
    return (output & ~0x10) | interrupt | OUT_NO_RESET | (this.a20.enabled ? OUT_A20 : 0);
  }

  private answer(value: number): void {
    this.state.data = value;
    this.state.status |= STATUS_OBF;
  }

  private update(): void {
    const { status, mode } = this.state;
    this.shadow.publish(0, status);
    this.irq.set((status & STATUS_OBF) !== 0 && (mode & MODE_KEYBOARD_INT) !== 0);
  }

  reset(): void {
    this.state = resetState();
    this.update();
  }

  save(): SavedState {
    return { version: VERSION, ...this.state };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    this.state = {
      status: reader.uint('status', 8),
      mode: reader.uint('mode', 8),
      output: reader.uint('output', 8),
      data: reader.uint('data', 8),
      command: reader.uint('command', 8),
    };
    this.update();
  }
}
