/** Images that grow: what a large disk costs, and what happens when growing fails half-way. */
import { describe, expect, it, vi } from 'vitest';
import type { BlockResult } from '../../block-node.ts';
import { failure } from '../../block-node.ts';
import { FilterNode } from '../../filter/filter-node.ts';
import { MemoryNode } from '../../protocol/memory-node.ts';
import { request } from '../../request.ts';
import { checkImage } from './check.ts';
import { createQcow2 } from './create.ts';
import { Qcow2Node } from './qcow2-node.ts';
import { createSnapshot } from './snapshots.ts';

const MIB = 1 << 20;
const GIB = 1024 * MIB;

function value<T>(result: BlockResult<T> | Promise<BlockResult<T>>): T {
  if (result instanceof Promise || !result.ok) throw new Error('an image in memory answers at once');
  return result.value;
}

/** Fails chosen writes to its first sector, where the header is. */
class HeaderFails extends FilterNode {
  fails: () => boolean = () => false;
  headers = 0;

  override write(offset: number, bytes: Uint8Array) {
    if (offset < 512) {
      this.headers++;
      if (this.fails()) return failure('io', 'the sector is bad');
    }
    return this.file.write(offset, bytes);
  }
}

describe('a disk of 64 GiB costs what is used of it', () => {
  it('a file system across all of it takes a cluster for each place, and their tables', () => {
    const file = new MemoryNode(new Uint8Array(0));
    const node = value(createQcow2(file, { size: 64 * GIB }));
    expect(file.size).toBeLessThan(MIB);
    // What mkfs writes: bitmaps and tables of each group of 128 MiB.
    const groups = 512;
    for (let group = 0; group < groups; group++)
      value(node.write(group * 128 * MIB, new Uint8Array(8192).fill(group)));
    value(node.flush());
    // A cluster for each group, an L2 table of 64 KiB for each four of them.
    expect(file.size).toBeLessThan((groups + groups / 4 + 16) * 65536);
    expect(value(node.read(511 * 128 * MIB, 1))).toEqual(Uint8Array.of(511 & 0xff));
    for (const cache of [node.image.l2Cache, node.image.refcounts.cache]) expect(cache.crowded).toBe(false);
    expect(node.image.metadata.size).toBeLessThan(200);
  });

  it('reading all over it keeps no more tables than the cache has room for', () => {
    const file = new MemoryNode(new Uint8Array(0));
    const made = value(createQcow2(file, { size: 64 * GIB, clusterSize: 4096 }));
    // An L2 table maps 2 MiB here: 4096 tables, 16 MiB in all.
    for (let at = 0; at < 64 * GIB; at += 16 * MIB) value(made.write(at, Uint8Array.of(1)));
    value(made.flush());
    const node = value(
      Qcow2Node.open(new MemoryNode(file.bytes.slice()), { readOnly: true, cacheBytes: 64 * 4096 }),
    );
    for (let at = 0; at < 64 * GIB; at += 16 * MIB)
      expect(value(node.read(at, 2))).toEqual(Uint8Array.of(1, 0));
    expect(node.image.l2Cache.crowded).toBe(false);
  });
});

describe('a refcount table that grows while the header cannot be written', () => {
  function small() {
    const memory = new MemoryNode(new Uint8Array(0));
    const file = new HeaderFails(memory);
    const node = value(createQcow2(file, { size: 64 * MIB, clusterSize: 512 }));
    /** Writes until the table has to grow, or so much that it would have. */
    const fill = (from: number): BlockResult[] => {
      const results: BlockResult[] = [];
      for (let at = from; at < from + 12 * MIB; at += 64 * 1024) {
        const result = node.write(at, new Uint8Array(64 * 1024).fill(1 + (at >> 16)));
        if (result instanceof Promise) throw new Error('an image in memory answers at once');
        results.push(result);
      }
      return results;
    };
    return { memory, file, node, fill };
  }

  it('keeps the old one, and grows when the header can be written again', () => {
    const { memory, file, node, fill } = small();
    let failures = 1;
    file.fails = () => failures-- > 0;
    const failed = fill(0).filter((result) => !result.ok);
    expect(failed).toHaveLength(1);
    value(node.flush());
    const again = value(Qcow2Node.open(new MemoryNode(memory.bytes.slice())));
    const check = request(checkImage(again, 'none'));
    expect(value(check)).toMatchObject({ corruptions: 0, errors: 0 });
    expect(value(again.read(11 * MIB, 1))).toEqual(Uint8Array.of((1 + ((11 * MIB) >> 16)) & 0xff));
  });

  it('writes nothing more where not even the old header can be', () => {
    const { memory, file, node, fill } = small();
    file.fails = () => true;
    const results = fill(0);
    const first = results.findIndex((result) => !result.ok);
    expect(first).toBeGreaterThan(0);
    expect(results.slice(first).every((result) => !result.ok)).toBe(true);
    expect(node.write(0, Uint8Array.of(1))).toMatchObject({ ok: false });
    const again = value(Qcow2Node.open(new MemoryNode(memory.bytes.slice())));
    expect(value(request(checkImage(again, 'none')))).toMatchObject({ errors: 0 });
  });
});

it('65,536 snapshots of one state are checked by what one names, and all of their uses counted', () => {
  const file = new MemoryNode(new Uint8Array(0));
  const node = value(createQcow2(file, { size: MIB, clusterSize: 512, refcountBits: 32 }));
  value(node.write(0, new Uint8Array(MIB).fill(7)));
  value(node.exclusive(() => createSnapshot(node, { name: 's' })));
  const [one] = node.snapshotList;
  const { l1Size } = node.image.header;
  // As if each had been made: its own L1 table, which names the same L2 tables.
  const l1Bytes = Math.ceil((l1Size * 8) / 512) * 512;
  const start = file.size;
  const count = 65_535;
  value(file.resize(start + count * l1Bytes));
  const l1 = value(file.read(one.l1Offset, l1Size * 8)).slice();
  for (let i = 0; i < count; i++) {
    value(file.write(start + i * l1Bytes, l1));
    node.snapshotList.push({ ...one, id: String(i + 2), l1Offset: start + i * l1Bytes });
  }
  const reads = vi.spyOn(file, 'read');
  const { messages } = value(request(checkImage(node, 'none')));
  // Their own tables, and not once more each of the tables that those name.
  expect(reads.mock.calls.length).toBeLessThan(count + 2 * l1Size);
  // One in the file, from the snapshot that was made, and one of the active tables; the rest was never counted.
  expect(messages.some((line) => line.endsWith(`refcount=2 reference=${count + 2}`))).toBe(true);
});
