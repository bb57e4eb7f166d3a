/** Virtio devices as a Linux guest finds them. Needs the images riscv64-disks and x86_64-disks. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, warmTest as test, type VirtualMachine } from '../src/playwright/index.ts';
import { bootDisk } from './support/boot-sector.ts';
import { snowglobe } from './support/command.ts';
import { sha256, write } from './support/files.ts';
import { fillLargeDisk } from './support/large-disk.ts';
import { image, linux } from './support/images.ts';
import { LOAD, LONG, PROMPT, shell } from './support/linux-shell.ts';
import { noise } from './support/noise.ts';

const MIB = 1048576;

/** A read-only disk and one for a file system, each behind the transport that its device names. */
const MACHINES = {
  riscv64: ['virtio-blk-pci', 'virtio-blk-device'],
  x86_64: ['virtio-blk', 'virtio-blk-pci'],
} as const;

/** The guest reads what is typed on its virtio keyboard, and where its virtio tablet points. */
async function readsInput(vm: VirtualMachine): Promise<void> {
  const find =
    'T=/dev/input/$(basename $(dirname $(dirname $(grep -l "Virtio Tablet" /sys/class/input/event*/device/name)))); ls $T';
  await shell(vm, find, /\/dev\/input\/event\d/);
  // The keyboard is that of the virtual terminals: the kernel makes a line of what is typed.
  await vm.type('head -n 1 /dev/tty1 > /line & cat /proc/bus/input/devices | grep -c "QEMU Virtio"\n');
  await vm.waitForSerial(/\n2\s/, LONG);
  await vm.waitForSerial(PROMPT, LONG);
  await vm.keyboard.type('Snow, 42%\n');
  await shell(vm, 'wait; sed s/^/typed:/ /line', 'typed:Snow, 42%');
  // Events are kept from when the device is opened.
  await shell(vm, 'exec 3<$T; echo open""ed', 'opened');
  const { width, height } = (await vm.screen.state())!;
  await vm.screen.moveTo(width / 4, height / 2);
  await vm.type('head -c 72 <&3 | hexdump -v -e \'12/2 "%04x " "\\n"\'; echo point""ed\n');
  const [, events] = await vm.waitForSerial(/((?:[\da-f]{4}\s+){36})pointed/, { timeout: 20_000 });
  const words = events
    .trim()
    .split(/\s+/)
    .map((word) => Number.parseInt(word, 16));
  // Behind the time, of 16 bytes.
  const lines = [8, 20, 32].map((at) => words.slice(at, at + 4));
  // Type, code and value: absolute x and y of 0 to 32767, then the end of a report.
  expect(lines.map(([type, code]) => [type, code])).toEqual([
    [3, 0],
    [3, 1],
    [0, 0],
  ]);
  expect(Math.abs(lines[0][2] - 32767 / 4)).toBeLessThan(64);
  expect(Math.abs(lines[1][2] - 32767 / 2)).toBeLessThan(64);
}

