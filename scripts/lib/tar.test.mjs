import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeTarEntry, TAR_END, tarEntries } from './tar.mjs';

let dir;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tar-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const LONG = `${'a-folder-with-a-long-name/'.repeat(6)}file`;
const tar = (args, input) =>
  execFileSync('tar', args, { input, env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } });

it('what it writes GNU tar lists with owners, modes, links, devices and long names', () => {
  const entries = [
    { path: 'etc', type: 'directory', mode: 0o755 },
    { path: 'etc/shadow', type: 'file', mode: 0o640, gid: 42, mtime: 86400, content: 'root::1\n' },
    { path: 'bin', type: 'symlink', mode: 0o777, target: 'usr/bin' },
    { path: 'etc/hard', type: 'link', mode: 0o640, target: 'etc/shadow' },
    { path: 'tty', type: 'character', mode: 0o620, uid: 1000, gid: 5, device: [4, 64] },
    { path: LONG, type: 'file', mode: 0o4755, content: 'x'.repeat(513) },
    { path: 'far', type: 'symlink', mode: 0o777, target: LONG },
  ];
  const archive = Buffer.concat([...entries.map(encodeTarEntry), TAR_END]);
  expect(
    tar(['--numeric-owner', '-tvf', '-'], archive).toString().replaceAll(/ +/g, ' ').trim().split('\n'),
  ).toEqual([
    'drwxr-xr-x 0/0 0 1970-01-01 00:00 ./etc/',
    '-rw-r----- 0/42 8 1970-01-02 00:00 ./etc/shadow',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 ./bin -> usr/bin',
    'hrw-r----- 0/0 0 1970-01-01 00:00 ./etc/hard link to etc/shadow',
    'crw--w---- 1000/5 4,64 1970-01-01 00:00 ./tty',
    `-rwsr-xr-x 0/0 513 1970-01-01 00:00 ./${LONG}`,
    `lrwxrwxrwx 0/0 0 1970-01-01 00:00 ./far -> ${LONG}`,
  ]);
});

it('reads what GNU tar writes', () => {
  mkdirSync(join(dir, LONG, '..'), { recursive: true });
  writeFileSync(join(dir, LONG), 'deep', { mode: 0o644 });
  symlinkSync(LONG, join(dir, 'far'));
  const options = [
    '--format=gnu',
    '--owner=3:3',
    '--group=4:4',
    '--mtime=@7',
    '--sort=name',
    '-C',
    dir,
    '-cf',
    '-',
    './far',
    `./${LONG}`,
  ];
  const [far, file] = tarEntries(tar(options));
  expect(far).toMatchObject({ path: 'far', type: 'symlink', target: LONG });
  expect(file).toMatchObject({ path: LONG, type: 'file', mode: 0o644, uid: 3, gid: 4, mtime: 7 });
  expect(file.content.toString()).toBe('deep');
});

it('refuses an archive that is cut short, and kinds of entries that it does not know', () => {
  const archive = Buffer.concat([encodeTarEntry({ path: 'a', type: 'file', content: 'abc' }), TAR_END]);
  expect(() => [...tarEntries(archive.subarray(0, 514))]).toThrow(/cut short/);
  expect(() => [...tarEntries(archive.subarray(0, 1024))]).toThrow(/cut short/);
  archive.write('x', 156);
  expect(() => [...tarEntries(archive)]).toThrow(/unknown type "x"/);
});
