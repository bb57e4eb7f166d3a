// Image recipes, images/<name>/recipe.json, and what building them gives: .cache/images/<name>/ with a manifest (docs/images.md).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './console.mjs';
import { cacheDir, hashFiles, imagesDir, listFiles, root, writeAtomically } from './project.mjs';
import { BOOT_DISK_LIBRARY } from './x86-asm.mjs';

const FIELDS = {
  firmware: ['title', 'arch', 'suite', 'package', 'file'],
  'linux-busybox': [
    ...['title', 'description', 'arch', 'machine', 'memory', 'append', 'suite', 'kernel', 'busybox'],
    'firmware',
  ],
  'boot-disk': ['title', 'description', 'arch', 'machine', 'memory', 'source'],
  'debian-disk': [
    ...['title', 'description', 'arch', 'machine', 'memory', 'append', 'suite', 'kernel', 'busybox'],
    ...['firmware', 'modules', 'disk'],
  ],
  packaged: ['title', 'description', 'arch', 'machine', 'memory', 'suite', 'firmware', 'images'],
};
const OPTIONAL = {
  firmware: ['beside', 'for', 'later', 'listed'],
  'linux-busybox': [...['rootfs', 'packages', 'terminal', 'devices', 'group', 'listed', 'later', 'modules']],
  'boot-disk': ['group', 'listed', 'later'],
  'debian-disk': ['devices', 'group', 'view', 'listed', 'later', 'large'],
  packaged: ['append', 'devices', 'flash', 'group', 'listed', 'later', 'large'],
};

/** Files that every Debian disk shares: `start/` is in its initrd, `make/` in that of the guest that makes it, `rootfs/` on the disk. */
export const DEBIAN_LIBRARY = 'images/debian-lib';

/** Options of a machine that name an image, but for its firmware, as manifests and the list of machines spell them. */
const IMAGE_OPTIONS = ['kernel', 'initrd', 'hda', 'cdrom', 'fda'];

/** Reads and checks one recipe; `path` is its folder below images/. */
export function readRecipe(path) {
  const file = join(root, 'images', path, 'recipe.json');
  let recipe;
  try {
    recipe = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SetupError(`images/${path}/recipe.json cannot be read: ${error.message}`);
  }
  return checkRecipe(path, recipe);
}

/** Returns a recipe if it is one; `path` is its folder, for the error. */
export function checkRecipe(path, recipe) {
  const fields = FIELDS[recipe.kind];
  if (!fields) {
    throw new SetupError(
      `images/${path}/recipe.json: kind "${recipe.kind}" is not one of ${Object.keys(FIELDS).join(', ')}`,
    );
  }
  const missing = fields.filter((field) => recipe[field] === undefined);
  const known = ['kind', ...fields, ...OPTIONAL[recipe.kind]];
  const unknown = Object.keys(recipe).filter((field) => !known.includes(field));
  if (missing.length > 0) throw new SetupError(`images/${path}/recipe.json lacks ${missing.join(', ')}`);
  if (unknown.length > 0)
    throw new SetupError(`images/${path}/recipe.json has unknown fields: ${unknown.join(', ')}`);
  if (recipe.packages !== undefined) checkPackages(path, recipe.packages);
  if (recipe.terminal !== undefined && !/^\d{1,3}x\d{1,3}$/.test(recipe.terminal))
    throw new SetupError(`images/${path}/recipe.json: terminal is no size such as 80x24`);
  if (recipe.kernel?.image !== undefined && recipe.modules)
    throw new SetupError(
      `images/${path}/recipe.json: modules come out of the kernel's package, which the kernel of another image has not`,
    );
  const noOption = Object.keys(recipe.images ?? {}).find((option) => !IMAGE_OPTIONS.includes(option));
  if (noOption)
    throw new SetupError(`images/${path}/recipe.json: "${noOption}" is none of ${IMAGE_OPTIONS.join(', ')}`);
  return recipe;
}

/** `packages` is {package: [pattern of its files, …]}. */
function checkPackages(path, packages) {
  if (packages === null || typeof packages !== 'object' || Array.isArray(packages))
    throw new SetupError(`images/${path}/recipe.json: packages is no object`);
  for (const [name, patterns] of Object.entries(packages)) {
    if (!Array.isArray(patterns) || !patterns.every((one) => typeof one === 'string') || !patterns.length)
      throw new SetupError(
        `images/${path}/recipe.json: packages.${name} is not a list of the files that the image takes of it`,
      );
  }
}

/** Whether the image starts the kernel of another one, which is built before it. */
const borrowsKernel = (path) => readRecipe(path).kernel?.image !== undefined;

/** The names of all recipes, firmware first, and images after those whose kernel they start. */
export function listRecipes() {
  const below = (folder) => {
    const dir = join(root, 'images', folder);
    if (!existsSync(dir)) return [];
    const names = readdirSync(dir).filter((name) => existsSync(join(dir, name, 'recipe.json')));
    return names.sort().map((name) => (folder ? `${folder}/${name}` : name));
  };
  const images = below('');
  return [
    ...below('firmware'),
    ...images.filter((path) => !borrowsKernel(path)),
    ...images.filter(borrowsKernel),
  ];
}

/** To be raised when the builder writes something else from the same recipe. */
const BUILDER_VERSION = 1;

/** Folders of the files that go into a recipe's initrd: that of the recipe it names, and its own, whose files take the place of those. */
export const rootfsFolders = (path, recipe) =>
  [recipe.rootfs, path]
    .filter((owner) => owner !== undefined)
    .map((owner) => `images/${owner}/rootfs`)
    .filter((folder) => existsSync(join(root, folder)));

