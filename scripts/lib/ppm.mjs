// Pictures of QEMU's screen: PPM files of 8 bits a component, as `screendump` writes them.
import { createHash } from 'node:crypto';

/**
 * @param {Buffer} ppm
 * @param {number} kept bits of each component that count, the others become 0
 * @returns {{width: number, height: number, sha256: string}} the hash is of red, green and blue bytes
 */
export function pictureOf(ppm, kept = 0xff) {
  const [header, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.toString('latin1', 0, 64));
  const rgb = ppm.subarray(header.length).map((value) => value & kept);
  return {
    width: Number(width),
    height: Number(height),
    sha256: createHash('sha256').update(rgb).digest('hex'),
  };
}
