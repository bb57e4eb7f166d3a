import type { BlockNode, BlockResult, Eventually } from '../block-node.ts';
import { FilterNode } from './filter-node.ts';

/** Limits per second, as QEMU names them; absent: none. */
export interface ThrottleLimits {
  'iops-total'?: number;
  'iops-read'?: number;
  'iops-write'?: number;
  'bps-total'?: number;
  'bps-read'?: number;
  'bps-write'?: number;
}

/** Where time comes from, and how to wait. */
export interface ThrottleClock {
  /** Milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
}

const HOST_CLOCK: ThrottleClock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Requests may come this much ahead of their time, ms: a tenth of a second at once, as by QEMU's default. */
const BURST_MS = 100;

/** A bucket that empties at a steady rate. */
class Bucket {
  private readonly perSecond: number;
  /** When what was let through is within the limit. */
  private due = 0;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /** Lets units through. @returns ms that they have to wait */
  add(units: number, now: number): number {
    const wait = Math.max(0, this.due - BURST_MS - now);
    this.due = Math.max(this.due, now) + (units / this.perSecond) * 1000;
    return wait;
  }
}

type Kind = 'read' | 'write';

/** Limits that several nodes share: what one lets through the others may not. */
export class ThrottleGroup {
  readonly clock: ThrottleClock;
  private readonly buckets: { kind: Kind | 'total'; bytes: boolean; bucket: Bucket }[] = [];

  constructor(limits: ThrottleLimits, clock: ThrottleClock = HOST_CLOCK) {
    this.clock = clock;
    for (const [name, limit] of Object.entries(limits)) {
      const [unit, kind] = name.split('-') as ['iops' | 'bps', Kind | 'total'];
      if (limit > 0) this.buckets.push({ kind, bytes: unit === 'bps', bucket: new Bucket(limit) });
    }
  }

  /** Counts a request. @returns ms that it has to wait */
  add(kind: Kind, bytes: number): number {
    let ms = 0;
    const now = this.clock.now();
    for (const { kind: counted, bytes: inBytes, bucket } of this.buckets)
      if (counted === 'total' || counted === kind) ms = Math.max(ms, bucket.add(inBytes ? bytes : 1, now));
    return ms;
  }
}

/** Lets only so many requests and bytes pass in a second. Flushes are not counted. */
export class ThrottleNode extends FilterNode {
  private readonly group: ThrottleGroup;

  constructor(file: BlockNode, group: ThrottleGroup) {
    super(file);
    this.group = group;
  }

  private delayed<T>(kind: Kind, bytes: number, action: () => Eventually<T>): Eventually<T> {
    const ms = this.group.add(kind, bytes);
    return ms > 0 ? this.group.clock.wait(ms).then(action) : action();
  }

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    return this.delayed('read', length, () => this.file.read(offset, length));
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    const source = { bytes };
    const result = this.delayed('write', bytes.length, () => this.file.write(offset, source.bytes));
    // The caller may use its buffer again.
    if (result instanceof Promise) source.bytes = bytes.slice();
    return result;
  }

  override writeZeroes(
    offset: number,
    length: number,
    options?: { unmap?: boolean },
  ): Eventually<BlockResult> {
    return this.delayed('write', length, () => this.file.writeZeroes(offset, length, options));
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    return this.delayed('write', length, () => this.file.discard(offset, length));
  }
}
