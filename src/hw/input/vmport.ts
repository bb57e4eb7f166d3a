/**
 * VMware's backdoor port with its absolute pointer: where the pointer of the host is, so that guest and host need no pointer lock.
 * Specification: QEMU 7.2, hw/i386/vmport.c and vmmouse.c; VMware's backdoor (open-vm-tools, backdoor_def.h). The guest puts a magic number in EAX and a command
 * in CX, and reads 32 bits; the answer comes in all registers.
 * Not there: the commands for the time of day (23, 46). An access of 8 or 16 bits finds all ones.
 */
import type { PointerInput } from '../../core/vm-api.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';

const MAGIC = 0x564d5868;
const NOBODY = 0xffffffff;

const GET_VERSION = 10;
const GET_BIOS_UUID = 19;
const GET_RAM_SIZE = 20;
const POINTER_DATA = 39;
const POINTER_STATUS = 40;
const POINTER_COMMAND = 41;
const GET_HZ = 45;
const GET_VCPU_INFO = 68;

const VERSION_NUMBER = 6;
/** VMware ESX. */
const PRODUCT = 2;

/** What POINTER_COMMAND finds in EBX. */
const READ_ID = 0x45414552;
const REQUEST_RELATIVE = 0x4c455252;
const REQUEST_ABSOLUTE = 0x53424152;
const DISABLE = 0xf5;

const POINTER_ID = 0x3442554a;
/** Status of a pointer that is off, or of which something impossible was asked. */
const STATUS_ERROR = 0xffff;

/** The buttons of an event, and its kind. */
const LEFT = 0x20;
const RIGHT = 0x10;
const MIDDLE = 0x08;
const RELATIVE = 0x10000;

/** Words of an event: buttons, x, y, wheel. */
const EVENT_WORDS = 4;
const QUEUE_MAX = 1024;
/** From so many words on, movement replaces movement that was not read yet. */
const QUEUE_SLOW = 16 * EVENT_WORDS;

/** QEMU's largest coordinate, which is doubled. */
const PLACE_MAX = 0x7fff;
/** Pixels of a screen, for movement without a place. */
const SCREEN = 1024;

const SAVED_VERSION = 1;

const [EAX, EBX, ECX, EDX] = [0, 1, 2, 3];
const REGISTERS = 6;

/** Registers of the vCPU that accesses the port: EAX, EBX, ECX, EDX, ESI, EDI. */
export interface PortRegisters {
  get(register: number): number;
  set(register: number, value: number): void;
}

export class VmPort implements Device {
  readonly name = 'vmport';
  readonly regions: readonly MmioRegion[];
  private readonly registers: PortRegisters;
  private readonly ramBytes: number;
  private readonly nudge: () => void;
  private queue: number[] = [];
  private status = STATUS_ERROR;
  private isAbsolute = false;
  /** The guest listens: it has asked for one kind of events or the other since the pointer was last off. */
  private listens = false;
  /** Where the pointer was last. */
  private place: readonly number[] = [0, 0];

  /** @param options.nudge interrupts the guest with a packet of the PS/2 mouse, at which its driver looks here */
  constructor(options: { registers: PortRegisters; ramBytes: number; nudge: () => void }) {
    this.registers = options.registers;
    this.ramBytes = options.ramBytes;
    this.nudge = options.nudge;
    this.regions = [
      {
        name: 'vmport',
        size: 4,
        accessMin: 1,
        accessMax: 4,
        spacing: 0,
        registers: [],
        read: (offset, size) => (offset === 0 && size === 4 ? this.answer() : NOBODY >>> (32 - 8 * size)),
        write: (offset, size) => {
          if (offset === 0 && size === 4) this.registers.set(EAX, this.answer());
        },
      },
    ];
  }

  /** The guest follows an absolute pointer. */
  get absolute(): boolean {
    return this.listens && this.isAbsolute;
  }

  /**
   * Takes what the pointer did.
   * @returns false: the guest listens to its mouse
   */
  pointer({ x, y, dx = 0, dy = 0, wheel = 0, buttons: pressed }: PointerInput): boolean {
    if (!this.listens) return false;
    if (this.queue.length > QUEUE_MAX - EVENT_WORDS) return true;
    const buttons = (pressed & 1 ? LEFT : 0) | (pressed & 2 ? RIGHT : 0) | (pressed & 4 ? MIDDLE : 0);
    const event = this.isAbsolute
      ? [buttons, ...this.placeOf(x, y, dx, dy), wheel >>> 0]
      : [buttons | RELATIVE, dx >>> 0, dy >>> 0, wheel >>> 0];
    const { queue } = this;
    const last = queue.length - EVENT_WORDS;
    const replaces =
      this.isAbsolute && last >= QUEUE_SLOW && queue[last] === buttons && queue[last + 3] === 0;
    if (replaces && wheel === 0) queue.length = last;
    queue.push(...event);
    this.nudge();
    return true;
  }

