import { describe, expect, it } from 'vitest';
import { value } from '../../../tests/support/block-result.ts';
import { later, LaterNode } from '../../../tests/support/later-node.ts';
import { type BlockResult, failure } from '../block-node.ts';
import { checkImage } from '../format/qcow2/check.ts';
import { createQcow2 } from '../format/qcow2/create.ts';
import { Qcow2Node } from '../format/qcow2/qcow2-node.ts';
import { RawNode } from '../format/raw-node.ts';
import { MemoryNode } from '../protocol/memory-node.ts';
import { request } from '../request.ts';
import { BlkdebugNode } from './blkdebug-node.ts';
import { CopyOnReadNode } from './copy-on-read-node.ts';
import { FilterNode } from './filter-node.ts';
import { ThrottleGroup, ThrottleNode } from './throttle-node.ts';

const MIB = 1 << 20;

const kind = async (result: BlockResult<unknown> | Promise<BlockResult<unknown>>): Promise<string> => {
  const got = await result;
  return got.ok ? 'ok' : got.error.kind;
};

describe('qcow2 over a file that fails once', () => {
  it.each([false, true])('goes on, and loses nothing (answered later: %s)', async (slow) => {
    const pattern = Uint8Array.from({ length: MIB }, (_, i) => (i * 31 + (i >> 9)) & 0xff);
    for (let failing = 1; failing <= 24; failing++) {
      const memory = new MemoryNode(new Uint8Array(0));
      // 256 clusters have a block of reference counts.
      await value((await value(createQcow2(memory, { size: MIB, clusterSize: 512 }))).flush());
      const bytes = memory.bytes.slice();
      const file = new MemoryNode(bytes);
      let writes = 0;
      const flaky = new (class extends LaterNode {
        override async write(offset: number, data: Uint8Array) {
          return ++writes === failing ? failure('space', 'full') : file.write(offset, data);
        }
      })(file);
      const now = new (class extends FilterNode {
        override write(offset: number, data: Uint8Array) {
          return ++writes === failing ? failure('space', 'full') : file.write(offset, data);
        }
      })(file);
      const image = await value(Qcow2Node.open(slow ? flaky : now));
      let failures = 0;
      for (let at = 0; at < MIB; at += MIB / 8) {
        const part = pattern.subarray(at, at + MIB / 8);
        let tries = 0;
        while (!(await image.write(at, part)).ok && ++tries < 3) failures++;
        if (!(await image.flush()).ok) await value(image.flush());
      }
      expect(failures).toBeLessThanOrEqual(1);
      const data = file.bytes.slice();
      const again = await value(Qcow2Node.open(new MemoryNode(data)));
      expect(Buffer.compare(await value(again.read(0, MIB)), pattern)).toBe(0);
      const { corruptions } = await value(request(checkImage(again, 'none')));
      expect([failing, corruptions]).toEqual([failing, 0]);
    }
  });
});

describe('copy on read', () => {
  it.each([false, true])(
    'takes what comes from below into the image, once (answered later: %s)',
    async (slow) => {
      const below = later(new MemoryNode(new Uint8Array(MIB).fill(7), { readOnly: true }));
      const file = new MemoryNode(new Uint8Array(0));
      const image = await value(createQcow2(slow ? later(file) : file, { size: MIB, backing: below }));
      const node = new CopyOnReadNode(image);
      const parts = await Promise.all([
        value(node.read(100, 50)),
        value(node.write(70_000, Uint8Array.of(1, 2, 3))),
        value(node.read(65_000, 10_000)),
      ]);
      expect(parts[0]).toEqual(new Uint8Array(50).fill(7));
      expect(await value(node.read(69_999, 5))).toEqual(Uint8Array.of(7, 1, 2, 3, 7));
      const asked = below.asked.length;
      await value(node.read(0, 131_072));
      expect(below.asked.length).toBe(asked);
      expect(await value(image.blockStatus(0, MIB))).toMatchObject({ allocated: true, length: 131_072 });
      expect(await value(node.read(0, 65_536))).toEqual(new Uint8Array(65_536).fill(7));
    },
  );
});

