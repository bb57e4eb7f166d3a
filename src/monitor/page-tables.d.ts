/** Address translation as the guest's page tables say it, without any effect on the guest: RISC-V privileged specification, chapter "Sv39"; Intel SDM volume 3, chapter 4. */
import type { Registers } from './target.ts';
export type ReadPhysical = (address: number, length: number) => Uint8Array | null;
/** A run of virtual addresses that are mapped alike. */
export interface Mapping {
  virtual: bigint;
  physical: bigint;
  size: bigint;
  /** As QEMU's `info mem` of the architecture writes it. */
  attributes: string;
}
/** Runs that are found before a walk is cut short: tables that point at themselves have no end. */
export declare const MAPPING_LIMIT = 20000;
/** Everything that is mapped, in ascending order of the indices; null: addresses are not translated. */
export declare function mappings(arch: string, registers: Registers, read: ReadPhysical): Mapping[] | null;
/** The guest-physical address behind a virtual one; null: nothing is mapped there. */
export declare function translate(
  arch: string,
  registers: Registers,
  read: ReadPhysical,
  virtual: bigint,
): bigint | null;
