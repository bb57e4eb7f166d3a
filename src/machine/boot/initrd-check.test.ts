import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { checkInitrd } from './initrd-check.ts';

/** A "newc" archive of the given files, ended by its trailer. */
function cpio(files: Record<string, string>): Uint8Array {
  const pad = (text: string) => text + '\0'.repeat(-text.length & 3);
  const entry = (name: string, data: string) => {
    const fields = [0, 0o100644, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
    return pad(`${header}${name}\0`) + pad(data);
  };
  const entries = Object.entries(files).map(([name, data]) => entry(name, data));
  return Buffer.from([...entries, entry('TRAILER!!!', '')].join(''), 'latin1');
}

const archive = cpio({
  init: '#!/bin/sh\n',
  'etc/motd': Array.from({ length: 2000 }, (_, i) => (i * 7919).toString(36)).join(''),
  last: 'abc',
});
const refused = expect.objectContaining({
  code: 'bad-image',
  message: expect.stringMatching(/initrd is truncated or damaged/),
});

describe.each([
  ['cpio', archive],
  ['gzip', new Uint8Array(gzipSync(archive))],
])('%s', (_name, whole) => {
  test('a whole archive passes, with padding after it too', async () => {
    await checkInitrd(whole);
    await checkInitrd(Buffer.concat([whole, Buffer.alloc(512)]));
  });

  test('every shorter one that has begun is refused', async () => {
    expect(whole.length).toBeGreaterThan(2000);
    for (let length = 20; length < whole.length - 130; length += 97) {
      await expect(checkInitrd(whole.slice(0, length)), `${length} bytes`).rejects.toEqual(refused);
    }
  });
});

test('a gzip file that lacks only its checksum is refused', async () => {
  const whole = new Uint8Array(gzipSync(archive));
  await expect(checkInitrd(whole.slice(0, -1))).rejects.toEqual(refused);
});

test('what it cannot judge passes: other formats, an archive and then something else', async () => {
  await checkInitrd(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3));
  await checkInitrd(Buffer.concat([archive, gzipSync(archive).subarray(0, 40)]));
});
