/** A disk written out from its beginning to its end, as a raw or a qcow2 image: holes stay holes, and little of it is in memory at a time. */
import { type BlockNode, type BlockResult, DONE } from '../block-node.ts';
import { encodeHeader, type Header, l1EntriesFor, viewOf, writeU64 } from '../format/qcow2/header.ts';
import { cancelled, isZero, type Progress } from './copy.ts';
import { layeredStatus } from './layers.ts';

/** Where an image goes. Only its first 64 KiB are written twice, after all the rest. */
export interface ExportSink {
  /** Takes a copy. What was never written are zeros. */
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** The image is `size` bytes long. */
  truncate(size: number): Promise<void>;
}

export interface ExportOptions {
  progress?: Progress;
  signal?: AbortSignal;
}

const PIECE = 1 << 20;
const CLUSTER_BITS = 16;
const CLUSTER = 2 ** CLUSTER_BITS;
const L2_ENTRIES = CLUSTER / 8;
/** Counts of 16 bits that a cluster holds. */
const COUNTS = CLUSTER / 2;
/** An entry whose cluster nobody else has: bit 63. */
const COPIED_HIGH = 0x80000000;

/** Gives `take` all pieces of a disk that are not zeros, cut and padded to clusters, in order. */
async function eachCluster(
  node: BlockNode,
  { progress, signal }: ExportOptions,
  take: (offset: number, bytes: Uint8Array) => Promise<void>,
): Promise<BlockResult> {
  for (let at = 0; at < node.size; ) {
    if (signal?.aborted) return cancelled();
    progress?.(at, node.size);
    const found = await layeredStatus(node, at, node.size - at);
    if (!found.ok) return found;
    const { zero, length } = found.value;
    const end = at + length;
    if (zero && (end === node.size || length >= CLUSTER)) {
      at = end === node.size ? end : Math.floor(end / CLUSTER) * CLUSTER;
      continue;
    }
    // A cluster that is zeros only in part is looked at.
    const count = Math.min(PIECE, node.size - at, Math.ceil(length / CLUSTER) * CLUSTER);
    const bytes = await node.read(at, count);
    if (!bytes.ok) return bytes;
    for (let from = 0; from < count; from += CLUSTER) {
      const cluster = bytes.value.subarray(from, from + CLUSTER);
      if (!isZero(cluster)) await take(at + from, cluster);
    }
    at += count;
  }
  progress?.(node.size, node.size);
  return DONE;
}

/** Writes a disk as a raw image. What the sink throws is passed on. */
export async function exportRaw(
  node: BlockNode,
  sink: ExportSink,
  options: ExportOptions = {},
): Promise<BlockResult> {
  const done = await eachCluster(node, options, (offset, bytes) => sink.write(offset, bytes));
  if (done.ok) await sink.truncate(node.size);
  return done;
}

/**
 * Writes a disk as a qcow2 image of version 3 without a backing file. Its data comes first, each L2 table after what it lists; then the L1
 * table, the counts, and at last the header.
 */
