/** `snowglobe-img publish`, and its image as the page's node reads it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { qemuImg, qemuIo, qemuRead, save, workFolder } from '../../tests/support/qemu-img.ts';
import { snowglobeImg } from '../../tests/support/snowglobe-img.ts';
import { ChunkedNode } from '../block/stream/chunked-node.ts';
import { parseManifest } from '../block/stream/manifest.ts';

const path = workFolder();
const MIB = 1 << 20;

const publish = (...args: string[]) => snowglobeImg('publish', ...args);

/** The published image, its files fetched from the folder. */
function open(manifest: string): ChunkedNode {
  const result = parseManifest(readFileSync(manifest, 'utf8'));
  if (!result.ok) throw new Error(result.error.message);
  return new ChunkedNode({
    manifest: result.value,
    url: 'http://images.test/disk.json',
    fetch: async (url) =>
      new Response(readFileSync(join(dirname(manifest), new URL(url).pathname)) as Uint8Array<ArrayBuffer>),
  });
}

const base = path('base.qcow2');
qemuImg('create', '-q', '-f', 'qcow2', base, '8M');
qemuIo(base, 'write -P 1 1M 1M', 'write -P 2 5M 64k');
const top = path('top.qcow2');
qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', top, '10M');
qemuIo(top, 'write -P 3 1536k 128k', 'write -z 5M 64k', 'write -P 0 7M 1M', 'write -P 4 9M 1M');

it.each(['gzip', 'zstd', 'none'])('what is published is what qemu-img reads: %s', async (compression) => {
  const manifest = path(`${compression}/disk.json`);
  const result = await publish('--output=json', `--compression=${compression}`, top, manifest);
  expect(result).toMatchObject({ status: 0, err: '' });
  const files = readdirSync(join(dirname(manifest), 'chunks'));
  // Zeros are not stored, whether the image says so or they were written.
  expect(JSON.parse(result.out)).toMatchObject({ capacity: 10 * MIB, chunks: 2 });
  expect(files).toHaveLength(2);
  const read = await open(manifest).read(0, 10 * MIB);
  expect(read.ok && Buffer.compare(read.value, qemuRead(top))).toBe(0);
});

it('chunks that are there already are kept, also those of another image', async () => {
  const [first, second] = [path('both/a.json'), path('both/b.json')];
  await publish('-q', '--chunk-size=64k', base, first);
  const chunks = join(dirname(first), 'chunks');
  const before = readdirSync(chunks).map((name) => [name, statSync(join(chunks, name)).mtimeMs]);
  const result = await publish('--output=json', '--chunk-size=64k', top, second);
  expect(JSON.parse(result.out)['added-size']).toBeLessThan(JSON.parse(result.out)['stored-size']);
  for (const [name, time] of before) expect(statSync(join(chunks, String(name))).mtimeMs).toBe(time);
  for (const manifest of [first, second]) expect((await open(manifest).read(0, 8 * MIB)).ok).toBe(true);
});

it('a chunk file that is damaged is written again', async () => {
  const manifest = path('damaged/disk.json');
  await publish('-q', base, manifest);
  const chunks = join(dirname(manifest), 'chunks');
  const file = join(chunks, readdirSync(chunks)[0]);
  const whole = readFileSync(file);
  writeFileSync(file, new Uint8Array(whole.length));
  await publish('-q', base, manifest);
  expect(Buffer.compare(readFileSync(file), whole)).toBe(0);
});

const recording = (drives: unknown, more: object = {}): string =>
  save(
    path('boot.json'),
    new TextEncoder().encode(
      JSON.stringify({ type: 'snowglobe-boot', version: 1, unit: 65536, drives, ...more }),
    ),
  );

it('a recorded start becomes the boot list: its chunks in order, without zeros', async () => {
  const manifest = path('boot/disk.json');
  // 9 MiB, zeros at 0, 1.5 MiB, 9 MiB again, and a piece behind the end.
  const file = recording({
    virtio0: { size: 10 * MIB, reads: [144, 0, 24, 145, 9999] },
    other: { size: 1, reads: [] },
  });
  const { out, err } = await publish('--output=json', `--boot=${file}`, top, manifest);
  expect(err).toBe('');
  const written = JSON.parse(readFileSync(manifest, 'utf8'));
  expect(written.boot).toEqual([9, 1]);
  expect(JSON.parse(out)).toMatchObject({
    'boot-chunks': 2,
    'boot-size': written.chunks[9].bytes + written.chunks[1].bytes,
  });
});

it('a recording of pieces that no disk has costs no time', async () => {
  const reads = [Number.MAX_SAFE_INTEGER, 0, 0];
  const file = recording({ a: { size: 10 * MIB, reads } }, { unit: 1 << 30 });
  const manifest = path('far/disk.json');
  expect(await publish('-q', `--boot=${file}`, top, manifest)).toMatchObject({ status: 0, err: '' });
  expect(JSON.parse(readFileSync(manifest, 'utf8')).boot).toEqual([1, 9]);
});

it.each<[string, unknown, object, string]>([
  ['another size', { a: { size: 5 * MIB, reads: [] } }, {}, 'only from: a'],
  [
    'two drives of the size',
    { a: { size: 10 * MIB, reads: [] }, b: { size: 10 * MIB, reads: [] } },
    {},
    'several',
  ],
  ['no drives', null, {}, 'drives is no object'],
  ['no reads', { a: { size: 10 * MIB, reads: 'all' } }, {}, 'reads of a'],
  ['negative reads', { a: { size: 10 * MIB, reads: [-1] } }, {}, 'reads of a'],
  ['no unit', {}, { unit: 0 }, 'unit'],
  ['another type', {}, { type: 'x' }, 'its type'],
  ['a later version', {}, { version: 2 }, 'its version'],
])('a recording with %s is refused', async (_, drives, more, reason) => {
  const { status, err } = await publish(`--boot=${recording(drives, more)}`, top, path('refused.json'));
  expect([status, err]).toEqual([1, expect.stringContaining(reason)]);
});

it.each([
  [['--boot=/nowhere'], 'No such file'],
  [['--chunk-size=3k'], 'power of two'],
  [['--chunk-size=1G'], 'power of two'],
  [['--compression=xz'], 'gzip, zstd, none'],
])('%s is refused', async (options, reason) => {
  const { status, err } = await publish(...options, base, path('refused.json'));
  expect([status, err]).toEqual([1, expect.stringContaining(reason)]);
});

it('says why it cannot write', async () => {
  const { status, err } = await publish(base, join(base, 'below-a-file', 'disk.json'));
  expect([status, err]).toEqual([1, expect.stringContaining('Could not publish')]);
});
