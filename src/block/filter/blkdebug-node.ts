/** A node that fails, or stops, where a test wants it to: QEMU's blkdebug, with requests as its events. */
import {
  type BlockErrorKind,
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  type Eventually,
  failure,
} from '../block-node.ts';
import { FilterNode } from './filter-node.ts';

export type RequestKind = 'read' | 'write' | 'write-zeroes' | 'discard' | 'flush' | 'block-status';

/** `inject-error`: requests fail while the node is in a state. */
export interface InjectError {
  /** Which requests; absent: all that move data, and flushes. */
  iotype?: RequestKind;
  /** The state in which the rule holds; absent or 0: any. The node begins in state 1. */
  state?: number;
  /** Only requests for this sector of 512 bytes; absent: all. */
  sector?: number;
  /** The first such request only. */
  once?: boolean;
  /** EIO is `io` (default), ENOSPC `space`. */
  errno?: BlockErrorKind;
}

/** `set-state`: a request of a kind, in a state, changes the state. */
export interface SetState {
  event: RequestKind;
  state?: number;
  newState: number;
}

export interface BlkdebugRules {
  injectError?: readonly InjectError[];
  setState?: readonly SetState[];
}

const FAILING: readonly RequestKind[] = ['read', 'write', 'write-zeroes', 'discard', 'flush'];
const SECTOR = 512;

export class BlkdebugNode extends FilterNode {
  private readonly rules: BlkdebugRules;
  private readonly used = new Set<InjectError>();
  private state = 1;
  /** By kind: who waits for a request to stop, and the requests that stopped. */
  private readonly breakpoints = new Map<RequestKind, { tag: string; stopped: () => void }>();
  private readonly suspended = new Map<string, () => void>();

  constructor(file: BlockNode, rules: BlkdebugRules = {}) {
    super(file);
    this.rules = rules;
  }

  /** Stops the next request of a kind, before it is carried out. Resolves when it has stopped; `resume` lets it go on. */
  break(event: RequestKind, tag: string): Promise<void> {
    return new Promise((stopped) => void this.breakpoints.set(event, { tag, stopped }));
  }

  /** @returns false: no request with this tag is stopped */
  resume(tag: string): boolean {
    const go = this.suspended.get(tag);
    this.suspended.delete(tag);
    go?.();
    return go !== undefined;
  }

  private pass<T>(
    kind: RequestKind,
    offset: number,
    length: number,
    action: () => Eventually<BlockResult<T>>,
  ): Eventually<BlockResult<T>> {
    const { state } = this;
    const change = this.rules.setState?.find(
      (rule) => rule.event === kind && (rule.state ?? state) === state,
    );
    if (change) this.state = change.newState;
    const stop = this.breakpoints.get(kind);
    if (stop) {
      this.breakpoints.delete(kind);
      const going = new Promise<void>((go) => void this.suspended.set(stop.tag, go));
      stop.stopped();
      return going.then(() => this.failOr(kind, offset, length, action));
    }
    return this.failOr(kind, offset, length, action);
  }

  private failOr<T>(
    kind: RequestKind,
    offset: number,
    length: number,
    action: () => Eventually<BlockResult<T>>,
  ): Eventually<BlockResult<T>> {
    const rule = this.rules.injectError?.find((candidate) => this.holds(candidate, kind, offset, length));
    if (!rule) return action();
    if (rule.once) this.used.add(rule);
    return failure(rule.errno ?? 'io', `blkdebug failed this ${kind}`);
  }

  private holds(rule: InjectError, kind: RequestKind, offset: number, length: number): boolean {
    if (this.used.has(rule)) return false;
    if (rule.iotype === undefined ? !FAILING.includes(kind) : rule.iotype !== kind) return false;
    if (rule.state !== undefined && rule.state !== 0 && rule.state !== this.state) return false;
    if (rule.sector === undefined) return true;
    const at = rule.sector * SECTOR;
    return at < offset + length && offset < at + SECTOR;
  }

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    return this.pass('read', offset, length, () => this.file.read(offset, length));
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    const source = { bytes };
    const result = this.pass('write', offset, bytes.length, () => this.file.write(offset, source.bytes));
    // The caller may use its buffer again.
    if (result instanceof Promise) source.bytes = bytes.slice();
    return result;
  }

  override flush(): Eventually<BlockResult> {
    return this.pass('flush', 0, 0, () => this.file.flush());
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    return this.pass('discard', offset, length, () => this.file.discard(offset, length));
  }

  override writeZeroes(
    offset: number,
    length: number,
    options?: { unmap?: boolean },
  ): Eventually<BlockResult> {
    return this.pass('write-zeroes', offset, length, () => this.file.writeZeroes(offset, length, options));
  }

  override blockStatus(offset: number, length: number): Eventually<BlockResult<BlockStatus>> {
    return this.pass('block-status', offset, length, () => this.file.blockStatus(offset, length));
  }
}
