/** qcow2 images that are damaged, or made to do harm. */
import { describe, expect, it, vi } from 'vitest';
import { value } from '../../../../tests/support/block-result.ts';
import { fuzzQcow2 } from '../../../../tests/support/qcow2-fuzz.ts';
import type { BlockResult } from '../../block-node.ts';
import { openImageFile } from '../../open.ts';
import { FilterNode } from '../../filter/filter-node.ts';
import { MemoryNode } from '../../protocol/memory-node.ts';
import { request, type Steps, wait } from '../../request.ts';
import { readPadded } from '../../tools/copy.ts';
import { checkImage } from './check.ts';
import { Counts } from './counts.ts';
import { type CreateOptions, createQcow2 } from './create.ts';
import { Qcow2Node } from './qcow2-node.ts';
import { applySnapshot, createSnapshot, deleteSnapshot, viewSnapshot } from './snapshots.ts';
import { randomBelow } from '../../../../tests/support/random.ts';

const CLUSTER = 65536;
const MIB = 1 << 20;

async function message(result: BlockResult<unknown> | Promise<BlockResult<unknown>>): Promise<string> {
  const got = await result;
  return got.ok ? 'ok' : got.error.message;
}

/** A file that seems to be 20 GiB long: behind its bytes there are zeros. */
class LongNode extends FilterNode {
  override get size(): number {
    return 20 * 1024 * MIB;
  }

  override async read(offset: number, length: number): Promise<BlockResult<Uint8Array>> {
    return readPadded(this.file, offset, length);
  }
}

/** An image with 4 MiB of data in a disk of 16, and a way to change its bytes. */
async function image(options: Partial<CreateOptions> = {}) {
  const file = new MemoryNode(new Uint8Array(0));
  const node = await value(createQcow2(file, { size: 16 * MIB, ...options }));
  await value(node.write(0, new Uint8Array(4 * MIB).fill(5)));
  await value(node.flush());
  const bytes = file.bytes.slice();
  await value(node.close());
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    view,
    u64: (at: number, number: number) => view.setBigUint64(at, BigInt(number)),
    l1: Number(view.getBigUint64(40)),
    l2: Number(view.getBigUint64(Number(view.getBigUint64(40))) & 0x00fffffffffffe00n),
    open: (more: { readOnly?: boolean; asIs?: boolean } = {}) => Qcow2Node.open(new MemoryNode(bytes), more),
  };
}

describe('headers that are refused, and why', () => {
  it.each<[string, (i: Awaited<ReturnType<typeof image>>) => void, RegExp]>([
    ['no magic', (i) => i.view.setUint8(0, 0), /no qcow2 image/],
    ['version 4', (i) => i.view.setUint32(4, 4), /version 4 is not known/],
    ['clusters of 256 bytes', (i) => i.view.setUint32(20, 8), /2\^8 bytes/],
    ['clusters of 4 GiB', (i) => i.view.setUint32(20, 32), /2\^32 bytes/],
    ['AES', (i) => i.view.setUint32(32, 1), /encrypted \(AES\)/],
    ['a huge L1 table', (i) => i.view.setUint32(36, 0x7fffffff), /L1 table is too large/],
    ['an L1 table that maps less than the disk', (i) => i.u64(24, 2 ** 45), /L1 table is too small/],
    ['a disk of 2^60 bytes', (i) => i.u64(24, 2 ** 60), /larger than 8 PiB/],
    ['an L1 table outside', (i) => i.u64(40, 2 ** 40), /L1 table is not where/],
    ['an L1 table between clusters', (i) => i.u64(40, CLUSTER + 512), /L1 table is not where/],
    ['a huge refcount table', (i) => i.view.setUint32(56, 0x10000000), /reference count table is too large/],
    ['a refcount table outside', (i) => i.u64(48, 2 ** 50), /reference count table is not where/],
    ['a million snapshots', (i) => i.view.setUint32(60, 1e6), /too many snapshots/],
    [
      'snapshots outside',
      (i) => {
        i.view.setUint32(60, 5);
        i.u64(64, 2 ** 33);
      },
      /snapshot table is not where/,
    ],
    ['counts of 128 bits', (i) => i.view.setUint32(96, 7), /2\^7 bits/],
    ['a header of 13 bytes', (i) => i.view.setUint32(100, 13), /13 bytes long/],
    ['an external data file', (i) => i.view.setUint32(76, 4), /external data file/],
    ['a compression type without its bit', (i) => i.view.setUint8(104, 1), /contradict/],
    [
      'an unknown compression type',
      (i) => {
        i.view.setUint8(104, 9);
        i.view.setUint32(76, 8);
      },
      /compression type 9/,
    ],
    [
      'a backing file name beyond the header',
      (i) => {
        i.u64(8, CLUSTER - 3);
        i.view.setUint32(16, 900);
      },
      /backing file/,
    ],
    ['an unknown feature', (i) => i.view.setUint32(72, 1 << 8), /not known here: bit 40/],
    ['the corrupt bit', (i) => i.view.setUint32(76, 2), /marked as corrupt/],
  ])('%s', async (_name, change, wanted) => {
    const it = await image();
    change(it);
    expect(await message(it.open())).toMatch(wanted);
  });

  it('a feature that is not known here is called by the name that the image has for it', async () => {
    const it = await image();
    it.view.setUint32(76, 1 << 5);
    const table = it.bytes.indexOf(0x68, 112);
    expect(it.view.getUint32(table)).toBe(0x6803f857);
    it.bytes.set([0, 5, ...new TextEncoder().encode('time travel\0')], table + 8);
    expect(await message(it.open())).toMatch(/not known here: time travel/);
  });

  it('an image that is marked as corrupt is read, and repaired', async () => {
    const it = await image();
    it.view.setUint32(76, 2);
    expect(await message(it.open({ readOnly: true }))).toBe('ok');
    const node = await value(it.open({ asIs: true }));
    expect(await value(request(checkImage(node, 'all')))).toMatchObject({ corruptions: 0 });
    expect(it.view.getUint32(76)).toBe(0);
  });
});

