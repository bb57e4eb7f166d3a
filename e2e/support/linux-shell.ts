/** The shell of the Linux guests, on their serial port. */
import type { Page } from 'playwright/test';
import type { VirtualMachine } from '../../src/playwright/index.ts';

/** Not anchored at its end: busybox asks the terminal for the cursor's place behind it, and a kernel says what it likes. */
export const PROMPT = /root@snowglobe:\S+# /;
/** For what a guest does on a machine that does other things too. Somebody who asks does so often: what comes next waits for it. */
export const LONG = { timeout: 150_000, intervals: [100, 250] };

/** Loads the guest's modules, in the order of their names, and says "loaded". */
export const LOAD = 'for m in /lib/modules/*.ko; do insmod $m; done; echo load""ed';
/** The same with nothing but virtio's disks, behind virtio-mmio. */
export const LOAD_DISKS =
  'for m in /lib/modules/*virtio_mmio.ko /lib/modules/*virtio_blk.ko; do insmod $m; done; echo load""ed';

/** Writes a line to the serial port of the page's machine. */
export const typeLine = (page: Page, text: string): Promise<void> =>
  page.evaluate((text) => document.querySelector('vm-console')!.vm!.serial.write(text), `${text}\n`);

/** Types a command and waits for its answer, then for the next prompt. The answer must not stand in the command, which is echoed. */
export async function shell(vm: VirtualMachine, command: string, answer: string | RegExp): Promise<void> {
  await vm.type(`${command}\n`);
  await vm.waitForSerial(answer, LONG);
  await vm.waitForSerial(PROMPT, LONG);
}
