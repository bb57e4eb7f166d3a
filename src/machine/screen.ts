import {
  type PageRun,
  type Scanout,
  type ScreenCursor,
  scanoutBytes,
  type VmScreen,
} from '../core/scanout.ts';
import { scanoutText } from '../hw/display/vga-scanout.ts';
import { copyShared } from '../memory/copy.ts';
import type { DisplayHub } from './display-hub.ts';
import type { Session } from './session.ts';

const OFF: Scanout = { kind: 'blank', width: 720, height: 400 };

/** A machine's screen through its lives: there before the machine is, and after it. */
export class MachineScreen implements VmScreen {
  private readonly listeners = new Set<() => void>();
  private session: Session | null = null;
  private hub: DisplayHub | null = null;
  /** A change was announced and has not been fetched. */
  private announced = false;
  /** The picture at the end, with its memory: the machine's own is freed. */
  private last: { scanout: Scanout; memory: Uint8Array } | null = null;

  connect(session: Session | null): void {
    this.last = session ? null : (this.keep() ?? this.last);
    this.session = session;
    this.hub = session?.displayHub ?? null;
    this.changed();
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
