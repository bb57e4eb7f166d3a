/** A machine of the moment becomes one that is kept, while it runs. */
import type { VmConfig } from '../../core/vm-api.ts';
import type { VmConsole } from '../../element/index.ts';
import { isLocalImage } from '../../element/options.ts';
import { type Address, formatAddress } from '../address.ts';
import type { PickedFiles } from '../machine.ts';
import { runTask } from '../task.ts';
import { type KeptDisk, type KeptMachine, keepMachine } from './kept-machines.ts';
import * as library from './library.ts';

/** What an address has to say of a machine that its stored disk does not bring. */
export interface Keepable {
  /** What it is called; its first disk gets this name, or one like it. */
  name: string;
  base: Address;
  config: VmConfig;
  /** What is kept: the drives' places in the configuration. */
  drives: readonly KeptDisk['drive'][];
  files: PickedFiles;
}

/**
 * The address of a machine whose disks are kept: all of it but those disks.
 * @throws Error if a part of it is a file of the person's, which nothing finds again
 */
export function keptAddress({ base, config, drives: kept, files }: Keepable): string {
  const drives = config.drives?.map((one, at) => {
    if (!kept.includes(at)) return one;
    const { file: _, ...place } = one;
    // A drive that says nothing of itself is none in an address.
    return { media: 'disk' as const, ...place };
  });
  const needed = (['kernel', 'initrd', 'bios'] as const).filter((key) => files[key] !== undefined);
  if (needed.length > 0 || drives?.some(({ file }) => isLocalImage(file))) {
    const which = needed[0] ?? 'disk image';
    throw new Error(
      `This machine needs a file from your computer (its ${which}) at each start, which this page cannot keep: only disks that are written to can be.`,
    );
  }
  return formatAddress({ ...base, options: { ...base.options, ...(files.drives && drives && { drives }) } });
}

/** A machine that is kept, and why one of its disks is not, if so. */
export interface KeptRunning {
  kept: KeptMachine;
  problem: string | null;
}

/**
 * Stores what the machine's disks have, and are given from now on.
 * @param place where the progress is shown
 * @returns null: the machine was not started, so that nothing of it is in memory
 * @throws Error also when it is cancelled, unless some of its disks are kept already
 */
export async function keepRunning(
  running: VmConsole | null,
  machine: Keepable,
  place: HTMLElement,
): Promise<KeptRunning | null> {
  const { vm } = running ?? {};
  const there = vm?.drives ?? [];
  const found = machine.drives.flatMap((drive) => {
    const disk = there.find(({ option }) => option === drive);
    return disk ? [{ drive, disk: disk.name }] : [];
  });
  const isOver = vm?.state === 'stopped';
  if (!vm || found.length === 0 || (!isOver && vm.state !== 'running' && vm.state !== 'paused')) return null;
  keptAddress(machine);
  const disks: KeptDisk[] = [];
  const several = found.length > 1;
  let called = machine.name;
  let problem: string | null = null;
  try {
    for (const { drive, disk } of found) {
      const wanted = disks.length === 0 ? machine.name : `${called} (${disk})`;
      const what = several ? `Keeping ${disk} in this browser` : 'Keeping the disk in this browser';
      const free = await library.freeName(wanted);
      const stored = await runTask(place, what, (task) => vm.keepDrive(disk, free, task));
      if (!stored) {
        const nothing = disks.length === 0 ? ': nothing is kept' : '';
        throw new Error(`It was cancelled${nothing}${isOver ? '' : ', and the machine goes on as before'}.`);
      }
      if (disks.length === 0) called = stored.name;
      disks.push({ id: stored.id, drive });
    }
  } catch (error) {
    if (disks.length === 0) throw error;
    problem = `Not all of its disks are kept. ${(error as Error).message}`;
  }
  const address = keptAddress({ ...machine, drives: disks.map(({ drive }) => drive) });
  return { kept: await keepMachine({ name: called, address, disks }), problem };
}
