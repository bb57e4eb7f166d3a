/** Small pictures of what a door's machine last showed: one JPEG file of some 10 kB for each door, in a database of the gallery's own. */
import { createStore, entries, set, type UseStore } from 'idb-keyval';
import type { VmConsole } from '../../element/index.ts';
import { DOORS } from './doors.ts';

/** Pixels of a picture: those of a door's drawing. */
const WIDTH = 320;
const HEIGHT = 200;
const QUALITY = 0.82;

/** Rows of a terminal that a picture has room for; those in use are at the end. */
const ROWS = 20;
const COLUMNS = 64;

let store: UseStore | undefined;

const pictures = (): UseStore => {
  store ??= createStore('snowglobe-gallery', 'pictures');
  return store;
};

/** Pictures by the numbers of their doors; none where the browser keeps nothing. */
export async function keptSnapshots(): Promise<Map<number, Blob>> {
  try {
    const all = await entries<number, Blob>(pictures());
    return new Map(all.filter(([door, blob]) => door >= 1 && door <= DOORS && blob instanceof Blob));
  } catch {
    store = undefined;
    return new Map();
  }
}

export async function keepSnapshot(door: number, picture: Blob): Promise<void> {
  await set(door, picture, pictures()).catch(() => {
    store = undefined;
  });
}

/** What a console shows now, or null if there is nothing to be seen. */
export async function takeSnapshot(element: VmConsole): Promise<Blob | null> {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const drawing = canvas.getContext('2d')!;
  drawing.fillStyle = '#05080f';
  drawing.fillRect(0, 0, WIDTH, HEIGHT);
  if (element.view === 'screen' && element.screen) {
    const bitmap = await createImageBitmap(await element.screenshot());
    const scale = Math.min(WIDTH / bitmap.width, HEIGHT / bitmap.height);
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    drawing.imageSmoothingQuality = 'high';
    drawing.drawImage(bitmap, (WIDTH - width) / 2, (HEIGHT - height) / 2, width, height);
    bitmap.close();
  } else {
    const text = element.screenshotText();
    if (text.trim() === '') return null;
    drawText(drawing, text.split('\n'));
  }
  return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}

function drawText(drawing: OffscreenCanvasRenderingContext2D, lines: readonly string[]): void {
  const shown = lines.length > ROWS + 4 ? lines.slice(-ROWS) : lines;
  const columns = Math.min(Math.max(...shown.map((line) => line.length), COLUMNS), 100);
  const height = Math.min((HEIGHT - 12) / Math.max(shown.length, ROWS), 10);
  // A monospaced letter is about 0.6 times as wide as it is high.
  const size = Math.min(height / 1.15, (WIDTH - 16) / (columns * 0.602));
  drawing.font = `${size}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace`;
  drawing.textBaseline = 'top';
  drawing.fillStyle = '#d7e0ee';
  for (const [row, line] of shown.entries())
    drawing.fillText(line, 8, 6 + row * Math.max(height, size * 1.15));
}
