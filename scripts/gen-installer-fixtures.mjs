/**
 * Records what QEMU's screen shows when Debian's installer (the image i386-installer) asks its first question: e2e/fixtures/installer.json.
 * Needs qemu-system-x86. Usage: node scripts/gen-installer-fixtures.mjs
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imagesDir } from './lib/project.mjs';
import { recordMachine } from './lib/qemu-picture.mjs';
import { readManifest } from './lib/recipes.mjs';

const TARGET = fileURLToPath(new URL('../e2e/fixtures/installer.json', import.meta.url));
const NAME = 'i386-installer';
/** The dialog's: black, blue, grey, red, and white. What comes before it has fewer. */
const COLOURS = 5;

const manifest = readManifest(NAME);
const file = (option) => join(imagesDir, NAME, manifest[option]);
const picture = await recordMachine(
  ['-m', String(manifest.memory), '-kernel', file('kernel'), '-initrd', file('initrd')],
  { colours: COLOURS },
);
writeFileSync(TARGET, `${JSON.stringify({ versions: manifest.versions, ...picture }, null, 2)}\n`);
