import { describe, expect, it } from 'vitest';
import { LaterNode, later } from '../../../tests/support/later-node.ts';
import { randomBelow } from '../../../tests/support/random.ts';
import { type BlockNode, type BlockResult, DONE, failure, success } from '../block-node.ts';
import { MemoryNode } from '../protocol/memory-node.ts';
import { MirrorNode, type Move, type MoveOptions } from './mirror-node.ts';
import { OverlayNode } from './overlay-node.ts';

const SIZE = (1 << 20) + 512;

async function value<T>(result: BlockResult<T> | Promise<BlockResult<T>>): Promise<T> {
  const got = await result;
  if (!got.ok) throw new Error(got.error.message);
  return got.value;
}

const IMAGE = new Uint8Array(SIZE);
for (let i = 0; i < SIZE; i++) IMAGE[i] = i * 31 + (i >> 9);
const image = (): Uint8Array => IMAGE.slice();

/** A disk in memory over an image whose bytes come later, and an array that is to be the same. */
function disk(below: BlockNode = later(new MemoryNode(image(), { readOnly: true }))) {
  const model = image();
  const overlay = new OverlayNode(below);
  const place = new MirrorNode(overlay);
  const write = async (offset: number, bytes: Uint8Array): Promise<void> => {
    model.set(bytes, offset);
    await value(place.write(offset, bytes));
  };
  const moveOf = (target: BlockNode, rest: Partial<Move> = {}): Move => ({
    target,
    pieces: () => overlay.ownPieces(),
    settle: async () => DONE,
    drop: async () => {},
    ...rest,
  });
  const move = (target: BlockNode, rest: Partial<Move> = {}, options: MoveOptions = {}) =>
    place.move(async () => success(moveOf(target, rest)), options);
  const same = async (): Promise<boolean> => Buffer.compare(await value(place.read(0, SIZE)), model) === 0;
  return { model, overlay, place, write, move, moveOf, same };
}

describe('a disk that another node takes over', () => {
  it('has all that was written before, meanwhile and afterwards', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const below = randomBelow(seed);
      const { model, place, write, move, same } = disk();
      const stored = new MemoryNode(image());
      const target = later(stored);
      let moved: BlockResult | null = null;
      let moving: Promise<unknown> = Promise.resolve();
      const answers: Promise<void>[] = [];
      for (let i = 0; i < 400; i++) {
        const offset = below(SIZE - 512);
        const length = 1 + below(Math.min(SIZE - offset, i % 7 === 0 ? 200_000 : 5000));
        if (i % 5 === 0) {
          // Requests to the same bytes have no order but that of the guest, which waits.
          await Promise.all(answers.splice(0));
          model.fill(0, offset, offset + length);
          await value(place.writeZeroes(offset, length));
        }
        answers.push(write(offset, new Uint8Array(length).fill(i)));
        await Promise.all(answers.splice(0, below(3) > 0 ? 9 : 0));
        if (i === 100) moving = move(target).then((result) => void (moved = result));
      }
      await Promise.all(answers);
      await moving;
      expect(moved, `seed ${seed}`).toEqual(DONE);
      expect(await same(), `seed ${seed}`).toBe(true);
      expect(Buffer.compare(stored.bytes, model), `seed ${seed}`).toBe(0);
    }
  });

  it('goes on as it was, and can be moved again, whatever fails', async () => {
    const { place, write, move, same } = disk();
    for (let i = 0; i < 10; i++) await write(i * 100_000, new Uint8Array(3000).fill(i));
    for (const failing of [1, 3, 9, 12]) {
      let writes = 0;
      const flaky = new (class extends LaterNode {
        override async write(offset: number, bytes: Uint8Array) {
          return ++writes === failing ? failure('space', 'full') : this.file.write(offset, bytes);
        }
      })(new MemoryNode(image()));
      const settle = async (): Promise<BlockResult> => failure('space', 'full');
      let dropped = 0;
      const moving = move(flaky, { settle, drop: async () => void dropped++ });
      await write(failing, new Uint8Array(70_000).fill(failing));
      expect(await moving).toMatchObject({ ok: false, error: { kind: 'space' } });
      expect(dropped).toBe(1);
      expect(await same()).toBe(true);
    }
    expect(await move(new MemoryNode(new Uint8Array(512)))).toMatchObject({ error: { kind: 'range' } });
    const stored = new MemoryNode(image());
    expect(await move(stored)).toEqual(DONE);
    await write(7, new Uint8Array(9).fill(255));
    expect(await same()).toBe(true);
    expect(place.file).toBe(stored);
  });

  it('is given up while a write waits for its image, and waits no longer than that', async () => {
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    const slow = new (class extends LaterNode {
      override async read(offset: number, length: number) {
        await promise;
        return this.file.read(offset, length);
      }
    })(new MemoryNode(image(), { readOnly: true }));
    const { overlay, place, move } = disk(slow);
    const writing = place.write(10, Uint8Array.of(1));
    const end = new AbortController();
    const stored = new MemoryNode(image());
    const moving = move(stored, {}, { signal: end.signal });
    expect(await move(stored)).toMatchObject({ error: { kind: 'busy' } });
    const closing = place.close();
    end.abort();
    expect(await moving).toMatchObject({ ok: false, error: { message: 'it was cancelled' } });
    await closing;
    resolve();
    await writing;
    expect(place.file).toBe(overlay);
  });

  it('has all that was written where it is closed while the target is being made', async () => {
    const { model, place, write, moveOf } = disk();
    await write(200_000, new Uint8Array(3000).fill(1));
    let make = (_made: BlockResult<Move>): void => {};
    const made = new Promise<BlockResult<Move>>((resolve) => {
      make = resolve;
    });
    const moving = place.move(() => made);
    const closing = place.close();
    const stored = new MemoryNode(image());
    let had: Uint8Array | null = null;
    const settle = async (): Promise<BlockResult> => {
      had = stored.bytes.slice();
      return DONE;
    };
    make(success(moveOf(stored, { settle })));
    expect(await moving).toEqual(DONE);
    await closing;
    expect(Buffer.compare(had!, model)).toBe(0);
  });

  it('ends, and can be closed, where who is told of the progress throws', async () => {
    const { overlay, place, write, move, same } = disk();
    await write(5, Uint8Array.of(1, 2));
    let dropped = 0;
    const progress = (): never => {
      throw new Error('mine');
    };
    const moving = move(new MemoryNode(image()), { drop: async () => void dropped++ }, { progress });
    await expect(moving).rejects.toThrow('mine');
    expect(dropped).toBe(1);
    expect(place.file).toBe(overlay);
    expect(await same()).toBe(true);
    expect(await move(new MemoryNode(image()))).toEqual(DONE);
    await value(place.close());
  });
});
