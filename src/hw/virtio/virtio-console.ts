/**
 * A virtio console device with several ports. Specification: VIRTIO 1.2, section 5.3.
 *
 * VIRTIO_CONSOLE_RESIZE has columns, then rows. Linux before 6.16 (and its stable series of then) reads them the other way round.
 */
import type { Log } from '../../core/log.ts';
import type { SavedState, StateReader } from '../device.ts';
import type { Chain } from './ring.ts';
import { serve } from './serve.ts';
import type { VirtioHost, VirtioType } from './virtio.ts';

const F_SIZE = 1n << 0n;
const F_MULTIPORT = 1n << 1n;
const F_EMERG_WRITE = 1n << 2n;

const CONFIG_COLUMNS = 0;
const CONFIG_ROWS = 2;
const CONFIG_PORTS = 4;
const CONFIG_EMERGENCY = 8;
const CONFIG_BYTES = 12;

const QUEUE_SIZE = 128;
const CONTROL_TO_DRIVER = 2;
const CONTROL_FROM_DRIVER = 3;

/** Events of control messages (5.3.6.2). */
const DEVICE_READY = 0;
const DEVICE_ADD = 1;
const PORT_READY = 3;
const CONSOLE_PORT = 4;
const RESIZE = 5;
const PORT_OPEN = 6;
const PORT_NAME = 7;
const MESSAGE_BYTES = 8;
/** Control messages that wait for buffers of the driver; one that gives none gets no more. */
const MESSAGES_MAX = 256;
/** Bytes of one buffer of the driver that are looked at. */
const OUTPUT_MAX = 1 << 20;
/** Bytes that are put into one. */
const INPUT_MAX = 4096;

/** The host's end of a port. */
export interface PortBackend {
  output(bytes: Uint8Array): void;
  /** The next byte for the guest; null: there is none. */
  take(): number | null;
  /** A program of the guest's has opened the port, or closed it. */
  opened?(open: boolean): void;
}

export interface PortOptions {
  /** A console: the guest's hvc0, hvc1 … Else a port for data, /dev/vportNpM. */
  console: boolean;
  /** What programs in the guest know it by (/dev/virtio-ports/NAME). */
  name: string | null;
  backend: PortBackend;
}

interface Port extends PortOptions {
  /** The guest has it open. */
  open: boolean;
  ready: boolean;
  /** A buffer of the driver's that is to be filled. */
  room: Chain | null;
}

export class VirtioConsole implements VirtioType {
  readonly name = 'virtio-serial';
  readonly id = 3;
  readonly pciClass = 0x078000;
  readonly features = F_SIZE | F_MULTIPORT | F_EMERG_WRITE;
  readonly queues: readonly number[];
  readonly configBytes = CONFIG_BYTES;
  private readonly ports: readonly (Port | null)[];
  private readonly log: Log;
  private readonly config = new DataView(new ArrayBuffer(CONFIG_BYTES));
  private messages: Uint8Array[] = [];
  private host!: VirtioHost;

  /** @param options.ports by number; port 0 is what a driver without multiport support knows, null one that is not there */
  constructor({ ports, log }: { ports: readonly (PortOptions | null)[]; log: Log }) {
    this.ports = ports.map((port) => port && { ...port, open: false, ready: false, room: null });
    this.log = log;
    this.queues = Array.from({ length: 2 * ports.length + 2 }, () => QUEUE_SIZE);
    this.config.setUint16(CONFIG_COLUMNS, 80, true);
    this.config.setUint16(CONFIG_ROWS, 25, true);
    this.config.setUint32(CONFIG_PORTS, ports.length, true);
  }

  connect(host: VirtioHost): void {
    this.host = host;
  }

  private get multiport(): boolean {
    return (this.host.driverFeatures & F_MULTIPORT) !== 0n;
  }

  /** Whether the guest listens to a port. */
  isOpen(port: number): boolean {
    const found = this.ports[port];
    if (!found || !this.host.running) return false;
    return this.multiport ? found.open : port === 0 && found.console;
  }

  /** A port's backend has bytes for the guest. */
  inputReady(port: number): void {
    const queue = queueOf(port);
    const ring = this.host.ring(queue);
    const found = this.ports[port];
    if (!ring || !found || !this.isOpen(port)) return;
    do {
      let chain = found.room?.live ? found.room : ring.pop();
      for (; chain; chain = ring.pop()) {
        const length = this.fill(chain, found.backend);
        // The driver's buffer waits for bytes.
        found.room = length === 0 ? chain : null;
        if (length === 0) break;
        ring.push(chain, length);
      }
      if (chain) break;
    } while (this.host.running && ring.listen());
    this.host.signal(queue);
  }

  private fill(chain: Chain, backend: PortBackend): number {
    const bytes: number[] = [];
    while (bytes.length < Math.min(chain.inBytes, INPUT_MAX)) {
      const byte = backend.take();
      if (byte === null) break;
      bytes.push(byte);
    }
    chain.write(0, Uint8Array.from(bytes));
    return bytes.length;
  }

  /** The size of the screen behind the consoles, in characters. */
  resize(columns: number, rows: number): void {
    this.config.setUint16(CONFIG_COLUMNS, columns, true);
    this.config.setUint16(CONFIG_ROWS, rows, true);
    this.host.configChanged();
    this.ports.forEach((port, id) => {
      if (port?.console && port.ready) this.sendSize(id);
    });
    this.deliver();
  }

