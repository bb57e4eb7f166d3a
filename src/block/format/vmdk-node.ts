/**
 * VMware's VMDK images in one sparse file, only read: hosted sparse extents (`monolithicSparse`) and stream-optimised ones, whose grains
 * are compressed. Specification: VMware Virtual Disk Format 5.0. Numbers are little-endian.
 */
import type { BlockNode, BlockResult, Eventually } from '../block-node.ts';
import { fail, request, type Steps, take } from '../request.ts';
import { inflate } from './codecs.ts';
import { MappedNode, type Piece } from './mapped-node.ts';
import { viewOf } from './qcow2/header.ts';

const SECTOR = 512;
const MAGIC = 0x564d444b;
const ZERO_GRAINS = 1 << 2;
const COMPRESSED = 1 << 16;
const MARKERS = 1 << 17;
/** Where a stream that was written in one go has its directory: the header's copy at the end says it. */
const DIRECTORY_AT_END = 2 ** 64;
const MAX_DIRECTORY = 2 ** 24;
const TABLES_KEPT = 64;
const TABLES_SKIPPED = 4096;

const readU64 = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);

export function openVmdk(file: BlockNode): Eventually<BlockResult<BlockNode>> {
  return request(opening(file));
}

function* opening(file: BlockNode): Steps<BlockNode> {
  if (file.size < SECTOR) fail('io', 'the VMDK image is cut off');
  let header = viewOf((yield* take(file.read(0, SECTOR))).slice());
  if (header.getUint32(0) !== 0x4b444d56)
    fail(
      'unsupported',
      'the VMDK image is a description of other files, which is not supported: convert it with qemu-img',
    );
  if (readU64(header, 56) === DIRECTORY_AT_END) {
    // Footer marker, footer, end-of-stream marker: a sector each.
    if (file.size < 4 * SECTOR) fail('io', 'the VMDK image is cut off');
    header = viewOf((yield* take(file.read(file.size - 2 * SECTOR, SECTOR))).slice());
    if (header.getUint32(0, true) !== MAGIC) fail('io', 'the VMDK image is cut off: its footer is missing');
  }
  const version = header.getUint32(4, true);
  if (version < 1 || version > 3) fail('unsupported', `VMDK version ${version} is not known: 1 to 3 are`);
  const flags = header.getUint32(8, true);
  const sectors = readU64(header, 12);
  const grain = readU64(header, 20) * SECTOR;
  const entries = header.getUint32(44, true);
  const directoryAt = readU64(header, 56) * SECTOR;
  if (grain < 4096 || grain > 2 ** 27 || Math.log2(grain) % 1 !== 0 || entries === 0 || entries > 512)
    fail('io', 'the VMDK image is damaged: grains or tables of an impossible size');
  const descriptor = yield* readDescriptor(file, header);
  const size = sectors * SECTOR;
  const tables = Math.ceil(size / (grain * entries));
  if (!Number.isSafeInteger(size) || tables > MAX_DIRECTORY || directoryAt + tables * 4 > file.size)
    fail('io', 'the VMDK image is damaged: its grain directory does not lie in the file');
  const directory = viewOf((yield* take(file.read(directoryAt, tables * 4))).slice());
  if (flags & COMPRESSED && header.getUint16(77, true) !== 1)
    fail('unsupported', 'the VMDK image is compressed in a way that is not known');
  return new VmdkNode(file, size, { directory, grain, entries, flags, descriptor });
}

/** What the descriptor of an image says. */
export interface VmdkDescriptor {
  cid: number;
  parentCid: number;
  createType: string;
}

/** Reads the descriptor, and refuses images that are but a part of a disk. @returns null: there is none */
function* readDescriptor(file: BlockNode, header: DataView): Steps<VmdkDescriptor | null> {
  const at = readU64(header, 28) * SECTOR;
  const length = Math.min(readU64(header, 36) * SECTOR, 65536);
  if (at === 0 || at + length > file.size) return null;
  const text = String.fromCharCode(...(yield* take(file.read(at, length))));
  const parent = /^parentCID\s*=\s*([0-9a-f]+)/im.exec(text)?.[1];
  if (parent !== undefined && Number.parseInt(parent, 16) !== 0xffffffff)
    fail('unsupported', 'the VMDK image is a difference to another one, which is not supported');
  const kind = /^createType\s*=\s*"([^"]*)"/im.exec(text)?.[1];
  if (kind !== undefined && kind !== 'monolithicSparse' && kind !== 'streamOptimized')
    fail('unsupported', `VMDK images of type ${kind} are not supported`);
  const cid = /^CID\s*=\s*([0-9a-f]+)/im.exec(text)?.[1];
  if (cid === undefined || kind === undefined) return null;
  return {
    cid: Number.parseInt(cid, 16) >>> 0,
    parentCid: Number.parseInt(parent ?? 'ffffffff', 16),
    createType: kind,
  };
}

