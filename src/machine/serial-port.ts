import type { SerialStream, Unsubscribe } from '../core/vm-api.ts';
import type { SerialBackend } from '../hw/char/ns16550a.ts';
import { ByteQueue } from './byte-queue.ts';

/** Undigested output from which on the guest is held back, in bytes: the contract of SerialStream.onData. */
export const SERIAL_HIGH_WATER = 65536;

type Listener = (bytes: Uint8Array) => void | Promise<void>;

export interface SerialPortHooks {
  /** There is input and the UART may want it. */
  inputReady(): void;
  /** Too much output is undigested, or it no longer is. */
  hold(): void;
  release(): void;
  /** The first byte of the guest arrived. */
  firstOutput(): void;
  /** A program of the guest's has opened the port, or closed it: of ports that can tell. */
  opened?(open: boolean): void;
  /** A listener threw or rejected. */
  failed(error: unknown): void;
}

/**
 * The host's end of a serial line. Output is collected and handed out once per turn of the exit server; input waits
 * here, with no limit and no loss, until the UART's FIFO has room.
 */
export class SerialPort implements SerialBackend, SerialStream {
  private readonly hooks: SerialPortHooks;
  private readonly listeners = new Set<Listener>();
  private readonly output = new ByteQueue();
  private readonly input = new ByteQueue();
  private undigested = 0;
  private held = false;
  private started = false;

  constructor(hooks: SerialPortHooks) {
    this.hooks = hooks;
  }

  /** Whether so much output is undigested that the guest is to be held back. */
  get holding(): boolean {
    return this.held;
  }

  /** Bytes of input that the guest has not taken. */
  get waiting(): number {
    return this.input.length;
  }

  /** What the port does when the guest opens or closes it. */
  opened(open: boolean): void {
    this.hooks.opened?.(open);
  }

  transmit(byte: number): void {
    this.output.push(byte);
    if (this.output.length >= SERIAL_HIGH_WATER) this.flush();
  }

  take(): number | null {
    return this.input.shift();
  }

  /** A break is not passed on: the stream carries bytes. */
  setBreak(): void {}

  onData(listener: Listener): Unsubscribe {
    const entry: Listener = (bytes) => listener(bytes);
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  write(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    if (bytes.length === 0) return;
    this.input.append(bytes);
    this.hooks.inputReady();
  }

  /** Drops the input that the guest has not taken. */
  discardInput(): void {
    this.input.takeAll();
  }

  /** Hands the collected output to the listeners. */
  flush(): void {
    if (this.output.length === 0) return;
    const bytes = this.output.takeAll();
    if (!this.started) {
      this.started = true;
      this.hooks.firstOutput();
    }
    const waits: Promise<void>[] = [];
    for (const listener of [...this.listeners]) {
      try {
        // Each listener gets bytes of its own, to keep or to transfer.
        const result = listener(this.listeners.size === 1 ? bytes : bytes.slice());
        if (result) waits.push(Promise.resolve(result).catch((error: unknown) => this.hooks.failed(error)));
      } catch (error) {
        this.hooks.failed(error);
      }
    }
    if (waits.length > 0) this.await(waits, bytes.length);
  }

  /** Forgets listeners and queues. */
  dispose(): void {
    this.listeners.clear();
    this.output.takeAll();
    this.discardInput();
  }

  private await(waits: Promise<void>[], bytes: number): void {
    this.undigested += bytes;
    if (this.undigested >= SERIAL_HIGH_WATER && !this.held) {
      this.held = true;
      this.hooks.hold();
    }
    void Promise.all(waits).then(() => {
      this.undigested -= bytes;
      if (this.undigested >= SERIAL_HIGH_WATER || !this.held) return;
      this.held = false;
      this.hooks.release();
    });
  }
}
