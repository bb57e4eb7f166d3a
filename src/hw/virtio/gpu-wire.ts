/** Commands, answers and formats of virtio-gpu as they are on the wire. Specification: VIRTIO 1.2, section 5.7; numbers are little-endian. */
import type { PixelFormat } from '../../core/scanout.ts';

/** Commands (5.7.6.7). */
export const GPU_CMD = {
  GET_DISPLAY_INFO: 0x0100,
  RESOURCE_CREATE_2D: 0x0101,
  RESOURCE_UNREF: 0x0102,
  SET_SCANOUT: 0x0103,
  RESOURCE_FLUSH: 0x0104,
  TRANSFER_TO_HOST_2D: 0x0105,
  RESOURCE_ATTACH_BACKING: 0x0106,
  RESOURCE_DETACH_BACKING: 0x0107,
  GET_EDID: 0x010a,
  RESOURCE_ASSIGN_UUID: 0x010b,
  RESOURCE_CREATE_BLOB: 0x010c,
  SET_SCANOUT_BLOB: 0x010d,
  UPDATE_CURSOR: 0x0300,
  MOVE_CURSOR: 0x0301,
} as const;

/** Answers. */
export const GPU_OK = {
  NODATA: 0x1100,
  DISPLAY_INFO: 0x1101,
  EDID: 0x1104,
  RESOURCE_UUID: 0x1105,
} as const;
export const GPU_ERROR = {
  UNSPEC: 0x1200,
  OUT_OF_MEMORY: 0x1201,
  INVALID_SCANOUT_ID: 0x1202,
  INVALID_RESOURCE_ID: 0x1203,
  INVALID_PARAMETER: 0x1205,
} as const;

export const FLAG_FENCE = 1;
export const HEADER_BYTES = 24;
/** A command without the entries of a backing (5.7.6.8): the largest is SET_SCANOUT_BLOB. */
export const COMMAND_MAX = HEADER_BYTES + 72;
/** Each entry of a backing: address, length, padding. */
export const ENTRY_BYTES = 16;

/** Memory of a blob (5.7.6.8): that of the guest. */
export const BLOB_MEM_GUEST = 1;

/** Pixels of all formats (5.7.6.8) have four bytes. Alpha counts in pointers only. */
export const PIXEL_BYTES = 4;
export const GPU_FORMATS: ReadonlyMap<number, PixelFormat> = new Map([
  [1, 'rgb32'], // B8G8R8A8
  [2, 'rgb32'], // B8G8R8X8
  [3, 'xrgb'], // A8R8G8B8
  [4, 'xrgb'], // X8R8G8B8
  [67, 'rgbx'], // R8G8B8A8
  [68, 'xbgr'], // X8B8G8R8
  [121, 'xbgr'], // A8B8G8R8
  [134, 'rgbx'], // R8G8B8X8
]);

/** Where red, green, blue and alpha are in the bytes of a pixel. */
export const CHANNELS: Readonly<Partial<Record<PixelFormat, readonly [number, number, number, number]>>> = {
  rgb32: [2, 1, 0, 3],
  rgbx: [0, 1, 2, 3],
  xrgb: [1, 2, 3, 0],
  xbgr: [3, 2, 1, 0],
};

/** In pixels. */
export interface GpuRect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** struct virtio_gpu_rect. */
export function readRect(view: DataView, at: number): GpuRect {
  const word = (index: number): number => view.getUint32(at + 4 * index, true);
  return { x: word(0), y: word(1), width: word(2), height: word(3) };
}

/** Whether a rectangle lies within a picture of this size. Numbers have 32 bits, so that nothing overflows. */
export const liesWithin = (rect: GpuRect, width: number, height: number): boolean =>
  rect.x + rect.width <= width && rect.y + rect.height <= height;

/** What two rectangles share; null: nothing. */
export function intersection(a: GpuRect, b: GpuRect): GpuRect | null {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}
