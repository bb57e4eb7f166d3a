/**
 * The EDID of a virtual monitor: what it is called, which sizes it has, which it likes best.
 * Specification: VESA E-EDID 1.4 with one CTA-861 extension; names, sizes and timings as of QEMU 7.2's monitor.
 */
export const EDID_BYTES = 256;

const BLOCK = 128;
const DETAILED = 0x36;
const DESCRIPTOR = 18;
const DPI = 100;
const REFRESH_HZ = 75;
const SIZE_LIMIT = 4095;

const TAG_NAME = 0xfc;
const TAG_RANGES = 0xfd;
const TAG_ESTABLISHED = 0xf7;
const TAG_DUMMY = 0x10;

/** Header, maker "RHT", product 0x1234, made in 2014, EDID 1.4, digital, sRGB-like primaries, and the standard sizes from 640x480 to 2048x1152. */
const HEAD = [
  ...[0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x49, 0x14, 0x34, 0x12, 0x00, 0x00, 0x00, 0x00],
  ...[0x2a, 0x18, 0x01, 0x04, 0xa5, 0x00, 0x00, 0x78, 0x06, 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26],
  ...[0x0f, 0x50, 0x54, 0x21, 0x08, 0x00, 0xe1, 0xc0, 0xd1, 0xc0, 0xd1, 0x00, 0xa9, 0x40, 0xb3, 0x00],
  ...[0x95, 0x00, 0x81, 0x80, 0x81, 0x40],
];
/** CTA-861 revision 3 with one video data block. */
const EXTENSION = [0x02, 0x03, 0x0b, 0x00, 0x46, 0x7d, 0x65, 0x60, 0x59, 0x1f, 0x61];
const EXTENSION_DESCRIPTORS = 6;

/** 50 to 125 Hz, 30 to 160 kHz, up to 2550 MHz, no timing formula. */
const RANGES = [0x32, 0x7d, 0x1e, 0xa0, 0xff, 0x01, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20];
const ESTABLISHED = [0x0a, 0x00, 0x40, 0x82, 0x00, 0x28, 0x20];
const NAME = 'QEMU Monitor\n';

/** @param preferred pixels; up to 4095 each way, which is what an EDID can say */
export function makeEdid(preferred: { width: number; height: number }): Uint8Array {
  const edid = new Uint8Array(EDID_BYTES);
  const width = Math.min(preferred.width, SIZE_LIMIT);
  const height = Math.min(preferred.height, SIZE_LIMIT);
  edid.set(HEAD);
  edid[0x15] = millimetres(width) / 10;
  edid[0x16] = millimetres(height) / 10;
  edid.set(detailedTiming(width, height), DETAILED);
  edid.set(descriptor(TAG_ESTABLISHED, ESTABLISHED), DETAILED + DESCRIPTOR);
  edid.set(descriptor(TAG_RANGES, RANGES), DETAILED + 2 * DESCRIPTOR);
  edid.set(descriptor(TAG_NAME, [...new TextEncoder().encode(NAME)]), DETAILED + 3 * DESCRIPTOR);
  edid[0x7e] = 1;
  edid.set(EXTENSION, BLOCK);
  for (let i = 0; i < EXTENSION_DESCRIPTORS; i++)
    edid.set(descriptor(TAG_DUMMY, []), BLOCK + EXTENSION.length + i * DESCRIPTOR);
  for (const block of [0, BLOCK]) {
    const sum = edid.subarray(block, block + BLOCK - 1).reduce((a, b) => a + b, 0);
    edid[block + BLOCK - 1] = -sum;
  }
  return edid;
}

const millimetres = (pixels: number): number => Math.floor((pixels * 254) / 10 / DPI);

/** A descriptor that is no timing (section 3.10.3). */
function descriptor(tag: number, data: readonly number[]): number[] {
  return [0, 0, 0, tag, 0, ...data].concat(Array(DESCRIPTOR).fill(0)).slice(0, DESCRIPTOR);
}

/** Section 3.10.2. Blanking, front porch and sync are parts of the picture's size. */
function detailedTiming(width: number, height: number): number[] {
  const part = (size: number, thousandths: number): number => Math.floor((size * thousandths) / 1000);
  const [hBlank, hFront, hSync] = [350, 250, 30].map((thousandths) => part(width, thousandths));
  const [vBlank, vFront, vSync] = [35, 5, 5].map((thousandths) => part(height, thousandths));
  const clock = Math.floor((REFRESH_HZ * (width + hBlank) * (height + vBlank)) / 10_000);
  const [across, down] = [millimetres(width), millimetres(height)];
  return [
    clock & 0xff,
    (clock >> 8) & 0xff,
    width & 0xff,
    hBlank & 0xff,
    ((width >> 8) << 4) | (hBlank >> 8),
    height & 0xff,
    vBlank & 0xff,
    ((height >> 8) << 4) | (vBlank >> 8),
    hFront & 0xff,
    hSync & 0xff,
    ((vFront & 15) << 4) | (vSync & 15),
    ((hFront >> 8) << 6) | ((hSync >> 8) << 4) | ((vFront >> 4) << 2) | (vSync >> 4),
    across & 0xff,
    down & 0xff,
    ((across >> 8) << 4) | (down >> 8),
    0,
    0,
    0x18,
  ];
}
