/** The pointer that a graphics device draws over its picture: a canvas of its own, so that moving it draws no picture. */
import type { ScreenCursor } from '../core/scanout.ts';

export class PointerLayer {
  /** Clips a pointer that is partly outside. */
  readonly element: HTMLDivElement = document.createElement('div');
  /** Null: there has been no pointer yet. */
  private canvas: HTMLCanvasElement | null = null;
  private drawn: ScreenCursor['pixels'] | null = null;
  private placed = '';

  constructor() {
    this.element.className = 'pointer';
    this.element.hidden = true;
    this.element.style.cssText = 'position:absolute;inset:0;overflow:hidden;pointer-events:none';
  }

  /**
   * Puts it where the guest has it; null: there is none.
   * @param picture size of the picture, in the guest's pixels
   */
  place(cursor: ScreenCursor | null, picture: { width: number; height: number }): void {
    // An attribute that is set again costs again.
    if (this.element.hidden !== (cursor === null)) this.element.hidden = cursor === null;
    if (!cursor) return;
    const { x, y, width, height, pixels } = cursor;
    this.canvas ??= this.element.appendChild(document.createElement('canvas'));
    if (pixels !== this.drawn) {
      this.drawn = pixels;
      Object.assign(this.canvas, { width, height });
      this.canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
    }
    const percent = (share: number): string => `${share * 100}%`;
    const css =
      `position:absolute;left:${percent(x / picture.width)};top:${percent(y / picture.height)};` +
      `width:${percent(width / picture.width)};height:${percent(height / picture.height)}`;
    if (css === this.placed) return;
    this.placed = css;
    this.canvas.style.cssText = css;
  }
}