for (const [arch, [first, second]] of Object.entries(MACHINES)) {
  const input = arch === 'x86_64';
  const more = input ? '; reads a virtio keyboard and tablet' : '';
  test(`${arch} reads by ${first}; keeps a file system on ${second}${more}`, async ({ vm }, testInfo) => {
    test.setTimeout(300_000);
    const folder = testInfo.outputDir;
    const disk = noise(6 * MIB, 1);
    const kept = write(folder, 'kept.img', Buffer.alloc(32 * MIB));
    await vm.boot({
      ...linux(`${arch}-disks`),
      drives: [
        {
          file: write(folder, 'disk.img', disk),
          interface: 'none',
          id: 'disk',
          readOnly: true,
        },
        { file: kept, interface: 'none', id: 'kept', snapshot: false },
      ],
      devices: [
        { driver: first, properties: { drive: 'disk' } },
        { driver: second, properties: { drive: 'kept', serial: 'SNOW-42', packed: 'on' } },
        { driver: 'virtio-rng' },
        { driver: 'virtio-balloon', properties: { 'free-page-reporting': 'on' } },
        ...(input ? [{ driver: 'virtio-keyboard-pci' }, { driver: 'virtio-tablet-pci' }] : []),
      ],
    });
    await vm.waitForSerial(PROMPT, LONG);
    await shell(vm, LOAD, 'loaded');
    if (input) await readsInput(vm);
    // Which one comes first is the order in which the kernel finds them.
    const name =
      'for d in vda vdb; do [ "$(cat /sys/block/$d/serial)" ] && B=/dev/$d || A=/dev/$d; done; cat /sys/block/*/serial';
    await shell(vm, name, 'SNOW-42');
    await shell(vm, 'sha256sum $A; blockdev --getro $A', new RegExp(`${sha256(disk)}.*\\s+1\\s`));
    // What is read back comes from the disk, not from the cache.
    await shell(
      vm,
      'mke2fs $B > /dev/null 2>&1; mkdir /d; mount -t ext4 $B /d && cp $A /d/copy && umount /d && echo writt""en',
      'written',
    );
    await shell(
      vm,
      'echo 3 > /proc/sys/vm/drop_caches; mount -t ext4 $B /d && sha256sum /d/copy; umount /d',
      sha256(disk),
    );
    await shell(
      vm,
      'echo snowfall | dd of=$B seek=60000 conv=fsync; blkdiscard -o 30720 -l 4096 $B && echo discard""ed',
      'discarded',
    );
    await shell(
      vm,
      'head -c 4096 /dev/hwrng | wc -c; ls -d /sys/bus/virtio/drivers/virtio_balloon/virtio?',
      /4096\s+\S+virtio\d/,
    );
    const grown = (await vm.drives()).find(({ size }) => size === 32 * MIB)!.name;
    await vm.resizeDrive(grown, 40 * MIB);
    await shell(
      vm,
      'until [ "$(blockdev --getsize64 $B)" = 41943040 ]; do sleep 0.1; done; echo rest | dd of=$B seek=80000 conv=fsync && echo grow""n',
      'grown',
    );
    await expect(vm.resizeDrive(grown, 1000)).rejects.toThrow('1000 bytes are no whole number of sectors');
    const bytes = readFileSync(kept);
    expect(bytes.length).toBe(40 * MIB);
    expect(bytes.subarray(80000 * 512, 80000 * 512 + 5).toString()).toBe('rest\n');
    expect(bytes.subarray(60000 * 512, 60000 * 512 + 9).toString()).toBe('snowfall\n');
    expect(bytes.includes(disk.subarray(0, 4096))).toBe(true);
    expect(vm.serialText).not.toMatch(/I\/O error|virtio.*(?:error|broken|reset)/);
  });
}

test('a file system on a disk of 8 GiB takes room for what is used of it', async ({ vm }, testInfo) => {
  test.setTimeout(300_000);
  await fillLargeDisk(vm, testInfo.outputDir, 8, 48);
});

test('a console on hvc0 shares the serial stream; a folder is mounted by 9P', async ({ vm }, testInfo) => {
  test.setTimeout(300_000);
  const data = noise(3 * MIB, 4);
  write(join(testInfo.outputDir, 'share', 'deep'), 'noise', data);
  await vm.boot({
    ...linux('riscv64-disks'),
    append: 'console=hvc0 quiet cryptomgr.notests',
    folders: [{ tag: 'snow', path: join(testInfo.outputDir, 'share') }],
    devices: [
      { driver: 'virtio-serial-pci' },
      { driver: 'virtconsole', properties: { chardev: 'stdio' } },
      { driver: 'virtserialport', properties: { name: 'org.snow' } },
    ],
  });
  await vm.waitForSerial(PROMPT, LONG);
  await shell(
    vm,
    'cat /proc/consoles; cat /sys/class/virtio-ports/*/name; stty size',
    /hvc0.*\s+org\.snow\s+25 80\s/,
  );
  await shell(vm, LOAD, 'loaded');
  await shell(
    vm,
    'mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 snow /mnt && sha256sum /mnt/deep/noise',
    sha256(data),
  );
  // Read back from the server, not from the guest's cache.
  await shell(
    vm,
    'cp /mnt/deep/noise /mnt/copy && mkdir /mnt/d && mv /mnt/copy /mnt/d && rm -r /mnt/deep && umount /mnt && echo sto""red',
    'stored',
  );
  await shell(
    vm,
    'mount -t 9p -o trans=virtio,version=9p2000.L snow /mnt && sha256sum /mnt/*/*',
    new RegExp(`${sha256(data)} +/mnt/d/copy`),
  );
  expect(await vm.listFolder('snow')).toEqual(['/d/copy']);
  expect(sha256((await vm.readFolder('snow', 'd/copy'))!)).toBe(sha256(data));
  expect(await vm.readFolder('snow', 'deep/noise')).toBeNull();
  await expect(vm.listFolder('rain')).rejects.toThrow('There is no folder rain: the machine has snow.');

  const port = vm.port('org.snow');
  const find =
    'D=$(dirname $(grep -l org.snow /sys/class/virtio-ports/*/name)); mknod /p c $(tr : " " < $D/dev)';
  await shell(vm, `${find}; (exec 3<>/p; read line <&3; echo "got $line" >&3) & echo list""ens`, 'listens');
  await port.send('flake\n');
  await port.waitFor('got flake\n');
  expect(vm.ports).toEqual([port]);
  await expect(port).toShowText(/^got flake$/m);
});

