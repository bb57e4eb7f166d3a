// Where things are. Plain Node without dependencies: these scripts run before node_modules exists.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const cacheDir = join(root, '.cache');
export const imagesDir = join(cacheDir, 'images');
export const buildDir = join(root, 'build');

/** The path as a person in the repository would write it. */
export const shown = (path) => relative(root, path).split(sep).join('/') || '.';

/** Every file below `paths` (files or folders, relative to the root), sorted; folders named in `skip` are left out. */
export function listFiles(paths, accept = () => true, skip = ['node_modules', 'build', '.cache', '.git']) {
  const found = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path)) if (!skip.includes(name)) visit(join(path, name));
    } else if (accept(shown(path))) {
      found.push(path);
    }
  };
  for (const path of paths) visit(join(root, path));
  return found.sort();
}

/** SHA-256 over names and contents, in hex, so that a clone with new mtimes is not stale. */
export function hashFiles(files, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`\0${shown(file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Writes through a temporary name, so that a reader or an interrupt never sees half a file. */
export function writeAtomically(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

const stampPath = (name) => join(cacheDir, 'stamps', name);

/** Whether the step `name` last finished with exactly these inputs, and its outputs are still there. */
export function isFresh(name, hash, outputs) {
  const path = stampPath(name);
  return (
    existsSync(path) && readFileSync(path, 'utf8') === hash && outputs.every((output) => existsSync(output))
  );
}

export function markFresh(name, hash) {
  writeAtomically(stampPath(name), hash);
}
