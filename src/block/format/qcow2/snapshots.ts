/** Internal snapshots. Specification: qcow2.txt, "Snapshots". */
import { fail, type Steps, take } from '../../request.ts';
import { Counts } from './counts.ts';
import { MAX_L1_BYTES, MAX_SNAPSHOTS, readU64, viewOf, writeU64 } from './header.ts';
import { COMPRESSED_HIGH, COPIED_HIGH, entryOffset, type Image } from './image.ts';
import type { Qcow2Node } from './qcow2-node.ts';
import { growL1, switchL1 } from './resize.ts';

export interface Snapshot {
  id: string;
  name: string;
  l1Offset: number;
  l1Size: number;
  /** Seconds since 1970, and nanoseconds. */
  seconds: number;
  nanoseconds: number;
  /** Nanoseconds that the guest had run. */
  vmClock: number;
  vmStateSize: number;
  /** Of the disk; null in images of old programs: as large as the disk is now. */
  diskSize: number | null;
  /** Instructions that the guest had run; null: not counted. */
  icount: number | null;
  /** Fields that are not known here, kept as they are. */
  rest: Uint8Array;
  /** Length of its entry in the file. */
  bytes: number;
}

const ENTRY = 40;
const MAX_EXTRA = 1024;
const MAX_TABLE = 64 << 20;
const NO_ICOUNT = 0xffffffff;

const align8 = (length: number): number => Math.ceil(length / 8) * 8;

export function* readSnapshots(image: Image): Steps<Snapshot[]> {
  const { header, file } = image;
  const snapshots: Snapshot[] = [];
  let at = header.snapshotsOffset;
  const get = function* (length: number): Steps<DataView> {
    if (at + length > file.size || at + length > header.snapshotsOffset + MAX_TABLE)
      fail('io', 'the snapshot table does not end in the image');
    const view = viewOf((yield* take(file.read(at, length))).slice());
    at += length;
    return view;
  };
  for (let i = 0; i < header.snapshots; i++) {
    const entry = yield* get(ENTRY);
    const idLength = entry.getUint16(12);
    const nameLength = entry.getUint16(14);
    const extraLength = entry.getUint32(36);
    if (extraLength > MAX_EXTRA) fail('io', 'a snapshot has too many fields');
    const length = align8(ENTRY + extraLength + idLength + nameLength) - ENTRY;
    const more = yield* get(Math.min(length, extraLength + idLength + nameLength));
    at += length - more.byteLength;
    const text = (from: number, count: number): string =>
      new TextDecoder().decode(new Uint8Array(more.buffer, more.byteOffset + from, count).slice());
    const known = Math.min(extraLength, 24);
    const noCount = known < 24 || (more.getUint32(16) === NO_ICOUNT && more.getUint32(20) === NO_ICOUNT);
    snapshots.push({
      l1Offset: readU64(entry, 0),
      l1Size: entry.getUint32(8),
      seconds: entry.getUint32(16),
      nanoseconds: entry.getUint32(20),
      vmClock: readU64(entry, 24),
      vmStateSize: known >= 8 ? readU64(more, 0) : entry.getUint32(32),
      diskSize: known >= 16 ? readU64(more, 8) : null,
      icount: noCount ? null : readU64(more, 16),
      rest: new Uint8Array(more.buffer, more.byteOffset + known, extraLength - known).slice(),
      id: text(extraLength, idLength),
      name: text(extraLength + idLength, nameLength),
      bytes: ENTRY + length,
    });
  }
  return snapshots;
}

