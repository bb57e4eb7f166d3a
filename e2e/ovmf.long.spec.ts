import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../src/playwright/index.ts';
import { fatImage } from './support/fat.ts';
import { image, repository } from './support/images.ts';
import { PROMPT as SHELL } from './support/linux-shell.ts';
import { pngDigest } from './support/png.ts';

const OVMF = join(repository, '.cache/images/firmware/ovmf');
const PROMPT = { timeout: 120_000 };

test('OVMF starts its shell from flash memory, and its variables outlive the machine', async ({
  vm,
  newVm,
}, testInfo) => {
  test.setTimeout(400_000);
  mkdirSync(testInfo.outputDir, { recursive: true });
  const variables = join(testInfo.outputDir, 'OVMF_VARS_4M.fd');
  copyFileSync(join(OVMF, 'OVMF_VARS_4M.fd'), variables);
  const config = {
    arch: 'x86_64',
    memory: 256,
    drives: [
      { interface: 'pflash', index: 0, readOnly: true, file: join(OVMF, 'OVMF_CODE_4M.fd') },
      { interface: 'pflash', index: 1, snapshot: false, file: variables },
    ],
  } as const;
  const shell = async (one: typeof vm) => {
    await one.waitForSerial('UEFI Interactive Shell', PROMPT);
    await one.waitForSerial('in 5 seconds');
    await one.press('Escape');
    await one.waitForSerial('Shell> ', PROMPT);
  };
  await vm.boot(config);
  await shell(vm);
  await vm.type('set weather snowfall\n');
  await vm.waitForSerial('Shell> ');
  await vm.type('reset -s\n');
  expect((await vm.waitForExit()).outcome).toBe('poweroff');
  // UEFI's strings are UTF-16.
  expect(readFileSync(variables).includes(Buffer.from('snowfall', 'utf16le'))).toBe(true);

  const again = newVm();
  await again.boot(config);
  await shell(again);
  await again.type('set\n');
  await again.waitForSerial(/weather[\s\S]{0,60}snowfall/);
});

test('OVMF starts Debian from fw_cfg, which finds its ACPI tables and powers off by them', async ({ vm }) => {
  test.setTimeout(400_000);
  const drives = ['OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'].map((name) => ({
    interface: 'pflash' as const,
    file: join(OVMF, name),
  }));
  // Its recipe says -bios none; firmware is in flash memory here.
  const { bios: _, ...debian } = image('x86_64-debian');
  await vm.boot({ ...debian, memory: 512, drives });
  await vm.waitForSerial(SHELL, { timeout: 300_000 });
  expect(vm.serialText).toContain('EFI v2.70 by EDK II');
  // Not where SeaBIOS has it.
  expect(vm.serialText).toContain('ACPI: PM-Timer IO Port: 0xb008');
  expect(vm.serialText).not.toMatch(/ACPI (?:BIOS )?(?:Error|Warning)/);
  await vm.type('poweroff -f\n');
  expect(await vm.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });
});

test('OVMF starts GRUB from a disk, whose command line lists what UEFI has', async ({ vm }, testInfo) => {
  test.setTimeout(400_000);
  const grub = readFileSync(join(repository, '.cache/images/firmware/grub-efi/grubx64.efi'));
  mkdirSync(testInfo.outputDir, { recursive: true });
  const hda = join(testInfo.outputDir, 'esp.img');
  const note = Buffer.from('fresh snow\n');
  writeFileSync(hda, fatImage({ EFI: { BOOT: { 'BOOTX64.EFI': grub } }, 'NOTE.TXT': note }));
  const drives = ['OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'].map((name) => ({
    interface: 'pflash' as const,
    file: join(OVMF, name),
  }));
  await vm.boot({ arch: 'x86_64', memory: 256, hda, drives });
  // UEFI's console is on the serial port, too.
  await vm.waitForSerial('grub> ', { timeout: 300_000 });
  for (const [command, answer] of [
    ['echo $grub_platform $grub_cpu', 'efi x86_64'],
    ['cat (hd0)/NOTE.TXT', 'fresh snow'],
    ['smbios --type 1 --get-string 4', 'Snowglobe'],
  ]) {
    await vm.type(`${command}\n`);
    await vm.waitForSerial(answer, PROMPT);
  }
});

test('OVMF draws its shell into ramfb as in QEMU', async ({ vm }) => {
  test.setTimeout(400_000);
  await vm.boot({
    arch: 'x86_64',
    memory: 256,
    vga: 'none',
    devices: [{ driver: 'ramfb' }],
    drives: [
      { interface: 'pflash', index: 0, readOnly: true, file: join(OVMF, 'OVMF_CODE_4M.fd') },
      { interface: 'pflash', index: 1, file: join(OVMF, 'OVMF_VARS_4M.fd') },
    ],
  });
  await vm.waitForSerial('in 5 seconds', PROMPT);
  await vm.press('Escape');
  await vm.waitForSerial('Shell> ', PROMPT);
  for (const command of ['cls', 'ver', 'echo Snow falls on ramfb']) {
    await vm.type(`${command}\r`);
    await vm.waitForSerial('Shell> ', PROMPT);
  }
  // QEMU 7.2's screendump after the same: its SHA-256.
  await expect
    .poll(async () => pngDigest(await vm.screenshot()))
    .toEqual({
      width: 800,
      height: 600,
      sha256: '3fc999414ee52b1fa83c93459bad096cd3443695bc001f8d3bd963f8f22d403a',
    });
});
