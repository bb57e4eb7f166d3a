/** What draws scan-outs onto a canvas: WebGPU (webgpu-renderer.ts), or a 2D context where that is missing (canvas-renderer.ts). */
import type { PageRun, Scanout } from '../core/scanout.ts';
import type { BlinkPhase } from './blink.ts';
import type { LineRange } from './dirty-lines.ts';

export interface Drawing {
  scanout: Exclude<Scanout, { kind: 'blank' }> | Extract<Scanout, { kind: 'blank' }>;
  /** All of the machine's memory. */
  shared: Uint8Array;
  /** lineTable() of the scan-out; empty for a blank one. Another array whenever the scan-out is another one. */
  table: Uint32Array<ArrayBuffer>;
  phase: BlinkPhase;
  /** Pages that changed since the last drawing. */
  runs: readonly PageRun[];
  /** Lines to be drawn again; null: all of them, and the memory is another one. */
  lines: LineRange | null;
}

/** How large the picture is on the page. */
export interface Output {
  /** In pixels of the display. */
  width: number;
  height: number;
  /** Hard edges between the guest's pixels; otherwise what lies on an edge is mixed. */
  hard: boolean;
}

export interface Renderer {
  readonly kind: 'webgpu' | 'canvas';
  readonly canvas: HTMLCanvasElement;
  /** Scales from the next drawing on; null: to the guest's own size. A renderer that cannot leaves it to the browser. */
  scale(output: Output | null): void;
  /** What the memory holds is not what the drawings have said up to now: it is another machine's. */
  forget(): void;
  draw(drawing: Drawing): void;
  /** Resolves when what was drawn is done: whoever draws faster only makes a queue. */
  idle(): Promise<unknown>;
  /** The pixels that were drawn last, RGBA, in the guest's size. */
  readPixels(): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /** What the canvas shows of them, RGBA, in the canvas's size. */
  readCanvas(): Promise<Uint8ClampedArray<ArrayBuffer>>;
  dispose(): void;
}
