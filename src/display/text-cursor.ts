/** The blinking cursor of a text mode: an element over the picture, so that blinking draws no picture. */
import type { Scanout, TextScanout } from '../core/scanout.ts';
import type { Output } from './renderer.ts';

/** From left and top up to, not including, right and bottom, in the guest's pixels. */
export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What the cursor covers of the picture; null: it is not to be seen. */
export function cursorRectangle(scanout: Scanout): Rectangle | null {
  if (scanout.kind !== 'text' || !scanout.cursor) return null;
  const { cursor, columns, wrap, cellWidth } = scanout;
  for (let row = 0; row < scanout.rows; row++) {
    const cell = (cursor.address - scanout.lines[row] + wrap) % wrap;
    if (cell >= (columns + 1) * 4) continue;
    const start = (cell / 4) * cellWidth - scanout.panning[row];
    const first = scanout.tops[row] - scanout.firsts[row];
    const rectangle = {
      left: Math.max(start, 0),
      top: Math.max(first + cursor.first, scanout.tops[row]),
      right: Math.min(start + cellWidth, scanout.width),
      bottom: Math.min(first + cursor.last + 1, scanout.tops[row + 1], scanout.height),
    };
    // Past the end of this row, it may be at the start of the next.
    if (rectangle.left < rectangle.right && rectangle.top < rectangle.bottom) return rectangle;
  }
  return null;
}

export class TextCursor {
  readonly element: HTMLDivElement = document.createElement('div');
  private placed = '';

  constructor() {
    this.element.className = 'cursor';
    this.element.hidden = true;
  }

  /**
   * Puts it where the picture has it, in the colour of its character.
   * @param shared all of the machine's memory
   */
  place(scanout: TextScanout, shared: Uint8Array, output: Output): void {
    const rectangle = cursorRectangle(scanout);
    this.element.hidden = rectangle === null;
    if (!rectangle || !scanout.cursor) return;
    const { linear } = scanout.memory;
    const style = shared[linear + ((scanout.cursor.address + 1) & (scanout.wrap - 1))];
    const color = scanout.palette[style & 15];
    // Where the guest's pixels begin on the display, as percentages of the picture.
    const across = (x: number): number => Math.ceil((x * output.width) / scanout.width - 0.5) / output.width;
    const down = (y: number): number => Math.ceil((y * output.height) / scanout.height - 0.5) / output.height;
    const [left, top] = [across(rectangle.left), down(rectangle.top)];
    const [width, height] = [across(rectangle.right) - left, down(rectangle.bottom) - top];
    const percent = (share: number): string => `${share * 100}%`;
    const css =
      `left:${percent(left)};top:${percent(top)};width:${percent(width)};height:${percent(height)};` +
      `background:rgb(${color & 255} ${(color >> 8) & 255} ${(color >> 16) & 255})`;
    if (css === this.placed) return;
    this.placed = css;
    const { opacity } = this.element.style;
    this.element.style.cssText = `position:absolute;pointer-events:none;will-change:opacity;opacity:${opacity};${css}`;
  }

  hide(): void {
    // An attribute that is set again costs again.
    if (!this.element.hidden) this.element.hidden = true;
  }

  light(lit: boolean): void {
    this.element.style.opacity = lit ? '1' : '0';
  }
}
