/** What is lost when the page of a machine is left: what the guest wrote to disks that nobody keeps. */
import type { DriveState } from '../core/vm-api.ts';
import { formatBytes } from '../element/format.ts';
import { confirmed } from './dialog.ts';

/** Disks of the machine at hand: while it runs, and when it has ended as long as the page offers to keep them. */
function disks(): DriveState[] {
  const element = document.querySelector('vm-console');
  const vm = element?.vm;
  const isKeepable = vm?.state === 'stopped' && element!.closest('main.machine') !== null;
  if (!vm || !(isKeepable || vm.state === 'running' || vm.state === 'paused')) return [];
  return vm.drives.filter(({ media }) => media === 'disk');
}

/** Bytes that the guest of the machine at hand has written to disks that are gone with it. */
export function unkeptWrites(): number {
  return disks()
    .filter(({ persist }) => persist === undefined)
    .reduce((sum, { io }) => sum + (io?.bytesWritten ?? 0), 0);
}

/** Asks the person where something would be lost. @returns whether to go */
export async function mayLeave(): Promise<boolean> {
  const bytes = unkeptWrites();
  if (bytes === 0) return true;
  const lost = `The guest has written ${formatBytes(bytes)} to`;
  const text = disks().some(({ persist }) => persist !== undefined)
    ? `${lost} a disk that is not kept: that is gone with the machine.`
    : `${lost} its disk, in memory only: that is gone with the machine. “Keep this machine”, below it in “Drives”, keeps what it has written.`;
  return confirmed({
    title: 'Leave this machine?',
    text,
    action: 'Leave it',
  });
}
