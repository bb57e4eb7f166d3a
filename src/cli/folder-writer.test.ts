import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunnerFolderChange } from '../core/runner-api.ts';
import { FolderWriter } from './folder-writer.ts';

let outside: string;
let root: string;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'snowglobe-folder-'));
  root = join(outside, 'shared');
  mkdirSync(root);
  writeFileSync(join(outside, 'secret'), 'secret');
});
afterEach(() => rmSync(outside, { recursive: true }));

/** A whole file that the guest made. */
const file = (path: string, data = 'new', executable = false): RunnerFolderChange => ({
  ...{ path, data, executable, size: data.length, offset: 0 },
  kind: 'file',
  isNew: true,
  begins: true,
  ends: true,
});

/** Pieces of one change of a file. */
const pieces = (path: string, isNew: boolean, size: number, ...parts: [offset: number, data: string][]) =>
  parts.map(
    ([offset, data], index): RunnerFolderChange => ({
      ...{ kind: 'file', path, data, executable: false },
      ...{ offset, size, isNew, begins: index === 0, ends: index === parts.length - 1 },
    }),
  );

it('makes folders and files of any bytes, and removes them', () => {
  const writer = new FolderWriter(root);
  const made = writer.apply([
    { kind: 'folder', path: '/a' },
    file('/a/data', 'é\xff\0'),
    file('/a/run', '', true),
  ]);
  expect(made).toEqual([]);
  expect([...readFileSync(join(root, 'a/data'))]).toEqual([0xe9, 0xff, 0]);
  expect(['data', 'run'].map((name) => statSync(join(root, 'a', name)).mode & 0o100)).toEqual([0, 0o100]);
  writer.apply([file('/a/data', 'x')]);
  expect(readFileSync(join(root, 'a/data'), 'utf8')).toBe('x');
  writer.apply(['/a/run', '/a/data', '/a'].map((path) => ({ kind: 'removed', path }) as const));
  expect(existsSync(join(root, 'a'))).toBe(false);
});

it('puts the pieces of a new file together, and complains once of one that cannot be', () => {
  writeFileSync(join(root, 'data'), 'what was there before');
  mkdirSync(join(root, 'folder'));
  const writer = new FolderWriter(root);
  const list = (path: string) => pieces(path, true, 7, [0, 'abc'], [3, 'def'], [6, 'g']);
  for (const piece of list('/data')) {
    // The old file stays whole until the new one is.
    expect(readFileSync(join(root, 'data'), 'utf8')).toBe('what was there before');
    expect(writer.apply([piece])).toEqual([]);
  }
  expect(readFileSync(join(root, 'data'), 'utf8')).toBe('abcdefg');
  expect(list('/folder').flatMap((piece) => writer.apply([piece]))).toHaveLength(1);
  // What comes of it later has nothing to go into.
  expect(writer.apply(pieces('/folder', false, 7, [0, 'A']))).toEqual([]);
  expect(writer.apply([file('/folder')])).toHaveLength(1);
  expect(readdirSync(root).sort()).toEqual(['data', 'folder']);
});

it('writes into a file in place, and cuts it off last', () => {
  writeFileSync(join(root, 'data'), '0123456789');
  linkSync(join(root, 'data'), join(root, 'same'));
  const writer = new FolderWriter(root);
  const sizes = pieces('/data', false, 7, [1, 'ab'], [5, 'c']).map((piece) => {
    expect(writer.apply([piece])).toEqual([]);
    return readFileSync(join(root, 'data'), 'utf8');
  });
  expect(sizes).toEqual(['0ab3456789', '0ab34c6']);
  expect(writer.apply(pieces('/data', false, 3, [0, '']))).toEqual([]);
  expect(writer.apply(pieces('/data', false, 6, [4, 'x']))).toEqual([]);
  expect(readFileSync(join(root, 'same'), 'latin1')).toBe('0ab\0x\0');
});

it('makes no file of a piece whose file somebody has removed', () => {
  const writer = new FolderWriter(root);
  const late = pieces('/gone', false, 9, [8, 'x']);
  expect([writer.apply(late), writer.apply(late)].flat()).toEqual([expect.stringContaining('ENOENT')]);
  expect(existsSync(join(root, 'gone'))).toBe(false);
  expect(writer.apply([file('/gone')])).toEqual([]);
  expect(readFileSync(join(root, 'gone'), 'utf8')).toBe('new');
});

