import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { qemuCheck, qemuImg } from '../../tests/support/qemu-img.ts';
import { expect, type VirtualMachine } from '../../src/playwright/index.ts';
import { linux } from './images.ts';
import { LOAD, LONG, PROMPT, shell } from './linux-shell.ts';

const GIB = 2 ** 30;

/** Makes a file system on an empty qcow2 disk, and a file of 8 MiB. The image may be `most` MiB large then. */
export async function fillLargeDisk(
  vm: VirtualMachine,
  folder: string,
  gigabytes: number,
  most: number,
): Promise<void> {
  const file = join(folder, 'large.qcow2');
  mkdirSync(folder, { recursive: true });
  qemuImg('create', '-q', '-f', 'qcow2', file, `${gigabytes}G`);
  await vm.boot({ ...linux('riscv64-disks'), drives: [{ file, interface: 'virtio', snapshot: false }] });
  await vm.waitForSerial(PROMPT, LONG);
  await shell(vm, `${LOAD}; blockdev --getsize64 /dev/vda`, String(gigabytes * GIB));
  // df tells blocks of 1 KiB.
  await shell(
    vm,
    'mke2fs -i 4194304 /dev/vda >/dev/null 2>&1; mkdir /d; mount -t ext4 /dev/vda /d; echo $(($(df /d | sed -n "s/^.dev.vda *\\([0-9]*\\).*/\\1/p") * 100 / $(($(blockdev --getsize64 /dev/vda) / 1024)))) per""cent',
    /9\d percent/,
  );
  await shell(
    vm,
    'head -c 8388608 /dev/urandom >/d/f; sync; sha256sum /d/f; umount /d; echo un""mounted',
    'unmounted',
  );
  await vm.destroy();
  // Superblocks and bitmaps of groups of 128 MiB, each in a cluster of its own, their L2 tables, and the file.
  expect(statSync(file).size).toBeLessThan(most << 20);
  expect(qemuCheck(file).status).toBe(0);
}