  /** Where the pointer is now, 0 to 0xfffe. What only moves it does so by pixels of a screen of about 1024 of them. */
  private placeOf(x: number | undefined, y: number | undefined, dx: number, dy: number): readonly number[] {
    const [oldX, oldY] = this.place;
    const clamp = (part: number): number => Math.round(Math.min(Math.max(part, 0), 1) * PLACE_MAX) << 1;
    this.place = [
      clamp(x ?? oldX / (2 * PLACE_MAX) + dx / SCREEN),
      clamp(y ?? oldY / (2 * PLACE_MAX) + dy / SCREEN),
    ];
    return this.place;
  }

  /** EAX's answer; those of the other registers are set. */
  private answer(): number {
    const { registers } = this;
    if (registers.get(EAX) !== MAGIC) return NOBODY;
    switch (registers.get(ECX) & 0xff) {
      case GET_VERSION:
        registers.set(EBX, MAGIC);
        registers.set(ECX, PRODUCT);
        return VERSION_NUMBER;
      case GET_BIOS_UUID:
        for (const register of [EBX, ECX, EDX]) registers.set(register, 0);
        return 0;
      case GET_RAM_SIZE:
        registers.set(EBX, 0x1177);
        return this.ramBytes;
      case GET_HZ:
        // As where nobody knows the frequency of the TSC.
        registers.set(EBX, NOBODY);
        return MAGIC;
      case GET_VCPU_INFO:
        return 0;
      case POINTER_DATA:
      case POINTER_STATUS:
      case POINTER_COMMAND:
        return this.pointerCommand();
    }
    return NOBODY;
  }

  private pointerCommand(): number {
    const { registers } = this;
    const data = Array.from({ length: REGISTERS }, (_, register) => registers.get(register));
    // The pointer looks at 16 bits of the command, where the port has looked at 8.
    switch (data[ECX] & 0xffff) {
      case POINTER_STATUS:
        data[EAX] = ((this.status << 16) | this.queue.length) >>> 0;
        break;
      case POINTER_COMMAND:
        this.command(data[EBX]);
        break;
      case POINTER_DATA:
        this.read(data, data[EBX]);
    }
    data.forEach((value, register) => {
      registers.set(register, value);
    });
    return data[EAX];
  }

  private command(command: number): void {
    if (command === DISABLE) {
      this.status = STATUS_ERROR;
      this.listens = false;
    } else if (command === READ_ID) {
      if (this.queue.length >= QUEUE_MAX) return;
      this.queue.push(POINTER_ID);
      this.status = 0;
      this.listens = true;
    } else if (this.status === 0 && (command === REQUEST_RELATIVE || command === REQUEST_ABSOLUTE)) {
      this.isAbsolute = command === REQUEST_ABSOLUTE;
      this.listens = true;
    }
  }

  private read(data: number[], words: number): void {
    if (words === 0 || words > REGISTERS || words > this.queue.length) {
      this.status = STATUS_ERROR;
      this.listens = false;
      return;
    }
    this.queue.splice(0, words).forEach((word, register) => {
      data[register] = word;
    });
  }

  reset(): void {
    this.queue = [];
    this.status = STATUS_ERROR;
    this.isAbsolute = false;
    this.listens = false;
    this.place = [0, 0];
  }

  save(): SavedState {
    const { queue, status, isAbsolute, listens, place } = this;
    return {
      version: SAVED_VERSION,
      queue: queue.flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff)),
      status,
      isAbsolute,
      listens,
      x: place[0],
      y: place[1],
    };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, SAVED_VERSION, saved);
    const bytes = reader.bytes('queue', QUEUE_MAX * 4);
    const status = reader.uint('status', 16);
    const isAbsolute = reader.bool('isAbsolute');
    const listens = reader.bool('listens');
    const place = [reader.uint('x', 16), reader.uint('y', 16)];
    const queue = Array.from({ length: bytes.length >> 2 }, (_, i) =>
      [0, 1, 2, 3].reduce((word, n) => (word | (bytes[i * 4 + n] << (8 * n))) >>> 0, 0),
    );
    Object.assign(this, { queue, status, isAbsolute, listens, place });
  }
}
