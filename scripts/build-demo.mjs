// Assembles this repository's own bare-metal guests, images/*/image.json, into .cache/images/<name>/ with a manifest
// (docs/images.md). Needs nothing but Node. Usage: node scripts/build-demo.mjs
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, SetupError, say } from './lib/console.mjs';
import { root, shown } from './lib/project.mjs';
import { publishImage } from './lib/recipes.mjs';
import { AsmError, assembleFile } from './lib/riscv-asm/index.mjs';

/** Fields of image.json. One without `machine` is for tests and benchmarks, and the page does not list it. */
const REQUIRED = ['name', 'source', 'kernel', 'title', 'description', 'arch', 'memory', 'append'];
const OPTIONAL = ['machine', 'terminal', 'devices', 'group'];

/** @returns {string[]} folders with a bare-metal guest, relative to the root */
export function listBareMetalImages() {
  return readdirSync(join(root, 'images'))
    .map((name) => `images/${name}`)
    .filter((folder) => existsSync(join(root, folder, 'image.json')))
    .sort();
}

/**
 * @param {string} folder relative to the root
 * @returns {Record<string, any>} the checked image.json
 * @throws {SetupError} when it cannot be read, lacks a field or has an unknown one
 */
export function readImageDescription(folder) {
  const file = `${folder}/image.json`;
  let description;
  try {
    description = JSON.parse(readFileSync(join(root, file), 'utf8'));
  } catch (error) {
    throw new SetupError(`${file} cannot be read: ${error.message}`);
  }
  const missing = REQUIRED.filter((field) => description[field] === undefined);
  const unknown = Object.keys(description).filter((field) => ![...REQUIRED, ...OPTIONAL].includes(field));
  if (missing.length > 0) throw new SetupError(`${file} lacks ${missing.join(', ')}`);
  if (unknown.length > 0) throw new SetupError(`${file} has unknown fields: ${unknown.join(', ')}`);
  return description;
}

/**
 * Assembles one guest and publishes it below .cache/images/.
 * @param {string} folder relative to the root
 * @returns the manifest
 * @throws {SetupError} with `file:line:` when the source does not assemble
 */
export function buildBareMetalImage(folder) {
  const { source, ...description } = readImageDescription(folder);
  let elf;
  try {
    ({ elf } = assembleFile(join(root, folder, source)));
  } catch (error) {
    if (!(error instanceof AsmError)) throw error;
    const { file, line } = error.position;
    throw new SetupError(error.message.replace(`${file}:${line}`, `${shown(file)}:${line}`));
  }
  return publishImage(description.name, { ...description, bios: 'none' }, { [description.kernel]: elf });
}

if (process.argv[1] && existsSync(process.argv[1]) && shown(process.argv[1]) === 'scripts/build-demo.mjs') {
  await main(async () => {
    for (const folder of listBareMetalImages()) {
      const { name, title, kernel, sizes } = buildBareMetalImage(folder);
      say(`${title}: .cache/images/${name}/${kernel}, ${sizes[kernel]} bytes`);
    }
  });
}
