import type {
  KeyboardLayout,
  PointerInput,
  TouchInput,
  TypeOptions,
  Unsubscribe,
  VmInput,
} from '../core/vm-api.ts';
import { type Stroke, strokesFor } from '../hw/input/layouts.ts';
import type { BoardInput } from './board.ts';

/**
 * From one key of a text that is being typed to the next, ms. What a guest's kernel has read its programs have not: Linux keeps 64 events for a reader (evdev), 16
 * keys or 8 with Shift, and drops all of them if there are more.
 */
const PACE_MS = 16;
/** How often a text that is being typed looks whether the guest has read what was typed, ms. */
const LOOK_MS = 5;
/** A guest that reads no key this long reads none, ms. */
const PATIENCE_MS = 5000;

/** Keyboard and mouse of a machine, whether or not it has them just now. */
export class InputPort implements VmInput {
  private readonly board: () => BoardInput | undefined;
  private readonly listeners = new Set<(lit: number) => void>();
  /** Texts are typed one after the other. */
  private typing: Promise<unknown> = Promise.resolve();
  /** When the next key of a text may be pressed: a time of `performance.now()`. */
  private next = 0;
  private disposed = false;

  /** @param board the running board's end */
  constructor(board: () => BoardInput | undefined) {
    this.board = board;
  }

  get absolute(): boolean {
    return this.board()?.absolute ?? false;
  }

  key(code: string, down: boolean): boolean {
    return this.board()?.keyboard.key(code, down) ?? false;
  }

  releaseKeys(): void {
    this.board()?.keyboard.releaseAll();
  }

  press(codes: readonly string[]): void {
    for (const code of codes) this.key(code, true);
    for (const code of codes.toReversed()) this.key(code, false);
  }

  pointer(event: PointerInput): void {
    this.board()?.pointer(event);
  }

  touch(fingers: readonly TouchInput[]): void {
    this.board()?.touch?.(fingers);
  }

  get multitouch(): boolean {
    return this.board()?.multitouch ?? false;
  }

  type(
    text: string,
    layout: KeyboardLayout = 'us',
    { signal, onProgress, held = [] }: TypeOptions = {},
  ): Promise<{ missing: string[]; done: boolean }> {
    const { strokes, missing } = strokesFor(text, layout);
    const typed = this.typing.then(async () => {
      let count = 0;
      for (const stroke of strokes) {
        if (signal?.aborted || !(await this.idle()) || signal?.aborted) return { missing, done: false };
        this.press([...new Set([...held, ...keysOf(stroke)])]);
        this.next = performance.now() + PACE_MS;
        onProgress?.(++count, strokes.length);
      }
      return { missing, done: true };
    });
    // A listener that throws ends its own text only.
    this.typing = typed.catch(() => {});
    return typed;
  }

  /** Waits until the guest has read every key, and had the time to do something with it; false: it does not read them. */
  private async idle(): Promise<boolean> {
    const early = this.next - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
      const board = this.board();
      if (!board || this.disposed) return false;
      if (board.keyboard.idle) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  /** The keyboard's lamps are other ones. */
  leds(lit: number): void {
    for (const listener of this.listeners) listener(lit);
  }

  onLeds(listener: (lit: number) => void): Unsubscribe {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  dispose(): void {
    this.disposed = true;
    this.listeners.clear();
  }
}

function keysOf({ key, shift, altGr }: Stroke): string[] {
  return [...(shift ? ['ShiftLeft'] : []), ...(altGr ? ['AltRight'] : []), key];
}
