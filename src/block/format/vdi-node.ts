/**
 * VirtualBox's VDI images, versions 1.1, only read. Layout: a header with a map that gives each block of the disk a place behind it.
 * There is no specification but VirtualBox's own header file (VDICore.h); QEMU's block/vdi.c agrees with it.
 */
import type { BlockNode, BlockResult, Eventually } from '../block-node.ts';
import { fail, request, type Steps, take } from '../request.ts';
import { MappedNode, type Piece } from './mapped-node.ts';
import { viewOf } from './qcow2/header.ts';

const HEADER_BYTES = 512;
const SIGNATURE = 0xbeda107f;
const VERSION_1_1 = 0x00010001;
const DYNAMIC = 1;
const FIXED = 2;
const FREE = 0xffffffff;
const ZERO = 0xfffffffe;
/** QEMU's limits. */
const MAX_BLOCKS = 0x20000000;
const MAX_DISK = 2 ** 50;
const PIECE_ENTRIES = 2 ** 14;
const PIECES_KEPT = 64;

export function openVdi(file: BlockNode): Eventually<BlockResult<BlockNode>> {
  return request(opening(file));
}

function* opening(file: BlockNode): Steps<BlockNode> {
  if (file.size < HEADER_BYTES) fail('io', 'the VDI image is cut off');
  const header = viewOf((yield* take(file.read(0, HEADER_BYTES))).slice());
  if (header.getUint32(64, true) !== SIGNATURE) fail('io', 'it is no VDI image');
  if (header.getUint32(68, true) !== VERSION_1_1)
    fail(
      'unsupported',
      `VDI version ${header.getUint16(70, true)}.${header.getUint16(68, true)} is not known: only 1.1 is`,
    );
  const kind = header.getUint32(76, true);
  if (kind !== DYNAMIC && kind !== FIXED)
    fail('unsupported', 'the VDI image is a difference to another one, which is not supported');
  const mapOffset = header.getUint32(0x154, true);
  const dataOffset = header.getUint32(0x158, true);
  const sectorSize = header.getUint32(0x168, true);
  const size = header.getUint32(0x174, true) * 2 ** 32 + header.getUint32(0x170, true);
  const blockSize = header.getUint32(0x178, true);
  const extra = header.getUint32(0x17c, true);
  const blocks = header.getUint32(0x180, true);
  if (sectorSize !== 512 || blockSize < 512 || blockSize > 2 ** 28 || blockSize % 512 !== 0 || extra !== 0)
    fail('unsupported', 'the VDI image has sectors or blocks of an unusual size');
  if (size > MAX_DISK || blocks > MAX_BLOCKS || size > blocks * blockSize || mapOffset % 512 !== 0)
    fail('io', 'the VDI image is damaged: its sizes contradict each other');
  if (mapOffset + blocks * 4 > file.size) fail('io', 'the map of the VDI image does not lie in the file');
  return new VdiNode(file, size, { mapOffset, blockSize, dataOffset, fixed: kind === FIXED });
}

class VdiNode extends MappedNode {
  protected override readonly asksFile: boolean;
  override readonly clusterSize: number;
  private readonly layout: { mapOffset: number; blockSize: number; dataOffset: number; fixed: boolean };
  /** Pieces of the map, by their numbers: whole it may take 2 GiB. */
  private readonly pieces = new Map<number, DataView>();

  constructor(file: BlockNode, size: number, layout: VdiNode['layout']) {
    super(file, size);
    this.layout = layout;
    this.clusterSize = layout.blockSize;
    this.asksFile = layout.fixed;
  }

  protected *piece(offset: number): Steps<Piece> {
    const { blockSize, dataOffset } = this.layout;
    const within = offset % blockSize;
    const block = Math.floor(offset / blockSize);
    const number = Math.floor(block / PIECE_ENTRIES);
    const map = this.pieces.get(number) ?? (yield* this.load(number));
    const entry = map.getUint32((block % PIECE_ENTRIES) * 4, true);
    const length = blockSize - within;
    if (entry === FREE || entry === ZERO) return { length, host: null };
    return { length, host: dataOffset + entry * blockSize + within };
  }

  private *load(number: number): Steps<DataView> {
    const { mapOffset, blockSize } = this.layout;
    const first = number * PIECE_ENTRIES;
    const count = Math.min(PIECE_ENTRIES, Math.ceil(this.size / blockSize) - first);
    const map = viewOf((yield* take(this.file.read(mapOffset + first * 4, count * 4))).slice());
    if (this.pieces.size >= PIECES_KEPT) this.pieces.delete(this.pieces.keys().next().value!);
    this.pieces.set(number, map);
    return map;
  }
}
