import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunnerFolderBatch } from '../core/runner-api.ts';
import { FolderSync } from './folder-sync.ts';

let path: string;
let said: string[];

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'snowglobe-sync-'));
  said = [];
});
afterEach(() => rmSync(path, { recursive: true }));

function sync(folderChanges: (taken: number) => Promise<RunnerFolderBatch>): FolderSync {
  const source = { folderChanges: (_: string, taken: number) => folderChanges(taken) };
  return new FolderSync(source, [{ tag: 'work', path }], (line) => said.push(line));
}

const piece = (number: number, data: string, offset: number, more: boolean): RunnerFolderBatch => ({
  number,
  changes: [
    {
      ...{ kind: 'file', path: '/file', isNew: true, executable: false, data, offset },
      ...{ begins: offset === 0, ends: !more, size: offset + data.length },
    },
  ],
  more,
});

it('takes all batches of the last look, and says which it has', async () => {
  const taken: number[] = [];
  await sync(async (number) => {
    taken.push(number);
    return number === 0 ? piece(1, 'one ', 0, true) : piece(2, 'two', 4, false);
  }).end();
  expect([taken, said, readFileSync(join(path, 'file'), 'utf8')]).toEqual([[0, 1], [], 'one two']);
});

it('says that a look failed, and looks again', async () => {
  let looks = 0;
  const folder = sync(async (number) => {
    if (++looks === 1) throw new Error('too much\nat somewhere');
    return piece(number + 1, 'late', 0, false);
  });
  folder.start();
  await expect.poll(() => looks, { timeout: 5000 }).toBeGreaterThan(1);
  await folder.end();
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/could not be fetched: too much$/);
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('late');
});

it('says that the last look was cut short, and leaves what was there', async () => {
  writeFileSync(join(path, 'file'), 'of the host');
  let first = true;
  await sync(() => {
    if (!first) return new Promise(() => {});
    first = false;
    return Promise.resolve(piece(1, 'begin', 0, true));
  }).end(20);
  expect(said).toEqual([expect.stringContaining('what the guest wrote last is missing there')]);
  expect([readdirSync(path), readFileSync(join(path, 'file'), 'utf8')]).toEqual([['file'], 'of the host']);
});

it('says that a look was never answered', async () => {
  await sync(() => new Promise(() => {})).end(20);
  expect(said).toEqual([expect.stringContaining('what the guest wrote last is missing there')]);
});
