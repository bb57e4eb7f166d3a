import type { VmReport } from '../core/vm-api.ts';

/** What the toolbar shows about the last second. */
export interface VmStats {
  /** Million guest instructions retired per second. */
  mips: number;
  /** Share of the time that the vCPU slept in WFI or HLT, 0 to 1. */
  idle: number;
}

type Sample = Pick<VmReport, 'guestMs' | 'instructions' | 'sleepMs'>;

/** The rate between two reports of one machine, or null when no guest time lies between them. */
export function statsBetween(before: Sample, after: Sample): VmStats | null {
  const ms = after.guestMs - before.guestMs;
  if (!(ms > 0)) return null;
  const idle = Math.min(1, Math.max(0, (after.sleepMs - before.sleepMs) / ms));
  return { mips: Math.max(0, after.instructions - before.instructions) / ms / 1000, idle };
}

/** `214 MIPS · 3 % idle`; an asleep guest is `idle`, since a rate of almost nothing says little. */
export function formatStats({ mips, idle }: VmStats): string {
  if (idle >= 0.995) return 'idle';
  const rate = mips >= 10 ? String(Math.round(mips)) : mips.toFixed(1);
  return `${rate} MIPS · ${Math.round(idle * 100)} % idle`;
}
