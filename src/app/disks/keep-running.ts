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
  /** What it is called; its disk gets this name, or one like it. */
  name: string;
  base: Address;
  config: VmConfig;
  /** What is kept: the drive's place in the configuration. */
  drive: KeptDisk['drive'];
  files: PickedFiles;
}

/**
 * The address of a machine whose disk is kept: all of it but that disk.
 * @throws Error if a part of it is a file of the person's, which nothing finds again
 */
export function keptAddress({ base, config, drive, files }: Keepable): string {
  const drives = config.drives?.map((one, at) => {
    if (at !== drive) return one;
    const { file: _, ...place } = one;
    // A drive that says nothing of itself is none in an address.
    return { media: 'disk' as const, ...place };
  });
  const needed = (['kernel', 'initrd', 'bios'] as const).filter((key) => files[key] !== undefined);
  if (needed.length > 0 || drives?.some(({ file }) => isLocalImage(file))) {
    const which = needed[0] ?? 'disk image';
    throw new Error(
      `This machine needs a file from your computer (its ${which}) at each start, which this page cannot keep: only its first disk can be.`,
    );
  }
  return formatAddress({ ...base, options: { ...base.options, ...(files.drives && drives && { drives }) } });
}

/**
 * Stores what the machine's disk has, and is given from now on.
 * @param place where the progress is shown
 * @returns null: the machine does not run, so that nothing of it is in memory
 * @throws Error also when it is cancelled
 */
export async function keepRunning(
  running: VmConsole | null,
  machine: Keepable,
  place: HTMLElement,
): Promise<KeptMachine | null> {
  const { vm } = running ?? {};
  const found = vm?.drives.find(({ option }) => option === machine.drive);
  if (!vm || !found || (vm.state !== 'running' && vm.state !== 'paused')) return null;
  const address = keptAddress(machine);
  const wanted = await library.freeName(machine.name);
  let disk: Awaited<ReturnType<typeof vm.keepDrive>> | null = null;
  await runTask(place, 'Keeping the disk in this browser', async (task) => {
    disk = await vm.keepDrive(found.name, wanted, task);
  });
  if (disk === null) throw new Error('It was cancelled: nothing is kept, and the machine goes on as before.');
  const { id, name } = disk;
  return keepMachine({ name, address, disks: [{ id, drive: machine.drive }] });
}
