/** The common part of virtio devices, and the rings, by a device that gives back what it gets. */
import { describe, expect, it } from 'vitest';
import { Echo } from '../../../tests/support/virtio-echo.ts';
import {
  EVENT_IDX,
  INDIRECT_DESC,
  mmioDevice,
  type PackedQueue,
  RING_PACKED,
  RING_RESET,
  SplitQueue,
  startDriver,
  startPacked,
  startQueue,
  VERSION_1,
} from '../../../tests/support/virtio-driver.ts';
import type { Chain } from './ring.ts';
import { randomBelow } from '../../../tests/support/random.ts';

const OUT = 0x4000;
const IN = 0x5000;
/** Memory of the random tests, which look at all of it. */
const SMALL = 0x8000;
const NEEDS_RESET = 64;
const FEATURES_OK = 8;

function echo(features = 0n, size = 8, memoryBytes = 1 << 20) {
  const type = new Echo();
  const parts = mmioDevice(type, memoryBytes);
  const [queue, other] = startDriver(parts.transport, parts.memory, { features, size, queues: 2 });
  return { ...parts, type, queue, other, bytes: parts.memory.bytes };
}

describe('negotiation', () => {
  it('refuses drivers of the legacy interface and features that were not offered (2.2, 3.1.1)', () => {
    const { transport } = mmioDevice(new Echo());
    const offered = transport.deviceFeatures;
    expect(offered).toBe(VERSION_1 | INDIRECT_DESC | EVENT_IDX | RING_RESET | RING_PACKED | 8n);
    const accepts = (features: bigint): boolean => {
      transport.status = 0;
      transport.status = 3;
      transport.setDriverFeatures(features);
      transport.status = 3 | FEATURES_OK;
      return (transport.status & FEATURES_OK) !== 0;
    };
    expect([0n, VERSION_1, VERSION_1 | 8n, VERSION_1 | 16n, offered].map(accepts)).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
    // Not after FEATURES_OK.
    transport.setDriverFeatures(VERSION_1 | 16n);
    expect(transport.status & FEATURES_OK).toBe(FEATURES_OK);
  });

  it('says how large queues can be, and takes powers of two up to that', () => {
    const { transport, type, memory } = echo();
    expect([transport.queueSizeMax(0), transport.queueSizeMax(2)]).toEqual([16, 0]);
    transport.status = 0;
    const [queue] = startDriver(transport, memory, { size: 16 });
    // No queue of 12 nor of 32: the 16 of before.
    transport.resetQueue(0);
    for (const size of [12, 32]) transport.setQueue(0, size, queue.descriptors, queue.avail, queue.used);
    transport.enableQueue(0);
    queue.add([[OUT, 4]], [[IN, 4]]);
    transport.notify(0);
    expect([queue.take().length, type.notified]).toEqual([1, 1]);
  });

  it('shows its configuration space, zeros behind its end', () => {
    const { transport } = echo();
    expect([
      transport.config(0, 4),
      transport.config(3, 1),
      transport.config(6, 2),
      transport.config(8, 4),
    ]).toEqual([0x04030201, 4, 0x0807, 0]);
  });
});

