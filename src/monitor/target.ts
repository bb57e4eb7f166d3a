import type { DriveState, QueueState, VmReport, VmState } from '../core/vm-api.ts';
import type { Device, MmioRegion } from '../hw/device.ts';
import type { PcInterruptState } from './pic.ts';

/** The vCPU's registers by their names in src/worker/registers.ts. */
export type Registers = ReadonlyMap<string, bigint>;

/** What a range of guest-physical addresses leads to. Of overlapping ones the later wins. */
export interface MapEntry {
  base: number;
  /** Bytes; what is nowhere just now is not in the map. */
  size: number;
  kind: 'ram' | 'rom' | 'romd' | 'i/o';
  name: string;
  /** The processor's I/O ports, not its memory. */
  ports: boolean;
  /** The registers of a device of the page. */
  region?: MmioRegion;
}

/** A machine as the monitor sees it. */
export interface MonitorTarget {
  /** As in QEMU's program names: `riscv64`. */
  readonly arch: string;
  readonly state: VmState;
  readonly devices: readonly Device[];
  readonly drives: readonly (DriveState & { image: string | null })[];
  readonly queues: readonly QueueState[];
  /** MiB that the balloon leaves to the guest; null: there is none. */
  readonly balloon: number | null;
  /** Null: the board has no interrupt controllers of a PC. */
  interrupts(): PcInterruptState | null;
  report(): VmReport;
  /** The vCPU is stopped for the moment that it takes. */
  registers(): Promise<Registers>;
  /** The memory map of now. */
  map(): MapEntry[];
  /** Copies guest-physical memory; null where there is none. */
  read(address: number, length: number): Uint8Array | null;
  pause(): Promise<void>;
  resume(): Promise<void>;
  reset(): Promise<void>;
  powerOff(): Promise<void>;
  eject(drive: string): Promise<boolean>;
  /** Takes the medium out, whatever the guest says. */
  remove(drive: string): Promise<void>;
  /** Makes a drive's medium another size, bytes. */
  resize(drive: string, size: number): Promise<void>;
  /** @param mib what is to be left to the guest */
  setBalloon(mib: number): void;
  /** Presses keys by their places (`KeyboardEvent.code`), and lets them go in reverse, after `holdMs` of real time. */
  press(codes: readonly string[], holdMs: number): void;
}
