/** A machine's screen on a page: follows its changes, draws them once per frame at most, blinks, recovers. */
import type { PageRun, Scanout, VmScreen } from '../core/scanout.ts';
import { ALL_LIT, BLINK_MS, type BlinkPhase, blinkPhase } from './blink.ts';
import { CanvasRenderer } from './canvas-renderer.ts';
import { decodeScanout } from './decode.ts';
import { drawable } from './drawable.ts';
import { type LineRange, linesOfPages, sameScanout } from './dirty-lines.ts';
import { lineTable } from './line-table.ts';
import { PointerLayer } from './pointer-layer.ts';
import type { Output, Renderer } from './renderer.ts';
import { TextCursor } from './text-cursor.ts';
import { WebGpuRenderer } from './webgpu-renderer.ts';

/** Devices that may be lost one after the other before the view gives WebGPU up. */
const RECOVERIES = 3;
/** Frames whose times are kept. */
const KEPT_TIMES = 100;
const FIRST_SIZE = { width: 720, height: 400 };

export interface ScreenViewListener {
  /** The picture has another size, or another renderer draws it, on another canvas. `problem` says why it is not WebGPU. */
  changed?(view: { width: number; height: number; renderer: Renderer['kind']; problem: string | null }): void;
  /** Something was drawn. */
  drawn?(scanout: Scanout): void;
}

/** What drawing took, since the view was made; times in ms. */
export interface ScreenFigures {
  frames: number;
  /** On the page's own thread, each of the last hundred frames. */
  main: number[];
  /** The same of each of the last hundred changes of what blinks. */
  blinks: number[];
  /** Waiting for the vCPU to hand over the dirty log. */
  answer: number;
  /** Waiting for what was drawn before. */
  device: number;
}

export class ScreenView {
  readonly figures: ScreenFigures = { frames: 0, main: [], blinks: [], answer: 0, device: 0 };
  /** Holds the canvas of the moment. */
  readonly element: HTMLDivElement = document.createElement('div');
  private readonly listener: ScreenViewListener;
  private renderer: Renderer | null = null;
  private making: Promise<void> | null = null;
  private problem: string | null = null;
  private recoveries = RECOVERIES;
  private screen: VmScreen | null = null;
  private detach: (() => void) | null = null;
  private shown: Scanout | null = null;
  private table = new Uint32Array();
  private phase: BlinkPhase = ALL_LIT;
  /** Nothing blinks, and the cursor is part of the picture. */
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private readonly stillChanged = (): void => {
    this.phase = ALL_LIT;
    this.redraw();
  };
  private readonly cursor = new TextCursor();
  private readonly pointer = new PointerLayer();
  private blinkTimer: ReturnType<typeof setTimeout> | undefined;
  /** The frame that is being waited for. */
  private frame: Promise<void> | null = null;
  /** Begins it without an animation frame. */
  private begin: ((_: unknown) => void) | null = null;
  /** Something changed meanwhile. */
  private again = false;
  private wanted: Output | null = null;
  private disposed = false;
  /** Everything has to be drawn again. */
  private stale = true;

  constructor(listener: ScreenViewListener = {}) {
    this.listener = listener;
    this.element.className = 'picture';
    this.still.addEventListener('change', this.stillChanged);
  }

  /** The size of the picture in the guest's pixels. */
  get size(): { width: number; height: number } {
    const { width, height } = this.shown ?? FIRST_SIZE;
    return { width, height };
  }

  get rendererKind(): Renderer['kind'] | null {
    return this.renderer?.kind ?? null;
  }

  /** Shows another machine's screen, or none. */
  show(screen: VmScreen | null): void {
    this.detach?.();
    this.screen = screen;
    this.detach = screen?.onChange(() => this.ask()) ?? null;
    this.stale = true;
    this.shown = null;
    this.renderer?.forget();
    this.ask();
  }

  /** How large the picture is on the page; null: as large as the guest's own. */
  get output(): Output | null {
    return this.wanted;
  }

