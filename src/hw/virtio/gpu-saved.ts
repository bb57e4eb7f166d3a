/** Parts of a virtio-gpu's saved state: the commands that make it so. */
import * as W from './gpu-wire.ts';

/** Parts one behind the other, as a saved state has bytes. */
export function joined(parts: readonly Uint8Array[]): number[] {
  const bytes = new Array<number>(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) bytes[at++] = part[i];
  return bytes;
}

/** Little-endian. */
export const toWords = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** The RESOURCE_DETACH_BACKING of a resource. */
export function detachCommand(id: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(W.HEADER_BYTES + 8));
  view.setUint32(0, W.GPU_CMD.RESOURCE_DETACH_BACKING, true);
  view.setUint32(W.HEADER_BYTES, id, true);
  return new Uint8Array(view.buffer);
}
