/** A whole PC in each video mode: the BIOS sets it, a boot sector draws, and the picture is that of QEMU (fixtures/video-modes.json). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOT_MODES, PARAMETERS_AT } from '../scripts/vga-fixtures/boot-modes.mjs';
import { expect, warmTest as test } from '../src/playwright/index.ts';
import { repository } from './support/images.ts';
import { pngDigest } from './support/png.ts';

const recorded: {
  sector: string;
  pictures: Record<string, { width: number; height: number; sha256: string }>;
} = JSON.parse(readFileSync(join(repository, 'e2e/fixtures/video-modes.json'), 'utf8'));
const DISK_BYTES = 1 << 20;

for (const { name, parameters } of BOOT_MODES) {
  test(`A boot sector’s picture in ${name} is QEMU’s`, async ({ vm }, testInfo) => {
    const disk = Buffer.alloc(DISK_BYTES);
    Buffer.from(recorded.sector, 'base64').copy(disk);
    disk.set(parameters, PARAMETERS_AT);
    mkdirSync(testInfo.outputDir, { recursive: true });
    const file = join(testInfo.outputDir, 'disk.img');
    writeFileSync(file, disk);
    await vm.boot({ arch: 'i386', memory: 16, drives: [{ file, index: 0, format: 'raw' }] });
    await expect
      .poll(async () => pngDigest(await vm.screenshot()), { timeout: 60_000 })
      .toEqual(recorded.pictures[name]);
  });
}
