import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '../command/architectures.ts';
import { UsageError } from '../command/usage-error.ts';
import { decodeName } from '../core/byte-names.ts';
import { hostPath } from './host-path.ts';

/** The folder of this package: where build/ and .cache/ are. The sources and what is compiled of them both lie below it. */
export const packageRoot: string = (() => {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'snowglobe') return dir;
    if (dir === dirname(dir)) throw new Error('package.json of snowglobe is missing above the program');
  }
})();

export const isBiosWord = (bios: string): boolean => bios === 'none' || bios === 'default';

/** What a machine's images say of its firmware. */
interface FirmwareChoice {
  arch: string;
  bios?: string;
  kernel?: string;
}

/** What was built here is used first, then what this computer has installed; undefined: the architecture has no firmware. */
const firmwarePath = (arch: string): string | undefined => {
  const firmware = ARCHITECTURES[arch]?.firmware;
  if (firmware === undefined) return undefined;
  const built = join(packageRoot, '.cache/images/firmware', firmware.file);
  return [built, ...firmware.installed].find((path) => existsSync(path)) ?? built;
};

/** A copy of the sources can build images; an installed package has no recipes. */
const canBuildImages = (): boolean => existsSync(join(packageRoot, 'images'));

/**
 * Path of the default firmware, beside which its other files lie; undefined where it is neither needed nor there. Throws UsageError that says how to
 * get it.
 */
export function firmwareFile({ arch, bios, kernel }: FirmwareChoice): string | undefined {
  const path = firmwarePath(arch);
  if (path === undefined || existsSync(path)) return path;
  const { firmware } = ARCHITECTURES[arch];
  const runs = firmware.withKernel || kernel === undefined;
  if ((bios !== undefined && bios !== 'default') || !runs) return undefined;
  const shown = canBuildImages() ? relative(process.cwd(), path) || path : basename(path);
  const way = canBuildImages()
    ? 'get it with: npm run images (needs apt)'
    : `install it (Debian: apt-get install ${firmware.package})`;
  throw new UsageError(`the default firmware ${shown} is missing; ${way}, or give -bios FILE or -bios none`);
}

/** A firmware file: as QEMU does, a name that is no file here is looked for among the default firmware's. */
export function biosFile(arch: string, bios: string): string {
  const path = firmwarePath(arch);
  if (path === undefined || existsSync(bios) || basename(bios) !== bios) return bios;
  const own = join(dirname(path), bios);
  return existsSync(own) ? own : bios;
}

/** Whether an image is named by its address: the page fetches it. */
export const isAddress = (file: string): boolean => /^https?:\/\//i.test(file);

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

/** @throws UsageError unless this user may write to the file */
export function checkWritable(option: string, path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch {
    throw new UsageError(
      `${option} ${path}: the file cannot be written; use snapshot=on, or check its permissions`,
    );
  }
}

/** Files and bytes of a folder that is copied into memory. */
const FOLDER_FILES_MAX = 10_000;
const FOLDER_BYTES_MAX = 256 << 20;

/** Paths of the files below a folder, relative to it; what is neither file nor folder is left out. Throws UsageError if it cannot be shared. */
export function folderFiles(path: string): string[] {
  const wrong = (what: string) => new UsageError(`-virtfs path=${path}: ${what}`);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw wrong('there is no such folder');
  const files: string[] = [];
  let bytes = 0;
  const visit = (below: string): void => {
    const entries = readdirSync(hostPath(join(path, below)), { withFileTypes: true, encoding: 'buffer' });
    for (const entry of entries) {
      const name = join(below, decodeName(entry.name));
      if (entry.isDirectory()) visit(name);
      if (!entry.isFile()) continue;
      files.push(name);
      bytes += statSync(hostPath(join(path, name))).size;
      if (files.length > FOLDER_FILES_MAX || bytes > FOLDER_BYTES_MAX)
        throw wrong(`it has more than ${FOLDER_FILES_MAX} files or 256 MiB, which are copied into memory`);
    }
  };
  visit('');
  return files;
}
