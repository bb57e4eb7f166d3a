import { describe, expect, it } from 'vitest';
import { randomBelow } from '../../tests/support/random.ts';
import { decodeName, encodeName } from './byte-names.ts';

describe('names of bytes', () => {
  // By Python: bytes.decode('utf-8', 'surrogateescape').
  it.each<[string, number[], string]>([
    ['UTF-8', [0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], 'aé€😀'],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
    ['bytes that are never UTF-8', [0x78, 0xff, 0xfe], 'x\udcff\udcfe'],
    ['characters that break off', [0xe2, 0x82, 0x61, 0xf0, 0x9f, 0x98], '\udce2\udc82a\udcf0\udc9f\udc98'],
    ['overlong ones', [0xc0, 0xaf, 0xe0, 0x80, 0xaf], '\udcc0\udcaf\udce0\udc80\udcaf'],
    ['surrogates', [0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    ['a replacement character', [0xef, 0xbf, 0xbd], '\ufffd'],
  ])('%s', (_, bytes, name) => {
    expect(decodeName(Uint8Array.from(bytes))).toBe(name);
    expect([...encodeName(name)]).toEqual(bytes);
  });

  it('are the same bytes again, whatever they are', () => {
    const random = randomBelow(5);
    const bytes = [0x61, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff];
    for (let i = 0; i < 20_000; i++) {
      const name = Uint8Array.from({ length: random(8) }, () => bytes[random(bytes.length)]);
      expect(Buffer.compare(encodeName(decodeName(name)), name)).toBe(0);
    }
  });

  it('have no place for other surrogates', () => {
    expect([...encodeName('\ud800\udc7f')]).toEqual([...new TextEncoder().encode('\ud800\udc7f')]);
    expect([...encodeName('\ud800\udcff\ud800')]).toEqual([0xf0, 0x90, 0x83, 0xbf, 0xef, 0xbf, 0xbd]);
  });
});
