import { type BlockNode, type BlockResult, DONE, failure, outside, success } from './block-node.ts';

/** Bytes in memory. */
export class MemoryNode implements BlockNode {
  readonly size: number;
  readonly readOnly: boolean;
  private bytes: Uint8Array | null;

  /** @param bytes used as they are, not copied */
  constructor(bytes: Uint8Array, options: { readOnly?: boolean } = {}) {
    this.bytes = bytes;
    this.size = bytes.length;
    this.readOnly = options.readOnly ?? false;
  }

  read(offset: number, length: number): BlockResult<Uint8Array> {
    if (!this.bytes) return closed();
    return outside(this.size, offset, length) ?? success(this.bytes.subarray(offset, offset + length));
  }

  write(offset: number, bytes: Uint8Array): BlockResult {
    if (!this.bytes) return closed();
    if (this.readOnly) return failure('read-only', 'the image takes no writes');
    const wrong = outside(this.size, offset, bytes.length);
    if (wrong) return wrong;
    this.bytes.set(bytes, offset);
    return DONE;
  }

  flush(): BlockResult {
    return this.bytes ? DONE : closed();
  }

  discard(offset: number, length: number): BlockResult {
    if (!this.bytes) return closed();
    return outside(this.size, offset, length) ?? DONE;
  }

  close(): void {
    this.bytes = null;
  }
}

const closed = (): BlockResult<never> => failure('io', 'the image is closed');
