import { describe, expect, it } from 'vitest';
import { mmioDevice, startDriver, INDIRECT_DESC } from '../../../tests/support/virtio-driver.ts';
import { LaterNode } from '../../../tests/support/later-node.ts';
import type { BlockNode } from '../../block/block-node.ts';
import { MemoryNode } from '../../block/protocol/memory-node.ts';
import { Log } from '../../core/log.ts';
import { VirtioBlk, type VirtioBlkOptions } from './virtio-blk.ts';

const SECTOR = 512;
const HEADER = 0x8000;
const STATUS = 0x8fff;
const DATA = 0x10000;
/** Feature bits of 5.2.3. */
const FLUSH = 1n << 9n;
const CONFIG_WCE = 1n << 11n;
const IN = 0;
const OUT = 1;

const disk = (sectors = 64): Uint8Array =>
  Uint8Array.from({ length: sectors * SECTOR }, (_, i) => (i * 7 + (i >> 9)) & 0xff);

function block(node: BlockNode, options: Partial<VirtioBlkOptions> = {}, features = FLUSH, size = 8) {
  const type = new VirtioBlk({
    node,
    geometry: { cylinders: 2, heads: 16, sectors: 63 },
    log: new Log(),
    ...options,
  });
  const parts = mmioDevice(type);
  const [queue] = startDriver(parts.transport, parts.memory, { features, size });
  const view = new DataView(parts.memory.bytes.buffer);
  const header = (type: number, sector: number, at = HEADER): void => {
    view.setUint32(at, type, true);
    view.setUint32(at + 4, 0, true);
    view.setBigUint64(at + 8, BigInt(sector), true);
  };
  /** One request, all of it at once. Gives status and used length. */
  const request = (
    type: number,
    sector: number,
    out: [number, number][],
    into: [number, number][],
    table?: number,
  ) => {
    header(type, sector);
    parts.memory.bytes[STATUS] = 0xee;
    queue.add([[HEADER, 16], ...out], [...into, [STATUS, 1]], table);
    parts.transport.notify(0);
    return [parts.memory.bytes[STATUS], ...queue.take().map(({ length }) => length)];
  };
  return { ...parts, type, queue, header, request, bytes: parts.memory.bytes };
}