it('leaves nothing of a file that has no end', () => {
  writeFileSync(join(root, 'data'), 'whole');
  const writer = new FolderWriter(root);
  const [begin] = pieces('/data', true, 7, [0, 'abc'], [3, 'defg']);
  expect(writer.apply([begin, file('/next')])).toEqual([]);
  writer.apply([begin]);
  writer.close();
  expect(readdirSync(root).sort()).toEqual(['data', 'next']);
  expect(readFileSync(join(root, 'data'), 'utf8')).toBe('whole');
});

it("leaves permissions of the host's files alone", () => {
  writeFileSync(join(root, 'text'), 'old', { mode: 0o640 });
  new FolderWriter(root).apply([file('/text', 'new', true)]);
  expect([statSync(join(root, 'text')).mode & 0o777, readFileSync(join(root, 'text'), 'utf8')]).toEqual([
    0o640,
    'new',
  ]);
});

it('goes through no link, and out of its folder by no name', () => {
  symlinkSync(outside, join(root, 'up'));
  symlinkSync(join(outside, 'secret'), join(root, 'to-secret'));
  const writer = new FolderWriter(root);
  const paths = ['/up/secret', '/to-secret', '/../secret', '/./x', '/', '/a\0b'];
  expect(writer.apply(paths.map((path) => file(path, 'stolen')))).toHaveLength(paths.length);
  expect(writer.apply([{ kind: 'removed', path: '/up/secret' }])).toHaveLength(1);
  // A folder of the guest's in the place of a link is refused, and so is what lies in it.
  expect(writer.apply([{ kind: 'folder', path: '/up' }, file('/up/x')])).toHaveLength(2);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(existsSync(join(outside, 'x'))).toBe(false);
});

it('leaves links alone that the guest made a file over, and removed', () => {
  symlinkSync(join(outside, 'elsewhere'), join(root, 'data'));
  const writer = new FolderWriter(root);
  expect(writer.apply([file('/data')])).toHaveLength(1);
  expect(writer.apply([{ kind: 'removed', path: '/data' }])).toHaveLength(1);
  expect(readlinkSync(join(root, 'data'))).toBe(join(outside, 'elsewhere'));
});

it('says what it cannot do, and goes on', () => {
  writeFileSync(join(root, 'in-the-way'), '');
  mkdirSync(join(root, 'full'));
  writeFileSync(join(root, 'full/of-the-host'), '');
  const problems = new FolderWriter(root).apply([
    { kind: 'removed', path: '/full' },
    { kind: 'folder', path: '/in-the-way' },
    { kind: 'removed', path: '/never-was' },
    file('/good'),
  ]);
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(['/full', '/in-the-way']);
  expect(existsSync(join(root, 'good'))).toBe(true);
});

it.runIf(process.platform === 'linux')('makes and removes names that are no UTF-8', () => {
  const writer = new FolderWriter(root);
  const names = () => readdirSync(root, 'buffer').map((name) => name.toString('latin1'));
  const made = writer.apply([
    { kind: 'folder', path: '/d\udcff' },
    file('/d\udcff/x\udcfe', 'one'),
    file('/x\udcff', 'two'),
    ...pieces('/x\udcff', false, 2, [0, 'T']),
    file('/\ufeffx', 'three'),
    file('/back\\slash', 'four'),
  ]);
  expect(made).toEqual([]);
  expect(names().sort()).toEqual(['back\\slash', 'd\xff', 'x\xff', '\xef\xbb\xbfx']);
  const inside = Buffer.concat([Buffer.from(`${root}/d`), Buffer.from([0xff, 0x2f, 0x78, 0xfe])]);
  expect(readFileSync(inside, 'utf8')).toBe('one');
  expect(readFileSync(Buffer.concat([Buffer.from(`${root}/x`), Buffer.from([0xff])]), 'utf8')).toBe('Tw');
  const gone = ['/d\udcff/x\udcfe', '/d\udcff', '/x\udcff', '/\ufeffx', '/back\\slash'];
  expect(writer.apply(gone.map((path) => ({ kind: 'removed', path }) as const))).toEqual([]);
  expect(names()).toEqual([]);
});
