/** Images that qemu-img makes, read here: what they hold, what is known of it, and damage. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { value } from '../../../tests/support/block-result.ts';
import { later } from '../../../tests/support/later-node.ts';
import { qemuImg, workFolder } from '../../../tests/support/qemu-img.ts';
import { openHostImage } from '../../img/host-image.ts';
import type { BlockNode, BlockResult } from '../block-node.ts';
import { FilterNode } from '../filter/filter-node.ts';
import { openImageFile } from '../open.ts';
import { MemoryNode } from '../protocol/memory-node.ts';
import { readPadded } from '../tools/copy.ts';
import { randomBelow, randomWords } from '../../../tests/support/random.ts';

const path = workFolder();
const MIB = 1 << 20;

/** A disk with data, repetitions, zeros and a part beyond a block's end. */
function disk(): Uint8Array {
  const bytes = new Uint8Array(9 * MIB);
  const word = randomWords(7);
  for (let i = 0; i < bytes.length; i++) {
    const part = Math.floor(i / 300_000);
    const random = word();
    if (part % 4 === 1) bytes[i] = random >>> 24;
    else if (part % 4 === 2) bytes[i] = i & 63;
  }
  return bytes;
}

const image = disk();
const raw = path('disk.raw');
writeFileSync(raw, image);

const KINDS: [string, string, string[]][] = [
  ['vdi', 'vdi', []],
  ['vdi, static', 'vdi', ['-o', 'static=on']],
  ['vpc, dynamic', 'vpc', ['-o', 'subformat=dynamic,force_size=on']],
  ['vpc, fixed', 'vpc', ['-o', 'subformat=fixed,force_size=on']],
  ['vmdk', 'vmdk', []],
  ['vmdk with marked zeros', 'vmdk', ['-o', 'zeroed_grain=on']],
  ['vmdk, stream-optimised', 'vmdk', ['-o', 'subformat=streamOptimized']],
  ['qcow2', 'qcow2', []],
  ['qcow2, version 2', 'qcow2', ['-o', 'compat=0.10']],
  ['qcow2, compressed by zlib', 'qcow2', ['-c']],
  ['qcow2, compressed by zstd', 'qcow2', ['-c', '-o', 'compression_type=zstd']],
  ['qcow2, zstd in clusters of 4 KiB', 'qcow2', ['-c', '-o', 'compression_type=zstd,cluster_size=4k']],
  ['qcow2, zlib in clusters of 2 MiB', 'qcow2', ['-c', '-o', 'cluster_size=2M']],
  ['qcow2, extended L2 entries', 'qcow2', ['-o', 'extended_l2=on']],
  ['qcow2, preallocated', 'qcow2', ['-o', 'preallocation=full']],
  ['qcow2, clusters of 512 bytes', 'qcow2', ['-o', 'cluster_size=512,refcount_bits=1']],
];

/** Reads in pieces of an odd size, then all at once. */
async function compare(node: BlockNode): Promise<void> {
  expect(node.size).toBe(image.length);
  for (let at = 0; at < image.length; at += 777_777) {
    const length = Math.min(200_001, image.length - at);
    const bytes = await value(node.read(at, length));
    expect(Buffer.compare(bytes, image.subarray(at, at + length)), `at ${at}`).toBe(0);
  }
  expect(Buffer.compare(await value(node.read(0, image.length)), image)).toBe(0);
}