describe('writes that would hit metadata', () => {
  const cases: [string, (i: Awaited<ReturnType<typeof image>>) => void][] = [
    ['the refcount table', (i) => i.view.setBigUint64(i.l2, (1n << 63n) | BigInt(CLUSTER))],
    ['a refcount block', (i) => i.view.setBigUint64(i.l2, (1n << 63n) | BigInt(2 * CLUSTER))],
    ['the L1 table', (i) => i.view.setBigUint64(i.l2, (1n << 63n) | BigInt(i.l1))],
    ['its own L2 table', (i) => i.view.setBigUint64(i.l2, (1n << 63n) | BigInt(i.l2))],
  ];
  it.each(cases)('%s: none is made, and the image is marked', async (_name, change) => {
    const it = await image();
    change(it);
    const before = it.bytes.slice();
    const node = await value(it.open());
    expect(await message(node.write(100, new Uint8Array(10).fill(1)))).toMatch(/corrupt: .* would hit the/);
    expect(await message(node.write(MIB, new Uint8Array(10)))).toMatch(/would hit/);
    await node.close();
    before[79] |= 2;
    expect(Buffer.compare(it.bytes, before)).toBe(0);
    expect(await message(it.open())).toMatch(/marked as corrupt/);
  });

  it.each([
    ['an L2 table', (l2: number) => l2 / CLUSTER],
    ['the L1 table', () => 3],
  ])('%s that counts as free is not given out', async (_name, cluster) => {
    const it = await image();
    it.view.setUint16(2 * CLUSTER + 2 * cluster(it.l2), 0);
    const node = await value(it.open());
    expect(await message(node.write(8 * MIB, new Uint8Array(10)))).toMatch(
      /counts as free, but holds a table/,
    );
  });

  it('L1 entries that lead to themselves, into the header, or out of the file', async () => {
    for (const [offset, wanted] of [
      [0x30000, /makes no sense|corrupt|ok/],
      [2 ** 40, /beyond its end/],
      [CLUSTER + 1024, /does not begin at a cluster/],
    ] as const) {
      const it = await image();
      it.view.setBigUint64(it.l1, (1n << 63n) | BigInt(offset));
      const node = await value(it.open());
      expect(await message(node.read(0, 100))).toMatch(wanted);
      expect(await value(request(checkImage(node, 'none'))).catch((error) => error)).toBeTruthy();
    }
  });
});

