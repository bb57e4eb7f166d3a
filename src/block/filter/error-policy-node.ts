/**
 * What happens when the medium fails a request: QEMU's `rerror` and `werror`. A request that stops the machine waits until the machine goes on,
 * and is then tried again.
 */
import {
  type BlockError,
  type BlockNode,
  type BlockResult,
  DONE,
  type Eventually,
  success,
  type ZeroOptions,
} from '../block-node.ts';
import { FilterNode } from './filter-node.ts';

/** `enospc`: `stop` where there is no room, else `report`. */
export type ErrorAction = 'report' | 'ignore' | 'stop' | 'enospc';

export interface ErrorPolicy {
  read: Exclude<ErrorAction, 'enospc'>;
  write: ErrorAction;
}

/** A request that failed, and what was made of it. */
export interface FailedRequest {
  operation: 'read' | 'write';
  action: Exclude<ErrorAction, 'enospc'>;
  error: BlockError;
}

/** What a device asked of a disk, counted. */
export interface DiskCounts {
  reads: number;
  writes: number;
  flushes: number;
  /** Bytes. */
  bytesRead: number;
  bytesWritten: number;
}

export class ErrorPolicyNode extends FilterNode {
  readonly counts: DiskCounts = { reads: 0, writes: 0, flushes: 0, bytesRead: 0, bytesWritten: 0 };
  private readonly policy: ErrorPolicy;
  private readonly told: (failed: FailedRequest) => void;
  /** Requests that wait; false: they have failed after all. */
  private held: ((again: boolean) => void)[] = [];

  /** @param told called for each request that fails; `stop` asks it to stop the machine */
  constructor(file: BlockNode, policy: ErrorPolicy, told: (failed: FailedRequest) => void) {
    super(file);
    this.policy = policy;
    this.told = told;
  }

  /** Tries again what waits. */
  retry(): void {
    for (const go of this.held.splice(0)) go(true);
  }

  /** Fails what waits: its device was reset. */
  drop(): void {
    for (const go of this.held.splice(0)) go(false);
  }

  private guarded<T>(
    operation: 'read' | 'write',
    ignored: () => BlockResult<T>,
    request: () => Eventually<BlockResult<T>>,
  ): Eventually<BlockResult<T>> {
    const result = request();
    if (result instanceof Promise)
      return result.then((done) => (done.ok ? done : this.decide(operation, ignored, request, done)));
    return result.ok ? result : this.decide(operation, ignored, request, result);
  }

  private decide<T>(
    operation: 'read' | 'write',
    ignored: () => BlockResult<T>,
    request: () => Eventually<BlockResult<T>>,
    result: { ok: false; error: BlockError },
  ): Eventually<BlockResult<T>> {
    const { error } = result;
    // What no medium could do is the guest's own mistake.
    if (error.kind !== 'io' && error.kind !== 'space') return result;
    const wanted = this.policy[operation];
    const action = wanted === 'enospc' ? (error.kind === 'space' ? 'stop' : 'report') : wanted;
    this.told({ operation, action, error });
    if (action === 'report') return result;
    if (action === 'ignore') return ignored();
    const again = new Promise<boolean>((go) => void this.held.push(go));
    return again.then((go) => (go ? this.guarded(operation, ignored, request) : result));
  }

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    this.counts.reads++;
    this.counts.bytesRead += length;
    return this.guarded(
      'read',
      () => success(new Uint8Array(length)),
      () => this.file.read(offset, length),
    );
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    this.counts.writes++;
    this.counts.bytesWritten += bytes.length;
    const source = { bytes };
    const result = this.guarded('write', done, () => this.file.write(offset, source.bytes));
    // The caller may use its buffer again.
    if (result instanceof Promise) source.bytes = bytes.slice();
    return result;
  }

  override flush(): Eventually<BlockResult> {
    this.counts.flushes++;
    return this.guarded('write', done, () => this.file.flush());
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    return this.guarded('write', done, () => this.file.discard(offset, length));
  }

  override writeZeroes(offset: number, length: number, options?: ZeroOptions): Eventually<BlockResult> {
    return this.guarded('write', done, () => this.file.writeZeroes(offset, length, options));
  }

  override close(): Eventually<BlockResult> {
    this.drop();
    return this.file.close();
  }
}

const done = (): BlockResult => DONE;
