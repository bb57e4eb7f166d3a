/** Disks, CD-ROMs and floppies as a Linux guest and SeaBIOS find them. Needs the images i386-disks and x86_64-disks. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, warmTest as test } from '../src/playwright/index.ts';
import { bootDisk } from './support/boot-sector.ts';
import { sha256, write } from './support/files.ts';
import { linux } from './support/images.ts';
import { LOAD, LONG, PROMPT, shell } from './support/linux-shell.ts';
import { isoImage } from './support/iso.ts';
import { noise } from './support/noise.ts';

const MIB = 1048576;

/** Which disk comes first is chance, as Linux looks at them at the same time: $A is the channel's master, $B its slave. */
const NAMES =
  'S=/sys/bus/scsi/devices/0:0; until [ -e $S:0:0/block -a -e $S:1:0/block ]; do sleep 0.1; done; ' +
  'A=/dev/$(ls $S:0:0/block); B=/dev/$(ls $S:1:0/block); echo nam""ed';
const LOAD_DMA = `${LOAD}; ${NAMES}`;
/** libata without DMA: every sector goes through the data register. */
const LOAD_PIO = `for m in /lib/modules/*.ko; do case $m in *libata*) insmod $m dma=0;; *) insmod $m;; esac; done; ${NAMES}`;

for (const [arch, load] of [
  ['i386', LOAD_PIO],
  ['x86_64', LOAD_DMA],
] as const) {
  test.describe(`Debian's Linux on ${arch}`, () => {
    test.describe.configure({ timeout: 300_000 });

    test(`reads a disk, a CD-ROM and a floppy, and writes (${load === LOAD_DMA ? 'DMA' : 'PIO'})`, async ({
      vm,
    }, testInfo) => {
      const folder = testInfo.outputDir;
      const disk = noise(6 * MIB, 1);
      const file = noise(3 * MIB + 777, 2);
      const floppy = noise(1440 * 1024, 3);
      const fda = write(folder, 'floppy.img', floppy);
      await vm.boot({
        ...linux(`${arch}-disks`),
        hda: write(folder, 'disk.img', disk),
        hdb: write(folder, 'empty.img', Buffer.alloc(24 * MIB)),
        cdrom: write(folder, 'cd.iso', isoImage({ 'NOISE.BIN': file })),
        fda,
      });
      await vm.waitForSerial(PROMPT, LONG);
      await shell(vm, load, 'named');
      await shell(vm, 'sha256sum $A', sha256(disk));
      await shell(vm, 'mount -t iso9660 -o ro /dev/sr0 /mnt && sha256sum /mnt/noise.bin', sha256(file));
      // A file system of the guest's own, on the second disk; what is read back comes from the disk, not from the cache.
      await shell(vm, 'mke2fs $B > /dev/null 2>&1; mkdir /d; mount -t ext2 $B /d; echo mount""ed', 'mounted');
      await shell(
        vm,
        'cp /mnt/noise.bin /d/copy; umount /d; echo 3 > /proc/sys/vm/drop_caches; echo writt""en',
        'written',
      );
      await shell(vm, 'mount -t ext2 $B /d; sha256sum /d/copy', sha256(file));
      await shell(vm, 'sha256sum /dev/fd0', sha256(floppy));
      await shell(vm, 'echo snow > /dev/fd0; sync; head -c 4 /dev/fd0; echo; echo read""y', 'snow');
      // The guest wrote to memory: the file is as it was.
      expect(sha256(readFileSync(fda))).toBe(sha256(floppy));
      expect(vm.serialText).not.toMatch(/I\/O error|ata\d\.\d+: (?:failed command|exception)|lost interrupt/);
    });
  });
}

test('a disk with snapshot=off is written, one without is not; of a qcow2 image over a backing file qemu-img finds nothing wrong', async ({
  vm,
}, testInfo) => {
  test.setTimeout(300_000);
  const folder = testInfo.outputDir;
  const base = noise(3 * MIB, 5);
  write(folder, 'base.img', base);
  const disk = join(folder, 'disk.qcow2');
  const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });
  qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base.img', '-F', 'raw', disk, '6M');
  const kept = write(folder, 'kept.img', Buffer.alloc(MIB));
  const lost = write(folder, 'lost.img', Buffer.alloc(MIB));
  await vm.boot({
    ...linux('i386-disks'),
    drives: [
      { file: disk, index: 0, snapshot: false },
      { file: lost, index: 1 },
      { file: kept, index: 2, snapshot: false },
    ],
  });
  await vm.waitForSerial(PROMPT, LONG);
  await shell(vm, LOAD_DMA, 'named');
  await shell(
    vm,
    'S=/sys/bus/scsi/devices/1:0:0:0; until [ -e $S/block ]; do sleep 0.1; done; for d in $B /dev/$(ls $S/block); do echo snowfall | dd of=$d seek=3 conv=fsync; done; echo writt""en',
    'written',
  );
  expect(readFileSync(kept).subarray(1536, 1545).toString()).toBe('snowfall\n');
  expect(readFileSync(lost).equals(Buffer.alloc(MIB))).toBe(true);
  await shell(vm, 'head -c 3145728 $A | sha256sum', sha256(base));
  await shell(
    vm,
    'echo snowfall | dd of=$A seek=1001 conv=notrunc; head -c 2097152 $A | dd of=$A bs=4096 seek=769; sync; echo writt""en',
    'written',
  );
  await vm.type('poweroff -f\n');
  expect(await vm.waitForExit()).toMatchObject({ outcome: 'poweroff' });
  expect(qemuImg('check', disk)).toContain('No errors were found');
  const expected = Buffer.alloc(6 * MIB);
  base.copy(expected);
  expected.write('snowfall\n', 1001 * 512);
  expected.copy(expected, 769 * 4096, 0, 2097152);
  qemuImg('convert', '-O', 'raw', disk, join(folder, 'after.img'));
  expect(sha256(readFileSync(join(folder, 'after.img')))).toBe(sha256(expected));
  expect(sha256(readFileSync(join(folder, 'base.img')))).toBe(sha256(base));
});

test('SeaBIOS starts a boot sector from a CD-ROM', async ({ vm }, testInfo) => {
  const sector = readFileSync(bootDisk(testInfo.outputDir, 'From a drive')).subarray(0, 512);
  const cdrom = write(
    testInfo.outputDir,
    'boot.iso',
    isoImage({}, Buffer.concat([sector, Buffer.alloc(1536)])),
  );
  await vm.boot({ arch: 'i386', memory: 64, cdrom });
  await vm.waitForSerial('Booting from DVD/CD...', { timeout: 60_000 });
  await vm.waitForSerial('From a drive');
});

test('SeaBIOS starts a boot sector from a floppy', async ({ vm }, testInfo) => {
  const sector = readFileSync(bootDisk(testInfo.outputDir, 'From a floppy')).subarray(0, 512);
  const fda = write(testInfo.outputDir, 'boot.img', Buffer.concat([sector, Buffer.alloc(1440 * 1024 - 512)]));
  await vm.boot({ arch: 'i386', memory: 64, fda });
  await vm.waitForSerial('Booting from Floppy...', { timeout: 60_000 });
  await vm.waitForSerial('From a floppy');
});
