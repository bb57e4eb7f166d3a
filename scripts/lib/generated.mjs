// Sources that a script generates: written where they differ, or only compared under `--check`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './project.mjs';

function present(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Ends the process with status 1 if `--check` was given and a file is not what it should be.
 * @param {[string, string][]} files path relative to the root, text
 */
export function writeGenerated(files) {
  let stale = false;
  for (const [file, text] of files) {
    const path = join(root, file);
    if (present(path) === text) continue;
    if (process.argv.includes('--check')) {
      console.error(`${file} is stale: run \`npm run gen\``);
      stale = true;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  if (stale) process.exit(1);
}