describe.each(KINDS)('%s', (name, format, options) => {
  // A fixed VHD is known by its name alone.
  const extension = name === 'vpc, fixed' ? 'vhd' : 'img';
  const file = path(`${name.replaceAll(/\W+/g, '-')}.${extension}`);

  it('is recognised, and reads as qemu-img wrote it', async () => {
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, raw, file);
    const opened = await value(openHostImage(file, { readOnly: true }));
    expect(opened).toMatchObject({ format, probed: true });
    await compare(opened.node);
    await value(opened.node.close());
    expect((await opened.node.read(0, 1)).ok).toBe(false);
    // The same through a file that takes its time.
    const slow = later(new MemoryNode(readFileSync(file), { readOnly: true }));
    const again = await value(openImageFile({ node: slow, id: 'slow', name: file }, { readOnly: true }));
    await compare(again.node);
  });

  it('knows where its data lie', async () => {
    const { node } = await value(openHostImage(file, { readOnly: true }));
    const bytes = readFileSync(file);
    let stored = 0;
    for (let at = 0; at < node.size; ) {
      const status = await value(node.blockStatus(at, node.size - at));
      expect(status.length).toBeGreaterThan(0);
      const part = image.subarray(at, at + status.length);
      if (status.offset !== null)
        expect(Buffer.compare(bytes.subarray(status.offset, status.offset + status.length), part)).toBe(0);
      if (status.zero) expect(part.every((byte) => byte === 0)).toBe(true);
      if (status.data) stored += status.length;
      at += status.length;
    }
    expect(stored).toBeGreaterThan(4 * MIB);
    await value(node.close());
  });

  it('survives being cut off and being damaged', async () => {
    const bytes = readFileSync(file);
    const random = randomBelow(name.length);
    for (let i = 0; i < 40; i++) {
      const damaged = new Uint8Array(bytes.subarray(0, i % 3 === 0 ? random(bytes.length) : bytes.length));
      for (let count = random(20); count > 0; count--) {
        // Headers and tables are where damage tells.
        const at = random(random(2) === 0 ? 1024 : Math.min(damaged.length, 400_000));
        if (at < damaged.length) damaged[at] = random(256);
      }
      const source = new MemoryNode(damaged);
      const result = await openImageFile(
        { node: source, id: 'x', name: 'x' },
        { format: format as 'vdi', readOnly: true },
      );
      if (!result.ok) continue;
      const { node } = result.value;
      for (let reads = 0; reads < 10; reads++) {
        const offset = random(Math.min(node.size, 2 ** 40));
        const length = Math.min(random(100_000), node.size - offset);
        const read = await node.read(offset, length);
        if (read.ok) expect(read.value.length).toBe(length);
      }
      await node.close();
    }
  });
});

/** A file with a few bytes at its beginning, and zeros behind them; it notes the longest read. */
class SparseFile extends FilterNode {
  longest = 0;
  readonly end: number;

  constructor(bytes: Uint8Array, end: number) {
    super(new MemoryNode(bytes));
    this.end = end;
  }

  override get size(): number {
    return this.end;
  }

  override async read(offset: number, length: number): Promise<BlockResult<Uint8Array>> {
    this.longest = Math.max(this.longest, length);
    return readPadded(this.file, offset, length);
  }
}

it('a fixed VHD is raw, as for QEMU, unless its name or somebody says what it is', async () => {
  const file = path('footer.img');
  qemuImg('convert', '-f', 'raw', '-O', 'vpc', '-o', 'subformat=fixed,force_size=on', raw, file);
  expect(JSON.parse(qemuImg('info', '--output=json', file)).format).toBe('raw');
  for (const [name, format, wanted] of [
    [file, undefined, 'raw'],
    [file, 'vpc', 'vpc'],
    ['x.VHD', undefined, 'vpc'],
  ] as const) {
    const node = new MemoryNode(readFileSync(file));
    const options = { readOnly: true, ...(format && { format }) };
    const opened = await value(openImageFile({ node, id: name, name }, options));
    expect(opened.format).toBe(wanted);
  }
});

it('of the map of a VDI image only what is asked for is read', async () => {
  const file = path('map.vdi');
  qemuImg('convert', '-f', 'raw', '-O', 'vdi', raw, file);
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer);
  // 512 TiB in blocks of 1 MiB: a map of 2 GiB.
  view.setUint32(0x180, 0x1fffffff, true);
  const sparse = new SparseFile(bytes, 2 ** 31 + 2 ** 30);
  const options = { format: 'vdi', readOnly: true } as const;
  const { node } = await value(openImageFile({ node: sparse, id: 'x', name: 'x' }, options));
  const head = await value(node.read(0, 4096));
  expect(Buffer.compare(head, image.subarray(0, 4096))).toBe(0);
  expect(sparse.longest).toBeLessThanOrEqual(65536);
});

it('a VMDK image of 256 TiB without data is looked through by its directory', async () => {
  const file = path('empty.vmdk');
  qemuImg('create', '-q', '-f', 'vmdk', file, '1M');
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer);
  const directory = 1 << 20;
  view.setBigUint64(12, 2n ** 39n, true);
  view.setBigUint64(56, BigInt(directory / 512), true);
  // No descriptor: its size of the disk is another one.
  view.setBigUint64(28, 0n, true);
  const sparse = new SparseFile(bytes.fill(0, 512), 2 ** 28);
  const options = { format: 'vmdk', readOnly: true } as const;
  const { node } = await value(openImageFile({ node: sparse, id: 'x', name: 'x' }, options));
  expect(node.size).toBe(2 ** 48);
  expect(await value(node.blockStatus(0, node.size))).toMatchObject({ length: 2 ** 48, zero: true });
});
