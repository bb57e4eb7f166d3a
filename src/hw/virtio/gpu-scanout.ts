import type { GraphicsScanout, PageRun, PixelFormat, Scanout, ScanoutMemory } from '../../core/scanout.ts';
import { type GpuRect, intersection, PIXEL_BYTES } from './gpu-wire.ts';

const PAGE = 4096;
/** Damages that are kept apart; of more it is the range that has them all. */
const RUNS_MAX = 32;

/** What a scan-out is given to show: a rectangle of a resource whose first pixel is the memory's first byte. */
export interface GpuPicture {
  resource: number;
  rect: GpuRect;
  memory: ScanoutMemory;
  /** Address of the rectangle's first pixel. */
  start: number;
  /** Bytes from one line to the next, a multiple of 4. */
  stride: number;
  format: PixelFormat;
  /** The command that showed it, for a saved state. */
  command: Uint8Array;
}

/** One of a virtio-gpu's scan-outs: what it shows, and what of that changed. */
export class GpuScanout {
  /** Null: it is off. */
  picture: GpuPicture | null = null;
  private shown: Scanout;
  private runs: PageRun[] = [];

  /** @param size of the screen while it is off */
  constructor(size: { width: number; height: number }) {
    this.shown = { kind: 'blank', ...size };
  }

  get scanout(): Scanout {
    return this.shown;
  }

  show(picture: GpuPicture): void {
    const { memory, format, rect, start, stride } = picture;
    this.picture = picture;
    this.shown = {
      kind: 'graphics',
      width: rect.width,
      height: rect.height,
      memory,
      wrap: 2 ** Math.max(Math.ceil(Math.log2(memory.size)), 12),
      format,
      lines: Uint32Array.from({ length: rect.height }, (_, y) => start + y * stride),
      doubling: 0,
      panning: new Uint8Array(rect.height),
      planes: 0,
      palette: PALETTE,
    } satisfies GraphicsScanout;
    // It may have been another picture's turn meanwhile.
    this.runs = [{ first: 0, count: Math.ceil(memory.size / PAGE) }];
  }

  /** Nothing more, in the size that it had, or in another one. */
  off({ width, height }: { width: number; height: number } = this.shown): void {
    this.picture = null;
    this.shown = { kind: 'blank', width, height };
    this.runs = [{ first: 0, count: 1 }];
  }

  /** A rectangle of the resource is another one. @returns whether any of it is seen */
  damage(rect: GpuRect): boolean {
    const { picture } = this;
    const seen = picture && intersection(rect, picture.rect);
    if (!seen) return false;
    const first =
      picture.start + (seen.y - picture.rect.y) * picture.stride + (seen.x - picture.rect.x) * PIXEL_BYTES;
    const end = first + (seen.height - 1) * picture.stride + seen.width * PIXEL_BYTES;
    const page = Math.floor(first / PAGE);
    this.runs.push({ first: page, count: Math.ceil(end / PAGE) - page });
    if (this.runs.length > RUNS_MAX) {
      const from = Math.min(...this.runs.map((run) => run.first));
      const to = Math.max(...this.runs.map((run) => run.first + run.count));
      this.runs = [{ first: from, count: to - from }];
    }
    return true;
  }

  /** Pages of the memory that changed since the last call. */
  take(): PageRun[] {
    const { runs } = this;
    this.runs = [];
    // In ascending order, and none twice.
    runs.sort((a, b) => a.first - b.first);
    const joined: PageRun[] = [];
    for (const { first, count } of runs) {
      const last = joined.at(-1);
      if (last && first <= last.first + last.count)
        last.count = Math.max(last.count, first + count - last.first);
      else joined.push({ first, count });
    }
    return joined;
  }
}

/** No format has one. */
const PALETTE = new Uint32Array(256);
