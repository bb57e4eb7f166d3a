/** What is lost when the page of a machine is left: what the guest wrote to disks that nobody keeps. */
import { formatBytes } from '../element/format.ts';
import { confirmed } from './dialog.ts';

/** Bytes that the guest of the machine at hand has written to disks that are gone with it. */
export function unkeptWrites(): number {
  const vm = document.querySelector('vm-console')?.vm;
  if (!vm || (vm.state !== 'running' && vm.state !== 'paused')) return 0;
  const { drives } = vm;
  if (drives.some(({ persist }) => persist !== undefined)) return 0;
  return drives
    .filter(({ media }) => media === 'disk')
    .reduce((sum, { io }) => sum + (io?.bytesWritten ?? 0), 0);
}

/** Asks the person where something would be lost. @returns whether to go */
export async function mayLeave(): Promise<boolean> {
  const bytes = unkeptWrites();
  if (bytes === 0) return true;
  return confirmed({
    title: 'Leave this machine?',
    text: `The guest has written ${formatBytes(bytes)} to its disk, in memory only: that is gone with the machine. “Keep this machine”, below it in “Drives”, keeps what it has written.`,
    action: 'Leave it',
  });
}
