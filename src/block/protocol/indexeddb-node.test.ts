import { describe, expect, it } from 'vitest';
import { value } from '../../../tests/support/block-result.ts';
import { type BlockResult, DONE, success } from '../block-node.ts';
import { type DiskFile, type DiskHeader, RECORD, type RecordChange, UPPER } from '../store/disk-file.ts';
import { DATA, RecordMap } from '../store/record-map.ts';
import { IndexedDbNode } from './indexeddb-node.ts';

/** A disk's file in memory, with what was written since it was made in halves, whose reads end when they are let go. */
class MemoryFile {
  readonly header: DiskHeader;
  readonly maps = [new RecordMap(), new RecordMap()] as const;
  readonly records = new Map<number, Uint8Array>();
  /** What is being read: the first record, how many. */
  readonly asked: [first: number, count: number][] = [];
  private readonly held: (() => void)[] = [];

  constructor(records: number) {
    this.header = { version: 1, size: records * RECORD, base: null, shown: 0 };
    for (let index = 0; index < records; index++) {
      this.maps[UPPER].set(index, DATA);
      this.records.set(index, new Uint8Array(RECORD).fill(index + 1));
    }
  }

  joined(): boolean {
    return true;
  }

  async read(_layer: number, first: number, count: number): Promise<BlockResult<Uint8Array[]>> {
    this.asked.push([first, count]);
    const found = Array.from({ length: count }, (_, i) => this.records.get(first + i)!.slice());
    await new Promise<void>((resolve) => this.held.push(resolve));
    return success(found);
  }

  async letGo(): Promise<void> {
    for (const go of this.held.splice(0)) go();
    await new Promise((resolve) => setTimeout(resolve));
  }

  async commit(changes: Iterable<RecordChange>): Promise<BlockResult> {
    for (const { index, state, bytes } of changes) {
      this.maps[UPPER].set(index, state);
      if (bytes) this.records.set(index, bytes.slice());
      else this.records.delete(index);
    }
    return DONE;
  }

  close(): void {}
}

function disk(records: number): { file: MemoryFile; node: IndexedDbNode } {
  const file = new MemoryFile(records);
  return { file, node: new IndexedDbNode({ file: file as unknown as DiskFile }) };
}

describe('a stored disk', () => {
  it('shows what it has stored, though an older read of that ends later', async () => {
    for (const [change, now] of [
      [(node: IndexedDbNode) => node.writeZeroes(0, RECORD), 0],
      [(node: IndexedDbNode) => node.discard(0, RECORD), 0],
      [(node: IndexedDbNode) => node.write(0, new Uint8Array(RECORD).fill(77)), 77],
    ] as const) {
      const { file, node } = disk(4);
      const reading = node.read(0, 512);
      expect(file.asked).toEqual([[0, 4]]);
      await value(change(node));
      await value(node.flush());
      await file.letGo();
      expect((await value(reading))[0]).toBe(now);
      expect((await value(node.read(0, 1)))[0]).toBe(now);
      await value(node.close());
    }
  });

  it('reads ahead of who reads on, the further the longer, and hardly of others', async () => {
    const reader = (): { read(record: number): Promise<void>; most(): number } => {
      const { file, node } = disk(1024);
      return {
        async read(record) {
          const reading = node.read(record * RECORD, RECORD);
          await file.letGo();
          expect((await value(reading))[0]).toBe((record + 1) & 255);
        },
        most: () => Math.max(...file.asked.splice(0).map(([, count]) => count)),
      };
    };
    const random = reader();
    for (let i = 0; i < 40; i++) await random.read((i * 397) % 1024);
    expect(random.most()).toBeLessThanOrEqual(8);
    const { read, most } = reader();
    for (let i = 512; i < 520; i++) await read(i);
    expect(most()).toBeLessThanOrEqual(32);
    for (let i = 520; i < 1024; i++) await read(i);
    expect(most()).toBe(128);
  });
});
