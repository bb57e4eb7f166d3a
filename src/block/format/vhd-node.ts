/**
 * Connectix's and Microsoft's VHD images (QEMU's `vpc`), fixed and dynamic, only read. Specification: Virtual Hard Disk Image Format
 * Specification, version 1.0. Numbers are big-endian.
 */
import type { BlockNode, BlockResult, Eventually } from '../block-node.ts';
import { fail, request, type Steps, take } from '../request.ts';
import { MappedNode, type Piece } from './mapped-node.ts';
import { readU64, viewOf } from './qcow2/header.ts';

const SECTOR = 512;
const COOKIE = 'conectix';
const DYNAMIC_COOKIE = 'cxsparse';
const FIXED = 2;
const DYNAMIC = 3;
const UNUSED = 0xffffffff;
/** 2040 GiB, the format's own limit, and some more that other programs write. */
const MAX_DISK = 2 ** 42;
const MAX_TABLE = 2 ** 22;
/** Creators that mean the geometry, not the size, as QEMU has it. */
const BY_GEOMETRY = ['vpc ', 'qemu'];
const MAX_GEOMETRY = 65535 * 16 * 255;

export function openVhd(file: BlockNode): Eventually<BlockResult<BlockNode>> {
  return request(opening(file));
}

const text = (view: DataView, at: number, length: number): string =>
  String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, length));

function* opening(file: BlockNode): Steps<BlockNode> {
  if (file.size < SECTOR) fail('io', 'the VHD image is cut off');
  let footer = viewOf((yield* take(file.read(0, SECTOR))).slice());
  // A fixed disk begins with its data, and only ends with the footer.
  if (text(footer, 0, 8) !== COOKIE) {
    footer = viewOf((yield* take(file.read(file.size - SECTOR, SECTOR))).slice());
    if (text(footer, 0, 8) !== COOKIE) fail('io', 'it is no VHD image');
  }
  const type = footer.getUint32(60);
  const size = diskSize(footer);
  if (size > MAX_DISK) fail('io', `a VHD image of ${size} bytes is not possible`);
  if (type === FIXED) {
    if (size > file.size) fail('io', 'the VHD image is cut off');
    return new FixedNode(file, size);
  }
  if (type !== DYNAMIC)
    fail('unsupported', 'the VHD image is a difference to another one, which is not supported');
  const headerAt = readU64(footer, 16);
  if (headerAt + 1024 > file.size) fail('io', 'the header of the VHD image does not lie in the file');
  const header = viewOf((yield* take(file.read(headerAt, 1024))).slice());
  if (text(header, 0, 8) !== DYNAMIC_COOKIE) fail('io', 'the header of the VHD image is damaged');
  const tableAt = readU64(header, 16);
  const entries = header.getUint32(28);
  const blockSize = header.getUint32(32);
  if (blockSize < SECTOR || blockSize > 2 ** 28 || Math.log2(blockSize) % 1 !== 0)
    fail('unsupported', `blocks of ${blockSize} bytes are not possible in a VHD image`);
  if (entries > MAX_TABLE || entries * blockSize < size || tableAt + entries * 4 > file.size)
    fail('io', 'the block table of the VHD image is damaged');
  const table = viewOf((yield* take(file.read(tableAt, entries * 4))).slice());
  return new DynamicNode(file, size, table, blockSize);
}

/** Bytes of the disk: by the geometry for programs that go by it, else by its size. */
function diskSize(footer: DataView): number {
  const geometry = footer.getUint16(56) * footer.getUint8(58) * footer.getUint8(59);
  const creator = text(footer, 28, 4);
  const size = readU64(footer, 48);
  return BY_GEOMETRY.includes(creator) && geometry !== MAX_GEOMETRY ? geometry * SECTOR : size;
}

class FixedNode extends MappedNode {
  protected piece(offset: number): Piece {
    return { length: this.size - offset, host: offset };
  }
}

class DynamicNode extends MappedNode {
  protected override readonly asksFile = false;
  override readonly clusterSize: number;
  private readonly table: DataView;
  private readonly blockSize: number;
  /** Of the bits in front of each block that say which sectors are in use. */
  private readonly bitmapBytes: number;

  constructor(file: BlockNode, size: number, table: DataView, blockSize: number) {
    super(file, size);
    this.table = table;
    this.blockSize = blockSize;
    this.clusterSize = blockSize;
    this.bitmapBytes = Math.ceil(blockSize / SECTOR / 8 / SECTOR) * SECTOR;
  }

  protected piece(offset: number): Piece {
    const within = offset % this.blockSize;
    const sector = this.table.getUint32(Math.floor(offset / this.blockSize) * 4);
    const length = this.blockSize - within;
    if (sector === UNUSED) return { length, host: null };
    // Sectors that the bits call unused hold zeros in the file too, since nobody wrote them.
    return { length, host: sector * SECTOR + this.bitmapBytes + within };
  }
}
