import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from './architectures.ts';
import { UsageError } from './usage-error.ts';

/** The folder of this package: where build/ and .cache/ are. The sources and what is compiled of them both lie below it. */
export const packageRoot: string = (() => {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'snowglobe') return dir;
    if (dir === dirname(dir)) throw new Error('package.json of snowglobe is missing above the program');
  }
})();

/** Path of a board's own firmware, `none` if it runs none. Throws UsageError that says how to get it. */
export function defaultBios(arch: string): string {
  const file = ARCHITECTURES[arch]?.firmware;
  if (!file) return 'none';
  const path = join(packageRoot, '.cache/images/firmware', file);
  if (existsSync(path)) return path;
  const shown = relative(process.cwd(), path) || path;
  throw new UsageError(
    `the default firmware ${shown} is missing; get it with: npm run images (needs apt), or give -bios FILE or -bios none`,
  );
}

/** Absolute path of an image that can be read and is not empty. Throws UsageError that names the option otherwise. */
export function checkImage(option: string, path: string): string {
  const wrong = (what: string) => new UsageError(`${option} ${path}: ${what}`);
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw wrong('there is no such file');
  if (!status.isFile())
    throw wrong(status.isDirectory() ? 'this is a folder, not an image' : 'this is not a file');
  if (status.size === 0) throw wrong('the file is empty');
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw wrong('the file cannot be read; check its permissions');
  }
  return resolve(path);
}
