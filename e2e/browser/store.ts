/** What the tests of stored disks have in their page. */
import { promisifyRequest } from 'idb-keyval';
import { Disks } from '../../src/block/store/disks.ts';
import { MemoryNode } from '../../src/block/protocol/memory-node.ts';
import type { BlockNode } from '../../src/block/block-node.ts';
import { take } from './take.ts';

export { Disks, MemoryNode, promisifyRequest, take };
export { storedDisks } from '../../src/machine/stored-disk.ts';
export * from '../../src/block/store/database.ts';

/** Numbers that repeat for a seed: 32 bits of mulberry32. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function noise(random: (below: number) => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const step = random(255) + 1;
  for (let i = 0, value = random(256); i < length; i++, value += step) bytes[i] = value ^ (i >> 8);
  return bytes;
}

export async function same(node: BlockNode, model: Uint8Array): Promise<string> {
  if (node.size !== model.length) return `size ${node.size} instead of ${model.length}`;
  for (let at = 0; at < model.length; at += 1 << 20) {
    const length = Math.min(1 << 20, model.length - at);
    const bytes = await take(node.read(at, length));
    const place = bytes.findIndex((byte, i) => byte !== model[at + i]);
    if (place >= 0) return `byte ${at + place} is ${bytes[place]} instead of ${model[at + place]}`;
  }
  return 'same';
}

export interface RandomRun {
  seed: number;
  requests: number;
  size: number;
  /** Bytes of a base below. */
  base: number;
}

/**
 * Random requests to a stored disk and to an array, several at a time where they do not touch each other; the disk is closed and opened again on
 * the way. @returns `same`, or what differs
 */
export async function compareRandomly({ seed, requests, size, base }: RandomRun): Promise<string> {
  const random = randomNumbers(seed);
  const disks = new Disks();
  const below = noise(random, base);
  let model = new Uint8Array(size);
  model.set(below);
  const name = `random ${seed} ${performance.now()}`;
  const made = await take(
    disks.createDisk({
      name,
      capacity: size,
      base: base > 0 ? { url: null, name: 'base', size: base, identity: 'x' } : null,
    }),
  );
  const open = () =>
    take(
      disks.openDisk(
        made.id,
        base > 0 ? { base: { node: new MemoryNode(below.slice(), { readOnly: true }), identity: 'x' } } : {},
      ),
    );
  let node = await open();
  for (let i = 0; i < requests; i++) {
    const batch: Promise<unknown>[] = [];
    // Each within a part of its own.
    const parts = 1 + random(4);
    for (let part = 0; part < parts; part++) {
      const from = Math.floor((model.length / parts) * part);
      const room = Math.floor((model.length / parts) * (part + 1)) - from;
      const offset = from + random(room);
      const length = 1 + random(Math.min(from + room - offset, random(3) === 0 ? 400_000 : 9000));
      const kind = random(10);
      if (kind < 5) {
        const bytes = noise(random, length);
        batch.push(Promise.resolve(take(node.write(offset, bytes))));
        model.set(bytes, offset);
      } else if (kind < 7) {
        batch.push(take(node.writeZeroes(offset, length)));
        model.fill(0, offset, offset + length);
      } else if (kind < 8) {
        batch.push(
          (async () => {
            await take(node.discard(offset, length));
            // Zeros, or as it was.
            const bytes = await take(node.read(offset, length));
            bytes.forEach((byte, k) => {
              if (byte === 0) model[offset + k] = 0;
            });
          })(),
        );
      } else {
        const expected = model.slice(offset, offset + length);
        batch.push(
          take(node.read(offset, length)).then((bytes) => {
            const place = bytes.findIndex((byte, k) => byte !== expected[k]);
            if (place >= 0) throw new Error(`request ${i}: byte ${offset + place} differs`);
          }),
        );
      }
    }
    if (random(3) === 0) batch.push(take(node.flush()));
    await Promise.all(batch);
    if (random(60) === 0) {
      await take(node.close());
      node = await open();
    }
    if (random(80) === 0) {
      const next = Math.max(512, Math.floor((model.length * (60 + random(80))) / 100 / 512) * 512);
      await take(node.resize(next));
      const other = new Uint8Array(next);
      other.set(model.subarray(0, next));
      model = other;
    }
  }
  const before = await same(node, model);
  await take(node.close());
  node = await open();
  const after = await same(node, model);
  await take(node.close());
  await take(disks.removeDisk(made.id));
  return before === 'same' ? after : before;
}

/**
 * A guest that reads a disk of Blobs from end to end, in requests of up to a megabyte, and writes just ahead of where it reads, behind that and to
 * what it reads next while it waits. @returns `same`, or what differs
 */
export async function readOnWhileWriting(seed: number, size: number): Promise<string> {
  const random = randomNumbers(seed);
  const disks = new Disks();
  const model = noise(random, size);
  const made = await take(disks.createDisk({ name: `read on ${seed}`, capacity: size }));
  let node = await take(disks.openDisk(made.id));
  await take(node.write(0, model));
  await take(node.close());
  node = await take(disks.openDisk(made.id));
  let found = 'same';
  for (let at = 0; at < size; ) {
    const length = Math.min(size - at, random(3) === 0 ? 1 + random(1 << 20) : 1 << 18);
    const expected = model.slice(at, at + length);
    const reading = Promise.resolve(node.read(at, length));
    // What is read is left alone meanwhile.
    const ahead = Math.min(at + length + random(random(2) === 0 ? 200_000 : 10 << 20), size);
    const bytes = noise(random, Math.min(1 + random(150_000), size - ahead));
    model.set(bytes, ahead);
    const writing = Promise.resolve(node.write(ahead, bytes));
    const behind = random(at + 1);
    const fewer = noise(random, Math.min(5000, at - behind));
    model.set(fewer, behind);
    const rewriting = Promise.resolve(node.write(behind, fewer));
    const place = (await take(reading)).findIndex((byte, i) => byte !== expected[i]);
    if (place >= 0) found = `byte ${at + place} is not what was written there`;
    await take(writing);
    await take(rewriting);
    if (random(12) === 0) await take(node.flush());
    at += length;
  }
  if (found === 'same') found = await same(node, model);
  // All of it anew, many records at a time: what was held of them is out of date.
  for (let at = 0; at < size; at += 1 << 20) {
    const bytes = model.subarray(at, at + (1 << 20)).reverse();
    await take(node.write(at, bytes));
  }
  await take(node.flush());
  if (found === 'same') found = await same(node, model);
  await take(node.close());
  node = await take(disks.openDisk(made.id));
  if (found === 'same') found = await same(node, model);
  await take(node.close());
  await take(disks.removeDisk(made.id));
  return found;
}
