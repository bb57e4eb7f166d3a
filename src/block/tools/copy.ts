/** What tools do with whole disks. Each stops at the first failure, and says where it is if it is asked to. */
import { type BlockNode, type BlockResult, type BlockStatus, DONE, failure, success } from '../block-node.ts';
import { Qcow2Node } from '../format/qcow2/qcow2-node.ts';
import { layeredStatus } from './layers.ts';

const PIECE = 1 << 20;
const SECTOR = 512;

export type Progress = (done: number, total: number) => void;

export interface CopyOptions {
  /** Into compressed clusters of a qcow2 image. */
  compress?: boolean;
  /** The target reads as zeros: they need not be written. */
  zeroTarget?: boolean;
  /** Runs of zeros of at least so many bytes are written as such, a multiple of 512; 0: all bytes are written. Default 4 KiB. */
  sparse?: number;
  /** The target has what this layer of the source has, and all below it. */
  above?: BlockNode | null;
  progress?: Progress;
  /** Ends it, with a failure. */
  signal?: AbortSignal;
}

/** The failure of what somebody ended. */
export const cancelled = (): BlockResult<never> => failure('io', 'it was cancelled');

/** Copies a disk to another one, which is at least as large. */
export async function copyDisk(
  source: BlockNode,
  target: BlockNode,
  options: CopyOptions = {},
): Promise<BlockResult> {
  const { compress = false, sparse = 4096 } = options;
  const cluster = compress && target instanceof Qcow2Node ? target.mapping.clusterSize : SECTOR;
  const piece = Math.max(PIECE, cluster);
  for (let at = 0; at < source.size; ) {
    options.progress?.(at, source.size);
    if (options.signal?.aborted) return cancelled();
    const found = await layeredStatus(source, at, source.size - at, { above: options.above ?? null });
    if (!found.ok) return found;
    const { zero, allocated } = found.value;
    // Compressed clusters are written whole.
    const end = Math.min(source.size, Math.ceil((at + found.value.length) / cluster) * cluster);
    const skipped = !allocated && options.above !== undefined && options.above !== null;
    if ((zero || skipped) && sparse > 0 && (!compress || at + found.value.length === end)) {
      const empty = skipped && !zero;
      if (!empty && (!options.zeroTarget || options.above)) {
        const written = await target.writeZeroes(at, found.value.length);
        if (!written.ok) return written;
      }
      at += found.value.length;
      continue;
    }
    for (; at < end; ) {
      if (options.signal?.aborted) return cancelled();
      options.progress?.(at, source.size);
      const length = Math.min(piece, end - at);
      const bytes = await source.read(at, length);
      if (!bytes.ok) return bytes;
      const copied =
        compress && target instanceof Qcow2Node
          ? await compressInto(target, at, bytes.value, options)
          : await copyPiece(target, at, bytes.value, { ...options, sparse });
      if (!copied.ok) return copied;
      at += length;
    }
  }
  options.progress?.(source.size, source.size);
  return DONE;
}

async function compressInto(
  target: Qcow2Node,
  offset: number,
  bytes: Uint8Array,
  options: CopyOptions,
): Promise<BlockResult> {
  const { clusterSize } = target.mapping;
  for (let at = 0; at < bytes.length; at += clusterSize) {
    const cluster = bytes.subarray(at, at + clusterSize);
    if (isZero(cluster) && options.zeroTarget && !options.above) continue;
    const whole = cluster.length === clusterSize || offset + at + cluster.length === target.size;
    const written = await (whole
      ? target.writeCompressed(offset + at, cluster)
      : target.write(offset + at, cluster));
    if (!written.ok) return written;
  }
  return DONE;
}

