/** Another size for the disk of a qcow2 image. */
import { fail, type Steps, take } from '../../request.ts';
import { MAX_L1_BYTES, viewOf } from './header.ts';
import type { Image } from './image.ts';
import type { Qcow2Node } from './qcow2-node.ts';

/** Gives the disk `size` bytes. What is new reads as zeros; what is cut off is freed. */
export function* resizeImage(node: Qcow2Node, size: number): Steps<void> {
  const { image } = node;
  const { header, clusterSize } = image;
  if (size % 512 !== 0) fail('unsupported', 'the size of a qcow2 image is a multiple of 512 bytes');
  if (header.version < 3 && node.snapshotList.length > 0)
    fail('unsupported', 'a qcow2 image of version 2 that has snapshots keeps its size');
  const before = header.size;
  if (size < before) {
    yield* node.clear(Math.ceil(size / clusterSize) * clusterSize, before);
    yield* image.sync();
    yield* take(image.file.flush());
  } else {
    yield* growL1(image, node.l1EntriesFor(size));
  }
  header.size = size;
  image.file.expect?.(size);
  yield* image.patchHeader(24, 8);
  // What lies behind the old end in its last cluster, and what the backing file has there, must not appear.
  const rest = Math.min(size, Math.ceil(before / clusterSize) * clusterSize);
  const end = Math.max(rest, Math.min(size, node.backing?.size ?? 0));
  if (end > before) yield* node.zero(before, end - before);
}

/** Gives the active L1 table at least `entries` entries, in a new place. */
export function* growL1(image: Image, entries: number): Steps<void> {
  if (entries <= image.header.l1Size) return;
  if (entries * 8 > MAX_L1_BYTES) fail('unsupported', 'so large a disk needs larger clusters');
  const bytes = new Uint8Array(entries * 8);
  bytes.set(new Uint8Array(image.l1.buffer, image.l1.byteOffset, image.l1.byteLength));
  yield* switchL1(image, bytes, image.header.size);
}

/** Makes `bytes` the active L1 table of a disk of `size` bytes. The old one's own clusters are freed, not what it refers to. */
export function* switchL1(image: Image, bytes: Uint8Array, size: number): Steps<void> {
  const { header, clusterSize } = image;
  yield* image.sync();
  const old = { offset: header.l1Offset, length: header.l1Size * 8 };
  const offset = yield* image.allocate(Math.max(1, Math.ceil(bytes.length / clusterSize)));
  image.claim(offset, bytes.length, 'active L1 table');
  const whole = new Uint8Array(Math.max(1, Math.ceil(bytes.length / clusterSize)) * clusterSize);
  whole.set(bytes);
  yield* image.refcounts.cache.writeBack();
  yield* image.put(offset, whole, 'active L1 table');
  yield* take(image.file.flush());
  header.l1Offset = offset;
  header.l1Size = bytes.length / 8;
  header.size = size;
  // Size of the disk, size and place of the table: together in one sector.
  yield* image.patchHeader(24, 24);
  yield* take(image.file.flush());
  image.replaceL1(viewOf(bytes));
  if (old.length > 0) {
    image.unclaim(old.offset, old.length);
    image.refcounts.free(old.offset, old.length);
  }
}
