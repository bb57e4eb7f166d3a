/**
 * Records what QEMU's screen shows at the frames of the demos that vga-fixtures/demos.mjs names: e2e/fixtures/vga-demos.json.
 * Needs binutils for x86 and qemu-system-x86. Usage: node scripts/gen-vga-demo-fixtures.mjs
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recordPicture } from './lib/qemu-picture.mjs';
import { readRecipe } from './lib/recipes.mjs';
import { assembleBootDisk } from './lib/x86-asm.mjs';
import { DEMOS, pictureName, stopAt } from './vga-fixtures/demos.mjs';

const TARGET = fileURLToPath(new URL('../e2e/fixtures/vga-demos.json', import.meta.url));

const pictures = {};
for (const demo of DEMOS) {
  const disk = await assembleBootDisk(`images/${demo.name}/${readRecipe(demo.name).source}`);
  for (const frame of demo.frames) {
    pictures[pictureName(demo, frame)] = await recordPicture(stopAt(disk, frame), { kept: demo.kept });
  }
}
mkdirSync(fileURLToPath(new URL('../e2e/fixtures', import.meta.url)), { recursive: true });
writeFileSync(TARGET, `${JSON.stringify(pictures, null, 2)}\n`);
