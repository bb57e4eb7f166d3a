import { describe, expect, it } from 'vitest';
import { formatManifest, isManifest, manifestIdentity, parseManifest } from './manifest.ts';

const HASH = 'ab'.repeat(32);
const good = {
  type: 'snowglobe-image',
  version: 1,
  capacity: 3 * 65536 + 512,
  chunkSize: 65536,
  compression: 'gzip',
  chunks: [{ sha256: HASH, bytes: 70 }, null, { sha256: HASH, bytes: 70 }, null],
  boot: [2, 0],
};

const parse = (changes: object) => parseManifest(JSON.stringify({ ...good, ...changes }));

function message(changes: object): string {
  const result = parse(changes);
  return result.ok ? '' : result.error.message;
}

describe('a manifest', () => {
  it('is read with the address that chunks have by default', () => {
    const result = parse({});
    expect(result.ok && result.value).toEqual({
      capacity: good.capacity,
      chunkSize: 65536,
      compression: 'gzip',
      url: 'chunks/{sha256}.gz',
      chunks: good.chunks,
      boot: [2, 0],
    });
  });

  it('is written as it is read, and known by its first bytes', () => {
    const result = parse({});
    if (!result.ok) throw new Error(result.error.message);
    const text = formatManifest(result.value);
    expect(parseManifest(text)).toEqual(result);
    expect(isManifest(new TextEncoder().encode(text))).toBe(true);
    expect(isManifest(new TextEncoder().encode('{"type":"other"}'))).toBe(false);
    expect(isManifest(new Uint8Array(512))).toBe(false);
  });

  it('may have fields of later versions, and its type behind white space', () => {
    expect(parse({ later: 1 }).ok).toBe(true);
    expect(isManifest(new TextEncoder().encode(' \n{ "type" : "snowglobe-image" }'))).toBe(true);
  });

  it('has an identity of its contents, wherever they are', async () => {
    const of = async (changes: object) => {
      const result = parse(changes);
      return result.ok ? manifestIdentity(result.value) : '';
    };
    expect(await of({ url: 'other/{sha256}', boot: [] })).toBe(await of({}));
    expect(await of({ chunks: [null, ...good.chunks.slice(1)] })).not.toBe(await of({}));
  });
});

describe('a hostile manifest is refused with a reason', () => {
  it.each([
    ['no JSON', '{"type":"snowglobe-image",', 'no JSON'],
    ['a list', '[]', 'no JSON object'],
    ['nothing', 'null', 'no JSON object'],
    ['an empty file', '', 'no JSON'],
  ])('%s', (_, text, reason) => {
    const result = parseManifest(text);
    expect(result.ok ? '' : result.error.message).toContain(reason);
  });

  it.each<[string, object, string]>([
    ['another type', { type: 'x' }, 'type is "x"'],
    ['a later version', { version: 2 }, 'version 2'],
    ['no version', { version: undefined }, 'version undefined'],
    ['an unknown compression', { compression: 'xz' }, 'compression is "xz"'],
    ['a compression that every object has', { compression: 'constructor' }, 'compression'],
    ['a negative capacity', { capacity: -512 }, 'capacity is -512'],
    ['no capacity', { capacity: 0, chunks: [] }, 'capacity is 0'],
    ['a capacity of half a sector', { capacity: good.capacity + 256 }, 'no multiple of 512'],
    ['a capacity as text', { capacity: '512' }, 'capacity is "512"'],
    ['a huge capacity', { capacity: 2 ** 60 }, 'capacity is 1152921504606847000'],
    ['an endless capacity', { capacity: null }, 'capacity is null'],
    ['a small chunk size', { chunkSize: 512 }, 'chunkSize is 512'],
    ['a large chunk size', { chunkSize: 2 ** 31 }, 'chunkSize is 2147483648'],
    ['a chunk size that is no power of two', { chunkSize: 65537 }, 'power of two'],
    ['a chunk size that is no number', { chunkSize: {} }, 'chunkSize is {}'],
    ['too few chunks', { chunks: [null] }, 'chunks has 1 entries, but the capacity makes 4'],
    ['too many chunks', { chunks: Array(1_048_577).fill(null) }, 'more than 1048576'],
    ['chunks that are no list', { chunks: { length: 4 } }, 'chunks is {"length":4}'],
    ['a chunk that is a number', { chunks: [7, null, null, null] }, 'chunks[0] is 7'],
    ['a chunk without a hash', { chunks: [{ bytes: 1 }, null, null, null] }, 'sha256 of chunks[0]'],
    ['a hash that is a path', { chunks: [null, { sha256: '../../etc', bytes: 1 }, null, null] }, '../../etc'],
    [
      'a hash in capitals',
      { chunks: [{ sha256: HASH.toUpperCase(), bytes: 1 }, null, null, null] },
      'lower case',
    ],
    [
      'a chunk of no bytes',
      { chunks: [{ sha256: HASH, bytes: 0 }, null, null, null] },
      'bytes of chunks[0] is 0',
    ],
    [
      'a chunk of too many bytes',
      { chunks: [{ sha256: HASH, bytes: 2 ** 40 }, null, null, null] },
      'bytes of chunks[0]',
    ],
    ['a chunk of half a byte', { chunks: [{ sha256: HASH, bytes: 1.5 }, null, null, null] }, 'is 1.5'],
    ['a boot list that is none', { boot: 'all' }, 'boot is "all"'],
    ['a boot list with a place outside', { boot: [4] }, 'boot[0] is 4'],
    ['a boot list with a negative place', { boot: [0, -1] }, 'boot[1] is -1'],
    ['a boot list that repeats', { boot: [1, 1] }, 'twice'],
    ['a boot list that is too long', { boot: Array(5).fill(0) }, 'more than 4'],
    ['an address that is a number', { url: 1 }, 'url is 1'],
    ['an address without the hash', { url: 'chunks/all' }, '{sha256} once'],
    ['an address with two hashes', { url: '{sha256}/{sha256}' }, '{sha256} once'],
  ])('%s', (_, changes, reason) => {
    expect(message(changes)).toContain(reason);
  });

  it.each([
    'https://elsewhere.example/{sha256}',
    '//elsewhere.example/{sha256}',
    '/{sha256}',
    '../{sha256}',
    'a/../../{sha256}',
    './{sha256}',
    'a//{sha256}',
    'javascript:{sha256}',
    'a\\..\\{sha256}',
    '%2e%2e/{sha256}',
    '{sha256}?x',
    '{sha256}#x',
    'a/ {sha256}',
    '\t/{sha256}',
  ])('an address that leads elsewhere: %s', (url) => {
    expect(message({ url })).toContain("leads out of the manifest's own folder");
  });

  it('an uncompressed chunk of another length than its bytes', () => {
    const chunks = [{ sha256: HASH, bytes: 65535 }, null, null, null];
    expect(message({ compression: 'none', chunks })).toContain('bytes of chunks[0] is 65535');
  });

  it('quotes no more of it than fits a line', () => {
    expect(message({ compression: 'x'.repeat(1e6) }).length).toBeLessThan(200);
  });
});
