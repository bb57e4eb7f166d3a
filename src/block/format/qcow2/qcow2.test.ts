/** qcow2 both ways against qemu-img: what one writes the other reads, and finds nothing wrong with. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { value } from '../../../../tests/support/block-result.ts';
import { later } from '../../../../tests/support/later-node.ts';
import { qemuCheck, qemuRead, save, workFolder } from '../../../../tests/support/qemu-img.ts';
import type { BlockNode } from '../../block-node.ts';
import { MemoryNode } from '../../protocol/memory-node.ts';
import { request, type Steps } from '../../request.ts';
import { checkImage } from './check.ts';
import { type CreateOptions, createQcow2 } from './create.ts';
import { Qcow2Node } from './qcow2-node.ts';
import { applySnapshot, createSnapshot, deleteSnapshot } from './snapshots.ts';
import { randomBelow } from '../../../../tests/support/random.ts';

const path = workFolder();
const KIB = 1024;
const MIB = 1024 * KIB;

const compressor = {
  deflate: (bytes: Uint8Array) => deflateRawSync(bytes, { windowBits: 12 }),
  zstd: null,
};

const POOL = randomPool();

function randomPool(): Uint8Array {
  const random = randomBelow(1);
  return new Uint8Array(Uint32Array.from({ length: 1 << 18 }, () => random(2 ** 32)).buffer);
}

/** Bytes that look random, the same for every run of a seed. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, from = (seed * 4099) % (POOL.length >> 1); at < length; from = seed % 997) {
    const part = POOL.subarray(from, from + length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const differs = (a: Uint8Array, b: Uint8Array): number => {
  if (Buffer.compare(a, b) === 0) return -1;
  return a.length === b.length ? a.findIndex((byte, i) => byte !== b[i]) : Math.min(a.length, b.length);
};

/** An image of ours in memory, with what is done to it done to an array too. */
class Model {
  readonly file = new MemoryNode(new Uint8Array(0));
  node!: Qcow2Node;
  bytes!: Uint8Array;
  kind = 0;
  readonly random: (n: number) => number;
  private readonly wrap: (node: BlockNode) => BlockNode;
  private options!: CreateOptions;

  constructor(seed: number, slow: boolean) {
    this.random = randomBelow(seed);
    this.wrap = slow ? later : (node) => node;
  }

  async create(options: CreateOptions, backing?: Uint8Array): Promise<void> {
    this.options = options;
    const below = backing ? this.wrap(new MemoryNode(backing, { readOnly: true })) : null;
    this.node = await value(createQcow2(this.wrap(this.file), { ...options, backing: below, compressor }));
    this.bytes = new Uint8Array(options.size);
    if (backing) this.bytes.set(backing.subarray(0, options.size));
  }

  async reopen(backing?: Uint8Array): Promise<void> {
    const bytes = this.file.bytes.slice();
    await value(this.node.close());
    const below = backing ? this.wrap(new MemoryNode(backing, { readOnly: true })) : null;
    const file = new MemoryNode(bytes);
    Object.assign(this, { file });
    this.node = await value(Qcow2Node.open(this.wrap(file), { backing: below, compressor }));
  }

  private range(most: number): { offset: number; length: number } {
    const { random } = this;
    const unit = random(3) === 0 ? 1 : 512;
    const offset = Math.floor(random(this.bytes.length) / unit) * unit;
    const length = Math.max(1, Math.floor(random(Math.min(most, this.bytes.length - offset)) / unit) * unit);
    return { offset, length };
  }

  async step(): Promise<void> {
    const { random, node, bytes } = this;
    const cluster = this.options.clusterSize ?? 65536;
    const kind = random(20);
    this.kind = kind;
    const { offset, length } = this.range(kind < 3 ? 20 * cluster : 2 * cluster);
    const data = noise(length, random(1000));
    switch (kind) {
      case 10:
      case 11:
        bytes.fill(0, offset, offset + length);
        return void (await value(node.writeZeroes(offset, length, { unmap: random(2) === 0 })));
      case 12: {
        await value(node.discard(offset, length));
        // What is freed may be zeros, or what it was.
        const now = await value(node.read(offset, length));
        const wrong = now.findIndex((byte, i) => byte !== 0 && byte !== bytes[offset + i]);
        if (wrong >= 0) throw new Error('discard made something up');
        bytes.set(now, offset);
        return;
      }
      case 13: {
        const at = Math.floor(offset / cluster) * cluster;
        const packed = Math.min(cluster, bytes.length - at);
        if (this.options.compressionType === 'zstd') return;
        const easy = noise(64, offset);
        const whole = Uint8Array.from({ length: packed }, (_, i) => easy[i % 64]);
        bytes.set(whole, at);
        return void (await value(node.writeCompressed(at, whole)));
      }
      case 14:
        return void (await value(node.flush()));
      case 15:
      case 16:
      case 17: {
        // Several at once, in different places.
        const many = Array.from({ length: 5 }, (_, i) => i * Math.floor(bytes.length / 5));
        const small = Math.min(Math.floor(bytes.length / 5), 3 * cluster, length);
        const results = many.map((at, i) => {
          const part = noise(small, i + kind);
          bytes.set(part, at);
          const result = node.write(at, part);
          // A node has its own copy.
          part.fill(0xee);
          return value(result);
        });
        return void (await Promise.all(results));
      }
      default:
        bytes.set(data, offset);
        return void (await value(node.write(offset, data)));
    }
  }

