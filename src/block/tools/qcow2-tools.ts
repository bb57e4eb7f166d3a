/** Changes of a chain of qcow2 images, and how large one will be. */
import { type BlockNode, type BlockResult, DONE, success } from '../block-node.ts';
import { encodeHeader } from '../format/qcow2/header.ts';
import type { Qcow2Node } from '../format/qcow2/qcow2-node.ts';
import { fail, type Steps } from '../request.ts';
import { type Progress, readPadded } from './copy.ts';
import { layeredStatus } from './layers.ts';

const PIECE = 1 << 20;

/** Writes what `top` and the layers between it and `base` have into `base`. */
export async function commitInto(
  top: BlockNode,
  base: BlockNode,
  stop: BlockNode,
  progress?: Progress,
): Promise<BlockResult> {
  if (base.size < top.size) {
    const grown = await base.resize(top.size);
    if (!grown.ok) return grown;
  }
  for (let at = 0; at < top.size; ) {
    progress?.(at, top.size);
    const found = await layeredStatus(top, at, Math.min(PIECE, top.size - at), { above: stop });
    if (!found.ok) return found;
    const { length, allocated, zero, node } = found.value;
    // A layer between that ends too early shows zeros, where the base may have something.
    if (allocated || node.backing !== stop) {
      const bytes = zero ? null : await top.read(at, length);
      if (bytes && !bytes.ok) return bytes;
      const written = await (bytes ? base.write(at, bytes.value) : base.writeZeroes(at, length));
      if (!written.ok) return written;
    }
    at += length;
  }
  return base.flush();
}

/** Makes an overlay show only what lies below it. */
export async function emptyOverlay(node: Qcow2Node): Promise<BlockResult> {
  const emptied = await node.exclusive(() => node.clear(0, node.size));
  return emptied.ok ? node.flush() : emptied;
}

export interface NewBacking {
  /** Null: none. */
  name: string | null;
  format: string | null;
}

/** Names another backing file in an image. */
export function setBackingName(
  node: Qcow2Node,
  { name, format }: NewBacking,
): BlockResult | Promise<BlockResult> {
  const { image } = node;
  const before = { ...image.header };
  return node.exclusive(function* (): Steps<void> {
    image.header.backingFile = name;
    image.header.backingFormat = name === null ? null : format;
    if (encodeHeader(image.header)) return yield* image.writeHeader();
    Object.assign(image.header, before);
    fail('unsupported', 'the name of the backing file is too long');
  });
}

/** Copies into an image what another backing file would show differently. */
export async function keepContents(
  node: Qcow2Node,
  next: BlockNode | null,
  progress?: Progress,
): Promise<BlockResult> {
  const { clusterSize } = node.mapping;
  const old = node.backing;
  for (let at = 0; at < node.size; ) {
    progress?.(at, node.size);
    const status = await node.blockStatus(at, node.size - at);
    if (!status.ok) return status;
    if (status.value.allocated) {
      at += status.value.length;
      continue;
    }
    const end = at + status.value.length;
    while (at < end) {
      const length = Math.min(clusterSize - (at % clusterSize), end - at);
      const [was, will] = [await readPadded(old, at, length), await readPadded(next, at, length)];
      if (!was.ok) return was;
      if (!will.ok) return will;
      if (was.value.some((byte, i) => byte !== will.value[i])) {
        const written = await node.write(at, was.value);
        if (!written.ok) return written;
      }
      at += length;
    }
  }
  progress?.(node.size, node.size);
  return DONE;
}

export interface Measure {
  required: number;
  fullyAllocated: number;
}

export interface MeasureOptions {
  clusterSize: number;
  refcountBits: number;
  extendedL2: boolean;
  /** The target has a backing file: nothing is known of what it shares with the source's. */
  backed: boolean;
  preallocated: boolean;
}

/** Bytes that a qcow2 image takes up for a disk, without what compression saves. As qemu-img's `measure` computes them. */
export async function measureQcow2(
  source: BlockNode | null,
  size: number,
  options: MeasureOptions,
): Promise<BlockResult<Measure>> {
  const { clusterSize } = options;
  const up = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
  let data = 0;
  for (let at = 0; source && !options.backed && at < source.size; ) {
    const found = await layeredStatus(source, at, source.size - at);
    if (!found.ok) return found;
    const { zero, allocated, data: stored } = found.value;
    let { length } = found.value;
    if (!zero && allocated && stored) {
      length = up(at + length, clusterSize) - at;
      data += (at % clusterSize) + length;
    }
    at += length;
  }
  const disk = up(size, clusterSize);
  const entry = options.extendedL2 ? 16 : 8;
  const l2 = up(disk / clusterSize, clusterSize / entry) * entry;
  const l1 = up(l2 / clusterSize, clusterSize / 8) * 8;
  const tables = clusterSize + l2 + l1;
  const fullyAllocated = disk + tables + refcountBytes((tables + disk) / clusterSize, options);
  return success({
    required:
      options.preallocated || (source && options.backed) ? fullyAllocated : fullyAllocated - disk + data,
    fullyAllocated,
  });
}

function refcountBytes(clusters: number, { clusterSize, refcountBits }: MeasureOptions): number {
  let blocks = 0;
  let table = 0;
  for (let last = -1; last !== clusters + blocks + table; ) {
    last = clusters + blocks + table;
    blocks = Math.ceil((clusters + table + blocks) / ((clusterSize * 8) / refcountBits));
    table = Math.ceil(blocks / (clusterSize / 8));
  }
  return (blocks + table) * clusterSize;
}
