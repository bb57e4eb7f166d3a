import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  success,
} from '../block-node.ts';
import { request, type Steps, take } from '../request.ts';

/** Bytes of a disk that are stored in a row, or not at all. */
export interface Piece {
  length: number;
  /** Where they begin in the file; null: they are zeros. */
  host: number | null;
  /** The whole cluster that they are part of, expanded, and where they begin in it. */
  expanded?: { bytes: Uint8Array; at: number };
}

/** A disk whose blocks lie in a file in any order, and that is only read. */
export abstract class MappedNode implements BlockNode {
  readonly size: number;
  readonly readOnly = true;
  protected readonly file: BlockNode;
  private closed = false;

  constructor(file: BlockNode, size: number) {
    this.file = file;
    this.size = size;
  }

  /** What an image of this format does not store counts as its own zeros, as QEMU has it. */
  protected readonly emptyIsAllocated: boolean = true;
  /** Blocks that are stored may lie in holes of the file: the file is asked. QEMU does so where all blocks have their places from the start. */
  protected readonly asksFile: boolean = true;
  /** Bytes that have a place together; null: all of the disk. */
  readonly clusterSize: number | null = null;

  /** What lies at a byte of the disk: as much of it as is known at once. */
  protected abstract piece(offset: number): Steps<Piece> | Piece;

  private *at(offset: number): Steps<Piece> {
    const piece = this.piece(offset);
    return 'length' in piece ? piece : yield* piece;
  }

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    if (this.closed) return CLOSED;
    return outside(this.size, offset, length) ?? request(this.reading(offset, length));
  }

  private *reading(offset: number, length: number): Steps<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const piece = yield* this.at(offset + done);
      let count = Math.min(piece.length, length - done);
      if (piece.expanded) {
        const { bytes: cluster, at } = piece.expanded;
        bytes.set(cluster.subarray(at, at + count), done);
      } else if (piece.host !== null) {
        // One read for blocks that follow one another.
        while (count < length - done) {
          const next = yield* this.at(offset + done + count);
          if (next.host !== piece.host + count || next.expanded) break;
          count += Math.min(next.length, length - done - count);
        }
        // What the file does not have any more are zeros.
        const there = Math.min(count, Math.max(this.file.size - piece.host, 0));
        const read = yield* take(this.file.read(piece.host, there));
        if (there === length) return read;
        bytes.set(read, done);
      }
      done += count;
    }
    return bytes;
  }

  blockStatus(offset: number, length: number): Eventually<BlockResult<BlockStatus>> {
    if (this.closed) return CLOSED;
    return outside(this.size, offset, length) ?? request(this.status(offset, length));
  }

  private *status(offset: number, length: number): Steps<BlockStatus> {
    const first = yield* this.at(offset);
    const data = first.host !== null || first.expanded !== undefined;
    let count = Math.min(first.length, length);
    while (count < length) {
      const next = yield* this.at(offset + count);
      const follows = first.host === null ? next.host === null : next.host === first.host + count;
      if (!follows || (next.expanded === undefined) !== (first.expanded === undefined)) break;
      count += Math.min(next.length, length - count);
    }
    let zero = !data;
    if (this.asksFile && first.host !== null && !first.expanded && first.host < this.file.size) {
      const there = Math.min(count, this.file.size - first.host);
      const below = yield* take(this.file.blockStatus(first.host, there));
      zero = below.zero;
      count = below.length;
    }
    return {
      length: count,
      allocated: data || this.emptyIsAllocated,
      data,
      zero,
      offset: first.expanded ? null : first.host,
      compressed: first.expanded !== undefined,
    };
  }

  write(): BlockResult {
    return failure('read-only', 'an image of this format takes no writes');
  }

  flush(): BlockResult {
    return this.closed ? CLOSED : DONE;
  }

  discard(): BlockResult {
    return this.write();
  }

  writeZeroes(): BlockResult {
    return this.write();
  }

  resize(): BlockResult {
    return this.write();
  }

  close(): Eventually<BlockResult> {
    if (this.closed) return success(null);
    this.closed = true;
    return this.file.close();
  }
}

const CLOSED = failure('io', 'the image is closed');