  async same(): Promise<number> {
    const { random, bytes } = this;
    const { offset, length } = this.range(bytes.length);
    const part = differs(
      await value(this.node.read(offset, length)),
      bytes.subarray(offset, offset + length),
    );
    if (part >= 0) return offset + part;
    return random(4) === 0 ? differs(await value(this.node.read(0, bytes.length)), bytes) : -1;
  }
}

const VARIANTS: [string, Partial<CreateOptions>][] = [
  ['the default', {}],
  ['version 2', { version: 2 }],
  ['clusters of 512 bytes', { clusterSize: 512 }],
  ['clusters of 4 KiB with counts of 1 bit', { clusterSize: 4096, refcountBits: 1 }],
  ['counts of 2 bits', { refcountBits: 2, clusterSize: 1024 }],
  ['counts of 64 bits', { refcountBits: 64, clusterSize: 2048 }],
  ['lazy counts', { lazyRefcounts: true, clusterSize: 8192 }],
  ['extended L2 entries', { extendedL2: true, clusterSize: 16384 }],
  ['extended L2 entries, default clusters', { extendedL2: true }],
  ['clusters of 2 MiB', { clusterSize: 2 * MIB }],
  ['places for all', { preallocation: 'metadata' }],
];

describe.each(VARIANTS)('random requests: %s', (name, options) => {
  const size = (options.clusterSize === 2 * MIB ? 5 : 2) * MIB + 512;
  const steps = options.clusterSize === 2 * MIB ? 16 : 60;

  it.each([
    ['at once', false, false],
    ['later', true, false],
    ['over a backing file', false, true],
    ['over a backing file, later', true, true],
  ])('are as on an array, answered %s', async (_how, slow, backed) => {
    if (backed && options.preallocation) return;
    const seed = name.length * 4 + Number(slow) * 2 + Number(backed);
    const model = new Model(seed, slow);
    const below = backed ? noise(size - 100 * KIB, 77) : undefined;
    const base = below ? save(path(`base-${seed}.raw`), below) : null;
    await model.create({ size, ...options, ...(base && { backingFile: base, backingFormat: 'raw' }) }, below);
    for (let i = 0; i < steps; i++) {
      await model.step();
      expect([i, model.kind, await model.same()]).toEqual([i, model.kind, -1]);
      if (i === steps / 2) {
        const image = save(path(`half-${seed}.qcow2`), await flushed(model));
        // Lazy counts are out of date until the image is closed; the reader repairs them.
        if (!options.lazyRefcounts) expect(qemuCheck(image).output).toContain('No errors');
        await model.reopen(below);
        expect(await model.same()).toBe(-1);
      }
    }
    await value(model.node.flush());
    expect(await value(request(checkImage(model.node, 'none')))).toMatchObject({
      corruptions: 0,
      leaks: 0,
      errors: 0,
    });
    const bytes = model.bytes.slice();
    const file = await closed(model);
    const image = save(path(`end-${seed}.qcow2`), file);
    expect(qemuCheck(image)).toMatchObject({ status: 0 });
    expect(differs(qemuRead(image), bytes)).toBe(-1);
  });
});

describe.each<[string, Partial<CreateOptions>]>([
  ['the default', {}],
  ['version 2', { version: 2, clusterSize: 4096 }],
  ['extended L2 entries', { extendedL2: true, clusterSize: 16384 }],
  ['lazy counts of 8 bits', { lazyRefcounts: true, refcountBits: 8, clusterSize: 1024 }],
])('snapshots: %s', (name, options) => {
  it.each([false, true])('come back as they were taken (answered later: %s)', async (slow) => {
    const model = new Model(name.length + Number(slow), slow);
    await model.create({ size: 2 * MIB, ...options });
    const kept = new Map<string, Uint8Array>();
    const { node } = model;
    const act = (steps: () => Steps<unknown>) => value(node.exclusive(steps));
    for (let i = 0; i < 60; i++) {
      await model.step();
      if (i % 4 !== 3) continue;
      const names = [...kept.keys()];
      const some = names[model.random(names.length)];
      const action = model.random(3);
      if (action === 0 || names.length < 2) {
        await act(() => createSnapshot(node, { name: `s${i}` }));
        kept.set(`s${i}`, model.bytes.slice());
      } else if (action === 1) {
        await act(() => applySnapshot(node, some));
        model.bytes = kept.get(some)!.slice();
      } else {
        await act(() => deleteSnapshot(node, some));
        kept.delete(some);
      }
      expect([i, await model.same()]).toEqual([i, -1]);
    }
    expect(node.snapshotList.map((snapshot) => snapshot.name)).toEqual([...kept.keys()]);
    const now = model.bytes.slice();
    const image = save(path('snapshots.qcow2'), await closed(model));
    expect(qemuCheck(image)).toMatchObject({ status: 0 });
    expect(differs(qemuRead(image), now)).toBe(-1);
    for (const [which, bytes] of kept) expect(differs(qemuRead(image, ['-l', which]), bytes)).toBe(-1);
  });
});

async function flushed(model: Model): Promise<Uint8Array> {
  await value(model.node.flush());
  return model.file.bytes.slice();
}

async function closed(model: Model): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  const { file } = model;
  const close = file.close.bind(file);
  file.close = () => {
    bytes = file.bytes.slice() as Uint8Array<ArrayBuffer>;
    return close();
  };
  await value(model.node.close());
  return bytes;
}
