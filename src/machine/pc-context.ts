/** What the devices of a PC are wired with. Each group of devices is a function of a {@link PcContext} in a file of its own. */
import type { Device, ShadowPort } from '../hw/device.ts';
import type { Dma8237 } from '../hw/dma/dma8237.ts';
import type { FwCfg } from '../hw/firmware/fw-cfg.ts';
import type { A20Gate } from '../hw/misc/port92.ts';
import type { PciBus } from '../hw/pci/pci-bus.ts';
import { IO_PORT_BASE } from '../memory/layout.gen.ts';
import type { BoardEnv } from './board.ts';
import type { Wiring } from './wiring.ts';

export interface PcContext {
  /** Without the images, whose bytes nothing but the boot store may hold on to. */
  readonly env: Omit<BoardEnv, 'images'>;
  readonly wiring: Wiring;
  readonly bus: PciBus;
  readonly dma: Dma8237;
  readonly fwCfg: FwCfg;
  readonly a20: A20Gate;
  /** Contents of CMOS memory, which devices may add to before the clock is built: it comes last. */
  readonly cmos: Record<number, number>;
  /** Resets the machine. */
  reset(): void;
  /** Files of the firmware's folder that the board asked for, by name; null: it is not there. */
  rom(name: string): Uint8Array | null;
  /** Builds a device whose register blocks are at I/O ports, each at its own (null: nowhere yet). */
  attach<D extends Device>(ports: readonly (number | null)[], create: (shadow: ShadowPort) => D): D;
}

/** An I/O port's place in the region table. */
export const atPort = <P extends number | null>(port: P): P =>
  (port === null ? null : IO_PORT_BASE + port) as P;
