/** Damaged qcow2 images, and requests on them: nothing may throw, hang, or reserve memory without end. */
import type { BlockNode, BlockResult } from '../../src/block/block-node.ts';
import { checkImage } from '../../src/block/format/qcow2/check.ts';
import { type CreateOptions, createQcow2 } from '../../src/block/format/qcow2/create.ts';
import { Qcow2Node } from '../../src/block/format/qcow2/qcow2-node.ts';
import { applySnapshot, createSnapshot, deleteSnapshot } from '../../src/block/format/qcow2/snapshots.ts';
import { MemoryNode } from '../../src/block/protocol/memory-node.ts';
import { failure } from '../../src/block/block-node.ts';
import { request } from '../../src/block/request.ts';

/** Memory that ends where a disk would. */
class SmallNode extends MemoryNode {
  override resize(size: number): BlockResult {
    return size > 32 << 20 ? failure('space', 'the disk is full') : super.resize(size);
  }
}

const KINDS: readonly Partial<CreateOptions>[] = [
  {},
  { clusterSize: 512 },
  { clusterSize: 4096, refcountBits: 1 },
  { clusterSize: 16384, extendedL2: true },
  { version: 2, clusterSize: 4096 },
  { clusterSize: 8192, lazyRefcounts: true, refcountBits: 64 },
];

export interface FuzzOutcome {
  opened: boolean;
  /** Requests that succeeded. */
  done: number;
  failed: number;
  corruptions: number;
  repaired: boolean;
}

function must<T>(result: BlockResult<T> | Promise<BlockResult<T>>): T {
  if (result instanceof Promise || !result.ok)
    throw new Error('an image in memory that is whole answers at once');
  return result.value;
}

/** An image with data, zeros, snapshots. */
function seedImage(random: (n: number) => number): { bytes: Uint8Array; size: number } {
  const options = { size: 2 << 20, ...KINDS[random(KINDS.length)] };
  const file = new MemoryNode(new Uint8Array(0));
  const node = must(createQcow2(file, options));
  const write = (): void => {
    for (let i = 0; i < 6; i++) {
      const offset = random(options.size - 70_000);
      must(node.write(offset, new Uint8Array(1 + random(70_000)).fill(1 + random(255))));
      must(node.writeZeroes(random(options.size - 20_000), random(20_000)));
    }
  };
  write();
  if (options.refcountBits !== 1) {
    must(node.exclusive(() => createSnapshot(node, { name: 'one' })));
    write();
  }
  must(node.flush());
  const bytes = file.bytes.slice();
  must(node.close());
  return { bytes, size: options.size };
}

/** Damages what matters: header, tables, and pointers, which get values that may mean something. */
function damage(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  const damaged = random(8) === 0 ? bytes.slice(0, random(bytes.length)) : bytes.slice();
  const view = new DataView(damaged.buffer);
  const clusters = Math.ceil(bytes.length / 512);
  for (let count = 1 + random(6); count > 0; count--) {
    const at = random(3) === 0 ? random(112) : random(damaged.length);
    if (at + 8 > damaged.length) continue;
    switch (random(4)) {
      case 0:
        damaged[at] = random(256);
        break;
      case 1:
        damaged[at] ^= 1 << random(8);
        break;
      case 2:
        // A place in the file, maybe of another table.
        view.setBigUint64(at - (at % 8), BigInt(random(clusters) * 512) | (BigInt(random(4)) << 62n));
        break;
      default:
        view.setBigUint64(at - (at % 8), BigInt(random(2 ** 31)) << BigInt(random(33)));
    }
  }
  return damaged;
}

/** Opens a damaged image, asks it for all sorts of things, and repairs it. */
export async function fuzzQcow2(random: (n: number) => number): Promise<FuzzOutcome> {
  const { bytes, size } = seedImage(random);
  const damaged = damage(bytes, random);
  const outcome: FuzzOutcome = { opened: false, done: 0, failed: 0, corruptions: 0, repaired: false };
  const backing =
    random(3) === 0 ? new MemoryNode(new Uint8Array(1 << 20).fill(9), { readOnly: true }) : null;
  // Only what repairs it has to be waited for.
  const opened = await Qcow2Node.open(new SmallNode(damaged.slice()), { backing });
  if (opened.ok) {
    outcome.opened = true;
    requests(opened.value, random, outcome);
  }
  const again = Qcow2Node.open(new SmallNode(damaged), { asIs: true });
  if (again instanceof Promise) throw new Error('an image in memory takes no time');
  if (again.ok && again.value.size <= 64 * size) repair(again.value, outcome);
  return outcome;
}

function requests(node: Qcow2Node, random: (n: number) => number, outcome: FuzzOutcome): void {
  const end = Math.min(node.size, 2 ** 41);
  for (let i = 0; i < 30; i++) {
    const offset = random(random(2) === 0 ? Math.min(end, 4 << 20) : end);
    const length = Math.min(random(100_000), node.size - offset);
    const result = one(node, random(12), offset, Math.max(length, 0));
    if (result instanceof Promise) throw new Error('an image in memory takes no time');
    if (result.ok) outcome.done++;
    else outcome.failed++;
  }
  node.close();
}

function one(node: Qcow2Node, kind: number, offset: number, length: number): ReturnType<BlockNode['flush']> {
  switch (kind) {
    case 0:
    case 1:
    case 2:
      return node.write(offset, new Uint8Array(length).fill(kind + 1));
    case 3:
      return node.writeZeroes(offset, length);
    case 4:
      return node.discard(offset, length);
    case 5:
      return node.flush();
    case 6:
      return node.exclusive(() => applySnapshot(node, 'one'));
    case 7:
      return node.exclusive(() => deleteSnapshot(node, 'one'));
    case 8:
      return node.exclusive(() => createSnapshot(node, { name: 'two' }));
    case 9:
      return length === 0
        ? node.flush()
        : (node.blockStatus(offset, length) as ReturnType<BlockNode['flush']>);
    default:
      return node.read(offset, length) as unknown as ReturnType<BlockNode['flush']>;
  }
}

/** Repairs until nothing is found; what could be repaired stays so. */
function repair(node: Qcow2Node, outcome: FuzzOutcome): void {
  const check = (how: 'none' | 'all') => {
    const result = request(checkImage(node, how));
    if (result instanceof Promise) throw new Error('an image in memory takes no time');
    return result;
  };
  const before = check('none');
  if (!before.ok) return;
  outcome.corruptions = before.value.corruptions;
  for (let round = 0; round < 3; round++) check('all');
  const after = check('none');
  outcome.repaired = after.ok && after.value.corruptions + after.value.leaks + after.value.errors === 0;
  if (outcome.repaired) {
    // The seeds have none: damage made them, and what lies there is no compressed data. A check looks at places only, as QEMU's.
    const compressed = after.ok && after.value.compressedClusters > 0;
    const bytes = node.read(0, Math.min(node.size, 8 << 20));
    if (bytes instanceof Promise || !(bytes.ok || compressed))
      throw new Error('a repaired image cannot be read');
    const write = node.write(0, new Uint8Array(Math.min(node.size, 300_000)).fill(3));
    if (write instanceof Promise || !(write.ok || write.error.kind === 'space' || compressed))
      throw new Error('a repaired image takes no writes');
  }
  node.close();
}
