/** Resources of virtio-gpu, and how much of the host's memory they may take. Specification: VIRTIO 1.2, section 5.7. */
import type { PixelFormat, ScanoutMemory } from '../../core/scanout.ts';
import type { GpuBacking } from './gpu-backing.ts';
import { GPU_FORMATS, type GpuRect, PIXEL_BYTES } from './gpu-wire.ts';

/** A picture that the host keeps; the guest transfers rectangles of its backing to it. */
export interface Image2d {
  kind: '2d';
  /** Number on the wire. */
  format: number;
  pixels: PixelFormat;
  width: number;
  height: number;
  /** Bytes of a line. */
  stride: number;
  memory: ScanoutMemory & { own: Uint8Array };
}

/** The guest's own memory, which is shown as it is. */
export interface Blob {
  kind: 'blob';
  size: number;
}

export interface GpuResource {
  readonly id: number;
  readonly content: Image2d | Blob;
  backing: GpuBacking | null;
  /** The commands that created it and gave it its backing, for a saved state. */
  readonly created: Uint8Array;
  attached: Uint8Array | null;
  uuid: Uint8Array | null;
}

/** What a resource takes of the host's memory beside its pixels, and each piece of its backing: so many small ones are not free either. */
const RESOURCE_COST = 4096;
const PIECE_COST = 64;

export class GpuResources {
  private readonly all = new Map<number, GpuResource>();
  private readonly limit: number;
  private used = 0;

  /** @param limit bytes of the host's memory */
  constructor(limit: number) {
    this.limit = limit;
  }

  get(id: number): GpuResource | null {
    return this.all.get(id) ?? null;
  }

  [Symbol.iterator](): IterableIterator<GpuResource> {
    return this.all.values();
  }

  /** @returns null if there is not enough memory */
  create2d(
    id: number,
    format: number,
    width: number,
    height: number,
    created: Uint8Array,
  ): GpuResource | null {
    const stride = width * PIXEL_BYTES;
    const size = stride * height;
    if (!this.take(RESOURCE_COST + size)) return null;
    let own: Uint8Array;
    try {
      own = new Uint8Array(size);
    } catch {
      this.used -= RESOURCE_COST + size;
      return null;
    }
    const pixels = GPU_FORMATS.get(format)!;
    const memory = { linear: 0, size, own };
    return this.add(id, { kind: '2d', format, pixels, width, height, stride, memory }, created);
  }

  /** @returns null if there is not enough memory */
  createBlob(id: number, size: number, created: Uint8Array): GpuResource | null {
    return this.take(RESOURCE_COST) ? this.add(id, { kind: 'blob', size }, created) : null;
  }

  private add(id: number, content: Image2d | Blob, created: Uint8Array): GpuResource {
    const resource: GpuResource = { id, content, backing: null, created, attached: null, uuid: null };
    this.all.set(id, resource);
    return resource;
  }

  /** @returns false if there is not enough memory */
  attach(resource: GpuResource, backing: GpuBacking, command: Uint8Array): boolean {
    if (!this.take(backing.entries * PIECE_COST)) return false;
    resource.backing = backing;
    resource.attached = command;
    return true;
  }

  detach(resource: GpuResource): void {
    this.used -= (resource.backing?.entries ?? 0) * PIECE_COST;
    resource.backing = null;
    resource.attached = null;
  }

  delete(resource: GpuResource): void {
    this.detach(resource);
    const { content } = resource;
    this.used -= RESOURCE_COST + (content.kind === '2d' ? content.memory.size : 0);
    this.all.delete(resource.id);
  }

  clear(): void {
    this.all.clear();
    this.used = 0;
  }

  private take(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false;
    this.used += bytes;
    return true;
  }
}

/** Copies a rectangle from the guest's memory, whose lines lie as far apart as the picture's, the rectangle's first at `offset` (5.7.6.8). */
export function transfer(image: Image2d, backing: GpuBacking, rect: GpuRect, offset: number): void {
  const { stride, memory } = image;
  const start = rect.y * stride + rect.x * PIXEL_BYTES;
  if (rect.width === image.width) {
    backing.copy(offset, memory.own, start, rect.height * stride);
    return;
  }
  for (let line = 0; line < rect.height; line++) {
    const at = line * stride;
    backing.copy(offset + at, memory.own, start + at, rect.width * PIXEL_BYTES);
  }
}
