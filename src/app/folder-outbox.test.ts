import { expect, it } from 'vitest';
import type { FolderChange } from '../core/vm-api.ts';
import { FolderOutbox } from './folder-outbox.ts';

const file = (path: string, length: number, fill = 1): FolderChange => ({
  kind: 'file',
  path,
  size: length,
  isNew: true,
  parts: length > 0 ? [{ offset: 0, bytes: new Uint8Array(length).fill(fill) }] : [],
  executable: false,
});

it('gives a batch again until it is taken, and then what comes after it', () => {
  const looks: FolderChange[][] = [[{ kind: 'folder', path: '/a' }, file('/a/b', 3)], [file('/c', 0)], []];
  const outbox = new FolderOutbox(() => looks.shift()!);
  const first = outbox.next(0);
  expect(first.changes.map(({ path }) => path)).toEqual(['/a', '/a/b']);
  expect([outbox.next(0), looks.length]).toEqual([first, 2]);
  const second = outbox.next(first.number);
  expect(second.changes.map(({ path }) => path)).toEqual(['/c']);
  expect(outbox.next(second.number).changes).toEqual([]);
});

it('gives large files in pieces, with small ones around them', () => {
  const size = 10_000_000;
  const looks = [[file('/small', 5), file('/large', size, 2), file('/last', 5)], []];
  const outbox = new FolderOutbox(() => looks.shift()!);
  const whole = new Map<string, number>();
  let [taken, batches] = [0, 0];
  for (let more = true; more; batches++) {
    const batch = outbox.next(taken);
    let bytes = 0;
    for (const change of batch.changes) {
      if (change.kind !== 'file') continue;
      expect(change.offset).toBe(whole.get(change.path) ?? 0);
      whole.set(change.path, change.offset + change.bytes.length);
      bytes += change.bytes.length;
    }
    expect(bytes).toBeLessThanOrEqual(4 << 20);
    ({ more, number: taken } = batch);
  }
  expect([...whole]).toEqual([
    ['/small', 5],
    ['/large', size],
    ['/last', 5],
  ]);
  expect(batches).toBe(3);
});

it('gives the parts of a file one after the other, the first and the last as such', () => {
  const part = (offset: number, length: number) => ({ offset, bytes: new Uint8Array(length) });
  const change: FolderChange = {
    ...{ kind: 'file', path: '/a', size: 20_000_000, isNew: false, executable: false },
    parts: [part(5, 10), part(1000, 5 << 20), part(19_000_000, 1)],
  };
  const looks: FolderChange[][] = [[change, { ...change, path: '/cut', parts: [] }], []];
  const outbox = new FolderOutbox(() => looks.shift()!);
  const found = [];
  for (let [taken, more] = [0, true]; more; ) {
    const batch = outbox.next(taken);
    ({ number: taken, more } = batch);
    found.push(...batch.changes);
  }
  const first = (4 << 20) - 10;
  expect(
    found.map((one) => one.kind === 'file' && [one.path, one.offset, one.bytes.length, one.begins, one.ends]),
  ).toEqual([
    ['/a', 5, 10, true, false],
    ['/a', 1000, first, false, false],
    ['/a', 1000 + first, (5 << 20) - first, false, false],
    ['/a', 19_000_000, 1, false, true],
    ['/cut', 0, 0, true, true],
  ]);
});

it('loses nothing when a look fails', () => {
  let fails = true;
  const outbox = new FolderOutbox(() => {
    if (!fails) return [file('/a', 1)];
    fails = false;
    throw new RangeError('no memory');
  });
  expect(() => outbox.next(0)).toThrow('no memory');
  expect(outbox.next(0).changes).toHaveLength(1);
});