function encode(snapshot: Snapshot): Uint8Array {
  const encoder = new TextEncoder();
  const [id, name] = [encoder.encode(snapshot.id), encoder.encode(snapshot.name)];
  const extra = 24 + snapshot.rest.length;
  const bytes = new Uint8Array(align8(ENTRY + extra + id.length + name.length));
  const view = viewOf(bytes);
  writeU64(view, 0, snapshot.l1Offset);
  view.setUint32(8, snapshot.l1Size);
  view.setUint16(12, id.length);
  view.setUint16(14, name.length);
  view.setUint32(16, snapshot.seconds);
  view.setUint32(20, snapshot.nanoseconds);
  writeU64(view, 24, snapshot.vmClock);
  view.setUint32(32, Math.min(snapshot.vmStateSize, 0xffffffff));
  view.setUint32(36, extra);
  writeU64(view, ENTRY, snapshot.vmStateSize);
  writeU64(view, ENTRY + 8, snapshot.diskSize ?? 0);
  if (snapshot.icount === null) {
    view.setUint32(ENTRY + 16, NO_ICOUNT);
    view.setUint32(ENTRY + 20, NO_ICOUNT);
  } else writeU64(view, ENTRY + 16, snapshot.icount);
  bytes.set(snapshot.rest, ENTRY + 24);
  bytes.set(id, ENTRY + extra);
  bytes.set(name, ENTRY + extra + id.length);
  return bytes;
}