describe('throttle', () => {
  /** Time that passes only when someone waits. */
  function clock() {
    const time = { ms: 0, now: () => time.ms, wait: async (ms: number) => void (time.ms += ms) };
    return time;
  }

  it.each([
    [{ 'iops-total': 100 }, 4096, 1000],
    [{ 'bps-read': 1_000_000 }, 10_000, 1000],
    [{ 'iops-read': 50, 'bps-total': 1e9 }, 4096, 2000],
    [{ 'bps-write': 1000 }, 4096, 0],
  ])('%j lets 100 reads of %i bytes take %i ms', async (limits, length, ms) => {
    const time = clock();
    const node = new ThrottleNode(new MemoryNode(new Uint8Array(MIB)), new ThrottleGroup(limits, time));
    for (let i = 0; i < 100; i++) await value(node.read(i * 1000, length));
    // A tenth of a second may be ahead, and the last request is not waited for.
    expect(time.ms).toBeGreaterThanOrEqual(Math.max(0, ms * 0.99 - 125));
    expect(time.ms).toBeLessThanOrEqual(ms);
  });

  it('nodes of a group share its limits', async () => {
    const time = clock();
    const group = new ThrottleGroup({ 'iops-total': 100 }, time);
    const nodes = [0, 1].map(() => new ThrottleNode(new MemoryNode(new Uint8Array(MIB)), group));
    for (let i = 0; i < 100; i++) await value(nodes[i % 2].read(i, 1));
    expect(time.ms).toBeGreaterThan(870);
    expect(time.ms).toBeLessThanOrEqual(1000);
  });

  it('a write that waits has its own copy', async () => {
    const memory = new MemoryNode(new Uint8Array(MIB));
    const node = new ThrottleNode(memory, new ThrottleGroup({ 'iops-write': 1 }, clock()));
    const bytes = Uint8Array.of(1, 2, 3);
    await value(node.write(0, bytes));
    const second = node.write(10, bytes);
    bytes.fill(9);
    await value(second);
    expect([...memory.bytes.subarray(10, 13)]).toEqual([1, 2, 3]);
  });
});

describe('blkdebug', () => {
  it('fails the requests that its rules name', async () => {
    const node = new BlkdebugNode(new MemoryNode(new Uint8Array(MIB)), {
      injectError: [
        { iotype: 'read', sector: 3 },
        { iotype: 'write', once: true, errno: 'space' },
        { iotype: 'flush', state: 2 },
      ],
      setState: [{ event: 'discard', state: 1, newState: 2 }],
    });
    expect(await kind(node.read(0, 1536))).toBe('ok');
    expect(await kind(node.read(0, 1537))).toBe('io');
    expect(await kind(node.read(2047, 1))).toBe('io');
    expect(await kind(node.read(2048, 512))).toBe('ok');
    expect([
      await kind(node.write(0, new Uint8Array(1))),
      await kind(node.write(0, new Uint8Array(1))),
    ]).toEqual(['space', 'ok']);
    expect([await kind(node.flush()), await kind(node.discard(0, 512)), await kind(node.flush())]).toEqual([
      'ok',
      'ok',
      'io',
    ]);
  });

  it('stops a request until it is let go', async () => {
    const memory = new MemoryNode(new Uint8Array(MIB));
    const node = new BlkdebugNode(memory);
    const stopped = node.break('write', 'here');
    const written = node.write(0, Uint8Array.of(5));
    await stopped;
    expect(memory.bytes[0]).toBe(0);
    expect(await kind(node.write(1, Uint8Array.of(6)))).toBe('ok');
    expect([node.resume('there'), node.resume('here'), node.resume('here')]).toEqual([false, true, false]);
    expect(await kind(written)).toBe('ok');
    expect([...memory.bytes.subarray(0, 2)]).toEqual([5, 6]);
  });

  it('a qcow2 image over it loses nothing but room, whichever write fails', async () => {
    for (let fails = 0; fails < 40; fails += 3) {
      const memory = new MemoryNode(new Uint8Array(0));
      const made = await value(createQcow2(memory, { size: MIB, clusterSize: 4096 }));
      await value(made.write(0, new Uint8Array(100_000).fill(1)));
      await value(made.flush());
      const bytes = memory.bytes.slice();
      let count = 0;
      const disk = new BlkdebugNode(new MemoryNode(bytes));
      const below = disk.file as MemoryNode;
      const write = below.write.bind(below);
      // The nth write fails, and all after it until the image is closed.
      below.write = (offset, data) =>
        count++ >= fails ? { ok: false, error: { kind: 'io', message: 'broken' } } : write(offset, data);
      const node = await value(Qcow2Node.open(disk));
      for (let at = 50_000; at < MIB - 70_000; at += 100_000)
        await node.write(at, new Uint8Array(70_000).fill(2));
      await node.flush();
      const after = await value(Qcow2Node.open(new MemoryNode(below.bytes.slice())));
      expect(await value(request(checkImage(after, 'none')))).toMatchObject({ corruptions: 0, errors: 0 });
      expect(await value(after.read(0, 50_000))).toEqual(new Uint8Array(50_000).fill(1));
    }
  });
});

describe('a raw image whose format nobody gave', () => {
  const header = Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3);

  it.each([true, false])('does not become one of another format (probed: %s)', async (probed) => {
    const node = new RawNode(new MemoryNode(new Uint8Array(MIB)), { probed });
    expect(await kind(node.write(0, header))).toBe(probed ? 'io' : 'ok');
    expect(await kind(node.write(512, header))).toBe('ok');
    expect(await kind(node.write(0, header.slice(0, 3)))).toBe('ok');
    expect(await kind(node.write(3, header.slice(3)))).toBe(probed ? 'io' : 'ok');
    expect(await kind(node.write(4, new Uint8Array(600)))).toBe('ok');
  });
});
