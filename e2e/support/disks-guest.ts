/** Linux with virtio's drivers as modules, in an element. Needs the image riscv64-disks. */
import type { Page } from 'playwright/test';
import { openEmptyPage } from './site.ts';

/** Its configuration, to which a test adds the devices. */
export const DISKS_GUEST = {
  arch: 'riscv64',
  machine: 'virt',
  memory: 192,
  kernel: 'images/riscv64-disks/vmlinux',
  initrd: 'images/riscv64-disks/initrd.gz',
  append: 'console=ttyS0 quiet cryptomgr.notests',
};

/** Opens a page with an element that has the firmware, and nothing else so far. */
export const openDisksPage = (page: Page, url: string): Promise<void> =>
  openEmptyPage(
    page,
    url,
    '<vm-console firmware="images/firmware/opensbi-riscv64/fw_dynamic.bin"></vm-console>',
  );
