import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type VirtualMachine, warmTest as test } from '../src/playwright/index.ts';
import { bootDisk, offDisk, resetDisk } from './support/boot-sector.ts';
import { linux } from './support/images.ts';
import { isoImage } from './support/iso.ts';
import { PROMPT } from './support/linux-shell.ts';

test.describe('SeaBIOS on a PC', () => {
  for (const arch of ['i386', 'x86_64'] as const) {
    test(`starts on ${arch} when there is no kernel, and says that nothing can be booted`, async ({ vm }) => {
      await vm.boot({ arch, memory: 128 });
      await vm.waitForSerial(/SeaBIOS \(version 1\.\d+\.\d+/);
      await vm.waitForSerial('Booting from Hard Disk...');
      await vm.waitForSerial('No bootable device.');
      expect(vm.debugText('firmware')).toContain('Running on QEMU (i440fx)');
      expect(vm.debugText('firmware')).toContain('QEMU fw_cfg DMA interface supported');
    });
  }
});

test.describe('A kernel that SeaBIOS starts', () => {
  test.describe.configure({ timeout: 240_000 });

  test('finds the memory map, ACPI and SMBIOS that it set up', async ({ vm }) => {
    await vm.boot({ ...linux('i386-debian'), bios: 'bios-256k.bin', memory: 512 });
    await vm.waitForSerial('Booting from ROM...');
    await vm.waitForSerial(PROMPT, { timeout: 150_000 });
    const lines = vm.serialText.replaceAll('\r', '');
    // QEMU 7.2's pc with 512 MiB, but for the size of what is kept at the end of RAM.
    expect(
      [...lines.matchAll(/BIOS-e820: \[mem (\S+)-(\S+)\] (\w+)/g)].map((match) => match.slice(1)),
    ).toEqual([
      ['0x0000000000000000', '0x000000000009fbff', 'usable'],
      ['0x000000000009fc00', '0x000000000009ffff', 'reserved'],
      ['0x00000000000f0000', '0x00000000000fffff', 'reserved'],
      ['0x0000000000100000', '0x000000001fffdfff', 'usable'],
      ['0x000000001fffe000', '0x000000001fffffff', 'reserved'],
      ['0x00000000fffc0000', '0x00000000ffffffff', 'reserved'],
    ]);
    expect(lines).toMatch(/DMI: Snowglobe Standard PC \(i440FX \+ PIIX, 1996\)\/?.*, BIOS 1\.\d+/);
    expect(lines).toMatch(/ACPI: RSDP 0x00000000000F\w{4} 000024/);
    expect(lines).toMatch(/ACPI: PM-Timer IO Port: 0x608/);
    expect(lines).not.toMatch(/ACPI (?:BIOS )?(?:Error|Warning)/);
    await vm.type('poweroff -f\n');
    expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
  });
});

test('SeaBIOS starts the boot sector of a disk, which prints and reads keys; every kind of reset starts SeaBIOS again', async ({
  vm,
}, testInfo) => {
  const hda = bootDisk(testInfo.outputDir, 'A sector of our own');
  await vm.boot({ arch: 'i386', memory: 64, hda });
  await vm.waitForSerial('Booting from Hard Disk...');
  await vm.waitForSerial('A sector of our own');
  await vm.type('snow');
  await vm.waitForSerial('snow');
  for (const key of ['r', 'k', 'p', 't']) {
    await vm.press(key);
    await vm.waitForSerial('Booting from Hard Disk...');
    await vm.waitForSerial('A sector of our own');
  }
  await vm.press('q');
  expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
});

test('Escape opens the boot menu on the serial port, and a key chooses from it', async ({ vm }, testInfo) => {
  const fwCfg = [{ name: 'etc/boot-menu-message', string: 'What shall it be?\n' }];
  const hda = bootDisk(testInfo.outputDir, 'Chosen');
  await vm.boot({ arch: 'i386', memory: 64, boot: 'menu=on,splash-time=20000', fwCfg, hda });
  await vm.waitForSerial('What shall it be?');
  await vm.press('Escape');
  await vm.waitForSerial('Select boot device:');
  await vm.waitForSerial(/1\. .*HARDDISK/);
  await vm.press('1');
  await vm.waitForSerial('Chosen');
});

for (const icount of [undefined, 2]) {
  const clock = icount === undefined ? 'the host’s clock' : `-icount shift=${icount}`;
  test(`-no-reboot ends the machine at the instruction that resets it, by ${clock}`, async ({
    vm,
  }, testInfo) => {
    const hda = resetDisk(testInfo.outputDir);
    await vm.boot({ arch: 'i386', memory: 64, hda, noReboot: true, ...(icount !== undefined && { icount }) });
    expect(await vm.waitForExit()).toEqual({ outcome: 'reset', code: 0 });
    expect(vm.serialText).toContain('Booting from Hard Disk');
    expect(vm.serialText).not.toContain('X');
  });
}

test('-icount repeats SeaBIOS and the boot from a disk to the instruction', async ({ newVm }, testInfo) => {
  const hda = offDisk(testInfo.outputDir);
  expect(new Set(await instructionsOf(newVm, { hda })).size).toBe(1);
});

test('-icount repeats a boot that waits for a file', async ({ newVm }, testInfo) => {
  const folder = testInfo.outputDir;
  const boot = Buffer.concat([readFileSync(offDisk(folder)).subarray(0, 512), Buffer.alloc(1536)]);
  // The boot sector lies in the middle: both ends of an image are read before the machine starts.
  const cdrom = join(folder, 'far.iso');
  writeFileSync(cdrom, isoImage({ 'A.BIN': Buffer.alloc(1 << 20), 'Z.BIN': Buffer.alloc(1 << 20) }, boot));
  expect(new Set(await instructionsOf(newVm, { cdrom })).size).toBe(1);
});

/** What three runs to the end take. */
async function instructionsOf(
  newVm: () => VirtualMachine,
  drive: { hda: string } | { cdrom: string },
): Promise<number[]> {
  const counts: number[] = [];
  for (let run = 0; run < 3; run++) {
    const vm = newVm();
    await vm.boot({ arch: 'i386', memory: 64, icount: 2, ...drive });
    expect((await vm.waitForExit()).outcome).toBe('poweroff');
    counts.push((await vm.report()).instructions);
  }
  return counts;
}