describe('a split queue', () => {
  it('moves chains many times round, out of any descriptors', () => {
    const { queue, transport, bytes } = echo();
    for (let i = 0; i < 70_000; i += 7) {
      bytes[OUT] = i & 0xff;
      const heads = Array.from({ length: 1 + (i % 4) }, (_, k) => queue.add([[OUT, 1]], [[IN + k, 1]]));
      transport.notify(0);
      expect(queue.take()).toEqual(heads.map((id) => ({ id, length: 1 })));
      expect(bytes[IN]).toBe(i & 0xff);
    }
  });

  it('interrupts unless the driver says no (2.7.7)', () => {
    const { queue, transport, irq } = echo();
    queue.flags = 1;
    queue.add([[OUT, 1]], [[IN, 1]]);
    transport.notify(0);
    expect(irq.level).toBe(false);
    queue.flags = 0;
    queue.add([[OUT, 1]], [[IN, 1]]);
    transport.notify(0);
    expect([irq.level, transport.takeInterrupt(), irq.level]).toEqual([true, 1, false]);
  });

  it('interrupts at the event index if that was negotiated, and says from where on it wants to be notified (2.7.7, 2.7.10)', () => {
    const { queue, transport, irq } = echo(EVENT_IDX);
    queue.usedEvent = 1;
    const one = (): boolean => {
      queue.add([[OUT, 1]], [[IN, 1]]);
      transport.notify(0);
      queue.take();
      const { level } = irq;
      transport.takeInterrupt();
      return level;
    };
    // The entries are number 0, 1, 2: the second one passes the event.
    expect([one(), one(), one()]).toEqual([false, true, false]);
    expect(queue.availEvent).toBe(3);
    queue.usedEvent = 5;
    for (let i = 0; i < 4; i++) queue.add([[OUT, 1]], [[IN, 1]]);
    transport.notify(0);
    expect([irq.level, queue.availEvent, queue.usedFlags]).toEqual([true, 7, 0]);
  });

  it('asks for no notifications while it is looking, and for them when it waits', () => {
    const { queue, transport, type } = echo();
    type.holding = true;
    transport.notify(0);
    expect(queue.usedFlags).toBe(1);
    type.holding = false;
    transport.notify(0);
    expect(queue.usedFlags).toBe(0);
  });

  it('is reset alone, and can be set up anew, elsewhere and smaller (2.6.1)', () => {
    const { queue, other, transport, memory, device } = echo(RING_RESET);
    queue.add([[OUT, 1]], [[IN, 1]]);
    transport.resetQueue(0);
    transport.notify(0);
    expect(queue.take()).toEqual([]);
    other.add([[OUT, 1]], [[IN, 1]]);
    transport.notify(1);
    expect(other.take().length).toBe(1);
    const anew = new SplitQueue(memory, 0x8000, 4);
    startQueue(transport, 0, anew);
    anew.add([[OUT, 1]], [[IN, 1]]);
    transport.notify(0);
    expect(anew.take().length).toBe(1);
    expect(device.queueStates()).toEqual([
      { device: 'virtio-echo', queue: 0, size: 4, unseen: 0, inDevice: 0, available: 1, used: 1 },
      { device: 'virtio-echo', queue: 1, size: 8, unseen: 0, inDevice: 0, available: 1, used: 1 },
    ]);
  });

  it('tells what waits where', () => {
    const { queue, transport, type, device } = echo();
    type.holding = true;
    queue.add([[OUT, 1]], [[IN, 1]]);
    queue.add([[OUT, 1]], [[IN, 1]]);
    const [state] = device.queueStates();
    expect([state.unseen, state.inDevice]).toEqual([2, 0]);
    type.holding = false;
    transport.notify(0);
    expect(device.queueStates()[0]).toMatchObject({ unseen: 0, inDevice: 0, available: 2, used: 2 });
  });
});