/** Writes a new table beside the old one, and lets the header name it. */
function* writeTable(node: Qcow2Node, list: Snapshot[]): Steps<void> {
  const { image } = node;
  const { header, clusterSize } = image;
  const old = {
    offset: header.snapshotsOffset,
    length: node.snapshotList.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const entries = list.map((snapshot) => encode({ ...snapshot, diskSize: snapshot.diskSize ?? header.size }));
  const length = entries.reduce((sum, entry) => sum + entry.length, 0);
  let offset = 0;
  if (length > 0) {
    const bytes = new Uint8Array(Math.ceil(length / clusterSize) * clusterSize);
    let at = 0;
    for (const entry of entries) {
      bytes.set(entry, at);
      at += entry.length;
    }
    offset = yield* image.allocate(bytes.length / clusterSize);
    image.claim(offset, bytes.length, 'snapshot table');
    yield* image.put(offset, bytes, 'snapshot table');
  }
  yield* image.sync();
  yield* take(image.file.flush());
  header.snapshots = list.length;
  header.snapshotsOffset = offset;
  // Number and place: together in one sector.
  yield* image.patchHeader(60, 12);
  yield* take(image.file.flush());
  list.forEach((snapshot, index) => void (snapshot.bytes = entries[index].length));
  node.snapshotList = list;
  if (old.length > 0) image.refcounts.free(old.offset, old.length);
}

/** Visits the tables and clusters that an L1 table refers to. */
function* walk(
  image: Image,
  l1: DataView,
  visit: (offset: number, length: number) => Steps<unknown> | null,
): Steps<void> {
  const size = image.extended ? 16 : 8;
  const seen = new Set<number>();
  for (let i = 0; i < l1.byteLength; i += 8) {
    const at = entryOffset(l1.getUint32(i), l1.getUint32(i + 4));
    if (at === 0) continue;
    if (seen.has(at)) yield* image.corrupt(`two entries of an L1 table have the L2 table at ${at}`);
    seen.add(at);
    if (at % image.clusterSize !== 0)
      yield* image.corrupt(`the L2 table at ${at} does not begin at a cluster`);
    const table = yield* image.l2Cache.load(at);
    const visitAll = function* (offset: number, length: number): Steps<void> {
      const more = visit(offset, length);
      if (more) yield* more;
    };
    yield* visitAll(at, image.clusterSize);
    for (let entry = 0; entry < image.clusterSize; entry += size) {
      const high = table.view.getUint32(entry);
      const low = table.view.getUint32(entry + 4);
      if (high & COMPRESSED_HIGH) {
        const bits = 62 - (image.header.clusterBits - 8) - 32;
        const host = (high & (2 ** bits - 1)) * 2 ** 32 + low;
        yield* visitAll(host, (((high & 0x3fffffff) >>> bits) + 1) * 512 - (host % 512));
      } else {
        const host = entryOffset(high, low);
        if (host !== 0) yield* visitAll(host, image.clusterSize);
      }
    }
  }
}

function* countUp(image: Image, l1: DataView): Steps<void> {
  const { clusterSize, refcounts } = image;
  const each = (change: (cluster: number) => Steps<unknown>) =>
    walk(image, l1, function* (offset, length) {
      const last = Math.floor((offset + length - 1) / clusterSize);
      for (let cluster = Math.floor(offset / clusterSize); cluster <= last; cluster++) yield* change(cluster);
    });
  // First whether all can be counted: compressed clusters share one count.
  const shares = new Counts();
  yield* each(function* (cluster) {
    const more = shares.add(cluster);
    if ((yield* refcounts.get(cluster)) + more > refcounts.max)
      fail('unsupported', `the image has no room to count more than ${refcounts.max} uses of a cluster`);
  });
  yield* each((cluster) => refcounts.add(cluster, 1));
}

/** Sets the COPIED flags of the active tables: what counts one use may be written in place. */
export function* updateCopied(image: Image): Steps<void> {
  const size = image.extended ? 16 : 8;
  const { clusterSize, refcounts } = image;
  const seen = new Set<number>();
  for (let i = 0; i < image.header.l1Size; i++) {
    const at = image.l2Offset(i);
    if (at === 0) continue;
    if (seen.has(at)) yield* image.corrupt(`two entries of the L1 table have the L2 table at ${at}`);
    seen.add(at);
    const alone = (yield* refcounts.get(at / clusterSize)) === 1;
    if (alone !== image.l2Copied(i)) image.setL1(i, at, alone);
    for (let entry = 0; entry < clusterSize; entry += size) {
      const table = yield* image.l2Cache.load(at);
      const high = table.view.getUint32(entry);
      const host = entryOffset(high, table.view.getUint32(entry + 4));
      if (high & COMPRESSED_HIGH || host === 0) continue;
      const own = (yield* refcounts.get(Math.floor(host / clusterSize))) === 1;
      if (own === ((high & COPIED_HIGH) !== 0)) continue;
      const again = yield* image.l2Cache.load(at);
      again.view.setUint32(entry, (own ? high | COPIED_HIGH : high & ~COPIED_HIGH) >>> 0);
      again.changed(entry, 4);
    }
  }
}

export interface NewSnapshot {
  name: string;
  /** Default: now. */
  time?: { seconds: number; nanoseconds: number };
}

/** Keeps the disk as it is now. */
export function* createSnapshot(node: Qcow2Node, { name, time }: NewSnapshot): Steps<void> {
  const { image } = node;
  if (node.snapshotList.length >= MAX_SNAPSHOTS)
    fail('unsupported', 'the image has no room for more snapshots');
  const now = Date.now();
  const id = 1 + node.snapshotList.reduce((max, snapshot) => Math.max(max, Number(snapshot.id) || 0), 0);
  yield* image.markDirty();
  yield* growL1(image, 1);
  yield* image.sync();
  yield* countUp(image, image.l1);
  yield* updateCopied(image);
  const bytes = new Uint8Array(
    Math.max(1, Math.ceil((image.header.l1Size * 8) / image.clusterSize)) * image.clusterSize,
  );
  bytes.set(new Uint8Array(image.l1.buffer, image.l1.byteOffset, image.l1.byteLength));
  const l1Offset = yield* image.allocate(bytes.length / image.clusterSize);
  image.claim(l1Offset, bytes.length, 'inactive L1 table');
  yield* image.put(l1Offset, bytes, 'inactive L1 table');
  const snapshot: Snapshot = {
    id: String(id),
    name,
    l1Offset,
    l1Size: image.header.l1Size,
    seconds: time?.seconds ?? Math.floor(now / 1000),
    nanoseconds: time?.nanoseconds ?? (now % 1000) * 1_000_000,
    vmClock: 0,
    vmStateSize: 0,
    diskSize: image.header.size,
    icount: 0,
    rest: new Uint8Array(0),
    bytes: 0,
  };
  yield* writeTable(node, [...node.snapshotList, snapshot]);
  yield* image.sync();
  node.claimAll();
}

/** Which snapshot: the one with that id, or else with that name; or the first that has all that is given. */
export type SnapshotKey = string | { id?: string; name?: string };

function findSnapshot({ snapshotList }: Qcow2Node, key: SnapshotKey): Snapshot {
  const found =
    typeof key === 'string'
      ? (snapshotList.find(({ id }) => id === key) ?? snapshotList.find(({ name }) => name === key))
      : snapshotList.find(({ id, name }) => (key.id ?? id) === id && (key.name ?? name) === name);
  if (found) return found;
  const { id, name } = typeof key === 'string' ? { name: key } : key;
  const parts = [...(id === undefined ? [] : [`id ${id}`]), ...(name === undefined ? [] : [`"${name}"`])];
  return fail('io', `the image has no snapshot ${parts.join(' called ')}`);
}

function* snapshotL1(image: Image, snapshot: Snapshot): Steps<DataView> {
  if (snapshot.l1Size * 8 > MAX_L1_BYTES)
    fail('io', `the L1 table of snapshot "${snapshot.name}" is too large`);
  return viewOf(yield* image.readTable(snapshot.l1Offset, snapshot.l1Size * 8, "a snapshot's L1 table"));
}

/** Shows the disk of an image that is only read as a snapshot has it. */
export function* viewSnapshot(node: Qcow2Node, which: SnapshotKey): Steps<void> {
  const { image } = node;
  const snapshot = findSnapshot(node, which);
  if (!image.readOnly)
    return fail('unsupported', 'a snapshot is only looked at in an image that is only read');
  image.replaceL1(yield* snapshotL1(image, snapshot));
  image.header.l1Size = snapshot.l1Size;
  image.header.size = snapshot.diskSize ?? image.header.size;
  if (image.header.l1Size < node.l1EntriesFor(image.header.size))
    fail('io', `the L1 table of snapshot "${snapshot.name}" is too small`);
}

/** Frees all that an L1 table refers to, once. */
function* release(image: Image, l1: DataView): Steps<void> {
  yield* walk(image, l1, (offset, length) => {
    image.refcounts.free(offset, length);
    return null;
  });
}

/** Puts the disk back to where it was. What was written since is lost. */
export function* applySnapshot(node: Qcow2Node, which: SnapshotKey): Steps<void> {
  const { image } = node;
  const snapshot = findSnapshot(node, which);
  const size = snapshot.diskSize ?? image.header.size;
  const entries = Math.max(snapshot.l1Size, node.l1EntriesFor(size), 1);
  if (entries * 8 > MAX_L1_BYTES) fail('io', `the disk of snapshot "${snapshot.name}" is too large`);
  yield* image.markDirty();
  yield* image.sync();
  const l1 = yield* snapshotL1(image, snapshot);
  yield* countUp(image, l1);
  const bytes = new Uint8Array(entries * 8);
  bytes.set(new Uint8Array(l1.buffer, l1.byteOffset, l1.byteLength));
  for (let i = 0; i < bytes.length; i += 8) bytes[i] &= 0x7f;
  const old = image.l1;
  yield* switchL1(image, bytes, size);
  yield* release(image, old);
  yield* image.sync();
  yield* updateCopied(image);
  yield* image.sync();
  node.claimAll();
}

export function* deleteSnapshot(node: Qcow2Node, which: SnapshotKey): Steps<void> {
  const { image } = node;
  const snapshot = findSnapshot(node, which);
  yield* image.markDirty();
  yield* image.sync();
  const l1 = yield* snapshotL1(image, snapshot);
  yield* writeTable(
    node,
    node.snapshotList.filter((other) => other !== snapshot),
  );
  yield* release(image, l1);
  if (snapshot.l1Size > 0) image.refcounts.free(snapshot.l1Offset, snapshot.l1Size * 8);
  yield* image.sync();
  yield* updateCopied(image);
  yield* image.sync();
  node.claimAll();
}
