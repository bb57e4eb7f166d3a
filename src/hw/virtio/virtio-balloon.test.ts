import { describe, expect, it } from 'vitest';
import { mmioDevice, startDriver } from '../../../tests/support/virtio-driver.ts';
import { VirtioBalloon } from './virtio-balloon.ts';
import { VirtioRng } from './virtio-rng.ts';

const STATS = 1n << 1n;
const REPORTING = 1n << 5n;
const LIST = 0x8000;

function balloon() {
  const type = new VirtioBalloon({ reporting: true });
  const parts = mmioDevice(type);
  const queues = startDriver(parts.transport, parts.memory, { features: STATS | REPORTING, queues: 4 });
  parts.memory.bytes.fill(0x55, 0x10000);
  return { ...parts, type, queues, view: new DataView(parts.memory.bytes.buffer) };
}

const pageIs = (bytes: Uint8Array, page: number, value: number): boolean =>
  bytes.subarray(page * 4096, page * 4096 + 4096).every((byte) => byte === value);

describe('virtio-balloon', () => {
  it('tells the driver how many pages it wants, and is told how many it has (5.5.4)', () => {
    const { type, transport, irq } = balloon();
    type.target = 77;
    expect([irq.level, transport.takeInterrupt(), transport.config(0, 4)]).toEqual([true, 2, 77]);
    transport.writeConfig(4, 4, 33);
    transport.writeConfig(0, 4, 1);
    expect([type.actual, type.target]).toEqual([33, 77]);
  });

  it('empties pages that are given away, by their numbers, and those outside of RAM are nobody’s', () => {
    const { queues, transport, memory, view } = balloon();
    [0x20, 0x22, 0xffff_ffff].forEach((page, i) => view.setUint32(LIST + 4 * i, page, true));
    queues[0].add([[LIST, 12]], []);
    transport.notify(0);
    expect(queues[0].take()).toEqual([{ id: 0, length: 0 }]);
    expect([0x20, 0x21, 0x22].map((page) => pageIs(memory.bytes, page, 0))).toEqual([true, false, true]);
    queues[1].add([[LIST, 4]], []);
    transport.notify(1);
    expect(queues[1].take().length).toBe(1);
  });

  it('empties what is reported as free (5.5.6.7)', () => {
    const { queues, transport, memory, type } = balloon();
    queues[3].add(
      [],
      [
        [0x30000, 0x1000],
        [0x40000, 0x2000],
      ],
    );
    transport.notify(3);
    expect(queues[3].take().length).toBe(1);
    expect([0x30, 0x31, 0x40, 0x41].map((page) => pageIs(memory.bytes, page, 0))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(type.reported).toBe(0x3000);
  });

  it('keeps the statistics buffer until it wants new ones (5.5.6.3)', () => {
    const { queues, transport, view, type } = balloon();
    const stat = (at: number, tag: number, value: bigint): void => {
      view.setUint16(LIST + at, tag, true);
      view.setBigUint64(LIST + at + 2, value, true);
    };
    stat(0, 4, 123_456n);
    stat(10, 99, 1n);
    stat(20, 5, 2n ** 33n);
    queues[2].add([[LIST, 30]], []);
    transport.notify(2);
    expect([type.stats, queues[2].take()]).toEqual([{ 'free-memory': 123_456, 'total-memory': 2 ** 33 }, []]);
    type.refresh();
    expect(queues[2].take().length).toBe(1);
    type.refresh();
    expect(queues[2].take()).toEqual([]);
  });

  it('has no reporting queue where that was not asked for', () => {
    const { transport } = mmioDevice(new VirtioBalloon());
    expect([
      transport.deviceFeatures & REPORTING,
      transport.queueSizeMax(2),
      transport.queueSizeMax(3),
    ]).toEqual([0n, 128, 0]);
  });
});

describe('virtio-rng', () => {
  it('fills buffers with random bytes', () => {
    let next = 1;
    const type = new VirtioRng({ random: (bytes) => void bytes.fill(next++) });
    const { transport, memory } = mmioDevice(type);
    const [queue] = startDriver(transport, memory, { size: 4 });
    expect(transport.deviceId).toBe(4);
    queue.add(
      [],
      [
        [LIST, 5],
        [LIST + 0x10, 3],
      ],
    );
    transport.notify(0);
    expect(queue.take()).toEqual([{ id: 0, length: 8 }]);
    expect([...memory.bytes.slice(LIST, LIST + 6), ...memory.bytes.slice(LIST + 0x10, LIST + 0x14)]).toEqual([
      1, 1, 1, 1, 1, 0, 1, 1, 1, 0,
    ]);
  });

  it('leaves the page its turns, though the driver gives buffers back as fast as it gets them', () => {
    const tasks: (() => void)[] = [];
    let offers = 5000;
    const { transport, memory } = mmioDevice(
      new VirtioRng({
        random: () => {
          if (--offers > 0) queue.offer(0);
        },
      }),
      1 << 20,
      (task) => void tasks.push(task),
    );
    const [queue] = startDriver(transport, memory, { size: 4 });
    queue.setDescriptor(0, LIST, 8, 2);
    queue.offer(0);
    transport.notify(0);
    expect([tasks.length, offers > 3900]).toEqual([1, true]);
    for (let turns = 0; tasks.length > 0 && turns < 10; turns++) tasks.shift()!();
    expect(offers).toBe(0);
    // A reset forgets it.
    offers = 5000;
    queue.offer(0);
    transport.notify(0);
    transport.status = 0;
    tasks.shift()!();
    expect(offers).toBeGreaterThan(3900);
  });
});