export async function exportQcow2(
  node: BlockNode,
  sink: ExportSink,
  options: ExportOptions = {},
): Promise<BlockResult> {
  let end = CLUSTER;
  const put = async (bytes: Uint8Array): Promise<number> => {
    const at = end;
    await sink.write(at, bytes);
    end += Math.ceil(bytes.length / CLUSTER) * CLUSTER;
    return at;
  };
  // Whatever reads the file before its end finds no image in it.
  await sink.write(0, new Uint8Array(CLUSTER));
  const l1 = new Uint8Array(Math.max(1, l1EntriesFor(node.size, CLUSTER_BITS, false)) * 8);
  const l2 = { number: -1, bytes: new Uint8Array(CLUSTER) };
  const endTable = async (): Promise<void> => {
    if (l2.number < 0) return;
    setEntry(l1, l2.number, await put(l2.bytes));
    l2.bytes.fill(0);
  };
  const copied = await eachCluster(node, options, async (offset, bytes) => {
    const index = offset / CLUSTER;
    const number = Math.floor(index / L2_ENTRIES);
    if (number !== l2.number) {
      await endTable();
      l2.number = number;
    }
    setEntry(l2.bytes, index % L2_ENTRIES, await put(wholeCluster(bytes)));
  });
  if (!copied.ok) return copied;
  await endTable();
  const l1Offset = await put(l1);
  const { blocks, tableClusters } = countsFor(end / CLUSTER);
  const total = end / CLUSTER + blocks + tableClusters;
  const table = new Uint8Array(tableClusters * CLUSTER);
  for (let block = 0; block < blocks; block++) {
    const bytes = new Uint8Array(CLUSTER);
    const counts = viewOf(bytes);
    for (let i = 0; i < Math.min(COUNTS, total - block * COUNTS); i++) counts.setUint16(i * 2, 1);
    writeU64(viewOf(table), block * 8, await put(bytes));
  }
  const refcountTableOffset = await put(table);
  const header: Header = {
    version: 3,
    clusterBits: CLUSTER_BITS,
    size: node.size,
    backingFile: null,
    backingFormat: null,
    l1Size: l1.length / 8,
    l1Offset,
    refcountTableOffset,
    refcountTableClusters: tableClusters,
    snapshots: 0,
    snapshotsOffset: 0,
    incompatible: 0,
    compatible: 0,
    autoclear: 0,
    refcountOrder: 4,
    compressionType: 'zlib',
    moreFields: new Uint8Array(0),
    extensions: [],
  };
  await sink.truncate(end);
  await sink.write(0, encodeHeader(header)!);
  return DONE;
}

/** Clusters of counts, and of the table that lists them, for a file of `clusters` clusters and these. */
function countsFor(clusters: number): { blocks: number; tableClusters: number } {
  for (let blocks = 1; ; blocks++) {
    const tableClusters = Math.ceil((blocks * 8) / CLUSTER);
    if (clusters + blocks + tableClusters <= blocks * COUNTS) return { blocks, tableClusters };
  }
}

function setEntry(table: Uint8Array, index: number, offset: number): void {
  const view = viewOf(table);
  writeU64(view, index * 8, offset);
  view.setUint32(index * 8, view.getUint32(index * 8) + COPIED_HIGH);
}

function wholeCluster(bytes: Uint8Array): Uint8Array {
  if (bytes.length === CLUSTER) return bytes;
  const whole = new Uint8Array(CLUSTER);
  whole.set(bytes);
  return whole;
}

/** Collects an image in a Blob, which the browser keeps on its disk when it gets large. */
export class BlobSink implements ExportSink {
  private head: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private readonly parts: Blob[] = [];
  private waiting: Uint8Array<ArrayBuffer>[] = [];
  private waitingBytes = 0;
  private length = 0;

  async write(position: number, bytes: Uint8Array): Promise<void> {
    // The head is kept until the end, since it may come again.
    if (position === 0) {
      this.head = bytes.slice();
      this.length = Math.max(this.length, bytes.length);
      return;
    }
    this.zeros(position - this.length);
    this.waiting.push(bytes.slice());
    this.waitingBytes += bytes.length;
    this.length += bytes.length;
    if (this.waitingBytes >= PIECE * 4) this.collect();
  }

  async truncate(size: number): Promise<void> {
    this.zeros(size - this.length);
  }

  private zeros(count: number): void {
    if (count <= 0) return;
    this.collect();
    // One piece of zeros is there as often as it is needed.
    const piece = new Blob([new Uint8Array(Math.min(count, PIECE))]);
    this.length += count;
    for (; count >= piece.size; count -= piece.size) this.parts.push(piece);
    if (count > 0) this.parts.push(piece.slice(0, count));
  }

  private collect(): void {
    if (this.waiting.length > 0) this.parts.push(new Blob(this.waiting));
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** All that was written. */
  blob(): Blob {
    this.collect();
    return new Blob([this.head, ...this.parts]);
  }
}
