import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeCpio } from './cpio.mjs';

/** A reader of its own, from the format's description: 110-byte header, name and content padded to 4 bytes. */
function decodeCpio(archive) {
  const entries = [];
  let offset = 0;
  for (;;) {
    expect(archive.toString('latin1', offset, offset + 6)).toBe('070701');
    const field = (index) =>
      Number.parseInt(archive.toString('latin1', offset + 6 + index * 8, offset + 14 + index * 8), 16);
    const nameStart = offset + 110;
    const name = archive.toString('utf8', nameStart, nameStart + field(11) - 1);
    expect(archive[nameStart + field(11) - 1]).toBe(0);
    const start = (nameStart + field(11) + 3) & ~3;
    const content = archive.subarray(start, start + field(6));
    const device = [field(9), field(10)];
    if (name !== 'TRAILER!!!') {
      entries.push({ name, mode: field(1), mtime: field(5), device, content });
    }
    offset = (start + field(6) + 3) & ~3;
    if (name === 'TRAILER!!!') break;
  }
  expect(archive.length % 512).toBe(0);
  expect(archive.subarray(offset).every((byte) => byte === 0)).toBe(true);
  return entries;
}

const tree = [
  { path: 'bin', type: 'directory', mode: 0o755 },
  { path: 'bin/busybox', type: 'file', mode: 0o755, content: Buffer.from([1, 2, 3, 4, 5]) },
  { path: 'bin/sh', type: 'symlink', mode: 0o777, content: 'busybox' },
  { path: 'console', type: 'character', mode: 0o600, device: [5, 1] },
  { path: 'empty', type: 'file', mode: 0o644 },
  { path: 'naïve', type: 'file', mode: 0o644, content: 'ü' },
];

describe('the cpio writer', () => {
  it('writes what a reader of the format reads', () => {
    const entries = decodeCpio(encodeCpio(tree));
    expect(entries.map(({ name, mode }) => [name, mode.toString(8)])).toEqual([
      ['bin', '40755'],
      ['bin/busybox', '100755'],
      ['bin/sh', '120777'],
      ['console', '20600'],
      ['empty', '100644'],
      ['naïve', '100644'],
    ]);
    expect([...entries[1].content]).toEqual([1, 2, 3, 4, 5]);
    expect(entries[2].content.toString()).toBe('busybox');
    expect(entries[3].device).toEqual([5, 1]);
    expect(entries[5].content.toString()).toBe('ü');
    expect(entries.every(({ mtime }) => mtime === 0)).toBe(true);
  });

  const cpio = spawnSync('cpio', ['--version']).status === 0;
  it.skipIf(!cpio)('writes what the cpio program lists', () => {
    const dir = mkdtempSync(join(tmpdir(), 'cpio-'));
    try {
      const { stdout, status } = spawnSync('cpio', ['-t', '--quiet'], { cwd: dir, input: encodeCpio(tree) });
      expect(status).toBe(0);
      expect(stdout.toString().trim().split('\n').slice(0, 5)).toEqual([
        ...['bin', 'bin/busybox', 'bin/sh', 'console', 'empty'],
      ]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('gives the same bytes for the same tree', () => {
    expect(encodeCpio(tree).equals(encodeCpio(tree))).toBe(true);
  });

  it.each([
    ['a path that leaves the root', [{ path: '../etc', type: 'file', mode: 0 }], /plain relative path/],
    ['an absolute path', [{ path: '/etc', type: 'file', mode: 0 }], /plain relative path/],
    ['a path twice', [tree[0], tree[0]], /twice/],
    ['a file before its folder', [tree[1]], /before its folder/],
    ['an unknown type', [{ path: 'a', type: 'socket', mode: 0 }], /unknown type/],
  ])('refuses %s', (_, entries, message) => {
    expect(() => encodeCpio(entries)).toThrow(message);
  });
});
