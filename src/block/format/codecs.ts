/** What compressed clusters are made of. Decompression is at hand everywhere; who can compress brings it along. */
import { inflateSync } from 'fflate';
import { decompress } from 'fzstd';

export interface Compressor {
  /** Raw deflate (RFC 1951) with a window of 4 KiB, all that QEMU's decoder has; null: it cannot be had. */
  deflate: ((bytes: Uint8Array) => Uint8Array) | null;
  /** A Zstandard frame (RFC 8878). */
  zstd: ((bytes: Uint8Array) => Uint8Array) | null;
}

/** Expands raw deflate data, behind which may be anything, to `size` bytes. @returns null: it is damaged */
export function inflate(bytes: Uint8Array, size: number): Uint8Array | null {
  try {
    const out = inflateSync(bytes, { out: new Uint8Array(size) });
    return out.length === size ? out : null;
  } catch {
    return null;
  }
}

/** Expands a Zstandard frame, behind which may be anything, to `size` bytes. @returns null: it is damaged */
export function unzstd(bytes: Uint8Array, size: number): Uint8Array | null {
  const length = zstdFrameLength(bytes);
  if (length === null) return null;
  try {
    const out = decompress(bytes.subarray(0, length), new Uint8Array(size));
    return out.length === size ? out : null;
  } catch {
    return null;
  }
}

/** Bytes of the frame at the start, from its header and its blocks' headers. RFC 8878, section 3.1.1. */
function zstdFrameLength(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) return null;
  const descriptor = bytes[4];
  const single = (descriptor >> 5) & 1;
  const contentSize = [single, 2, 4, 8][descriptor >> 6];
  let at = 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3] + contentSize;
  for (;;) {
    if (at + 3 > bytes.length) return null;
    const block = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    // A run-length block holds one byte, whatever its size says.
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
    if (block & 1) break;
  }
  at += descriptor & 4;
  return at <= bytes.length ? at : null;
}
