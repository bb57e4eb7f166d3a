/** What a kept machine boots: the machine that its address names, with stored disks in its drives. */
import { type DriveConfig, MEDIA, type Medium, type VmConfig } from '../../core/vm-api.ts';
import type { KeptDisk } from './kept-machines.ts';

/** Places of the short options among the drives of their interface. */
const INDEX: Partial<Record<string, number>> = { hda: 0, hdb: 1, hdc: 2, hdd: 3 };

/** The drives of a machine that a disk can be kept for, the one that it starts from first. */
export function keepableDrives(config: Partial<VmConfig>): KeptDisk['drive'][] {
  const short = MEDIA.filter((key) => INDEX[key] !== undefined && config[key] !== undefined);
  const long = (config.drives ?? []).flatMap(({ media, interface: at }, index) =>
    media === 'cdrom' || at === 'floppy' || at === 'pflash' ? [] : [index],
  );
  return [...short, ...long];
}

/** The image in a drive. */
export function imageIn(config: Partial<VmConfig>, drive: KeptDisk['drive']) {
  return typeof drive === 'number' ? config.drives?.[drive]?.file : config[drive as Medium];
}

/** Whether a stored disk stands where a short option would put its image. */
export function hasStoredDisk(config: Partial<VmConfig>, key: string): boolean {
  return (config.drives ?? []).some(
    ({ persist, interface: at, index }) =>
      persist !== undefined && at === undefined && index !== undefined && index === INDEX[key],
  );
}

/** The same machine with stored disks in place of its images. A disk knows itself which image it was made over. */
export function withDisks(config: VmConfig, disks: readonly KeptDisk[]): VmConfig {
  const changed: VmConfig = { ...config };
  const drives: DriveConfig[] = [...(config.drives ?? [])];
  for (const { id, drive } of disks) {
    if (typeof drive === 'number') {
      const { file: _, ...place } = drives[drive] ?? {};
      drives[drive] = { ...place, persist: id };
    } else {
      delete changed[drive as Medium];
      drives.push({ index: INDEX[drive] ?? 0, persist: id });
    }
  }
  return { ...changed, drives };
}