interface Layout {
  directory: DataView;
  /** Bytes. */
  grain: number;
  /** Of a table. */
  entries: number;
  flags: number;
  descriptor: VmdkDescriptor | null;
}

export class VmdkNode extends MappedNode {
  protected override readonly emptyIsAllocated = false;
  protected override readonly asksFile = false;
  override readonly clusterSize: number;
  private readonly layout: Layout;
  private readonly tables = new Map<number, DataView>();
  private lastGrain: { at: number; bytes: Uint8Array } | null = null;

  constructor(file: BlockNode, size: number, layout: Layout) {
    super(file, size);
    this.layout = layout;
    this.clusterSize = layout.grain;
  }

  get descriptor(): VmdkDescriptor | null {
    return this.layout.descriptor;
  }

  get compressed(): boolean {
    return (this.layout.flags & COMPRESSED) !== 0;
  }

  protected *piece(offset: number): Steps<Piece> {
    const { grain, entries, flags } = this.layout;
    const index = Math.floor(offset / grain);
    const within = offset % grain;
    const length = grain - within;
    const number = Math.floor(index / entries);
    const table = yield* this.table(number);
    if (!table) return { length: this.emptyEnd(number) * entries * grain - offset, host: null };
    const sector = table.getUint32((index % entries) * 4, true);
    if (sector === 0 || (sector === 1 && flags & ZERO_GRAINS)) return { length, host: null };
    if (!(flags & COMPRESSED)) return { length, host: sector * SECTOR + within };
    const bytes = yield* this.expand(sector * SECTOR);
    return { length, host: null, expanded: { bytes, at: within } };
  }

  /** The first table behind `number` that is there, or as far as it is worth a look. */
  private emptyEnd(number: number): number {
    const { directory } = this.layout;
    const limit = Math.min(directory.byteLength / 4, number + TABLES_SKIPPED);
    let end = number + 1;
    while (end < limit && directory.getUint32(end * 4, true) === 0) end++;
    return end;
  }

  private *table(number: number): Steps<DataView | null> {
    const { directory, entries } = this.layout;
    const at = directory.getUint32(number * 4, true) * SECTOR;
    if (at === 0) return null;
    const kept = this.tables.get(at);
    if (kept) return kept;
    if (at + entries * 4 > this.file.size)
      fail('io', 'a grain table of the VMDK image does not lie in the file');
    const table = viewOf((yield* take(this.file.read(at, entries * 4))).slice());
    if (this.tables.size >= TABLES_KEPT) this.tables.delete(this.tables.keys().next().value!);
    this.tables.set(at, table);
    return table;
  }

  /** A compressed grain: its place, its length, and a zlib stream (RFC 1950). */
  private *expand(at: number): Steps<Uint8Array> {
    if (this.lastGrain?.at === at) return this.lastGrain.bytes;
    const { grain, flags } = this.layout;
    const skip = flags & MARKERS ? 12 : 0;
    if (at + skip + 2 > this.file.size) fail('io', 'a grain of the VMDK image does not lie in the file');
    let length = Math.min(this.file.size - at, 2 * grain);
    if (skip > 0) {
      const marker = viewOf(yield* take(this.file.read(at, skip)));
      length = Math.min(length, skip + marker.getUint32(8, true));
    }
    const packed = yield* take(this.file.read(at, length));
    // Without the two bytes of zlib's header it is raw deflate data; the checksum behind it is not looked at.
    const bytes = inflate(packed.subarray(skip + 2), grain);
    if (!bytes) return fail('io', 'a grain of the VMDK image is damaged');
    this.lastGrain = { at, bytes };
    return bytes;
  }
}
