/**
 * A block node: a disk's bytes as devices see them, or those of the file below a disk. Nodes form a graph: protocol nodes (protocol/) reach
 * bytes somewhere, format nodes (format/) make a disk of them, filters (filter/) change what passes. A node takes requests in any
 * order and answers each on its own; who needs an order waits. Failures are results, never exceptions: the device makes of them
 * what its guest can see.
 */

/** Why a request failed, in kinds that a device tells apart. */
export type BlockErrorKind =
  | 'io' // the medium did not give or take the bytes
  | 'range' // beyond the end
  | 'read-only' // it takes no writes
  | 'space' // there is no room for what is written
  | 'busy' // somebody else has it
  | 'unsupported'; // this node cannot do it

export interface BlockError {
  kind: BlockErrorKind;
  /** For people: what happened, and to what. */
  message: string;
}

export type BlockResult<T = null> = { ok: true; value: T } | { ok: false; error: BlockError };

/** A result that is there already, or comes: bytes in memory need no turn of the event loop, and repeatable runs depend on it. */
export type Eventually<T> = T | Promise<T>;

/** What a node knows of bytes that are alike. */
export interface BlockStatus {
  /** Bytes from the offset that was asked for, at least 1. */
  length: number;
  /** This node decides what they are. False: what backs it shows, or zeros if nothing does. */
  allocated: boolean;
  /** They are stored; false: nothing is stored for them. */
  data: boolean;
  /** They are known to be zeros. */
  zero: boolean;
  /** Where they begin in the file below, as they are; null: nowhere, or not as they are. */
  offset: number | null;
  compressed: boolean;
}

export interface ZeroOptions {
  /** Storage may be given up. Default true. */
  unmap?: boolean;
}

export interface BlockNode {
  /** Bytes. Only `resize` changes it. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Tells its bytes from others' of that size: an entity tag, a hash, a file's date. Absent: nothing but the bytes does. */
  readonly identity?: string | null;
  /** What shows where this node has nothing: a format's backing file. */
  readonly backing?: BlockNode | null;
  /** Gives `length` bytes from byte `offset` on. The caller neither changes them nor keeps them. */
  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>>;
  /** Takes a copy of `bytes`. */
  write(offset: number, bytes: Uint8Array): Eventually<BlockResult>;
  /** What was written survives whatever the node survives. */
  flush(): Eventually<BlockResult>;
  /** The guest does not need these bytes any more: they read as zeros or as they were. */
  discard(offset: number, length: number): Eventually<BlockResult>;
  /** These bytes read as zeros from now on. */
  writeZeroes(offset: number, length: number, options?: ZeroOptions): Eventually<BlockResult>;
  /** What is known of the bytes from `offset` on, at most `length` of them (at least 1). */
  blockStatus(offset: number, length: number): Eventually<BlockResult<BlockStatus>>;
  /** Makes the node `size` bytes long; what is new reads as zeros. */
  resize(size: number): Eventually<BlockResult>;
  /** It will grow, cluster by cluster, to about `size` bytes at most. Absent where room ahead is of no use. */
  expect?(size: number): void;
  /** Writes what is held back and gives up what the node holds, the nodes below included. Requests from then on fail. */
  close(): Eventually<BlockResult>;
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

/** The failure of a request that changes `node` and must not; null if it may. */
export function refused(node: BlockNode, offset: number, length: number): BlockResult<never> | null {
  if (node.readOnly) return failure('read-only', 'the image takes no writes');
  return outside(node.size, offset, length);
}

/** The status of a node that stores all of its bytes, in their order. */
export function storedStatus(node: BlockNode, offset: number, length: number): BlockResult<BlockStatus> {
  const wrong = outside(node.size, offset, length);
  if (wrong) return wrong;
  return success({ length, allocated: true, data: true, zero: false, offset, compressed: false });
}

/** Zeros that are written as bytes, at most 1 MiB at a time. */
export async function writeZerosAsBytes(
  node: BlockNode,
  offset: number,
  length: number,
): Promise<BlockResult> {
  const zeros = new Uint8Array(Math.min(length, 1 << 20));
  for (let done = 0; done < length; done += zeros.length) {
    const result = await node.write(offset + done, zeros.subarray(0, Math.min(zeros.length, length - done)));
    if (!result.ok) return result;
  }
  return DONE;
}

export const cannotResize = (): BlockResult<never> =>
  failure('unsupported', 'the size of this image cannot be changed');
