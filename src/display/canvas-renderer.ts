import { decodeScanout } from './decode.ts';
import type { Drawing, Output, Renderer } from './renderer.ts';

/** Draws with the processor into a 2D canvas: for browsers without WebGPU. */
export class CanvasRenderer implements Renderer {
  readonly kind = 'canvas';
  readonly canvas: HTMLCanvasElement = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d', { alpha: false });
  private image: ImageData | null = null;

  /** The browser scales the canvas. */
  scale(output: Output | null): void {
    this.canvas.style.imageRendering = output?.hard ? 'pixelated' : 'auto';
  }

  /** Each drawing reads the memory itself. */
  forget(): void {}

  draw({ scanout, shared, phase, lines }: Drawing): void {
    const { width, height } = scanout;
    if (this.image?.width !== width || this.image.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = new ImageData(width, height);
      lines = null;
    }
    const { top, bottom } = lines ?? { top: 0, bottom: height };
    // ImageData takes no shared memory, so its own is what is decoded into.
    decodeScanout(scanout, shared, phase, new Uint32Array(this.image.data.buffer), top, bottom);
    this.context?.putImageData(this.image, 0, 0, 0, top, width, bottom - top);
  }

  idle(): Promise<unknown> {
    return Promise.resolve();
  }

  async readPixels(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    return new Uint8ClampedArray(this.image?.data ?? []);
  }

  readCanvas(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    return this.readPixels();
  }

  dispose(): void {
    this.image = null;
  }
}
