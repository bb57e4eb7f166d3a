/**
 * QEMU's ramfb: a frame buffer in the guest's RAM, which firmware names in the file `etc/ramfb` of fw_cfg. Specification: QEMU 7.2, hw/display/ramfb.c: 28 bytes,
 * big-endian: address (64 bits), format (a DRM fourcc), flags, width, height, stride (0: lines follow each other). What cannot be shown changes nothing.
 */
import { type PixelFormat, SCANOUT_BYTES_MAX, type Scanout } from '../../core/scanout.ts';
import type { Log } from '../../core/log.ts';
import type { DmaMemory } from '../../memory/guest-memory.ts';

export const RAMFB_FILE = 'etc/ramfb';
export const RAMFB_BYTES = 28;

const FORMATS: ReadonlyMap<number, { format: PixelFormat; bytes: number }> = new Map([
  [0x34325258, { format: 'rgb32', bytes: 4 }], // XR24
  [0x34325241, { format: 'rgb32', bytes: 4 }], // AR24
  [0x34324752, { format: 'rgb24', bytes: 3 }], // RG24
]);
const SIZE_MIN = 16;
const SIZE_MAX = 4096;
/** The dirty log is handed out in groups of 8 pages. */
const GROUP_BYTES = 0x8000;
/** The size of a screen that was never on. */
const OFF: Scanout = { kind: 'blank', width: 640, height: 480 };

export interface RamfbOptions {
  memory: DmaMemory;
  log: Log;
  /** The guest is in an exit: another part of the shared memory is shown, whole groups of 8 pages; 0 bytes: none. */
  watch(linear: number, bytes: number): void;
}

export class Ramfb {
  private readonly options: RamfbOptions;
  private shown = OFF;

  constructor(options: RamfbOptions) {
    this.options = options;
  }

  /** What is on the screen. */
  scanout(): Scanout {
    return this.shown;
  }

  /** The guest has written the file, or a part of it. */
  written(file: Uint8Array): void {
    const view = new DataView(file.buffer, file.byteOffset, RAMFB_BYTES);
    const address = Number(view.getBigUint64(0));
    const pixel = FORMATS.get(view.getUint32(8));
    const [width, height] = [view.getUint32(16), view.getUint32(20)];
    const sizes = [width, height];
    const bad = (what: string): void => this.options.log.guestError('ramfb', what);
    if (!pixel || Math.min(...sizes) < SIZE_MIN || Math.max(...sizes) > SIZE_MAX)
      return bad(`no picture of ${width} by ${height} in this format`);
    const lineBytes = width * pixel.bytes;
    const stride = view.getUint32(24) || lineBytes;
    const bytes = stride * (height - 1) + lineBytes;
    if (bytes > SCANOUT_BYTES_MAX - GROUP_BYTES) return bad(`a frame buffer of ${bytes} bytes`);
    const pixels = stride < lineBytes ? null : this.options.memory.view(address, bytes, true);
    if (!pixels || pixels.byteOffset % 4 !== 0 || stride % 4 !== 0)
      return bad(`a frame buffer that does not lie in RAM at 0x${address.toString(16)}`);
    const linear = pixels.byteOffset - (pixels.byteOffset % GROUP_BYTES);
    const start = pixels.byteOffset - linear;
    const size = Math.ceil((start + bytes) / GROUP_BYTES) * GROUP_BYTES;
    this.shown = {
      kind: 'graphics',
      width,
      height,
      memory: { linear, size },
      wrap: 2 ** Math.ceil(Math.log2(size)),
      format: pixel.format,
      lines: Uint32Array.from({ length: height }, (_, y) => start + y * stride),
      doubling: 0,
      panning: new Uint8Array(height),
      planes: 0,
      palette: new Uint32Array(256),
    };
    this.options.watch(linear, size);
  }

  reset(): void {
    if (this.shown === OFF) return;
    this.shown = OFF;
    this.options.watch(0, 0);
  }
}