test("what the guest writes into a shared folder is in the host's folder, and what it says to a port in a file", async ({
  browserName: _,
}, testInfo) => {
  const folder = join(testInfo.outputDir, 'shared');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'in'), 'from the host');
  writeFileSync(join(folder, 'gone'), '');
  // A name that is no UTF-8, as old disks and archives have them.
  const bytesName = (name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
  writeFileSync(bytesName('odd\xff'), 'odd');
  const log = join(testInfo.outputDir, 'port.txt');
  const { kernel, initrd } = image('riscv64-disks');
  const commands = [
    LOAD,
    'mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 snow /mnt',
    'D=$(dirname $(grep -l org.snow /sys/class/virtio-ports/*/name)); mknod /p c $(tr : " " < $D/dev); echo by the port >/p',
    'mkdir /mnt/d; tr a-z A-Z </mnt/in >/mnt/d/out; ln -s /etc /mnt/link; rm /mnt/gone',
    "cat /mnt/$'odd\\\\377' >/mnt/d/$'x\\\\376'; printf b >/mnt/d/$'x\\\\377'; printf N >/n; dd if=/n of=/mnt/in conv=notrunc 2>/dev/null",
    '(dd if=/dev/zero bs=1M count=9; echo end) 2>/dev/null >/mnt/d/large; umount /mnt; poweroff -f',
  ];
  const result = await snowglobe([
    ...['riscv64', '-m', '256', '-kernel', kernel as string, '-initrd', initrd as string],
    ...['-append', 'console=ttyS0 quiet cryptomgr.notests', '-nographic', '--timeout', '150'],
    ...[
      '-fsdev',
      `local,id=f,path=${folder},security_model=none`,
      '-device',
      'virtio-9p,fsdev=f,mount_tag=snow',
    ],
    ...['-chardev', `file,id=log,path=${log}`, '-device', 'virtserialport,chardev=log,name=org.snow'],
    ...['--expect', '# ', '--send', `${commands.join('; ')}\\n`],
    ...['--expect', 'Power down'],
  ]);
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  const inside = (path: string) => readdirSync(path, 'latin1').sort();
  expect(inside(folder)).toEqual(['d', 'in', 'odd\xff']);
  expect(inside(join(folder, 'd'))).toEqual(['large', 'out', 'x\xfe', 'x\xff']);
  expect(['d/x\xfe', 'd/x\xff'].map((name) => readFileSync(bytesName(name), 'utf8'))).toEqual(['odd', 'b']);
  expect(readFileSync(join(folder, 'in'), 'utf8')).toBe('Nrom the host');
  expect(readFileSync(join(folder, 'd/out'), 'utf8')).toBe('FROM THE HOST');
  // It comes in pieces.
  const large = Buffer.concat([Buffer.alloc(9 * MIB), Buffer.from('end\n')]);
  expect(readFileSync(join(folder, 'd/large')).equals(large)).toBe(true);
  expect(readFileSync(log, 'utf8')).toBe('by the port\n');
});

test('SeaBIOS starts a boot sector from a virtio disk', async ({ vm }, testInfo) => {
  const sector = readFileSync(bootDisk(testInfo.outputDir, 'From virtio')).subarray(0, 512);
  const file = write(testInfo.outputDir, 'boot.img', Buffer.concat([sector, Buffer.alloc(MIB - 512)]));
  const other = write(testInfo.outputDir, 'no-boot.img', Buffer.alloc(MIB));
  const drives = [other, file].map((path, i) => ({ file: path, interface: 'none', id: `d${i}` }) as const);
  const devices = drives.map(({ id }, i) => ({
    driver: 'virtio-blk-pci',
    properties: { drive: id, bootindex: String(2 - i) },
  }));
  await vm.boot({ arch: 'i386', memory: 64, drives, devices });
  // The disk that has the lower index, though it is behind the other one on the bus; that one would be the first to be tried.
  await vm.waitForSerial('From virtio', { timeout: 60_000 });
  expect(vm.serialText.match(/Booting from Hard Disk/g)).toHaveLength(1);
});
