import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';

/** Red, green and blue of each pixel of a PNG file with 8 bits a channel (PNG specification, 2nd edition, clauses 5 and 9), as browsers write them. */
export function pngPixels(file: Buffer): { width: number; height: number; rgb: Buffer } {
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const [depth, type] = [file[24], file[25]];
  if (depth !== 8 || (type !== 2 && type !== 6)) throw new Error(`PNG of type ${type} with ${depth} bits`);
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const bytes = inflateSync(Buffer.concat(data));
  const channels = type === 6 ? 4 : 3;
  const stride = width * channels;
  const rgb = Buffer.alloc(width * height * 3);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const filter = bytes[y * (stride + 1)];
    const line = new Uint8Array(bytes.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? line[x - channels] : 0;
      const up = above[x];
      const corner = x >= channels ? above[x - channels] : 0;
      line[x] += predicted(filter, left, up, corner);
    }
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) rgb[(y * width + x) * 3 + c] = line[x * channels + c];
    }
    above = line;
  }
  return { width, height, rgb };
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const distance = (value: number): number => Math.abs(left + up - corner - value);
  if (distance(left) <= distance(up) && distance(left) <= distance(corner)) return left;
  return distance(up) <= distance(corner) ? up : corner;
}

/** Size and digest of a PNG file's pixels, as fixtures have them; null: there is no picture. */
export function pngDigest(file: Buffer | null): { width: number; height: number; sha256: string } | null {
  if (!file) return null;
  const { width, height, rgb } = pngPixels(file);
  return { width, height, sha256: createHash('sha256').update(rgb).digest('hex') };
}