  readConfig(offset: number): number {
    return this.config.getUint8(offset);
  }

  /** The emergency write works before anything is set up (5.3.4). */
  writeConfig(offset: number, _size: number, value: number): void {
    if (offset === CONFIG_EMERGENCY) this.ports[0]?.backend.output(Uint8Array.of(value & 0xff));
  }

  notify(queue: number): void {
    if (queue === CONTROL_TO_DRIVER) return this.deliver();
    if (queue === CONTROL_FROM_DRIVER) {
      serve(this.host, queue, (chain) => this.control(chain));
      return this.deliver();
    }
    const port = queue < CONTROL_TO_DRIVER ? 0 : (queue >> 1) - 1;
    if (queue % 2 === 0) return this.inputReady(port);
    serve(this.host, queue, (chain) => {
      if (chain.outBytes <= OUTPUT_MAX) this.ports[port]?.backend.output(chain.read(0, chain.outBytes));
      else this.log.guestError(this.name, `${chain.outBytes} bytes at once`);
      return 0;
    });
  }

  private control(chain: Chain): number {
    if (!this.multiport || chain.outBytes < MESSAGE_BYTES) return 0;
    const view = new DataView(chain.read(0, MESSAGE_BYTES).buffer);
    const [id, event, value] = [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true)];
    const port = this.ports[id];
    if (event === DEVICE_READY) {
      if (value === 1) this.ports.forEach((one, number) => one && this.send(number, DEVICE_ADD, 1));
    } else if (!port) this.log.guestError(this.name, `there is no port ${id}`);
    else if (event === PORT_READY) {
      port.ready = value === 1;
      if (port.ready) this.introduce(id, port);
    } else if (event === PORT_OPEN) {
      this.setOpen(port, value === 1);
      if (port.open) this.inputReady(id);
    }
    return 0;
  }

  private setOpen(port: Port, open: boolean): void {
    const changed = port.open !== open;
    port.open = open;
    if (changed) port.backend.opened?.(open);
  }

  private introduce(id: number, { console, name }: Port): void {
    if (console) {
      this.send(id, CONSOLE_PORT, 1);
      this.sendSize(id);
    }
    if (name !== null) this.send(id, PORT_NAME, 1, new TextEncoder().encode(name));
    this.send(id, PORT_OPEN, 1);
  }

  private sendSize(id: number): void {
    const size = new Uint8Array(4);
    const view = new DataView(size.buffer);
    view.setUint16(0, this.config.getUint16(CONFIG_COLUMNS, true), true);
    view.setUint16(2, this.config.getUint16(CONFIG_ROWS, true), true);
    this.send(id, RESIZE, 0, size);
  }

  private send(id: number, event: number, value: number, more: Uint8Array = new Uint8Array(0)): void {
    if (this.messages.length >= MESSAGES_MAX)
      return this.log.guestError(this.name, 'the driver takes no control messages');
    const message = new Uint8Array(MESSAGE_BYTES + more.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, id, true);
    view.setUint16(4, event, true);
    view.setUint16(6, value, true);
    message.set(more, MESSAGE_BYTES);
    this.messages.push(message);
  }

  /** Control messages into the driver's buffers, as far as there are some. */
  private deliver(): void {
    const ring = this.host.ring(CONTROL_TO_DRIVER);
    if (!ring || !this.host.running) return;
    while (this.messages.length > 0) {
      const chain = ring.pop() ?? (ring.listen() ? ring.pop() : null);
      if (!chain) break;
      const message = this.messages.shift()!;
      const length = Math.min(message.length, chain.inBytes);
      chain.write(0, message.subarray(0, length));
      ring.push(chain, length);
    }
    this.host.signal(CONTROL_TO_DRIVER);
  }

  reset(): void {
    this.messages = [];
    for (const port of this.ports) {
      if (!port) continue;
      Object.assign(port, { ready: false, room: null });
      this.setOpen(port, false);
    }
  }

  save(): SavedState {
    return {
      open: this.ports.map((port) => Number(port?.open ?? false)),
      ready: this.ports.map((port) => Number(port?.ready ?? false)),
      messages: this.messages.flatMap((message) => [message.length, ...message]),
    };
  }

  restorer(reader: StateReader): () => void {
    const flags = (key: string): boolean[] => {
      const values = reader.uints(key, 1, this.ports.length);
      if (values.length !== this.ports.length) throw reader.error(key, 'one for each port');
      return values.map((value) => value === 1);
    };
    const [open, ready] = [flags('open'), flags('ready')];
    // The length of each, and its bytes.
    const values = reader.uints('messages', 16, MESSAGES_MAX * 0x10000);
    const messages: Uint8Array[] = [];
    for (let at = 0; at < values.length; at += 1 + values[at]) {
      const bytes = values.slice(at + 1, at + 1 + values[at]);
      if (bytes.length !== values[at] || bytes.length < MESSAGE_BYTES || bytes.some((byte) => byte > 0xff))
        throw reader.error('messages', 'whole control messages');
      messages.push(Uint8Array.from(bytes));
    }
    return () => {
      this.messages = messages;
      this.ports.forEach((port, i) => {
        if (!port) return;
        Object.assign(port, { ready: ready[i], room: null });
        this.setOpen(port, open[i]);
      });
    };
  }
}

/** The queue of input to a port; that of its output comes behind it (5.3.2). */
function queueOf(port: number): number {
  return port === 0 ? 0 : 2 * port + 2;
}
