import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  refused,
  success,
  whenDone,
} from '../block-node.ts';

/** Bytes copied at a first write into them. */
const CLUSTER = 64 * 1024;
const ZEROS = new Uint8Array(CLUSTER);

/**
 * Writes stay in memory, over a node that is only read. They last as long as the machine. The overlay may be larger than what lies
 * below it: the rest is zeros at first.
 */
export class OverlayNode implements BlockNode {
  readonly readOnly: boolean;
  private length: number;
  /** What lies below; it is as it was before the first write. */
  readonly base: BlockNode;
  private readonly clusters = new Map<number, Uint8Array>();
  /** Clusters that are being filled from below, so that two writes do not fill the same one. */
  private readonly filling = new Map<number, Promise<BlockResult<Uint8Array>>>();

  constructor(base: BlockNode, options: { size?: number; readOnly?: boolean } = {}) {
    this.base = base;
    this.length = options.size ?? base.size;
    this.readOnly = options.readOnly ?? false;
  }

  get size(): number {
    return this.length;
  }

  /** Bytes of memory that writes take up. */
  get written(): number {
    return this.clusters.size * CLUSTER;
  }

  /** Pieces of 64 KiB, by their numbers, that differ from what lies below. */
  ownPieces(): number[] {
    return [...this.clusters.keys()];
  }

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    const first = Math.floor(offset / CLUSTER);
    const last = Math.floor((offset + length - 1) / CLUSTER);
    let own = 0;
    for (let index = first; index <= last; index++) if (this.clusters.has(index)) own++;
    if (own === 0) return this.below(offset, length);
    if (first === last) {
      const at = offset - first * CLUSTER;
      return success(this.clusters.get(first)!.subarray(at, at + length));
    }
    if (own === last - first + 1) return success(this.merge(offset, new Uint8Array(length)));
    return whenDone(this.below(offset, length), (result) =>
      result.ok ? success(this.merge(offset, result.value.slice())) : result,
    ) as Eventually<BlockResult<Uint8Array>>;
  }

  /** Puts what was written over bytes that begin at `offset`. */
  private merge(offset: number, bytes: Uint8Array): Uint8Array {
    const last = Math.floor((offset + bytes.length - 1) / CLUSTER);
    for (let index = Math.floor(offset / CLUSTER); index <= last; index++) {
      const cluster = this.clusters.get(index);
      if (!cluster) continue;
      const start = index * CLUSTER;
      const from = Math.max(offset - start, 0);
      bytes.set(
        cluster.subarray(from, Math.min(CLUSTER, offset + bytes.length - start)),
        start + from - offset,
      );
    }
    return bytes;
  }

  /** What lies below, with zeros behind its end. */
  private below(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    const there = Math.min(Math.max(this.base.size - offset, 0), length);
    if (there === length) return this.base.read(offset, length);
    if (there === 0) return success(new Uint8Array(length));
    return whenDone(this.base.read(offset, there), (result) => {
      if (!result.ok) return result;
      const bytes = new Uint8Array(length);
      bytes.set(result.value);
      return success(bytes);
    }) as Eventually<BlockResult<Uint8Array>>;
  }

  write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    const wrong = refused(this, offset, bytes.length);
    if (wrong) return wrong;
    if (bytes.length === 0) return DONE;
    const first = Math.floor(offset / CLUSTER);
    const last = Math.floor((offset + bytes.length - 1) / CLUSTER);
    const missing: Promise<BlockResult<Uint8Array>>[] = [];
    for (let index = first; index <= last; index++) {
      const filled = this.fill(index, offset, bytes.length);
      if (filled instanceof Promise) missing.push(filled);
      else if (!filled.ok) return filled;
    }
    if (missing.length === 0) return this.put(offset, bytes);
    // The caller may use its buffer again.
    const kept = bytes.slice();
    return Promise.all(missing).then(
      (results) => results.find((result) => !result.ok) ?? this.put(offset, kept),
    ) as Promise<BlockResult>;
  }

  private put(offset: number, bytes: Uint8Array): BlockResult {
    for (let done = 0; done < bytes.length; ) {
      const at = offset + done;
      const index = Math.floor(at / CLUSTER);
      const within = at - index * CLUSTER;
      const count = Math.min(CLUSTER - within, bytes.length - done);
      this.clusters.get(index)!.set(bytes.subarray(done, done + count), within);
      done += count;
    }
    return DONE;
  }

  /** Makes a cluster of our own: of what lies below unless `length` bytes at `offset` cover all of it. */
  private fill(index: number, offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    const cluster = this.clusters.get(index);
    if (cluster) return success(cluster);
    const pending = this.filling.get(index);
    if (pending) return pending;
    const start = index * CLUSTER;
    const end = Math.min(start + CLUSTER, this.size);
    if (offset <= start && offset + length >= end) return this.add(index, new Uint8Array(0));
    const filled = whenDone(this.below(start, end - start), (result) => {
      this.filling.delete(index);
      return result.ok ? this.add(index, result.value) : result;
    }) as Eventually<BlockResult<Uint8Array>>;
    if (filled instanceof Promise) this.filling.set(index, filled);
    return filled;
  }

  private add(index: number, bytes: Uint8Array): BlockResult<Uint8Array> {
    try {
      const cluster = new Uint8Array(CLUSTER);
      cluster.set(bytes);
      this.clusters.set(index, cluster);
      return success(cluster);
    } catch {
      return failure('space', 'the browser has no more memory for what the guest writes');
    }
  }

  flush(): BlockResult {
    return DONE;
  }

  discard(offset: number, length: number): BlockResult {
    return outside(this.size, offset, length) ?? DONE;
  }

  writeZeroes(offset: number, length: number): Eventually<BlockResult> {
    return refused(this, offset, length) ?? this.writeZerosFrom(offset, offset + length);
  }

  private writeZerosFrom(offset: number, end: number): Eventually<BlockResult> {
    let at = offset;
    while (at < end) {
      const next = Math.min((Math.floor(at / CLUSTER) + 1) * CLUSTER, end);
      const result = this.write(at, ZEROS.subarray(0, next - at));
      at = next;
      if (result instanceof Promise) {
        const from = at;
        return result.then((done) => (done.ok ? this.writeZerosFrom(from, end) : done));
      }
      if (!result.ok) return result;
    }
    return DONE;
  }

  blockStatus(offset: number, length: number): Eventually<BlockResult<BlockStatus>> {
    const wrong = outside(this.length, offset, length);
    if (wrong) return wrong;
    const first = Math.floor(offset / CLUSTER);
    const own = this.clusters.has(first);
    let end = first + 1;
    while (end * CLUSTER < offset + length && this.clusters.has(end) === own) end++;
    const alike = Math.min(end * CLUSTER, offset + length) - offset;
    if (own) {
      return success({
        length: alike,
        allocated: true,
        data: true,
        zero: false,
        offset: null,
        compressed: false,
      });
    }
    const there = Math.min(Math.max(this.base.size - offset, 0), alike);
    if (there > 0) return this.base.blockStatus(offset, there);
    return success({
      length: alike,
      allocated: true,
      data: false,
      zero: true,
      offset: null,
      compressed: false,
    });
  }

  resize(size: number): Eventually<BlockResult> {
    if (this.readOnly) return failure('read-only', 'the image takes no writes');
    const before = this.length;
    if (size > before) {
      this.length = size;
      // What the overlay did not show until now must not appear.
      const below = Math.min(size, this.base.size);
      return below > before ? this.writeZerosFrom(before, below) : DONE;
    }
    const cut = Math.floor(size / CLUSTER);
    for (const index of [...this.clusters.keys()]) {
      if (index > cut || index * CLUSTER === size) this.clusters.delete(index);
    }
    this.clusters.get(cut)?.fill(0, size - cut * CLUSTER);
    this.length = size;
    return DONE;
  }

  close(): Eventually<BlockResult> {
    this.clusters.clear();
    return this.base.close();
  }
}