async function copyPiece(
  target: BlockNode,
  offset: number,
  bytes: Uint8Array,
  { sparse = 0, zeroTarget = false, above }: CopyOptions,
): Promise<BlockResult> {
  if (sparse === 0) return target.write(offset, bytes);
  for (let at = 0; at < bytes.length; ) {
    const { length, zero } = alike(bytes, at, sparse);
    const part = bytes.subarray(at, at + length);
    const written = !zero
      ? await target.write(offset + at, part)
      : zeroTarget && !above
        ? DONE
        : await target.writeZeroes(offset + at, length);
    if (!written.ok) return written;
    at += length;
  }
  return DONE;
}

/** Bytes from `at` on that are all zeros, or none of whose units are. */
function alike(bytes: Uint8Array, at: number, unit: number): { length: number; zero: boolean } {
  const zero = isZero(bytes.subarray(at, at + unit));
  let end = at + unit;
  while (end < bytes.length && isZero(bytes.subarray(end, end + unit)) === zero) end += unit;
  return { length: Math.min(end, bytes.length) - at, zero };
}

export function isZero(bytes: Uint8Array): boolean {
  if (bytes.byteOffset % 8 === 0 && bytes.length >= 64) {
    const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
    // Words that are 0 or -0: the sign is looked at as bytes where there is one.
    for (let i = 0; i < words.length; i++) if (words[i] !== 0 || Object.is(words[i], -0)) return false;
    bytes = bytes.subarray(words.length * 8);
  }
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Where two disks differ: from this byte on in what is stored, or in this sector's bytes. */
export interface Difference {
  kind: 'status' | 'content';
  offset: number;
}

/**
 * Compares two disks; one that ends earlier goes on with zeros.
 * @param options strict: what is stored has to be alike too
 * @returns the first difference; null: none
 */
export async function compareDisks(
  a: BlockNode,
  b: BlockNode,
  { strict = false, progress }: { strict?: boolean; progress?: Progress | undefined } = {},
): Promise<BlockResult<Difference | null>> {
  const total = Math.max(a.size, b.size);
  for (let at = 0; at < total; ) {
    progress?.(at, total);
    const statuses = await Promise.all([a, b].map((node) => paddedStatus(node, at, total - at)));
    const [first, second] = statuses;
    if (!first.ok) return first;
    if (!second.ok) return second;
    if (strict && !alikeStored(first.value, second.value)) return success({ kind: 'status', offset: at });
    let length = Math.min(first.value.length, second.value.length);
    if (!first.value.zero || !second.value.zero) {
      length = Math.min(length, PIECE);
      const parts = await Promise.all([a, b].map((node) => readPadded(node, at, length)));
      const [left, right] = parts;
      if (!left.ok) return left;
      if (!right.ok) return right;
      const place = firstDifference(left.value, right.value);
      if (place >= 0) return success({ kind: 'content', offset: at + place - (place % SECTOR) });
    }
    at += length;
  }
  progress?.(total, total);
  return success(null);
}

const alikeStored = (a: BlockStatus, b: BlockStatus): boolean =>
  a.allocated === b.allocated &&
  a.data === b.data &&
  a.zero === b.zero &&
  a.compressed === b.compressed &&
  (a.offset === null) === (b.offset === null);

async function paddedStatus(
  node: BlockNode,
  offset: number,
  length: number,
): Promise<BlockResult<BlockStatus>> {
  if (offset >= node.size)
    return success({ length, allocated: false, data: false, zero: true, offset: null, compressed: false });
  return layeredStatus(node, offset, Math.min(length, node.size - offset));
}

/** Reads a disk that goes on with zeros behind its end. */
export async function readPadded(
  node: BlockNode | null,
  offset: number,
  length: number,
): Promise<BlockResult<Uint8Array>> {
  const there = Math.min(Math.max((node?.size ?? 0) - offset, 0), length);
  if (there === 0) return success(new Uint8Array(length));
  const result = await node!.read(offset, there);
  if (!result.ok || there === length) return result;
  const bytes = new Uint8Array(length);
  bytes.set(result.value);
  return success(bytes);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