  set output(output: Output | null) {
    const { wanted } = this;
    if (output?.width === wanted?.width && output?.height === wanted?.height && output?.hard === wanted?.hard)
      return;
    this.wanted = output;
    this.renderer?.scale(output);
    this.redraw();
  }

  /** Everything again, with the next frame. */
  redraw(): void {
    this.stale = true;
    this.ask();
  }

  /** Draws what is new with the next animation frame. */
  private ask(): void {
    if (this.disposed || !this.screen) return;
    if (this.frame) {
      // What this was asked for may be newer than what is about to be drawn.
      this.again = true;
      return;
    }
    this.again = false;
    this.frame = this.next(this.screen).finally(() => {
      this.frame = null;
      if (this.again) this.ask();
    });
  }

  /**
   * One frame. The vCPU is asked for its log at once, so that the answer is there when the frame begins: what is drawn is at least as new as that. Frames that
   * come faster than they can be drawn are dropped here: the next one has all that is new.
   */
  private async next(screen: VmScreen): Promise<void> {
    const start = performance.now();
    this.making ??= this.make();
    const answer = screen.frame();
    const device = this.making.then(() => this.renderer?.idle());
    const beginning = new Promise<unknown>((resolve) => {
      this.begin = resolve;
      // Another window than the page's may show the picture, and the page's has no frames while it is hidden.
      (this.element.ownerDocument.defaultView ?? window).requestAnimationFrame(resolve);
    });
    const [runs] = await Promise.all([
      answer.then((pages) => this.took('answer', start, pages)),
      device.then(() => this.took('device', start, null)),
      beginning,
    ]);
    if (this.disposed || screen !== this.screen) return;
    this.begin = null;
    this.timed(this.figures.main, () => {
      const before = this.figures.frames;
      this.draw(runs);
      return this.figures.frames > before;
    });
  }

  /** Notes what some work took, unless it says that there was none. */
  private timed(times: number[], work: () => boolean): void {
    const start = performance.now();
    if (!work()) return;
    times.push(performance.now() - start);
    if (times.length > KEPT_TIMES) times.shift();
  }

  private took<T>(what: 'answer' | 'device', start: number, value: T): T {
    this.figures[what] += performance.now() - start;
    return value;
  }

  /** Waits until what the guest has written up to now is on the canvas; also in a hidden tab, which has no animation frames. */
  async settle(): Promise<void> {
    // The frame that is under way may have asked the vCPU before.
    for (let frames = 0; frames < 2; frames++) {
      this.ask();
      this.begin?.(null);
      await this.frame;
    }
  }

  private draw(runs: readonly PageRun[]): void {
    const { screen, renderer } = this;
    const shared = screen?.memory;
    if (!shared || !renderer) return;
    const scanout = drawable(screen.scanout());
    const sized = this.shown?.width !== scanout.width || this.shown.height !== scanout.height;
    if (this.stale || !sameScanout(this.shown, scanout)) {
      this.table = scanout.kind === 'blank' ? new Uint32Array() : lineTable(scanout);
      this.shown = scanout;
      if (sized) this.announce();
      this.render(shared, runs, null);
      this.stale = false;
    } else {
      const lines = linesOfPages(scanout, this.table, runs);
      // Pages that are not shown go to the mirror all the same: they may be shown later.
      if (lines || runs.length > 0) this.render(shared, runs, lines ?? { top: 0, bottom: 0 });
    }
    if (scanout.kind === 'text' && !this.still.matches)
      this.cursor.place(scanout, shared, this.wanted ?? { ...this.size, hard: true });
    else this.cursor.hide();
    const pointer = scanout.kind === 'graphics' ? (screen.cursor?.() ?? null) : null;
    this.pointer.place(pointer, scanout);
    // One pointer is enough: the guest's follows the other one.
    this.element.style.cursor = pointer ? 'none' : '';
    this.listener.drawn?.(scanout);
    this.blink();
  }

  private render(shared: Uint8Array, runs: readonly PageRun[], lines: LineRange | null): void {
    this.figures.frames++;
    const phase = { text: this.phase.text, cursor: this.still.matches };
    this.renderer?.draw({ scanout: this.shown!, shared, table: this.table, phase, runs, lines });
  }

