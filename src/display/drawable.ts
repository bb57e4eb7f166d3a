/** Pictures that can be drawn. */
import { SCANOUT_BYTES_MAX, type Scanout } from '../core/scanout.ts';

/** Pictures that are larger, pixels, are no screens; every WebGPU has textures and buffers of that size. */
const SIZE_LIMIT = 4096;

/** A mode that no screen has, or whose memory is larger than any picture's, is shown as nothing, within the limit: what was shown before it is not there any more. */
export function drawable(scanout: Scanout): Scanout {
  const { width, height } = scanout;
  const bytes = scanout.kind === 'blank' ? 0 : scanout.memory.size;
  if (width <= SIZE_LIMIT && height <= SIZE_LIMIT && bytes <= SCANOUT_BYTES_MAX) return scanout;
  return { kind: 'blank', width: Math.min(width, SIZE_LIMIT), height: Math.min(height, SIZE_LIMIT) };
}
