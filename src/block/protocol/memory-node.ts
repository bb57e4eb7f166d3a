import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  failure,
  refused,
  storedStatus,
  success,
  outside,
} from '../block-node.ts';

/** What is smaller doubles as it grows; room that a larger one gets, bytes. */
const SMALL = 1 << 20;
const ROOM = 64 << 20;
/** The most room for what a node is expected to come to: it costs addresses, and memory where it is touched. */
const EXPECTED_MAX = 256 << 20;

/** Bytes in memory. */
export class MemoryNode implements BlockNode {
  readonly readOnly: boolean;
  /** The bytes and room to grow: zeros. */
  private buffer: Uint8Array | null;
  private length: number;
  /** From here on the buffer is zeros: the node was never longer. */
  private reached: number;
  private expected = 0;

  /** @param bytes used as they are, not copied, until the node grows */
  constructor(bytes: Uint8Array, options: { readOnly?: boolean } = {}) {
    this.buffer = bytes;
    this.length = bytes.length;
    this.reached = bytes.length;
    this.readOnly = options.readOnly ?? false;
  }

  get size(): number {
    return this.length;
  }

  /** What is stored, without a copy; nothing once the node is closed. */
  get bytes(): Uint8Array {
    return this.buffer?.subarray(0, this.length) ?? new Uint8Array(0);
  }

  read(offset: number, length: number): BlockResult<Uint8Array> {
    if (!this.buffer) return closed();
    return outside(this.length, offset, length) ?? success(this.buffer.subarray(offset, offset + length));
  }

  write(offset: number, bytes: Uint8Array): BlockResult {
    if (!this.buffer) return closed();
    const wrong = refused(this, offset, bytes.length);
    if (wrong) return wrong;
    this.buffer.set(bytes, offset);
    return DONE;
  }

  flush(): BlockResult {
    return this.buffer ? DONE : closed();
  }

  discard(offset: number, length: number): BlockResult {
    if (!this.buffer) return closed();
    return outside(this.length, offset, length) ?? DONE;
  }

  writeZeroes(offset: number, length: number): BlockResult {
    if (!this.buffer) return closed();
    const wrong = refused(this, offset, length);
    if (wrong) return wrong;
    this.buffer.fill(0, offset, offset + length);
    return DONE;
  }

  blockStatus(offset: number, length: number): BlockResult<BlockStatus> {
    return this.buffer ? storedStatus(this, offset, length) : closed();
  }

  resize(size: number): BlockResult {
    if (!this.buffer) return closed();
    if (this.readOnly) return failure('read-only', 'the image takes no writes');
    if (size > this.buffer.length) {
      const buffer = this.roomFor(size);
      if (!buffer) return failure('space', 'there is no more memory for the image');
      buffer.set(this.bytes);
      this.buffer = buffer;
      this.reached = this.length;
    }
    // Room that was never used is zeros, and is not touched before there are bytes for it.
    if (size > this.length) this.buffer.fill(0, this.length, Math.min(size, this.reached));
    this.reached = Math.max(this.reached, size);
    this.length = size;
    return DONE;
  }

  /**
   * Images grow cluster by cluster: room for more spares most copies, and costs memory only where it is touched.
   * @returns null: there is no memory even for what is needed
   */
  private roomFor(size: number): Uint8Array | null {
    const wishes =
      size < SMALL ? [Math.min(2 * size, SMALL)] : [Math.max(size, this.expected) + ROOM, size + ROOM, size];
    for (const room of wishes) {
      try {
        return new Uint8Array(room);
      } catch {
        // Less of it may be there.
      }
    }
    return null;
  }

  expect(size: number): void {
    this.expected = Math.min(size, EXPECTED_MAX);
  }

  close(): BlockResult {
    this.buffer = null;
    return DONE;
  }
}

const closed = (): BlockResult<never> => failure('io', 'the image is closed');
