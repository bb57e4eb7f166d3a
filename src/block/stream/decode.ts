/** Stored chunks, expanded. What is stored was verified before; what comes out may still have any length. */
import { unzstd } from '../format/codecs.ts';
import { receiveBytes } from '../network/receive.ts';
import type { Compression } from './manifest.ts';

/** Expands a chunk to `length` bytes. @returns null: it is damaged, or not of that length */
export async function decodeChunk(
  stored: Uint8Array<ArrayBuffer>,
  compression: Compression,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  switch (compression) {
    case 'none':
      return stored.length === length ? stored : null;
    case 'zstd':
      return unzstd(stored, length) as Uint8Array<ArrayBuffer> | null;
    case 'gzip':
      return gunzip(stored, length);
  }
}

async function gunzip(
  stored: Uint8Array<ArrayBuffer>,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const expanded = new Blob([stored]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    const received = await receiveBytes(expanded, length);
    return received?.done === length ? received.bytes : null;
  } catch {
    // A TypeError: the data is damaged (Compression Streams, section 5).
    return null;
  }
}
