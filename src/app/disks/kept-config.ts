/** What a kept machine boots: the machine that its address names, with stored disks in its drives. */
import { VmError } from '../../core/errors.ts';
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

/** Of those, the ones whose writes are in memory. */
export function unkeptDrives(config: Partial<VmConfig>): KeptDisk['drive'][] {
  return keepableDrives(config).filter((drive) => {
    const { readOnly, snapshot, persist } = (typeof drive === 'number' && config.drives?.[drive]) || {};
    return !readOnly && snapshot !== false && persist === undefined;
  });
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

/**
 * The same machine without its stored disks: `own` has what they stand for.
 * @throws VmError bad-config if it has lost one of them
 */
export function withoutDisks(config: VmConfig, disks: readonly KeptDisk[], own: Partial<VmConfig>): VmConfig {
  const drives: DriveConfig[] = [...(config.drives ?? [])];
  const images: Partial<Record<Medium, VmConfig[Medium]>> = {};
  for (const { id, drive } of disks) {
    const at = drives.findIndex(({ persist }) => persist === id);
    if (at < 0)
      throw new VmError(
        'bad-config',
        'The disk that is kept stays in its machine: leave its drive as it is, or start the machine of the list.',
      );
    const image = typeof drive === 'number' ? own.drives?.[drive]?.file : own[drive as Medium];
    if (typeof drive !== 'number') {
      drives.splice(at, 1);
      if (image !== undefined) images[drive as Medium] = image;
    } else {
      const { persist: _, ...place } = drives[at];
      drives[at] = { ...place, ...(image !== undefined && { file: image }) };
    }
  }
  const { drives: _, ...rest } = config;
  return { ...rest, ...images, ...(drives.length > 0 && { drives }) };
}
