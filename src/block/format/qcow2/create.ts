/** New qcow2 images. */
import { type BlockNode, type BlockResult, type Eventually, failure } from '../../block-node.ts';
import { fail, request, type Steps, take } from '../../request.ts';
import type { Compressor } from '../codecs.ts';
import {
  COMPRESSION_TYPE,
  type CompressionType,
  EXTENDED_L2,
  encodeHeader,
  type Header,
  LAZY_REFCOUNTS,
  l1EntriesFor,
  MAX_L1_BYTES,
  viewOf,
  writeU64,
} from './header.ts';
import { Qcow2Node } from './qcow2-node.ts';
import { writeCount } from './refcounts.ts';

/** Options, spelled as in `qemu-img create -o`, and their defaults. */
export interface CreateOptions {
  /** Of the disk, bytes: a multiple of 512. */
  size: number;
  /** `compat`: 2 is 0.10, 3 is 1.1. Default 3. */
  version?: 2 | 3;
  /** Bytes: a power of two from 512 to 2 MiB. Default 64 KiB. */
  clusterSize?: number;
  /** 1 to 64. Default 16. */
  refcountBits?: number;
  lazyRefcounts?: boolean;
  extendedL2?: boolean;
  compressionType?: CompressionType;
  backingFile?: string | null;
  backingFormat?: string | null;
  /** `metadata` gives every cluster its place, `falloc` and `full` write zeros there too. Default off. */
  preallocation?: 'off' | 'metadata' | 'falloc' | 'full';
  backing?: BlockNode | null;
  compressor?: Compressor;
}

/** What is wrong with options; null: nothing. */
export function createProblem(options: CreateOptions): string | null {
  const { version = 3, clusterSize = 65536, refcountBits = 16 } = options;
  const bits = Math.log2(clusterSize);
  if (!Number.isInteger(bits) || bits < 9 || bits > 21)
    return 'Cluster size must be a power of two between 512 and 2048k';
  if (!Number.isInteger(Math.log2(refcountBits)) || refcountBits < 1 || refcountBits > 64)
    return 'Refcount width must be a power of two and may not exceed 64 bits';
  if (version < 3) {
    if (refcountBits !== 16)
      return 'Different refcount widths than 16 bits require compatibility level 1.1 or above';
    if (options.lazyRefcounts) return 'Lazy refcounts only supported with compatibility level 1.1 and above';
    if (options.extendedL2)
      return 'Extended L2 entries are only supported with compatibility level 1.1 and above';
    if (options.compressionType === 'zstd')
      return 'Non-zlib compression type is only supported with compatibility level 1.1 and above';
  }
  if (options.extendedL2 && clusterSize < 16384)
    return 'Extended L2 entries are only supported with cluster sizes of at least 16384 bytes';
  if (!Number.isSafeInteger(options.size) || options.size < 0) return 'Invalid image size';
  if (options.size % 512 !== 0) return 'Image size must be a multiple of 512 bytes';
  if (l1EntriesFor(options.size, bits, options.extendedL2 ?? false) * 8 > MAX_L1_BYTES)
    return "The image size is too large for file format 'qcow2' (try using a larger cluster size)";
  return null;
}

/** Makes an image in `file`, whose contents are lost, and opens it. */
export function createQcow2(file: BlockNode, options: CreateOptions): Eventually<BlockResult<Qcow2Node>> {
  const problem = createProblem(options);
  return problem ? failure('unsupported', problem) : request(creating(file, options));
}

function* creating(file: BlockNode, options: CreateOptions): Steps<Qcow2Node> {
  const { version = 3, clusterSize = 65536, refcountBits = 16, preallocation = 'off' } = options;
  const header: Header = {
    version,
    clusterBits: Math.log2(clusterSize),
    size: 0,
    backingFile: options.backingFile ?? null,
    backingFormat: options.backingFile ? (options.backingFormat ?? null) : null,
    l1Size: 0,
    l1Offset: 0,
    refcountTableOffset: clusterSize,
    refcountTableClusters: 1,
    snapshots: 0,
    snapshotsOffset: 0,
    incompatible:
      (options.extendedL2 ? EXTENDED_L2 : 0) | (options.compressionType === 'zstd' ? COMPRESSION_TYPE : 0),
    compatible: options.lazyRefcounts ? LAZY_REFCOUNTS : 0,
    autoclear: 0,
    refcountOrder: Math.log2(refcountBits),
    compressionType: options.compressionType ?? 'zlib',
    moreFields: new Uint8Array(0),
    extensions: [],
  };
  const first = encodeHeader(header);
  if (!first) return fail('unsupported', 'the name of the backing file is too long');
  // An image of no size: header, table and block of reference counts. All else is made as when an image grows.
  const bytes = new Uint8Array(3 * clusterSize);
  bytes.set(first);
  const view = viewOf(bytes);
  writeU64(view, clusterSize, 2 * clusterSize);
  const counts = viewOf(bytes.subarray(2 * clusterSize));
  for (let cluster = 0; cluster < 3; cluster++) writeCount(counts, header.refcountOrder, cluster, 1);
  yield* take(file.resize(0));
  yield* take(file.resize(bytes.length));
  yield* take(file.write(0, bytes));
  const { backing = null, compressor } = options;
  const node = yield* take(Qcow2Node.open(file, compressor ? { compressor } : {}));
  yield* take(node.resize(options.size));
  // Only now, or what it has would be hidden as it is from a disk that grows.
  node.backing = backing;
  if (preallocation !== 'off') yield* take(node.preallocate(preallocation !== 'metadata'));
  return node;
}
