/**
 * A block node: a disk's bytes as devices see them. Requests of a drive are its own affair to order; a node takes them in any
 * order and answers each on its own. Failures are results, never exceptions: the device makes of them what its guest can see.
 */

/** Why a request failed, in kinds that a device tells apart. */
export type BlockErrorKind =
  | 'io' // the medium did not give or take the bytes
  | 'range' // beyond the end
  | 'read-only' // it takes no writes
  | 'space'; // there is no room for what is written

export interface BlockError {
  kind: BlockErrorKind;
  /** For people: what happened, and to what. */
  message: string;
}

export type BlockResult<T = null> = { ok: true; value: T } | { ok: false; error: BlockError };

/** A result that is there already, or comes: bytes in memory need no turn of the event loop, and repeatable runs depend on it. */
export type Eventually<T> = T | Promise<T>;

export interface BlockNode {
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Gives `length` bytes from byte `offset` on. The caller neither changes them nor keeps them. */
  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>>;
  /** Takes a copy of `bytes`. */
  write(offset: number, bytes: Uint8Array): Eventually<BlockResult>;
  /** What was written survives whatever the node survives. */
  flush(): Eventually<BlockResult>;
  /** The guest does not need these bytes any more: they read as zeros or as they were. */
  discard(offset: number, length: number): Eventually<BlockResult>;
  /** Gives up what the node holds. Requests from then on fail. */
  close(): void;
}

export const DONE: BlockResult = { ok: true, value: null };

export function success<T>(value: T): BlockResult<T> {
  return { ok: true, value };
}

export function failure(kind: BlockErrorKind, message: string): BlockResult<never> {
  return { ok: false, error: { kind, message } };
}

/** Calls `next` with a result: at once if it is there. */
export function whenDone<T, R>(result: Eventually<T>, next: (value: T) => R): Eventually<Awaited<R>> | R {
  return result instanceof Promise ? (result.then(next) as Promise<Awaited<R>>) : next(result);
}

/** The failure of a request that does not lie within `size` bytes; null if it does. */
export function outside(size: number, offset: number, length: number): BlockResult<never> | null {
  if (offset >= 0 && length >= 0 && offset + length <= size) return null;
  return failure('range', `bytes ${offset} to ${offset + length} of ${size}`);
}
