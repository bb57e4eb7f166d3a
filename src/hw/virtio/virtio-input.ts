/**
 * Virtio input devices: a keyboard, a mouse, a tablet whose pointer is absolute, and a touch screen. Specification: VIRTIO 1.2, section 5.8; the codes of events
 * are Linux's (include/uapi/linux/input-event-codes.h). Identity and axes as those of QEMU's devices; QEMU has its touch screen since version 8.
 */
import type { PointerInput, TouchInput } from '../../core/vm-api.ts';
import type { SavedState } from '../device.ts';
import { KEYS, scanCodes } from '../input/scan-codes.ts';
import { serve } from './serve.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const QUEUE_EVENTS = 0;
const QUEUE_STATUS = 1;
const QUEUE_SIZE = 64;
const EVENT_BYTES = 8;
/** Events that wait for buffers of the driver; what comes then is lost, as with a keyboard whose buffer is full. */
const EVENTS_MAX = 1024;

const EV_SYN = 0;
const EV_KEY = 1;
const EV_REL = 2;
const EV_ABS = 3;
const EV_LED = 0x11;
const EV_REP = 0x14;
const REL_X = 0;
const REL_Y = 1;
const REL_WHEEL = 8;
const ABS_MAX = 0x7fff;
const BUTTONS = [0x110, 0x111, 0x112, 0x113, 0x114];
const BUTTON_TOUCH = 0x14a;
/** Linux, "Multi-touch (MT) Protocol", type B: each contact has a slot, and a number while it lasts. */
const ABS_X = 0;
const ABS_Y = 1;
const MT_SLOT = 0x2f;
const MT_POSITION_X = 0x35;
const MT_POSITION_Y = 0x36;
const MT_TRACKING_ID = 0x39;
const SLOTS = 10;
/** The device's pointer is where it is touched (INPUT_PROP_DIRECT). */
const PROPERTY_DIRECT = 1;
const LED_NUM = 0;
const LED_CAPS = 1;
const LED_SCROLL = 2;

/** Selectors of the configuration (5.8.4). */
const ID_NAME = 0x01;
const ID_DEVIDS = 0x03;
const PROP_BITS = 0x10;
const EV_BITS = 0x11;
const ABS_INFO = 0x12;
const CONFIG_SELECT = 0;
const CONFIG_SUBSELECT = 1;
const CONFIG_SIZE = 2;
const CONFIG_DATA = 8;
const CONFIG_BYTES = 136;
const BUS_VIRTUAL = 6;
const VENDOR = 0x0627;

/** Codes of keys whose scan code has a prefix (0xe0); the others have the scan code's number. */
const PREFIXED: Readonly<Record<number, number>> = {
  [0x1c]: 96,
  [0x1d]: 97,
  [0x35]: 98,
  [0x37]: 99,
  [0x38]: 100,
  [0x47]: 102,
  [0x48]: 103,
  [0x49]: 104,
  [0x4b]: 105,
  [0x4d]: 106,
  [0x4f]: 107,
  [0x50]: 108,
  [0x51]: 109,
  [0x52]: 110,
  [0x53]: 111,
  [0x20]: 113,
  [0x2e]: 114,
  [0x30]: 115,
  [0x5e]: 116,
  [0x5b]: 125,
  [0x5c]: 126,
  [0x5d]: 127,
};
/** The last scan code whose number is the key's code. */
const PLAIN_MAX = 0x58;
const KEY_PAUSE = 119;
const KEY_SYSRQ = 99;

/** Linux's code of a key; null: it has none here. */
export function keyCode(key: string): number | null {
  if (key === 'Pause') return KEY_PAUSE;
  if (key === 'PrintScreen') return KEY_SYSRQ;
  const make = scanCodes(key, 1)?.make;
  if (!make) return null;
  if (make[0] === 0xe0) return PREFIXED[make[1]] ?? null;
  return make[0] <= PLAIN_MAX ? make[0] : null;
}

interface Identity {
  name: string;
  product: number;
  version: number;
  /** Numbers of events by type. */
  events: Readonly<Record<number, readonly number[]>>;
  properties?: readonly number[];
  /** The largest value of axes whose it is not ABS_MAX. */
  axes?: Readonly<Record<number, number>>;
}

function bitmap(numbers: readonly number[]): Uint8Array {
  const bits = new Uint8Array((Math.max(...numbers) >> 3) + 1);
  for (const number of numbers) bits[number >> 3] |= 1 << (number & 7);
  return bits;
}

/** A place of 0 to 1. */
const axis = (place: number): number => Math.round(Math.min(Math.max(place, 0), 1) * ABS_MAX);

/** Events to the driver, and what both kinds have in common. */
abstract class VirtioInput implements VirtioType {
  abstract readonly name: string;
  readonly id = 18;
  readonly pciClass: number = 0x090000;
  readonly features = 0n;
  readonly queues = [QUEUE_SIZE, QUEUE_SIZE];
  readonly configBytes = CONFIG_BYTES;
  protected abstract readonly identity: Identity;
  private select = 0;
  private subselect = 0;
  private waiting: Uint8Array[] = [];
  protected host!: VirtioHost;

