/**
 * A place in the graph that another node can take while requests go on, as with QEMU's drive-mirror: the other node gets what this one has; what is
 * written meanwhile is copied again, and the last of it while requests wait. Ended before that, all is as it was.
 */
import {
  type BlockNode,
  type BlockResult,
  DONE,
  type Eventually,
  failure,
  outside,
  type ZeroOptions,
} from '../block-node.ts';
import { cancelled, type Progress } from '../tools/copy.ts';
import { FilterNode } from './filter-node.ts';

/** Bytes that are copied together. */
export const MIRROR_PIECE = 64 << 10;
/** Pieces after which the target stores what it has: 8 MiB. */
const STORED_AT_ONCE = 128;
/** Pieces that are few enough to have requests wait for them. */
const FEW = 64;
/** A guest that writes faster than can be copied waits after so many rounds. */
const ROUNDS = 8;

export interface Move {
  /** As large as the node here; shows the same, but for `pieces`. */
  target: BlockNode;
  /** Numbers of the pieces that it has to be given; asked for once, when all is there that was written before. */
  pieces(): Iterable<number>;
  /** The target has all, and is about to take over: requests wait. If it fails, nothing has happened. */
  settle(): Promise<BlockResult>;
  /** The move has failed, and the target is of no use. */
  drop(): Promise<void>;
}

export interface MoveOptions {
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

export class MirrorNode extends FilterNode {
  /** Writes that are not answered. */
  private readonly writing = new Set<Promise<unknown>>();
  /** Pieces that the target has not as they are; null: there is no target. */
  private changed: Set<number> | null = null;
  private moving: Promise<BlockResult> | null = null;
  /** What requests wait for. */
  private gate: Promise<void> | null = null;

  /**
   * Has another node take the place of the node here, which is not closed: what it holds may be the other's now.
   * @param begin makes the other one; all of that time the node here stays open, and has one size
   * @throws whatever `begin` and `progress` throw
   */
  async move(begin: () => Promise<BlockResult<Move>>, options: MoveOptions = {}): Promise<BlockResult> {
    if (this.moving) return failure('busy', 'the disk is being copied already');
    this.moving = this.begun(begin, options);
    try {
      return await this.moving;
    } finally {
      this.moving = null;
    }
  }

  private async begun(begin: () => Promise<BlockResult<Move>>, options: MoveOptions): Promise<BlockResult> {
    const begun = await begin();
    if (!begun.ok) return begun;
    const move = begun.value;
    let isMoved = false;
    try {
      if (move.target.size !== this.size) return failure('range', 'the disk has another size');
      const moved = await this.mirror(move, options);
      isMoved = moved.ok;
      return moved;
    } finally {
      if (!isMoved) await move.drop();
    }
  }

  private async mirror(
    { target, pieces, settle }: Move,
    { progress, signal }: MoveOptions,
  ): Promise<BlockResult> {
    const changed = new Set<number>();
    this.changed = changed;
    let open = (): void => {};
    let copied = 0;
    const copy = async (): Promise<BlockResult> => {
      let unstored = 0;
      for (const piece of [...changed].sort((a, b) => a - b)) {
        if (signal?.aborted) return cancelled();
        changed.delete(piece);
        const at = piece * MIRROR_PIECE;
        const bytes = await this.file.read(at, Math.min(MIRROR_PIECE, this.size - at));
        const written = bytes.ok ? await target.write(at, bytes.value) : bytes;
        if (!written.ok) return written;
        progress?.(++copied * MIRROR_PIECE, (copied + changed.size) * MIRROR_PIECE);
        if (++unstored % STORED_AT_ONCE !== 0) continue;
        const stored = await target.flush();
        if (!stored.ok) return stored;
      }
      return target.flush();
    };
    try {
      await this.written(signal);
      for (const piece of pieces()) changed.add(piece);
      for (let round = 0; round === 0 || (changed.size > FEW && round < ROUNDS); round++) {
        const done = await copy();
        if (!done.ok) return done;
      }
      this.gate = new Promise((resolve) => {
        open = resolve;
      });
      await this.written(signal);
      const last = await copy();
      if (signal?.aborted) return cancelled();
      const settled = last.ok ? await settle() : last;
      if (!settled.ok) return settled;
      this.file = target;
      return DONE;
    } finally {
      this.changed = null;
      this.gate = null;
      open();
    }
  }

  /** Waits until all is there that is being written now, or `signal` is aborted. What comes meanwhile is marked. */
  private async written(signal: AbortSignal | undefined): Promise<void> {
    if (this.writing.size === 0 || signal?.aborted) return;
    let giveUp = (): void => {};
    const ended = new Promise<void>((resolve) => {
      giveUp = resolve;
    });
    signal?.addEventListener('abort', giveUp);
    await Promise.race([Promise.allSettled(this.writing), ended]);
    signal?.removeEventListener('abort', giveUp);
  }

  private mark(offset: number, length: number): void {
    if (!this.changed || length === 0) return;
    const last = Math.floor((offset + length - 1) / MIRROR_PIECE);
    for (let piece = Math.floor(offset / MIRROR_PIECE); piece <= last; piece++) this.changed.add(piece);
  }

  /** A request that changes bytes: they are marked when it begins and, as a copy may read them meanwhile, when it ends. */
  private changing(
    offset: number,
    length: number,
    request: () => Eventually<BlockResult>,
  ): Eventually<BlockResult> {
    const result = request();
    if (outside(this.size, offset, length)) return result;
    this.mark(offset, length);
    if (!(result instanceof Promise)) return result;
    this.writing.add(result);
    const over = (): void => {
      this.mark(offset, length);
      this.writing.delete(result);
    };
    result.then(over, over);
    return result;
  }

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    return this.gate ? this.gate.then(() => this.read(offset, length)) : this.file.read(offset, length);
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    if (!this.gate) return this.changing(offset, bytes.length, () => this.file.write(offset, bytes));
    // The caller may use its buffer again.
    const kept = bytes.slice();
    return this.gate.then(() => this.write(offset, kept));
  }

  override flush(): Eventually<BlockResult> {
    return this.gate ? this.gate.then(() => this.flush()) : this.file.flush();
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    if (this.gate) return this.gate.then(() => this.discard(offset, length));
    return this.changing(offset, length, () => this.file.discard(offset, length));
  }

  override writeZeroes(offset: number, length: number, options?: ZeroOptions): Eventually<BlockResult> {
    if (this.gate) return this.gate.then(() => this.writeZeroes(offset, length, options));
    return this.changing(offset, length, () => this.file.writeZeroes(offset, length, options));
  }

  /** Both nodes have one size: another one has to wait until there is one node. */
  override resize(size: number): Eventually<BlockResult> {
    return this.afterMove(() => this.file.resize(size));
  }

  /** What was begun is brought to its end: the guest may have gone for good, and what it wrote is to be kept. */
  override close(): Eventually<BlockResult> {
    return this.afterMove(() => this.file.close());
  }

  private afterMove(action: () => Eventually<BlockResult>): Eventually<BlockResult> {
    return this.moving ? this.moving.then(action, action) : action();
  }
}