describe('tables that are too large, or too many, cost nothing', () => {
  /** An image with a snapshot, 512 bytes a cluster, in a file that seems to be 20 GiB long. */
  async function snapped() {
    const file = new MemoryNode(new Uint8Array(0));
    const node = await value(createQcow2(file, { size: MIB, clusterSize: 512 }));
    await value(node.write(0, new Uint8Array(4096).fill(5)));
    await value(node.exclusive(() => createSnapshot(node, { name: 'one' })));
    await value(node.flush());
    const bytes = new Uint8Array(file.size + 4096);
    bytes.set(file.bytes);
    const snapshotAt = Number(new DataView(bytes.buffer).getBigUint64(64));
    const open = (readOnly = false) => Qcow2Node.open(new LongNode(new MemoryNode(bytes)), { readOnly });
    return { bytes, view: new DataView(bytes.buffer), snapshotAt, open };
  }

  it("a snapshot's L1 table of 16 GiB is refused to who wants the snapshot, and nothing is reserved for it", async () => {
    const it = await snapped();
    it.view.setUint32(it.snapshotAt + 8, 0x7fffffff);
    const node = await value(it.open());
    expect(node.image.metadata.size).toBeLessThan(1000);
    for (const steps of [applySnapshot, deleteSnapshot])
      expect(await message(node.exclusive(() => steps(node, 'one')))).toMatch(
        /of snapshot "one" is too large/,
      );
    expect(await value(node.read(0, 1))).toEqual(Uint8Array.of(5));
    expect((await value(request(checkImage(node, 'none')))).messages).toContain(
      'ERROR the L1 table of snapshot 1 is too large',
    );
    const view = await value(it.open(true));
    expect(await message(request(viewSnapshot(view, 'one')))).toMatch(/is too large/);
  });

  it('many that are as large as one may be are refused to who writes', async () => {
    const it = await snapped();
    const entry = it.bytes.slice(it.snapshotAt, it.snapshotAt + 72);
    for (let i = 0; i < 4; i++) {
      it.bytes.set(entry, it.snapshotAt + 72 * i);
      it.view.setUint32(it.snapshotAt + 72 * i + 8, 4 << 20);
    }
    it.view.setUint32(60, 4);
    expect(await message(it.open())).toMatch(/too large for an image that is written/);
    expect(await message(it.open(true))).toBe('ok');
  });

  it('an L2 table that all entries of an L1 table have is looked at once', async () => {
    const it = await image({ size: 2 ** 42, refcountBits: 64 });
    const entries = it.view.getUint32(36);
    expect(entries).toBe(8192);
    for (let i = 1; i < entries; i++) it.view.setBigUint64(it.l1 + i * 8, it.view.getBigUint64(it.l1));
    const node = await value(it.open());
    const looks = vi.spyOn(node.mapping, 'entry');
    const result = await value(request(checkImage(node, 'none')));
    expect(result.corruptions).toBeGreaterThanOrEqual(entries - 1);
    expect(looks.mock.calls.length).toBeLessThan(10 * node.image.l2Entries);
    expect(await message(node.exclusive(() => createSnapshot(node, { name: 'x' })))).toMatch(/two entries/);
  });

  it('clusters all over a file of 2^45 bytes end the check', async () => {
    const counts = new Counts();
    const steps = function* (): Steps<void> {
      for (let cluster = 0; cluster < 2 ** 36; cluster += 2 ** 16) {
        counts.add(cluster);
        yield* wait(null);
      }
    };
    expect(await message(request(steps()))).toMatch(/too far apart/);
  }, 30_000);
});

it('chains that lead back, and names of other kinds, are refused', async () => {
  const it = await image({ backingFile: 'self.qcow2', backingFormat: 'qcow2' });
  const self = (): Parameters<typeof openImageFile>[0] => ({
    node: new MemoryNode(it.bytes),
    id: 'self',
    name: 'self.qcow2',
    backing: async () => ({ ok: true, value: self() }),
  });
  expect(await message(openImageFile(self(), { readOnly: true }))).toMatch(/leads back to an image above/);
  let number = 0;
  const endless = (): Parameters<typeof openImageFile>[0] => ({
    ...self(),
    id: String(number++),
    backing: async () => ({ ok: true, value: endless() }),
  });
  expect(await message(openImageFile(endless(), { readOnly: true }))).toMatch(/longer than 64/);
});

it('nothing that is damaged at random throws, hangs, or outgrows its disk', async () => {
  const sums = { opened: 0, done: 0, failed: 0, corrupt: 0, repaired: 0 };
  // 20194 and 20663 once hung: a snapshot's table of 2^32 entries, a block of counts beyond 2^53.
  for (const seed of [...Array.from({ length: 150 }, (_, i) => i + 1), 20194, 20663]) {
    const outcome = await fuzzQcow2(randomBelow(Math.imul(seed, 2654435761)));
    sums.opened += Number(outcome.opened);
    sums.done += outcome.done;
    sums.failed += outcome.failed;
    sums.corrupt += Number(outcome.corruptions > 0);
    sums.repaired += Number(outcome.repaired);
  }
  // The damage is neither so small that nobody notices nor so great that nothing works.
  for (const count of Object.values(sums)) expect(count).toBeGreaterThan(10);
}, 120_000);