describe('virtio-blk', () => {
  it('begins nothing more for a driver that has broken the rules, until it is reset', () => {
    const image = disk();
    const { queue, transport, header, bytes } = block(new MemoryNode(image));
    const before = image.slice();
    bytes.fill(0x55, DATA, DATA + SECTOR);
    header(OUT, 0);
    // Without room for a status; behind it a write that is right.
    queue.add([[HEADER, 16]], []);
    queue.add(
      [
        [HEADER, 16],
        [DATA, SECTOR],
      ],
      [[STATUS, 1]],
    );
    transport.notify(0);
    expect(transport.status & 64).toBe(64);
    expect(queue.take()).toEqual([]);
    expect(image).toEqual(before);
  });

  it('shows capacity, block size, geometry and limits in its configuration (5.2.4)', () => {
    const { transport } = block(new MemoryNode(disk()), { queues: 2, queueSize: 64 });
    expect(transport.deviceId).toBe(2);
    expect([transport.config(0, 4), transport.config(4, 4)]).toEqual([64, 0]);
    expect([transport.config(12, 4), transport.config(20, 4), transport.config(34, 2)]).toEqual([62, 512, 2]);
    expect([transport.config(16, 2), transport.config(18, 1), transport.config(19, 1)]).toEqual([2, 16, 63]);
    expect(Number(transport.deviceFeatures & 0xffffn)).toBe(0xfe54);
  });

  it('reads into several buffers, and by an indirect table', () => {
    const image = disk();
    const { request, bytes } = block(new MemoryNode(image), {}, INDIRECT_DESC);
    expect(
      request(
        IN,
        3,
        [],
        [
          [DATA, 100],
          [DATA + 200, 412],
          [DATA + 0x1000, SECTOR],
        ],
      ),
    ).toEqual([0, 1025]);
    const got = [...bytes.slice(DATA, DATA + 100), ...bytes.slice(DATA + 200, DATA + 612)];
    expect(got).toEqual([...image.slice(3 * SECTOR, 4 * SECTOR)]);
    expect(bytes.slice(DATA + 0x1000, DATA + 0x1200)).toEqual(image.slice(4 * SECTOR, 5 * SECTOR));
    bytes.fill(0, DATA, DATA + 0x2000);
    expect(request(IN, 63, [], [[DATA, SECTOR]], 0x9000)).toEqual([0, 513]);
    expect(bytes.slice(DATA, DATA + SECTOR)).toEqual(image.slice(63 * SECTOR));
  });

  it('takes header, data and status in any division (2.7.4: the framing says nothing)', () => {
    const image = disk();
    const { header, queue, transport, bytes } = block(new MemoryNode(image));
    header(IN, 2);
    queue.add(
      [
        [HEADER, 5],
        [HEADER + 5, 11],
      ],
      [[DATA, SECTOR + 1]],
    );
    transport.notify(0);
    expect(queue.take()).toEqual([{ id: 0, length: SECTOR + 1 }]);
    expect(bytes.slice(DATA, DATA + SECTOR)).toEqual(image.slice(2 * SECTOR, 3 * SECTOR));
    expect(bytes[DATA + SECTOR]).toBe(0);
  });

  it('writes, and refuses what lies beyond the end, odd lengths and writes to a read-only disk', () => {
    const image = disk();
    const { request, bytes } = block(new MemoryNode(image));
    bytes.fill(0x5a, DATA, DATA + 2 * SECTOR);
    expect(request(OUT, 10, [[DATA, 2 * SECTOR]], [])).toEqual([0, 1]);
    expect(image.slice(10 * SECTOR, 12 * SECTOR).every((byte) => byte === 0x5a)).toBe(true);
    expect(request(OUT, 63, [[DATA, 2 * SECTOR]], [])).toEqual([1, 1]);
    expect(request(IN, 2 ** 52, [], [[DATA, SECTOR]])).toEqual([1, 1]);
    expect(request(IN, 0, [], [[DATA, 100]])).toEqual([1, 1]);
    const guarded = block(new MemoryNode(disk(), { readOnly: true }));
    expect(guarded.transport.deviceFeatures & 0x20n).toBe(0x20n);
    expect(guarded.request(OUT, 0, [[DATA, SECTOR]], [])).toEqual([1, 1]);
  });

  it('gives its serial number and lifetime; what it does not know is unsupported', () => {
    const { request, bytes } = block(new MemoryNode(disk()), { serial: 'snow-1' });
    expect(request(8, 0, [], [[DATA, 20]])).toEqual([0, 21]);
    expect(Buffer.from(bytes.slice(DATA, DATA + 20)).toString('latin1')).toBe('snow-1'.padEnd(20, '\0'));
    expect(request(10, 0, [], [[DATA, 6]])).toEqual([0, 7]);
    expect([...bytes.slice(DATA, DATA + 6)]).toEqual([1, 0, 0, 0, 0, 0]);
    expect(request(2, 0, [], [])).toEqual([2, 1]);
  });

  it('discards and writes zeroes in several segments; flags and ends are checked', () => {
    const image = disk();
    const { request, memory } = block(new MemoryNode(image));
    const view = new DataView(memory.bytes.buffer);
    const segment = (at: number, sector: number, count: number, flags: number): void => {
      view.setBigUint64(at, BigInt(sector), true);
      view.setUint32(at + 8, count, true);
      view.setUint32(at + 12, flags, true);
    };
    segment(DATA, 4, 2, 0);
    segment(DATA + 16, 20, 1, 1);
    expect(request(13, 0, [[DATA, 32]], [])).toEqual([0, 1]);
    const model = disk();
    model.fill(0, 4 * SECTOR, 6 * SECTOR);
    model.fill(0, 20 * SECTOR, 21 * SECTOR);
    expect(Buffer.compare(image, model)).toBe(0);
    // A discard has no flag.
    expect(request(11, 0, [[DATA + 16, 16]], [])).toEqual([2, 1]);
    expect(request(11, 0, [[DATA, 16]], [])).toEqual([0, 1]);
    segment(DATA, 63, 2, 0);
    expect(request(11, 0, [[DATA, 16]], [])).toEqual([1, 1]);
    expect(request(13, 0, [[DATA, 15]], [])).toEqual([1, 1]);
  });

  it('writes through where the driver cannot flush, or wants it so', () => {
    let flushes = 0;
    const node = new MemoryNode(disk());
    const flush = node.flush.bind(node);
    node.flush = () => {
      flushes++;
      return flush();
    };
    const count = (features: bigint, cache?: number): number => {
      flushes = 0;
      const { request, transport } = block(node, {}, features);
      if (cache !== undefined) transport.writeConfig(32, 1, cache);
      request(OUT, 0, [[DATA, SECTOR]], []);
      return flushes;
    };
    expect([count(0n), count(FLUSH), count(FLUSH | CONFIG_WCE, 0), count(FLUSH | CONFIG_WCE, 1)]).toEqual([
      1, 0, 1, 0,
    ]);
    const { request } = block(node);
    flushes = 0;
    expect([request(4, 0, [], []), flushes]).toEqual([[0, 1], 1]);
  });

  it('has requests on their way at once, and gives them back as they end', async () => {
    const image = disk();
    const { queue, header, transport, bytes, irq } = block(new LaterNode(new MemoryNode(image)));
    for (const [i, sector] of [5, 9].entries()) {
      const at = HEADER + 0x100 * i;
      header(IN, sector, at);
      queue.add(
        [[at, 16]],
        [
          [DATA + 0x1000 * i, SECTOR],
          [at + 16, 1],
        ],
      );
    }
    transport.notify(0);
    expect([queue.take(), irq.level]).toEqual([[], false]);
    await expect.poll(() => queue.take().length).toBe(2);
    expect(irq.level).toBe(true);
    expect(bytes.slice(DATA + 0x1000, DATA + 0x1000 + SECTOR)).toEqual(image.slice(9 * SECTOR, 10 * SECTOR));
  });

  it('writes nothing into memory of a queue that was reset meanwhile', async () => {
    let answer = (): void => {};
    const node = new MemoryNode(disk());
    const read = node.read.bind(node);
    const slow: BlockNode = Object.assign(node, {
      read: (offset: number, length: number) =>
        new Promise<ReturnType<typeof read>>((resolve) => {
          answer = () => resolve(read(offset, length));
        }),
    });
    const { queue, header, transport, bytes, irq } = block(slow);
    header(IN, 1);
    queue.add(
      [[HEADER, 16]],
      [
        [DATA, SECTOR],
        [STATUS, 1],
      ],
    );
    transport.notify(0);
    transport.resetQueue(0);
    answer();
    await Promise.resolve();
    await Promise.resolve();
    expect([bytes.slice(DATA, DATA + SECTOR).every((byte) => byte === 0), queue.take(), irq.level]).toEqual([
      true,
      [],
      false,
    ]);
  });

  it('takes up a request again that was on its way when it was saved', async () => {
    const image = disk();
    const first = block(new LaterNode(new MemoryNode(image)));
    first.header(IN, 7);
    first.queue.add(
      [[HEADER, 16]],
      [
        [DATA, SECTOR],
        [STATUS, 1],
      ],
    );
    first.transport.notify(0);
    const saved = first.device.save();
    const second = block(new MemoryNode(image));
    second.memory.bytes.set(first.memory.bytes);
    second.device.restore(JSON.parse(JSON.stringify(saved)));
    expect(second.bytes.slice(DATA, DATA + SECTOR)).toEqual(image.slice(7 * SECTOR, 8 * SECTOR));
    expect([second.bytes[STATUS], second.irq.level]).toEqual([0, true]);
  });

  it('lets the page have a turn between requests that move much', () => {
    const tasks: (() => void)[] = [];
    const node = new MemoryNode(disk(2 << 10));
    const { queue, header, transport } = block(node, { later: (task) => void tasks.push(task) }, FLUSH, 16);
    header(IN, 0);
    // Nearly a megabyte into the same memory again and again.
    queue.setDescriptor(0, HEADER, 16, 1, 1);
    for (let i = 1; i < 7; i++) queue.setDescriptor(i, DATA, 0x28000, 3, i + 1);
    queue.setDescriptor(7, STATUS, 1, 2);
    for (let i = 0; i < 16; i++) queue.offer(0);
    transport.notify(0);
    let rounds = 0;
    for (; tasks.length > 0; rounds++) tasks.shift()!();
    expect([rounds, queue.take().length]).toEqual([1, 16]);
  });

  it('lets it have one between many requests that move nothing, too', () => {
    const tasks: (() => void)[] = [];
    const later = (task: () => void) => void tasks.push(task);
    const size = 1024;
    const { queue, header, transport } = block(
      new MemoryNode(disk()),
      { later, queueSize: size },
      FLUSH,
      size,
    );
    header(4, 0);
    queue.setDescriptor(0, HEADER, 16, 1, 1);
    queue.setDescriptor(1, STATUS, 1, 2);
    for (let i = 0; i < size; i++) queue.offer(0);
    transport.notify(0);
    expect(tasks.length).toBe(1);
    tasks.shift()!();
    expect([tasks.length, queue.take().length]).toEqual([0, size]);
  });
});
