/** Media that are exchanged, and images that go away, while a Linux guest or SeaBIOS uses them. Needs the image i386-disks. */
import { readFileSync, rmSync } from 'node:fs';
import { expect, type VirtualMachine, warmTest as test } from '../src/playwright/index.ts';
import { bootDisk } from './support/boot-sector.ts';
import { snowglobe } from './support/command.ts';
import { write } from './support/files.ts';
import { linux } from './support/images.ts';
import { LOAD, LONG, PROMPT, shell } from './support/linux-shell.ts';
import { isoImage } from './support/iso.ts';
import { trayCommand } from './support/tray-program.ts';

const MIB = 1048576;
const CD = 'ide1-cd0';

/** A disc with its name in a file, and one large file. */
const disc = (name: string): Buffer =>
  isoImage({
    'NAME.TXT': Buffer.from(`This is the ${name} disc.\n`),
    'LARGE.BIN': Buffer.alloc(4 * MIB, name),
  });

const floppy = (name: string): Buffer => Buffer.alloc(1440 * 1024, `${name}\n`);

const drive = async (vm: VirtualMachine, name: string) =>
  (await vm.drives()).find((one) => one.name === name);

test('CD-ROMs and floppies are exchanged under Linux, and what is taken away is an error to it', async ({
  vm,
}, testInfo) => {
  test.setTimeout(400_000);
  const folder = testInfo.outputDir;
  const [first, second] = ['first', 'second'].map((name) => write(folder, `${name}.iso`, disc(name)));
  const [one, two] = ['one', 'two'].map((name) => write(folder, `${name}.img`, floppy(name)));
  const hda = write(folder, 'disk.img', Buffer.alloc(40 * MIB, 'disk'));
  await vm.boot({ ...linux('i386-disks'), cdrom: first, fda: one, hda });
  await vm.waitForSerial(PROMPT, LONG);
  await shell(vm, LOAD, 'loaded');
  await shell(vm, 'until [ -e /dev/sr0 -a -e /dev/sda ]; do sleep 0.1; done; echo the""re', 'there');
  await shell(vm, `${trayCommand('/tray')}; echo programm""ed`, 'programmed');
  const MOUNT = 'mount -t iso9660 -o ro /dev/sr0 /mnt';

  await test.step('a mounted CD-ROM is locked', async () => {
    await shell(vm, `${MOUNT} && cat /mnt/name.txt`, 'This is the first disc.');
    expect(await drive(vm, CD)).toMatchObject({ locked: true, open: false, removable: true });
    expect(await vm.eject(CD)).toBe(false);
    await shell(vm, 'umount /mnt; echo unmount""ed', 'unmounted');
    expect(await drive(vm, CD)).toMatchObject({ locked: false });
  });

  await test.step('the button ejects it, and the next disc is found', async () => {
    expect(await vm.eject(CD)).toBe(true);
    await shell(vm, MOUNT, /No medium found/i);
    expect(await drive(vm, CD)).toMatchObject({ size: null });
    await vm.changeMedium(CD, second);
    await shell(vm, `${MOUNT} && cat /mnt/name.txt`, 'This is the second disc.');
    await shell(vm, 'umount /mnt; echo unmount""ed', 'unmounted');
  });

  await test.step('the guest opens the tray, and closes it', async () => {
    await shell(vm, '/tray /dev/sr0; echo status=$?', 'status=0\r');
    expect(await drive(vm, CD)).toMatchObject({ open: true, locked: false });
    await shell(vm, '/tray /dev/sr0 close; echo status=$?', 'status=0\r');
    expect(await drive(vm, CD)).toMatchObject({ open: false });
    await shell(vm, `${MOUNT} && cat /mnt/name.txt`, 'This is the second disc.');
  });

  await test.step('a disc that is taken by force is an error, and another one is welcome', async () => {
    await vm.changeMedium(CD, null);
    await shell(vm, 'echo 3 > /proc/sys/vm/drop_caches; cat /mnt/large.bin > /dev/null', /I\/O error/i);
    await shell(vm, 'umount /mnt; echo unmount""ed', 'unmounted');
    await vm.changeMedium(CD, first);
    await shell(vm, `${MOUNT} && cat /mnt/name.txt`, 'This is the first disc.');
  });

  await test.step('floppies', async () => {
    // The driver trusts that nobody exchanges a floppy within a second and a half (checkfreq).
    const finds = (what: string) =>
      shell(
        vm,
        `until [ "$(head -n 1 /dev/fd0 2>&-)" = "${what}" ]; do sleep 1; done; echo fou""nd`,
        'found',
      );
    await finds('one');
    await vm.changeMedium('floppy0', two);
    await finds('two');
    expect(await vm.eject('floppy0')).toBe(true);
    await finds('');
    await vm.changeMedium('floppy0', one);
    await finds('one');
  });

  await test.step('files that are gone from the host', async () => {
    rmSync(hda);
    rmSync(first);
    await shell(
      vm,
      'dd if=/dev/sda of=/dev/null bs=4k count=1 skip=9000 iflag=direct',
      'dd: /dev/sda: Input/output error',
    );
    await shell(
      vm,
      'dd if=/dev/sr0 of=/dev/null bs=2k count=1 skip=1900 iflag=direct',
      'dd: /dev/sr0: Input/output error',
    );
    await shell(vm, 'echo still $((6 * 7))', 'still 42');
  });
  expect(vm.serialText).not.toMatch(/Kernel panic|BUG:|Oops|Call Trace/);
});

test('the command line exchanges the CD-ROM that SeaBIOS starts, and names the drives that there are', async () => {
  const folder = test.info().outputDir;
  const bootable = (name: string): string => {
    const sector = readFileSync(bootDisk(folder, `From the ${name}`)).subarray(0, 512);
    return write(folder, `${name}.iso`, isoImage({}, Buffer.concat([sector, Buffer.alloc(1536)])));
  };
  const [first, second] = [bootable('first'), bootable('second')];
  const machine = ['i386', '-m', '64', '-nographic', '-cdrom', first, '--timeout', '60'];
  const changed = await snowglobe([
    ...[...machine, '--expect', 'From the first', '--change', `${CD}=${second}`, '--send', 'r'],
    ...['--expect', 'From the second'],
  ]);
  expect(changed.status, changed.stderr).toBe(0);
  const stranger = await snowglobe([...machine, '--expect', 'From the first', '--eject', 'cd0']);
  expect(stranger.status).toBe(2);
  expect(stranger.stderr).toContain(
    'There is no drive cd0. Drives with media to exchange: ide1-cd0, floppy0.',
  );
});
