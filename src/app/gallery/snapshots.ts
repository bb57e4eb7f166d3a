/** Small pictures of what a door's machine last showed: one JPEG file of some 10 kB for each door, in a database of the gallery's own. */
import { createStore, entries, set, type UseStore } from 'idb-keyval';
import type { VmConsole } from '../../element/index.ts';
import { DOORS } from './doors.ts';

/** Pixels of a picture: those of a door's drawing. */
const WIDTH = 320;
const HEIGHT = 200;
const QUALITY = 0.82;

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
  const onScreen = element.view === 'screen' && element.screen;
  const canvas = onScreen
    ? await screenPicture(await element.screenshot())
    : element.terminalPicture(WIDTH, HEIGHT);
  return canvas?.convertToBlob({ type: 'image/jpeg', quality: QUALITY }) ?? null;
}

/** Whether an area of pixels is of one colour, but for what a cursor takes. */
export function isPlain(pixels: Uint32Array): boolean {
  const ground = pixels[pixels.length >> 1];
  let others = 0;
  for (const pixel of pixels) if (pixel !== ground) others++;
  return others <= pixels.length / 1000;
}

/** A screenshot, made small; null if it is of one colour. */
async function screenPicture(screenshot: Blob): Promise<OffscreenCanvas | null> {
  const bitmap = await createImageBitmap(screenshot);
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const drawing = canvas.getContext('2d', { willReadFrequently: true })!;
  drawing.fillStyle = '#05080f';
  drawing.fillRect(0, 0, WIDTH, HEIGHT);
  const scale = Math.min(WIDTH / bitmap.width, HEIGHT / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  drawing.imageSmoothingQuality = 'high';
  const [left, top] = [(WIDTH - width) / 2, (HEIGHT - height) / 2];
  drawing.drawImage(bitmap, left, top, width, height);
  bitmap.close();
  // Whole pixels of the screenshot alone, without what is beside it.
  const [x, y] = [Math.ceil(left), Math.ceil(top)];
  const [right, bottom] = [Math.floor(left + width), Math.floor(top + height)];
  const { data } = drawing.getImageData(x, y, Math.max(1, right - x), Math.max(1, bottom - y));
  if (isPlain(new Uint32Array(data.buffer))) return null;
  return canvas;
}