  connect(host: VirtioHost): void {
    this.host = host;
  }

  /** A driver listens. */
  get running(): boolean {
    return this.host.running && this.host.ring(QUEUE_EVENTS) !== null;
  }

  /** The driver has taken every event. */
  get idle(): boolean {
    return this.waiting.length === 0;
  }

  private data(): Uint8Array {
    const { identity, select, subselect } = this;
    if (select === ID_NAME && subselect === 0) return new TextEncoder().encode(identity.name);
    if (select === ID_DEVIDS && subselect === 0)
      return new Uint8Array(Uint16Array.of(BUS_VIRTUAL, VENDOR, identity.product, identity.version).buffer);
    const numbers = Object.hasOwn(identity.events, subselect) ? identity.events[subselect] : [];
    if (select === EV_BITS && numbers.length > 0) return bitmap(numbers);
    if (select === PROP_BITS && subselect === 0 && identity.properties) return bitmap(identity.properties);
    const isAxis = select === ABS_INFO && (identity.events[EV_ABS]?.includes(subselect) ?? false);
    const most = identity.axes?.[subselect] ?? ABS_MAX;
    return isAxis ? new Uint8Array(Uint32Array.of(0, most, 0, 0, 0).buffer) : new Uint8Array(0);
  }

  readConfig(offset: number): number {
    if (offset === CONFIG_SELECT) return this.select;
    if (offset === CONFIG_SUBSELECT) return this.subselect;
    const data = this.data();
    if (offset === CONFIG_SIZE) return data.length;
    return offset >= CONFIG_DATA ? (data[offset - CONFIG_DATA] ?? 0) : 0;
  }

  writeConfig(offset: number, _size: number, value: number): void {
    if (offset === CONFIG_SELECT) this.select = value & 0xff;
    else if (offset === CONFIG_SUBSELECT) this.subselect = value & 0xff;
  }

  /** Sends events, and the end of what belongs together. */
  protected send(events: readonly (readonly [number, number, number])[]): void {
    if (!this.running || events.length === 0 || this.waiting.length + events.length >= EVENTS_MAX) return;
    for (const [type, code, value] of [...events, [EV_SYN, 0, 0] as const]) {
      const bytes = new Uint8Array(EVENT_BYTES);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, type, true);
      view.setUint16(2, code, true);
      view.setInt32(4, value, true);
      this.waiting.push(bytes);
    }
    this.deliver();
  }

  private deliver(): void {
    const ring = this.host.ring(QUEUE_EVENTS);
    while (ring && this.waiting.length > 0) {
      const chain = ring.pop() ?? (ring.listen() ? ring.pop() : null);
      if (!chain) break;
      const event = this.waiting.shift()!;
      const length = Math.min(EVENT_BYTES, chain.inBytes);
      chain.write(0, event.subarray(0, length));
      ring.push(chain, length);
    }
    this.host.signal(QUEUE_EVENTS);
  }

  /** An event from the driver: a lamp, most likely. */
  protected status(_type: number, _code: number, _value: number): void {}

  notify(queue: number): void {
    if (queue !== QUEUE_STATUS) return this.deliver();
    serve(this.host, queue, (chain) => {
      if (chain.outBytes < EVENT_BYTES) return 0;
      const view = new DataView(chain.read(0, EVENT_BYTES).buffer);
      this.status(view.getUint16(0, true), view.getUint16(2, true), view.getInt32(4, true));
      return 0;
    });
  }

  reset(): void {
    this.select = 0;
    this.subselect = 0;
    this.waiting = [];
  }

  /** Without the events that wait: they are the host's, and of a moment ago. */
  save(): SavedState {
    return { select: this.select, subselect: this.subselect };
  }

  restorer(reader: Parameters<VirtioType['restorer']>[0]): () => void {
    const [select, subselect] = [reader.uint('select', 8), reader.uint('subselect', 8)];
    return () => {
      Object.assign(this, { select, subselect });
    };
  }
}

export class VirtioKeyboard extends VirtioInput {
  readonly name = 'virtio-keyboard';
  override readonly pciClass = 0x090000;
  protected readonly identity: Identity = {
    name: 'QEMU Virtio Keyboard',
    product: 1,
    version: 1,
    events: {
      [EV_KEY]: KEYS.flatMap((key) => keyCode(key) ?? []),
      [EV_REP]: [0, 1],
      [EV_LED]: [LED_NUM, LED_CAPS, LED_SCROLL],
    },
  };
  private readonly down = new Set<string>();
  private readonly leds: (lit: number) => void;
  private lit = 0;

  /** @param options.leds told the lamps: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock */
  constructor({ leds }: { leds(lit: number): void }) {
    super();
    this.leds = leds;
  }

