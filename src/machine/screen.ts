import {
  MONITOR_MAX,
  MONITOR_MIN,
  type PageRun,
  SCANOUT_BYTES_MAX,
  type Scanout,
  type ScreenConsoles,
  type ScreenCursor,
  scanoutBytes,
  type VmScreen,
} from '../core/scanout.ts';
import { scanoutText } from '../hw/display/vga-scanout.ts';
import { copyShared } from '../memory/copy.ts';
import type { BoardDisplay } from './board.ts';
import type { DisplayHub } from './display-hub.ts';
import type { Session } from './session.ts';

const OFF: Scanout = { kind: 'blank', width: 720, height: 400 };

/** A machine's screen through its lives: there before the machine is, and after it. */
export class MachineScreen implements VmScreen, ScreenConsoles {
  private readonly listeners = new Set<() => void>();
  private session: Session | null = null;
  private hub: DisplayHub | null = null;
  private chosen = 0;
  private wish: { width: number; height: number } | null = null;
  /** A change was announced and has not been fetched. */
  private announced = false;
  /** The picture at the end, with its memory: the machine's own is freed. */
  private last: { scanout: Scanout; memory: Uint8Array } | null = null;

  connect(session: Session | null): void {
    this.last = session ? null : (this.keep() ?? this.last);
    this.session = session;
    this.hub = session?.displayHub ?? null;
    if (this.hub) this.hub.display = this.displays[this.console];
    if (this.wish) this.resize(this.wish.width, this.wish.height);
    this.changed();
  }

  private get displays(): readonly BoardDisplay[] {
    return this.session?.board.displays ?? [];
  }

  get consoles(): readonly string[] {
    return this.displays.map(({ name }) => name);
  }

  /** The choice lasts over restarts. */
  get console(): number {
    return Math.min(this.chosen, Math.max(this.displays.length - 1, 0));
  }

  set console(number: number) {
    if (!Number.isInteger(number) || number < 0) return;
    this.chosen = number;
    if (this.hub) this.hub.display = this.displays[this.console];
    if (this.wish) this.resize(this.wish.width, this.wish.height);
    this.changed();
  }

  resize(width: number, height: number): void {
    this.wish = { width, height };
    if (!Number.isInteger(width) || !Number.isInteger(height)) return;
    const clamp = (size: number): number => Math.min(Math.max(size, MONITOR_MIN), MONITOR_MAX);
    this.hub?.display.resize?.(clamp(width), clamp(height));
  }

  /** Frees the last picture too. */
  destroy(): void {
    this.last = null;
    this.listeners.clear();
  }

  private keep(): { scanout: Scanout; memory: Uint8Array } | null {
    const { memory } = this;
    if (!this.session || !memory) return null;
    const scanout = this.scanout();
    if (scanout.kind === 'blank') return { scanout, memory: new Uint8Array() };
    const { size } = scanout.memory;
    const { width, height } = scanout;
    if (size > SCANOUT_BYTES_MAX)
      return { scanout: { kind: 'blank', width, height }, memory: new Uint8Array() };
    return {
      scanout: { ...scanout, memory: { linear: 0, size } },
      memory: copyShared(scanoutBytes(scanout.memory, memory)),
    };
  }

  get memory(): Uint8Array | null {
    return this.session?.memory.u8 ?? this.last?.memory ?? null;
  }

  scanout(): Scanout {
    return this.hub?.display.scanout() ?? this.last?.scanout ?? OFF;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  cursor(): ScreenCursor | null {
    return this.hub?.display.cursor?.() ?? null;
  }

  async frame(): Promise<PageRun[]> {
    this.announced = false;
    return this.hub?.harvest() ?? [];
  }

  text(): string {
    const { memory } = this;
    return memory ? scanoutText(this.scanout(), memory) : '';
  }

  /** Tells the listeners, once until the next frame. */
  changed(): void {
    if (this.announced) return;
    this.announced = true;
    for (const listener of this.listeners) listener();
  }
}