/** Changes when the recipe, a file beside it, or a file that it borrows changes. */
export function recipeHash(path) {
  const recipe = readRecipe(path);
  const borrowed = rootfsFolders(path, recipe).filter((folder) => folder !== `images/${path}/rootfs`);
  const folders = [`images/${path}`, ...borrowed];
  if (recipe.kind === 'boot-disk') folders.push(BOOT_DISK_LIBRARY);
  if (recipe.kind === 'debian-disk') folders.push(DEBIAN_LIBRARY);
  return hashFiles(listFiles(folders), String(BUILDER_VERSION));
}

/** Recipes that are built and offered without being asked for; those that can wait until the page is served come last, large ones at the very end. */
export function listedRecipes() {
  const names = listRecipes().filter((path) => readRecipe(path).listed !== false);
  const rank = (path) => Number(isLater(path)) + Number(isLarge(path));
  return names.sort((a, b) => rank(a) - rank(b));
}

/** Whether `npm start` serves the page before it builds this image. */
export const isLater = (path) => readRecipe(path).later === true;

/** Whether only long tests need this image, and its packages take long to fetch. */
export const isLarge = (path) => readRecipe(path).large === true;

/** The manifest of a built image or undefined; one whose files are gone or cut short counts as not built. */
export function readManifest(path, dir = imagesDir) {
  try {
    const manifest = JSON.parse(readFileSync(join(dir, path, 'manifest.json'), 'utf8'));
    for (const [file, size] of Object.entries(manifest.sizes ?? {})) {
      if (statSync(join(dir, path, file)).size !== size) return undefined;
    }
    return manifest;
  } catch {
    return undefined;
  }
}

/** Whether the image was built from exactly this recipe. */
export const isBuilt = (path) => readManifest(path)?.recipe === recipeHash(path);

/** An empty folder in which an image is made. */
export function imageFolder() {
  const work = join(cacheDir, 'tmp', `image-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  return work;
}

/**
 * Puts `files` (name → bytes), what is in the folder `work` already, and a manifest with the sizes and SHA-256 of `files` into .cache/images/<path> in one step: an
 * interrupted build leaves the old image or none.
 */
export function publishImage(path, manifest, files, work = imageFolder()) {
  const target = join(imagesDir, path);
  const sizes = {};
  const sha256 = {};
  for (const [name, bytes] of Object.entries(files)) {
    writeAtomically(join(work, name), bytes);
    sizes[name] = bytes.length;
    sha256[name] = createHash('sha256').update(bytes).digest('hex');
  }
  const complete = { ...manifest, sizes, sha256 };
  writeAtomically(join(work, 'manifest.json'), `${JSON.stringify(complete, null, 2)}\n`);
  mkdirSync(dirname(target), { recursive: true });
  const old = `${work}-old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, old);
  renameSync(work, target);
  rmSync(old, { recursive: true, force: true });
  return complete;
}

/** Bytes that the page fetches to start the machine; of drives it fetches what the guest reads, at most this. */
const downloadSize = (name, manifest, dir) =>
  ['bios', ...IMAGE_OPTIONS]
    .map((option) => manifest[option])
    .filter((url) => url !== undefined && url !== 'none')
    .reduce((sum, url) => sum + statSync(join(dir, name, url)).size, manifest.streamed ?? 0);

/** The firmware of each architecture that a machine without one of its own starts with: address by architecture. */
function defaultFirmware(dir) {
  const found = {};
  const folder = join(dir, 'firmware');
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const manifest = readManifest(`firmware/${name}`, dir);
    if (!manifest) continue;
    for (const arch of manifest.for ?? [manifest.arch]) found[arch] = `firmware/${name}/${manifest.file}`;
  }
  return found;
}

/**
 * Writes .cache/images/index.json, the list of machines that the page offers: one entry for every image with a manifest that
 * names a machine, and the default firmware by architecture. Addresses are relative to the list. `waiting` are the names of recipes that are about to be built. Returns the
 * entries, Linux guests first, then by name.
 */
export function writeIndex(dir = imagesDir, waiting = []) {
  mkdirSync(dir, { recursive: true });
  const machines = [];
  const firmware = defaultFirmware(dir);
  for (const name of readdirSync(dir).sort()) {
    const manifest = readManifest(name, dir);
    if (!manifest?.machine || manifest.listed === false) continue;
    // What has no kernel starts from a drive, by a BIOS.
    if (manifest.kernel === undefined && !firmware[manifest.arch]) continue;
    const relative = (url) =>
      url === undefined ? undefined : new URL(url, `file:///${name}/`).pathname.slice(1);
    machines.push({
      name,
      title: manifest.title,
      description: manifest.description,
      arch: manifest.arch,
      machine: manifest.machine,
      memory: manifest.memory,
      ...Object.fromEntries(IMAGE_OPTIONS.map((option) => [option, relative(manifest[option])])),
      drives: manifest.drives?.map((drive) => ({ ...drive, file: relative(drive.file) })),
      firmware: manifest.bios === 'none' ? 'none' : relative(manifest.bios),
      append: manifest.append,
      terminal: manifest.terminal,
      devices: manifest.devices,
      group: manifest.group,
      view: manifest.view,
      download: downloadSize(name, manifest, dir),
    });
  }
  machines.sort((a, b) => Number(a.initrd === undefined) - Number(b.initrd === undefined));
  const coming = waiting.map((path) => readRecipe(path).title);
  const list = {
    machines,
    ...(Object.keys(firmware).length > 0 && { firmware }),
    ...(coming.length > 0 && { coming }),
  };
  writeAtomically(join(dir, 'index.json'), `${JSON.stringify(list, null, 2)}\n`);
  return machines;
}