  /** A key goes down or up. @returns false for a key that there is none of */
  key(key: string, down: boolean): boolean {
    const code = keyCode(key);
    if (code === null) return false;
    if (down === this.down.has(key)) return true;
    if (down) this.down.add(key);
    else this.down.delete(key);
    this.send([[EV_KEY, code, Number(down)]]);
    return true;
  }

  releaseAll(): void {
    for (const key of [...this.down]) this.key(key, false);
  }

  protected override status(type: number, code: number, value: number): void {
    const bit = type === EV_LED ? { [LED_SCROLL]: 1, [LED_NUM]: 2, [LED_CAPS]: 4 }[code] : undefined;
    if (bit === undefined) return;
    this.lit = value ? this.lit | bit : this.lit & ~bit;
    this.leds(this.lit);
  }

  override reset(): void {
    super.reset();
    this.down.clear();
    this.lit = 0;
  }
}

/** A pointing device with buttons and a wheel. */
abstract class VirtioPointer extends VirtioInput {
  private buttons = 0;

  pointer(input: PointerInput): void {
    const { wheel = 0, buttons } = input;
    const events = this.place(input);
    BUTTONS.forEach((code, i) => {
      if ((buttons ^ this.buttons) & (1 << i)) events.push([EV_KEY, code, (buttons >> i) & 1]);
    });
    // The wheel's notches count away from the person.
    if (wheel !== 0) events.push([EV_REL, REL_WHEEL, -wheel]);
    this.buttons = buttons;
    this.send(events);
  }

  /** The events of a movement. */
  protected abstract place(input: PointerInput): [number, number, number][];

  override reset(): void {
    super.reset();
    this.buttons = 0;
  }
}

export class VirtioTablet extends VirtioPointer {
  readonly name = 'virtio-tablet';
  protected readonly identity: Identity = {
    name: 'QEMU Virtio Tablet',
    product: 3,
    version: 2,
    events: { [EV_KEY]: BUTTONS, [EV_REL]: [REL_WHEEL], [EV_ABS]: [ABS_X, ABS_Y] },
  };

  protected place({ x, y }: PointerInput): [number, number, number][] {
    return [
      ...(x === undefined ? [] : [[EV_ABS, ABS_X, axis(x)] as [number, number, number]]),
      ...(y === undefined ? [] : [[EV_ABS, ABS_Y, axis(y)] as [number, number, number]]),
    ];
  }
}

export class VirtioMouse extends VirtioPointer {
  readonly name = 'virtio-mouse';
  override readonly pciClass = 0x090200;
  protected readonly identity: Identity = {
    name: 'QEMU Virtio Mouse',
    product: 2,
    version: 2,
    events: { [EV_KEY]: BUTTONS, [EV_REL]: [REL_X, REL_Y, REL_WHEEL] },
  };

  protected place({ dx = 0, dy = 0 }: PointerInput): [number, number, number][] {
    return [
      ...(dx === 0 ? [] : [[EV_REL, REL_X, dx] as [number, number, number]]),
      ...(dy === 0 ? [] : [[EV_REL, REL_Y, dy] as [number, number, number]]),
    ];
  }
}

export class VirtioMultitouch extends VirtioInput {
  readonly name = 'virtio-multitouch';
  protected readonly identity: Identity = {
    name: 'QEMU Virtio MultiTouch',
    product: 3,
    version: 1,
    events: {
      [EV_KEY]: [BUTTON_TOUCH],
      [EV_ABS]: [MT_SLOT, MT_POSITION_X, MT_POSITION_Y, MT_TRACKING_ID],
    },
    properties: [PROPERTY_DIRECT],
    axes: { [MT_SLOT]: SLOTS, [MT_TRACKING_ID]: SLOTS },
  };
  /** Fingers by slot, as the host numbers them. */
  private readonly slots: (number | null)[] = Array(SLOTS).fill(null);

  /** The fingers that touch now. More than ten are not seen. */
  touch(fingers: readonly TouchInput[]): void {
    const events: [number, number, number][] = [];
    const before = this.slots.some((finger) => finger !== null);
    this.slots.forEach((finger, slot) => {
      if (finger === null || fingers.some(({ id }) => id === finger)) return;
      this.slots[slot] = null;
      events.push([EV_ABS, MT_SLOT, slot], [EV_ABS, MT_TRACKING_ID, -1]);
    });
    for (const { id, x, y } of fingers) {
      let slot = this.slots.indexOf(id);
      const isNew = slot < 0;
      if (isNew) slot = this.slots.indexOf(null);
      if (slot < 0) continue;
      events.push([EV_ABS, MT_SLOT, slot]);
      if (isNew) {
        this.slots[slot] = id;
        events.push([EV_ABS, MT_TRACKING_ID, slot]);
      }
      events.push([EV_ABS, MT_POSITION_X, axis(x)], [EV_ABS, MT_POSITION_Y, axis(y)]);
    }
    const after = this.slots.some((finger) => finger !== null);
    if (before !== after) events.push([EV_KEY, BUTTON_TOUCH, Number(after)]);
    this.send(events);
  }

  override reset(): void {
    super.reset();
    this.slots.fill(null);
  }
}
