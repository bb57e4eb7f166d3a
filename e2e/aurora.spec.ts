/** The northern lights (images/aurora): at a frame that was recorded the picture is QEMU's, and its keyboard is heard. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AURORA_DISPLAY, stoppedAurora } from '../scripts/vga-fixtures/aurora.mjs';
import { expect, test } from '../src/playwright/index.ts';
import { image, repository } from './support/images.ts';
import { pngDigest } from './support/png.ts';

const recorded = JSON.parse(readFileSync(join(repository, 'e2e/fixtures/aurora.json'), 'utf8'));

test('A frame of the northern lights is QEMU’s', async ({ vm }, testInfo) => {
  mkdirSync(testInfo.outputDir, { recursive: true });
  const kernel = join(testInfo.outputDir, 'aurora.bin');
  writeFileSync(kernel, stoppedAurora());
  const devices = [{ driver: AURORA_DISPLAY }];
  await vm.boot({ arch: 'riscv64', machine: 'virt', memory: 32, bios: 'none', kernel, devices });
  await expect.poll(async () => pngDigest(await vm.screenshot()), { timeout: 60_000 }).toEqual(recorded);
});

test('The northern lights hear a virtio keyboard and the terminal, and say what they lack', async ({
  newVm,
}) => {
  const config = image('riscv64-aurora');
  const keyed = newVm();
  await keyed.boot({
    ...config,
    devices: [{ driver: AURORA_DISPLAY }, { driver: 'virtio-keyboard-device' }],
  });
  await keyed.waitForSerial('power off');
  await keyed.keyboard.press('q');
  await keyed.waitForSerial('Good night.');
  expect(await keyed.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });

  const typed = newVm();
  await typed.boot({ ...config, devices: [{ driver: AURORA_DISPLAY }] });
  await typed.waitForSerial('power off');
  await typed.type('\x1b[C p \x1b[A p4-q');
  await typed.waitForSerial('Good night.');
  expect(await typed.waitForExit()).toEqual({ outcome: 'poweroff', code: 0 });

  const blind = newVm();
  await blind.boot({ ...config, devices: [] });
  await blind.waitForSerial('start the machine with -device bochs-display');
  expect(await blind.waitForExit()).toEqual({ outcome: 'poweroff', code: 1 });
});
