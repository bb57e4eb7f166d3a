/**
 * Records what QEMU's screen shows at a frame of images/aurora: e2e/fixtures/aurora.json. Needs qemu-system-riscv64.
 * Usage: node scripts/gen-aurora-fixtures.mjs
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordMachine } from './lib/qemu-picture.mjs';
import { AURORA_DISPLAY, stoppedAurora } from './vga-fixtures/aurora.mjs';

const TARGET = fileURLToPath(new URL('../e2e/fixtures/aurora.json', import.meta.url));

const dir = mkdtempSync(join(tmpdir(), 'aurora-'));
try {
  const kernel = join(dir, 'aurora.bin');
  writeFileSync(kernel, stoppedAurora());
  const machine = ['-m', '32', '-kernel', kernel, '-device', AURORA_DISPLAY];
  const picture = await recordMachine(machine, {
    emulator: ['qemu-system-riscv64', '-M', 'virt', '-bios', 'none'],
    colours: 1000,
  });
  writeFileSync(TARGET, `${JSON.stringify(picture, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
