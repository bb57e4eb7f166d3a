/** Numbers and strings of 9P messages: little-endian; a string is a length of 16 bits and bytes, mostly UTF-8. Specification: 9P2000.L, diod's protocol.md. */
import { decodeName, encodeName } from '../../core/byte-names.ts';

/** Reads a message; beyond its end there are zeros, and `broken` says so. */
export class Reader {
  broken = false;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private take(bytes: number): number | null {
    const { at } = this;
    if (at + bytes > this.view.byteLength) {
      this.broken = true;
      return null;
    }
    this.at += bytes;
    return at;
  }

  u8(): number {
    const at = this.take(1);
    return at === null ? 0 : this.view.getUint8(at);
  }

  u16(): number {
    const at = this.take(2);
    return at === null ? 0 : this.view.getUint16(at, true);
  }

  u32(): number {
    const at = this.take(4);
    return at === null ? 0 : this.view.getUint32(at, true);
  }

  u64(): bigint {
    const at = this.take(8);
    return at === null ? 0n : this.view.getBigUint64(at, true);
  }

  /** As a number; one that is too large for one is not exact. */
  size(): number {
    return Number(this.u64());
  }

  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return at === null
      ? new Uint8Array(0)
      : new Uint8Array(this.view.buffer, this.view.byteOffset + at, length);
  }

  string(): string {
    return decodeName(this.bytes(this.u16()));
  }
}

/** Writes a message. */
export class Writer {
  private readonly parts: number[] = [];
  private tail: Uint8Array | null = null;

  u8(value: number): this {
    this.parts.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.u8(value).u8(value >> 8);
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16);
  }

  u64(value: bigint | number): this {
    const all = BigInt.asUintN(64, BigInt(value));
    return this.u32(Number(all & 0xffff_ffffn)).u32(Number(all >> 32n));
  }

  string(text: string): this {
    const bytes = encodeName(text);
    this.u16(bytes.length);
    for (const byte of bytes) this.u8(byte);
    return this;
  }

  /** Bytes at the end; nothing comes behind them. */
  data(bytes: Uint8Array): this {
    this.tail = bytes;
    return this;
  }

  get length(): number {
    return this.parts.length + (this.tail?.length ?? 0);
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    bytes.set(this.parts);
    if (this.tail) bytes.set(this.tail, this.parts.length);
    return bytes;
  }
}