  /** Lights the cursor or not, and draws a picture with blinking characters again, at each change of their phase. */
  private blink(): void {
    if (this.blinkTimer !== undefined) return;
    const scanout = this.shown;
    if (this.still.matches || scanout?.kind !== 'text' || (!scanout.cursor && !scanout.blinking)) return;
    const now = performance.now();
    this.blinkTimer = setTimeout(
      () => {
        this.blinkTimer = undefined;
        this.timed(this.figures.blinks, () => this.blinkNow());
      },
      BLINK_MS - (now % BLINK_MS),
    );
  }

  /** Whether anything blinks. */
  private blinkNow(): boolean {
    const shared = this.screen?.memory;
    const scanout = this.shown;
    if (this.disposed || !shared || scanout?.kind !== 'text') return false;
    if (this.still.matches) return false;
    const before = this.phase;
    this.phase = blinkPhase(performance.now());
    if (!this.element.ownerDocument.hidden) {
      if (before.cursor !== this.phase.cursor) this.cursor.light(this.phase.cursor);
      if (scanout.blinking && before.text !== this.phase.text && hasBlinking(scanout, shared))
        this.render(shared, [], { top: 0, bottom: scanout.height });
    }
    this.blink();
    return true;
  }

  private async make(): Promise<void> {
    let renderer: Renderer;
    try {
      if (this.recoveries < 0) throw new Error('the graphics device was lost again and again');
      const gpu = await WebGpuRenderer.create();
      void gpu.lost.then(() => this.recover());
      renderer = gpu;
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      renderer = new CanvasRenderer();
    }
    if (this.disposed) {
      renderer.dispose();
      return;
    }
    this.renderer = renderer;
    renderer.scale(this.wanted);
    this.stale = true;
    this.element.replaceChildren(renderer.canvas, this.cursor.element, this.pointer.element);
    this.announce();
  }

  private recover(): void {
    if (this.disposed) return;
    this.recoveries--;
    this.renderer?.dispose();
    this.renderer = null;
    this.making = null;
    this.redraw();
  }

  private announce(): void {
    if (!this.renderer) return;
    this.listener.changed?.({ ...this.size, renderer: this.renderer.kind, problem: this.problem });
  }

  /** For tests: takes the graphics device away as a driver's reset would. */
  loseDevice(): void {
    if (this.renderer instanceof WebGpuRenderer) this.renderer.lose();
  }

  /** What the canvas shows, RGBA, scaled as it is. */
  async readCanvas(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    return (await this.renderer?.readCanvas()) ?? new Uint8ClampedArray();
  }

  /** The guest's pixels as they were drawn, RGBA. */
  async readPixels(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    return (await this.renderer?.readPixels()) ?? new Uint8ClampedArray();
  }

  dispose(): void {
    this.disposed = true;
    this.detach?.();
    clearTimeout(this.blinkTimer);
    this.still.removeEventListener('change', this.stillChanged);
    this.renderer?.dispose();
    this.renderer = null;
  }
}

/** Whether any character of the picture blinks. */
function hasBlinking(scanout: Extract<Scanout, { kind: 'text' }>, shared: Uint8Array): boolean {
  const { memory, wrap } = scanout;
  return scanout.lines.some((line) => {
    for (let column = 0; column < scanout.columns; column++) {
      if (shared[memory.linear + ((line + column * 4 + 1) & (wrap - 1))] & 0x80) return true;
    }
    return false;
  });
}

/** The picture at this moment, without blinking, as the guest's own pixels: a PNG file. */
export async function screenshotPng(screen: VmScreen): Promise<Blob> {
  const scanout = drawable(screen.scanout());
  const image = new ImageData(scanout.width, scanout.height);
  decodeScanout(scanout, screen.memory ?? new Uint8Array(), ALL_LIT, new Uint32Array(image.data.buffer));
  const canvas = new OffscreenCanvas(scanout.width, scanout.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}