describe('a packed queue', () => {
  const packed = (features = 0n, size = 8, memoryBytes = 1 << 20) => {
    const type = new Echo();
    const parts = mmioDevice(type, memoryBytes);
    const queue = startPacked(parts.transport, parts.memory, { features, size });
    return { ...parts, type, queue, bytes: parts.memory.bytes };
  };

  it.each([8, 7])('moves chains many times round a ring of %i', (size) => {
    const { queue, transport, bytes } = packed(0n, size);
    for (let i = 0; i < 5000; i++) {
      bytes[OUT] = i & 0xff;
      const ids = Array.from({ length: 1 + (i % 2) }, (_, k) => (i + k) & 0xffff);
      for (const id of ids) {
        if (id % 3) queue.add(id, [[OUT, 1]], [[IN, 1]]);
        else
          queue.add(
            id,
            [[OUT, 1]],
            [
              [IN, 1],
              [IN + 1, 4],
            ],
          );
      }
      transport.notify(0);
      expect(queue.take()).toEqual(ids.map((id) => ({ id, length: 1 })));
      expect(bytes[IN]).toBe(i & 0xff);
    }
  });

  it('takes indirect tables (2.8.7)', () => {
    const { queue, transport } = packed(INDIRECT_DESC);
    queue.add(
      9,
      [
        [OUT, 3],
        [OUT, 2],
      ],
      [[IN, 8]],
      0x7000,
    );
    transport.notify(0);
    expect(queue.take()).toEqual([{ id: 9, length: 5 }]);
  });

  it('interrupts always, never, or at a position (2.8.10)', () => {
    const { queue, transport, irq } = packed(EVENT_IDX);
    let id = 0;
    const one = (): boolean => {
      queue.add(id++, [[OUT, 1]], [[IN, 1]]);
      transport.notify(0);
      queue.take();
      const { level } = irq;
      transport.takeInterrupt();
      return level;
    };
    expect(one()).toBe(true);
    queue.setEvent(1);
    expect(one()).toBe(false);
    // Two chains of two entries: 4 and 6 are where the next two are written.
    queue.setEvent(2, 6, 1);
    expect([one(), one(), one()]).toEqual([false, true, false]);
    // Once round: wrap counter 0.
    queue.setEvent(2, 4, 0);
    expect([one(), one(), one(), one()]).toEqual([false, true, false, false]);
    expect(queue.deviceEvent).toEqual([2, 1, 2]);
  });

  it('asks for no notifications while it is looking', () => {
    const { queue, transport, type } = packed();
    type.holding = true;
    transport.notify(0);
    expect(queue.deviceEvent[2]).toBe(1);
    type.holding = false;
    transport.notify(0);
    expect(queue.deviceEvent[2]).toBe(0);
  });

  const wrongs: Record<string, [RegExp, (queue: PackedQueue) => void]> = {
    'a chain without an end': [
      /longer than the queue/,
      (queue) => {
        for (let i = 0; i < 8; i++) queue.setDescriptor(i, OUT, 1, 0, 0x81);
      },
    ],
    'a buffer outside of RAM': [/outside of RAM/, (queue) => queue.setDescriptor(0, 2 ** 45, 1, 0, 0x80)],
    'an indirect descriptor in a chain': [
      /indirect/,
      (queue) => {
        queue.setDescriptor(1, OUT, 16, 0, 0x84);
        queue.setDescriptor(0, OUT, 16, 0, 0x81);
      },
    ],
    'an indirect table of no entries': [/indirect table/, (queue) => queue.setDescriptor(0, OUT, 0, 0, 0x84)],
  };
  it.each(Object.entries(wrongs))('%s: the device needs a reset', (_name, [message, act]) => {
    const { queue, transport, messages, memory } = packed(INDIRECT_DESC);
    act(queue);
    transport.notify(0);
    expect(transport.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(messages.at(-1)).toMatch(message);
    const again = startPacked(transport, memory);
    again.add(1, [[OUT, 4]], [[IN, 4]]);
    transport.notify(0);
    expect(again.take().length).toBe(1);
  });

  it('does nothing outside of its buffers, whatever a driver writes into it', () => {
    const random = randomBelow(3);
    for (let round = 0; round < 200; round++) {
      const { queue, transport, memory } = packed(random(2) ? INDIRECT_DESC | EVENT_IDX : 0n, 8, SMALL);
      memory.bytes.fill(0x77, 0x3000);
      for (let step = 0; step < 60; step++) {
        const kind = random(4);
        const address = random(8) === 0 ? random(2 ** 32) * 2 ** 20 + (1 << 20) : 0x1000 + random(0x1f00);
        if (kind < 2)
          queue.setDescriptor(
            random(8),
            address,
            [0, 1, 16, 32, 2 ** 31][random(5)],
            random(9),
            [0x80, 0x8000, 0x81, 0x84, 0x82, random(0x10000)][random(6)],
          );
        else if (kind === 2) memory.bytes[0x1000 + random(0x2000)] = random(256);
        else transport.notify(0);
      }
      expect(memory.bytes.subarray(0x3000).every((byte) => byte === 0x77)).toBe(true);
    }
  });

  it('takes up chains again that were on their way when it was saved', () => {
    const { queue, transport, type, device } = packed();
    type.notify = () => void type.host.ring(0)!.pop();
    queue.add(5, [[OUT, 1]], [[IN, 1]]);
    transport.notify(0);
    const saved = JSON.parse(JSON.stringify(device.save()));
    type.notify = Echo.prototype.notify;
    device.restore(saved);
    expect(queue.take()).toEqual([{ id: 5, length: 1 }]);
    expect(() => device.restore({ ...saved, queue0: saved.queue0.slice(0, -1) })).toThrow('queue0');
  });

  it('saves chains that are on their way as they were, though others that ended lie over them in the ring (2.8)', () => {
    const { queue, transport, type, device, bytes } = packed();
    bytes.set([1, 2, 3, 4], OUT);
    const chains: Chain[] = [];
    type.notify = () => {
      const ring = type.host.ring(0)!;
      for (let chain = ring.pop(); chain; chain = ring.pop()) chains.push(chain);
    };
    queue.add(5, [[OUT, 4]], [[IN, 4]]);
    queue.add(6, [[OUT, 2]], [[IN + 16, 2]]);
    transport.notify(0);
    chains[1].ring.push(chains[1], 2);
    expect(queue.take()).toEqual([{ id: 6, length: 2 }]);
    const saved = JSON.parse(JSON.stringify(device.save()));
    type.notify = Echo.prototype.notify;
    device.restore(saved);
    expect(queue.take()).toEqual([{ id: 5, length: 4 }]);
    expect([...bytes.subarray(IN, IN + 4)]).toEqual([1, 2, 3, 4]);
  });

  it('has as many descriptors with the device as the ring has, and no more', () => {
    const { queue, transport, type, messages } = packed(0n, 4);
    type.notify = () => {
      for (let ring = type.host.ring(0)!; ring.pop(); );
    };
    for (let id = 0; id < 2; id++) queue.add(id, [[OUT, 1]], [[IN, 1]]);
    transport.notify(0);
    expect([transport.status & NEEDS_RESET, messages]).toEqual([0, []]);
    // Once more round, though none has come back.
    queue.setDescriptor(0, OUT, 1, 7, 0x8000);
    transport.notify(0);
    expect(transport.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(messages[0]).toMatch(/more chains/);
  });
});

/** What a hostile driver may do to a queue of 8, and what is said of it. */
const HOSTILE: Record<string, [RegExp, (queue: SplitQueue) => void]> = {
  'a chain that leads back to itself': [
    /leads back/,
    (queue) => {
      queue.setDescriptor(0, OUT, 4, 1, 1);
      queue.setDescriptor(1, OUT, 4, 1, 0);
      queue.offer(0);
    },
  ],
  'a head outside of the table': [/descriptor 8 of 8/, (queue) => queue.offer(8)],
  'a next descriptor outside of the table': [
    /descriptor 9 of 8/,
    (queue) => {
      queue.setDescriptor(0, OUT, 4, 1, 9);
      queue.offer(0);
    },
  ],
  'a buffer outside of RAM': [
    /outside of RAM/,
    (queue) => {
      queue.setDescriptor(0, 2 ** 40, 4, 0);
      queue.offer(0);
    },
  ],
  'a buffer that runs out of RAM': [
    /outside of RAM/,
    (queue) => {
      queue.setDescriptor(0, (1 << 20) - 4, 8, 2);
      queue.offer(0);
    },
  ],
  'a buffer of 4 GiB': [
    /outside of RAM/,
    (queue) => {
      queue.setDescriptor(0, OUT, 0xffff_ffff, 0);
      queue.offer(0);
    },
  ],
  'an empty buffer': [
    /0 bytes/,
    (queue) => {
      queue.setDescriptor(0, OUT, 0, 0);
      queue.offer(0);
    },
  ],
  'buffers to read behind those to write': [
    /behind one to write/,
    (queue) => {
      queue.setDescriptor(0, IN, 4, 3, 1);
      queue.setDescriptor(1, OUT, 4, 0);
      queue.offer(0);
    },
  ],
  'an index that jumps': [/jumped from 0 to 9/, (queue) => (queue.availIndex = 9)],
  'an index that goes back': [/jumped from 0 to 65535/, (queue) => (queue.availIndex = 0xffff)],
  'an indirect table that was not negotiated, or is none': [
    /indirect table of 20 bytes/,
    (queue) => {
      queue.setDescriptor(0, OUT, 20, 4);
      queue.offer(0);
    },
  ],
  'an indirect table in an indirect table': [
    /indirect table of 16 bytes/,
    (queue) => {
      queue.setDescriptor(0, OUT, 16, 4);
      queue.setDescriptor(0, OUT, 16, 4, 0, OUT);
      queue.offer(0);
    },
  ],
  'an indirect table outside of RAM': [
    /indirect table/,
    (queue) => {
      queue.setDescriptor(0, 2 ** 52, 32, 4);
      queue.offer(0);
    },
  ],
  'an indirect table with a loop': [
    /leads back/,
    (queue) => {
      queue.setDescriptor(0, IN, 32, 4);
      queue.setDescriptor(0, OUT, 4, 1, 1, IN);
      queue.setDescriptor(1, OUT, 4, 1, 0, IN);
      queue.offer(0);
    },
  ],
};

describe('a hostile driver', () => {
  it.each(Object.entries(HOSTILE))(
    '%s: the device needs a reset, says why, and works after it',
    (_name, [message, act]) => {
      const { queue, transport, messages, memory, irq } = echo(INDIRECT_DESC);
      const before = memory.bytes.slice(0x6000);
      act(queue);
      transport.notify(0);
      expect(transport.status & NEEDS_RESET).toBe(NEEDS_RESET);
      expect(messages.at(-1)).toMatch(message);
      expect([irq.level, transport.takeInterrupt() & 2]).toEqual([true, 2]);
      // Nothing happens any more.
      const kept = memory.bytes.slice();
      queue.offer(0);
      kept.set(memory.bytes.subarray(queue.base, queue.base + 0x400), queue.base);
      transport.notify(0);
      expect(Buffer.compare(memory.bytes, kept)).toBe(0);
      expect(Buffer.compare(memory.bytes.slice(0x6000), before)).toBe(0);
      const [again] = startDriver(transport, memory);
      again.add([[OUT, 4]], [[IN, 4]]);
      transport.notify(0);
      expect([again.take().length, transport.status]).toEqual([1, 15]);
    },
  );

  it('puts queues where there is no RAM, or not where they must be', () => {
    for (const [descriptors, avail, used] of [
      [0x1008, 0x2000, 0x3000],
      [0x1000, 0x2001, 0x3000],
      [0x1000, 0x2000, 0x3002],
      [2 ** 32, 0x2000, 0x3000],
      [0x1000, (1 << 20) - 8, 0x3000],
      [0x1000, 0x2000, 2 ** 63],
    ]) {
      const { transport } = echo();
      transport.resetQueue(0);
      transport.setQueue(0, 8, descriptors, avail, used);
      transport.enableQueue(0);
      expect(transport.status & NEEDS_RESET, `${descriptors} ${avail} ${used}`).toBe(NEEDS_RESET);
    }
  });

  it('notifies queues that are not there or not enabled, and before DRIVER_OK', () => {
    const { transport, type, queue } = echo();
    transport.notify(7);
    transport.resetQueue(1);
    transport.notify(1);
    transport.status = 11;
    startQueue(transport, 0, queue);
    queue.add([[OUT, 4]], [[IN, 4]]);
    transport.notify(0);
    expect([type.notified, queue.take()]).toEqual([0, []]);
  });

  it('does anything at all to rings and registers: memory outside of its buffers and rings stays as it is', () => {
    const random = randomBelow(1);
    const LOW = 0x1000;
    const HIGH = 0x3000;
    for (let round = 0; round < 300; round++) {
      const { queue, device, transport, memory } = echo(random(2) ? INDIRECT_DESC | EVENT_IDX : 0n, 8, SMALL);
      // Everything that an address can be lies below HIGH.
      memory.bytes.fill(0x77, HIGH);
      const [region] = device.regions;
      for (let step = 0; step < 60; step++) {
        const kind = random(8);
        const address =
          random(8) === 0
            ? random(2 ** 32) * (random(2) ? 1 : 2 ** 20) + (1 << 20)
            : LOW + random(HIGH - LOW - 64);
        if (kind < 3) {
          const length = [0, 1, 16, 32, 64, 2 ** 31][random(6)];
          queue.setDescriptor(random(8), address, length, random(8), random(9));
        } else if (kind < 5) queue.offer(random(9));
        else if (kind === 5) memory.bytes[LOW + random(HIGH - LOW)] = random(256);
        else if (kind === 6) {
          // Not a queue's address: those would put rings elsewhere.
          const offset = [0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x64, 0x70, 0xc0, 0x100][random(10)];
          region.write(offset, 4, random(4) === 0 ? random(2 ** 32) : random(16));
        } else transport.notify(random(3));
      }
      expect(memory.bytes.subarray(HIGH).every((byte) => byte === 0x77)).toBe(true);
      const [again] = startDriver(transport, memory);
      again.add([[OUT, 4]], [[IN, 4]]);
      transport.notify(0);
      expect(again.take().length).toBe(1);
    }
  });
});
