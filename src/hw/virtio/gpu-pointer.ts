/** Pointers of virtio-gpu (VIRTIO 1.2, section 5.7.6.10): 64 by 64 pixels, drawn over the picture. */
import type { PixelFormat, ScreenCursor } from '../../core/scanout.ts';
import type { GpuResource } from './gpu-resource.ts';
import * as W from './gpu-wire.ts';

const SIZE = 64;

/** Commands of the cursor's queue have this many bytes. */
export const POINTER_COMMAND_BYTES = W.HEADER_BYTES + 32;
const X = W.HEADER_BYTES + 4;
const Y = W.HEADER_BYTES + 8;
const RESOURCE = W.HEADER_BYTES + 16;

export interface GpuPointer extends ScreenCursor {
  /** The last command, of either kind, named a resource. One that is hidden keeps its shape. */
  visible: boolean;
  /** The command that makes it what and where it is, for a saved state. */
  command: Uint8Array;
}

/**
 * What an UPDATE_CURSOR or a MOVE_CURSOR makes of an output's pointer, as QEMU has it: resource 0 hides it in both, and a resource that is no pointer changes no shape.
 * @param resource looks one up
 */
export function pointerAfter(
  before: GpuPointer | null,
  command: Uint8Array<ArrayBuffer>,
  resource: (id: number) => GpuResource | null,
): GpuPointer | null {
  const view = new DataView(command.buffer);
  const [x, y] = [view.getInt32(X, true), view.getInt32(Y, true)];
  const id = view.getUint32(RESOURCE, true);
  const updates = view.getUint32(0, true) === W.GPU_CMD.UPDATE_CURSOR;
  const pixels = updates ? shapeOf(resource(id)) : null;
  if (pixels) return { x, y, width: SIZE, height: SIZE, pixels, visible: true, command };
  if (!before) return null;
  const moved = Uint8Array.from(before.command);
  moved.set(command.subarray(X, X + 8), X);
  return { ...before, x, y, visible: id !== 0, command: moved };
}

/** The MOVE_CURSOR that hides the pointer which a command has made, where that is. */
export function hideCommand(command: Uint8Array): Uint8Array {
  const hide = Uint8Array.from(command);
  const view = new DataView(hide.buffer);
  view.setUint32(0, W.GPU_CMD.MOVE_CURSOR, true);
  view.setUint32(RESOURCE, 0, true);
  return hide;
}

/** The pixels of a resource that is a pointer; null: it is none. */
function shapeOf(resource: GpuResource | null): Uint8ClampedArray<ArrayBuffer> | null {
  if (resource?.content.kind === '2d') {
    const { width, height, memory, pixels } = resource.content;
    return width === SIZE && height === SIZE ? rgba(memory.own, pixels) : null;
  }
  const size = SIZE * SIZE * W.PIXEL_BYTES;
  const backing = resource?.backing;
  if (!backing || Math.min(resource.content.size, backing.bytes) < size) return null;
  const bytes = new Uint8Array(size);
  backing.copy(0, bytes, 0, size);
  // Nothing says the format of a blob: it is Linux's for pointers.
  return rgba(bytes, 'rgb32');
}

/**
 * Colours, which the guest has multiplied by their alpha (Linux, "Plane Composition Properties"), as ImageData has them. Linux's pointers lie in resources whose
 * format names no alpha, and have one all the same, as QEMU takes it.
 */
function rgba(bytes: Uint8Array, format: PixelFormat): Uint8ClampedArray<ArrayBuffer> {
  const channels = W.CHANNELS[format]!;
  const out = new Uint8ClampedArray(bytes.length);
  for (let at = 0; at < bytes.length; at += W.PIXEL_BYTES) {
    const opacity = bytes[at + channels[3]];
    for (let i = 0; i < 3; i++) out[at + i] = opacity === 0 ? 0 : (bytes[at + channels[i]] * 255) / opacity;
    out[at + 3] = opacity;
  }
  return out;
}
