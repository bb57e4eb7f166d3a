/** As in virtio.spec.ts, on a disk as large as people want one. Needs the image riscv64-disks. */
import { warmTest as test } from '../src/playwright/index.ts';
import { fillLargeDisk } from './support/large-disk.ts';

test('a file system on a disk of 64 GiB takes room for what is used of it', async ({ vm }, testInfo) => {
  await fillLargeDisk(vm, testInfo.outputDir, 64, 128);
});
